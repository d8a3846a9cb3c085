"""What an e-mail is about: sections, types of notification, kinds."""

from __future__ import annotations

from collections.abc import Iterable

from services.portal.views.i18n import N_
from services.portal.views.i18n import gettext as _

# Sections of the portal, in the order of every table, with the notification types that point to them.
SECTIONS: dict[str, str] = {
    "invoices": N_("Fatture e note di credito"),
    "estimates": N_("Preventivi"),
    "contracts": N_("Contratti"),
    "proposals": N_("Proposte"),
    "support": N_("Assistenza"),
    "projects": N_("Progetti e attività"),
}
TYPES_OF_SECTION: dict[str, tuple[str, ...]] = {
    "invoices": ("invoice", "credit_note"),
    "estimates": ("estimate",),
    "contracts": ("contract",),
    "proposals": ("proposal",),
    "support": ("ticket",),
    "projects": ("project", "task"),
}
TYPES: dict[str, str] = {
    "invoice": N_("Fattura"),
    "credit_note": N_("Nota di credito"),
    "estimate": N_("Preventivo"),
    "proposal": N_("Proposta"),
    "contract": N_("Contratto"),
    "ticket": N_("Ticket"),
    "project": N_("Progetto"),
    "task": N_("Attività"),
}
_MANY: dict[str, str] = {  # the types in a line of text
    "invoice": N_("fatture"),
    "credit_note": N_("note di credito"),
    "estimate": N_("preventivi"),
    "proposal": N_("proposte"),
    "contract": N_("contratti"),
    "ticket": N_("ticket"),
    "project": N_("progetti"),
    "task": N_("attività"),
}
# Every kind of message below its type: those of no type are never stopped by a preference.
KINDS_OF_TYPE: dict[str, dict[str, str]] = {
    "invoice": {
        "invoice_issued": N_("Nuova fattura"),
        "invoice_due_reminder": N_("Promemoria di scadenza"),
        "invoice_overdue": N_("Fattura scaduta"),
        "invoice_payment_received": N_("Pagamento ricevuto"),
    },
    "credit_note": {"credit_note_issued": N_("Nuova nota di credito")},
    "estimate": {"estimate_available": N_("Nuovo preventivo"), "estimate_expiry_reminder": N_("Preventivo in scadenza")},
    "proposal": {"proposal_available": N_("Nuova proposta")},
    "contract": {
        "contract_available": N_("Nuovo contratto"),
        "contract_expiry_reminder": N_("Contratto in scadenza"),
        "contract_renewed": N_("Contratto rinnovato"),
    },
    "ticket": {
        "ticket_opened": N_("Ticket aperto"),
        "ticket_replied": N_("Nuova risposta a un ticket"),
        "ticket_updated": N_("Ticket aggiornato"),
        "ticket_closed": N_("Ticket chiuso"),
    },
    "project": {
        "project_assigned": N_("Nuovo progetto"),
        "project_updated": N_("Progetto aggiornato"),
        "project_file_uploaded": N_("Nuovo file in un progetto"),
    },
    "task": {"task_assigned": N_("Nuova attività"), "task_updated": N_("Attività aggiornata")},
}
_OTHER_KINDS: dict[str, str] = {
    "welcome": N_("Benvenuto"),
    "access_data": N_("Dati di accesso"),
    "set_password": N_("Crea la password"),
    "password_reset_requested": N_("Nuova password chiesta dalla persona"),
    "password_reset_by_operator": N_("Nuova password inviata da un operatore"),
    "password_changed": N_("Password cambiata"),
    "second_factor_changed": N_("Verifica in due passaggi modificata"),
    "new_sign_in": N_("Nuovo accesso"),
    "access_reported": N_("Accesso segnalato"),
    "operator_invited": N_("Invito a un operatore"),
    "sign_in_link": N_("Link di accesso"),
    "privacy_policy_updated": N_("Informativa sulla privacy aggiornata"),
}
KINDS: dict[str, str] = {kind: title for kinds in KINDS_OF_TYPE.values() for kind, title in kinds.items()} | _OTHER_KINDS
KINDS_OF_CONTACTS: tuple[str, ...] = (  # what a contact may be sent
    *(kind for kinds in KINDS_OF_TYPE.values() for kind in kinds),
    *(kind for kind in _OTHER_KINDS if kind not in {"operator_invited", "access_reported", "privacy_policy_updated"}),
)
TYPE_OF_KIND: dict[str, str] = {kind: type_ for type_, kinds in KINDS_OF_TYPE.items() for kind in kinds}
# The recommended sets (R-NOT-17): all types not named are off.
PROFILES: dict[str, tuple[str, frozenset[str]]] = {
    "finance": (N_("Amministrazione"), frozenset({"invoice", "credit_note", "contract"})),
    "technical": (N_("Tecnico"), frozenset({"project", "task", "ticket"})),
    "management": (N_("Direzione"), frozenset({"estimate", "proposal", "contract"})),
}


def profile_options() -> dict[str, str]:
    """Return the recommended sets of notifications as choices, and the one that switches all off."""
    return {name: _(title) for name, (title, _on) in PROFILES.items()} | {"none": _("Tutte spente")}


def kind(name: str) -> str:
    """Return the title of a kind of message."""
    return _(KINDS[name]) if name in KINDS else name.replace("_", " ")


def notification_type(kind_name: str) -> str:
    """Return the word of the type that a kind belongs to; empty when no preference stops it."""
    type_ = TYPE_OF_KIND.get(kind_name)
    return _(TYPES[type_]) if type_ else ""


def listed(names: Iterable[str]) -> str:
    """Return types and kinds in one line: "Fatture, contratti"."""
    line = ", ".join(_(_MANY[name]) if name in _MANY else kind(name) for name in names)
    return line[:1].upper() + line[1:]

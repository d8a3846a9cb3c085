"""Words of e-mails, and why each person was told or not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from recapito.contacts.v1 import permissions_pb2
from recapito.notifications.v1 import dispatches_pb2, messages_pb2

from services.portal.views.console.words.kinds import TYPE_OF_KIND, notification_type
from services.portal.views.console.words.state import State
from services.portal.views.i18n import N_, ngettext
from services.portal.views.i18n import gettext as _

_Message = messages_pb2.Message
_Decision = dispatches_pb2.Decision

MESSAGES: dict[int, State] = {
    _Message.QUEUED: State(N_("In coda")),
    _Message.CLAIMED: State(N_("In coda")),
    _Message.TRANSMITTING: State(N_("In partenza"), "info"),
    _Message.SENT: State(N_("Spedita"), "ok"),
    _Message.DEFERRED: State(N_("Rinviata"), "warn"),
    _Message.FAILED: State(N_("Non riuscita"), "bad"),
    _Message.UNCERTAIN: State(N_("Esito incerto"), "warn"),
    _Message.SUPPRESSED: State(N_("Non inviata")),
    _Message.CANCELLED: State(N_("Annullata")),
}


@dataclass(frozen=True)
class Reason:
    """Why one person is told or not: a few words, what can be done, and the rule of the panel that decided."""

    text: str
    rule: int
    hint: str = ""


REASONS: dict[int, Reason] = {
    _Decision.SKIP_CONTACT_DELETED: Reason(N_("Contatto eliminato"), 1),
    _Decision.SKIP_CONTACT_ANONYMIZED: Reason(N_("Contatto reso anonimo"), 1),
    _Decision.SKIP_NOT_OF_CUSTOMER: Reason(N_("Non agisce per questo cliente"), 2, N_("Collega la persona al cliente")),
    _Decision.SKIP_ALREADY_TOLD: Reason(N_("Già avvisato di questo fatto"), 2),
    _Decision.SKIP_MAILBOX_NOT_NEEDED: Reason(N_("Casella del cliente non usata: ci sono contatti"), 3),
    _Decision.SKIP_MAILBOX_NOT_FOR_TYPE: Reason(
        N_("La casella del cliente riceve solo preventivi, fatture e ricevute"), 3, N_("Aggiungi un contatto")
    ),
    _Decision.SKIP_NO_ADDRESS: Reason(N_("Senza email"), 4, N_("Aggiungi l’indirizzo")),
    _Decision.SKIP_ADDRESS_SUPPRESSED: Reason(N_("Indirizzo bloccato: posta respinta"), 4, N_("Correggi l’indirizzo")),
    _Decision.SKIP_TEMPLATE_DISABLED: Reason(N_("Modello disattivato per tutti"), 5),
    _Decision.SKIP_TASK_WITHOUT_PROJECT: Reason(N_("Attività senza progetto del cliente"), 5),
    _Decision.SEND_CUSTOMER_MAILBOX: Reason(N_("Casella del cliente, nessun contatto"), 6, N_("Aggiungi un contatto")),
    _Decision.SKIP_NOT_ON_TICKET: Reason(N_("Non ha aperto né segue il ticket"), 7),
    _Decision.SKIP_TICKET_BLOCK: Reason(N_("Blocco automatico sui ticket"), 7, N_("Togli il blocco")),
    _Decision.SKIP_EVENT_OFF: Reason(N_("Questo avviso è spento"), 8, N_("Accendi l’avviso")),
    _Decision.SEND_EVENT_ON: Reason(N_("Questo avviso è attivo"), 8),
    _Decision.SKIP_PREFERENCE_OFF: Reason(N_("Notifica «%(type)s» spenta"), 9, N_("Accendi la notifica")),
    _Decision.SEND_PREFERENCE_ON: Reason(N_("Notifica «%(type)s» attiva"), 9),
    _Decision.SKIP_WELCOME_NOT_WANTED: Reason(N_("Benvenuto non voluto alla creazione"), 6),
    _Decision.SKIP_AREA_OFF: Reason(N_("Area riservata disattivata"), 6, N_("Attivala in Impostazioni, Moduli")),
    _Decision.SKIP_ENTRY_CLOSED: Reason(N_("Non può entrare nel portale"), 6, N_("Controlla l’accesso")),
    _Decision.SEND_WELCOME: Reason(N_("Benvenuto a un nuovo contatto"), 7),
    _Decision.SEND_OPERATOR_ACTION: Reason(N_("Chiesto da un operatore"), 7),
    _Decision.SEND_OWN_ACTION: Reason(N_("Chiesto dalla persona"), 7),
    _Decision.SEND_MANDATORY: Reason(N_("Comunicazione obbligatoria"), 7),
}
# The panel «Come si decide»: the first rule that fits decides. Grouped as people think of them; the order is that of the reasons.
RULES: tuple[str, ...] = (
    N_("Contatto eliminato o anonimo: no"),
    N_("Di un altro cliente, o già avvisato: no"),
    N_("Casella del cliente non prevista: no"),
    N_("Senza email o indirizzo bloccato: no"),
    N_("Modello spento, attività senza progetto: no"),
    N_("Cliente senza contatti: sì, alla sua casella"),
    N_("Estraneo al ticket, o blocco sui ticket: no"),
    N_("Scelta per questo avviso: sì o no"),
    N_("Scelta per il tipo: sì o no"),
)
ACCOUNT_RULES: tuple[str, ...] = (
    *RULES[:2],
    RULES[2],
    *RULES[3:5],
    N_("Benvenuto non voluto, accesso chiuso: no"),
    N_("Accesso, sicurezza e obblighi di legge: sì"),
)


def message_state(state: int) -> State:
    return MESSAGES.get(state, State(N_("In coda")))


def reason(decision: _Decision, kind_name: str) -> str:
    known = REASONS.get(decision.reason)
    return _(known.text, type=notification_type(kind_name)) if known else _Decision.Reason.Name(decision.reason)


def rules_of(kind_name: str) -> tuple[str, ...]:
    """Return the rules of the panel for this kind, in order."""
    return RULES if kind_name in TYPE_OF_KIND else ACCOUNT_RULES


def mode_name(mode: int) -> str:
    return permissions_pb2.Permissions.Mode.Name(permissions_pb2.Permissions.Mode.ValueType(mode))


MOVING = frozenset({_Message.QUEUED, _Message.CLAIMED, _Message.TRANSMITTING})
TROUBLED = frozenset({_Message.FAILED, _Message.UNCERTAIN})
_ADVICE: dict[int, str] = {
    _Message.FAILED: N_(
        "Il server di posta non l’ha accettata e non ci saranno altri tentativi: leggi la risposta e correggi l’indirizzo."
    ),
    _Message.UNCERTAIN: N_(
        "Il server di posta non ha risposto dopo l’ultimo byte: forse è partita, forse no. Chiedi alla persona prima di rimandarla."
    ),
    _Message.SUPPRESSED: N_("Non è stata inviata: %(reason)s."),
}


def is_send(decision: _Decision) -> bool:
    return decision.outcome == _Decision.SEND


def hint(decision: _Decision) -> str:
    """Return what can be done about a decision; empty for nothing."""
    known = REASONS.get(decision.reason)
    return _(known.hint) if known and known.hint else ""


def rule_number(decision: _Decision) -> int:
    known = REASONS.get(decision.reason)
    return known.rule if known else 0


def rule(reason_value: int, kind_name: str) -> str:
    """Return what one rule looks for, in the words of its outcome."""
    known = REASONS.get(reason_value)
    return _(known.text, type=notification_type(kind_name)) if known else _Decision.Reason.Name(_Decision.Reason.ValueType(reason_value))


def counts(dispatch: dispatches_pb2.Dispatch) -> list[tuple[State, int]]:
    """Return the messages of a dispatch by state, those that need somebody first."""
    by_state = {_Message.State.Value(name): count for name, count in dispatch.counts.items() if name in _Message.State.keys() and count}  # noqa: SIM118 - an enum wrapper
    return [(message_state(state), by_state[state]) for state in sorted(by_state, key=lambda state: (state not in TROUBLED, state))]


def told_counts(messages: Iterable[_Message]) -> str:
    """Return "2 spedite, 1 da controllare" of the messages that were to go out."""
    count = Counter(
        "sent" if message.state == _Message.SENT else "troubled" if message.state in TROUBLED else "open" for message in messages
    )
    parts = (
        ngettext("%(num)s email spedita", "%(num)s email spedite", count["sent"]) if count["sent"] else "",
        ngettext("%(num)s da controllare", "%(num)s da controllare", count["troubled"]) if count["troubled"] else "",
        ngettext("%(num)s in partenza", "%(num)s in partenza", count["open"]) if count["open"] else "",
    )
    return ", ".join(part for part in parts if part)


def message_advice(message: _Message) -> str:
    """Return what happened to an e-mail and what to do about it."""
    if not is_send(message.decision):
        return _(_ADVICE[_Message.SUPPRESSED], reason=reason(message.decision, message.kind))
    return _(_ADVICE.get(message.state, N_("Non serve fare nulla.")))


def open_hint() -> str:
    """Return what a hint of an open means, and what it does not."""
    return _("È un indizio, non una prova: molti programmi di posta caricano le immagini da soli, altri mai.")

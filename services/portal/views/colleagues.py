"""The pages on which a primary contact administers its colleagues, within what their customer has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from flask import Blueprint, flash, g, make_response, render_template, request, url_for
from recapito.contacts.v1.contacts_pb2 import Affiliation, Contact
from recapito.contacts.v1.permissions_pb2 import Permissions, PortalAccess, Preferences
from werkzeug.wrappers import Response

from libs.errors import Aborted, AlreadyExists, FailedPrecondition, InvalidArgument, NotFound, PermissionDenied, ServiceError
from libs.ids import new_id
from services.portal.service import Page, Services
from services.portal.views import protection
from services.portal.views.i18n import N_
from services.portal.views.i18n import gettext as _

T = TypeVar("T")
PRIMARY = "PRIMARY"
SECTIONS = {
    "invoices": N_("Fatture e note di credito"),
    "estimates": N_("Preventivi"),
    "contracts": N_("Contratti"),
    "proposals": N_("Proposte"),
    "support": N_("Assistenza"),
    "projects": N_("Progetti e attività"),
}
TYPES = {
    "invoice": N_("Fattura"),
    "credit_note": N_("Nota di credito"),
    "estimate": N_("Preventivo"),
    "proposal": N_("Proposta"),
    "contract": N_("Contratto"),
    "ticket": N_("Ticket"),
    "project": N_("Progetto"),
    "task": N_("Attività"),
}
MOST = 1000  # people of one customer
WRONG = (InvalidArgument, AlreadyExists, FailedPrecondition, Aborted)
SENTENCES = {  # reason -> what is wrong with a field
    "REQUIRED": N_("Questo campo è obbligatorio"),
    "EMAIL_TAKEN": N_("Questa email è già in uso: scrivine un’altra"),
    "EMAIL_REQUIRED": N_("Con l’accesso o le notifiche attive serve un’email"),
    "EMAIL_MALFORMED": N_("L’email non è completa. Esempio: nome@azienda.it"),
    "STRING_PATTERN": N_("L’email non è completa. Esempio: nome@azienda.it"),
    "STRING_MAX_LEN": N_("Il testo è troppo lungo"),
    "CONTROL_CHARACTER": N_("Il testo contiene caratteri invisibili: riscrivilo a mano"),
    "ETAG_MISMATCH": N_("Un’altra persona ha salvato nel frattempo. Controlla le scelte e salva di nuovo."),
}
FIELDS = ("first_name", "last_name", "email", "position")
LINK_NOTE = N_("Hai aperto questa pagina da un link di un’email. Per cambiare qualcosa accedi con la password.")


@dataclass
class Form:
    """What was typed or chosen, and what is wrong with it."""

    values: dict[str, str] = field(default_factory=dict)
    on: set[str] = field(default_factory=set)
    errors: dict[str, str] = field(default_factory=dict)
    note: str = ""
    code: int = 200
    request_id: str = field(default_factory=lambda: str(new_id()))

    @classmethod
    def sent(cls) -> Form:
        values = {name: value.strip() for name, value in request.form.items()}
        return cls(values, {name for name, value in values.items() if value == "1"}, request_id=request.form.get("request_id", "")[:64])

    def refuse(self, error: ServiceError) -> None:
        """Put each fault under its field; a repeated press is another request from now on."""
        self.code, self.request_id = (409 if isinstance(error, Aborted) else 422), str(new_id())
        for fault in error.violations:
            name = fault.field.rpartition(".")[2]
            said = _(SENTENCES.get(fault.reason or error.reason, N_("Il valore non è valido")))
            if name in FIELDS:
                self.errors.setdefault(name, said)
            else:
                self.note = said
        if not self.errors and not self.note:
            self.note = _(SENTENCES.get(error.reason, N_("Il valore non è valido")))


def add_to(area: Blueprint, services: Services) -> None:
    contacts = services.contacts

    @area.get("/colleagues")
    def list_colleagues() -> str:
        found = contacts.list_affiliations(_customer(), Page(size=MOST)).affiliations
        return render_template("area/colleagues.html", found=[(one, *_in_words(one)) for one in found])

    @area.route("/colleagues/new", methods=["GET", "POST"])
    def invite_colleague() -> Response | str:
        customer_id, may_have = _customer(), _sections(services)
        default = contacts.organization().default_preferences
        form = Form(on={"enabled", *may_have, *(type_ for type_ in TYPES if getattr(default, type_) == Preferences.ON)})
        if request.method == "POST":
            form = Form.sent()
            made = _sending(form, lambda: _invite(services, form, customer_id, may_have))
            if made is not None:
                flash(_("%(name)s è tra i tuoi colleghi", name=f"{made.first_name} {made.last_name}"))
                return protection.see(url_for("area.list_colleagues"))
        return _page(form, may_have)

    @area.route("/colleagues/<uuid:contact_id>", methods=["GET", "POST"])
    def edit_colleague(contact_id: UUID) -> Response | str:
        customer_id, may_have = _customer(), _sections(services)
        colleague = contacts.get_affiliation(customer_id, contact_id)
        if contact_id == g.person.caller.account_id:
            raise NotFound("what one may do oneself is changed by the organisation")
        form = Form({"position": colleague.position, "etag": colleague.etag}, _on(colleague))
        if request.method == "POST":
            form = Form.sent()
            if _sending(form, lambda: _save(services, form, colleague, may_have)) is not None:
                flash(_("Modifiche salvate"))
                return protection.see(url_for("area.list_colleagues"))
            form.values["etag"] = contacts.get_affiliation(customer_id, contact_id).etag
        return _page(form, may_have, colleague)


def _customer() -> UUID:
    """Return the customer that this contact is primary of; for anybody else the pages are not there."""
    customer_id: UUID | None = g.person.caller.customer_id
    if customer_id is None or not g.person.may(PRIMARY):
        raise NotFound("only the primary contact has colleagues to administer")
    return customer_id


def _sections(services: Services) -> dict[str, str]:
    """Return the sections that the customer has, which are all that a colleague can be given."""
    own = services.contacts.get_customer(_customer()).permissions
    default = services.contacts.organization().default_permissions
    modes = {name: getattr(own, name) for name in SECTIONS}
    decided = {name: mode if mode in {Permissions.ALLOW, Permissions.DENY} else getattr(default, name) for name, mode in modes.items()}
    return {name: SECTIONS[name] for name, mode in decided.items() if mode == Permissions.ALLOW}


def _page(form: Form, sections: Mapping[str, str], colleague: Affiliation | None = None) -> Response:
    note = form.note or (_(LINK_NOTE) if g.person.caller.method == "MAGIC_LINK" else "")
    shown = render_template("area/colleague.html", form=form, note=note, sections=sections, types=TYPES, colleague=colleague)
    return make_response(shown, form.code)


def _sending(form: Form, send: Callable[[], T]) -> T | None:
    """Return what a call made; None when it was refused, and the form says why."""
    try:
        return send()
    except WRONG as error:
        form.refuse(error)
    except PermissionDenied as error:
        if error.reason != "MAGIC_LINK_SESSION":
            raise
        form.note, form.code = _(LINK_NOTE), 422
    return None


def _on(colleague: Affiliation) -> set[str]:
    """Return what is on now: sections that are open, and notifications."""
    open_ = {name for name in SECTIONS if getattr(colleague.effective_permissions, name) == Permissions.ALLOW}
    return open_ | {name for name in TYPES if getattr(colleague.preferences, name) == Preferences.ON}


def _in_words(colleague: Affiliation) -> tuple[str, str]:
    """Return what a colleague opens, and what it gets e-mail about."""
    now = _on(colleague)
    opens, hears = ([_(title) for name, title in titles.items() if name in now] for titles in (SECTIONS, TYPES))
    return ", ".join(opens) or _("nulla"), ", ".join(hears) or _("nulla")


def _invite(services: Services, form: Form, customer_id: UUID, sections: Mapping[str, str]) -> Contact:
    affiliation = Affiliation(contact="contacts/-", position=form.values.get("position", ""))  # it has no id yet
    for name in sections:
        setattr(affiliation.permissions, name, Permissions.ALLOW if name in form.on else Permissions.DENY)
    for name in TYPES:
        setattr(affiliation.preferences, name, Preferences.ON if name in form.on else Preferences.OFF)
    contact = Contact(
        first_name=form.values.get("first_name", ""),
        last_name=form.values.get("last_name", ""),
        email=form.values.get("email", ""),
        customer=f"customers/{customer_id}",
        access=PortalAccess(enabled="enabled" in form.on),
        affiliations=[affiliation],
    )
    enters = "enabled" in form.on
    return services.contacts.create_contact(contact, skip_welcome=False, send_set_password=enters, request_id=form.request_id)


def _save(services: Services, form: Form, colleague: Affiliation, sections: Mapping[str, str]) -> Affiliation:
    """Change what differs from what is shown; what the organisation has decided otherwise stays."""
    wanted, paths, now = Affiliation(name=colleague.name, etag=form.values.get("etag", "")), ["position"], _on(colleague)
    wanted.position = form.values.get("position", "")
    for name in sections:
        if (name in form.on) is not (name in now):
            setattr(wanted.permissions, name, Permissions.ALLOW if name in form.on else Permissions.DENY)
            paths.append(f"permissions.{name}")
    for name in TYPES:
        if (name in form.on) is not (name in now):
            setattr(wanted.preferences, name, Preferences.ON if name in form.on else Preferences.OFF)
            paths.append(f"preferences.{name}")
    return services.contacts.update_affiliation(wanted, paths, form.request_id)

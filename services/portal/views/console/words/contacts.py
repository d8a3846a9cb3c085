"""Words of customers and contacts."""

from __future__ import annotations

from collections.abc import Iterable

from flask import g
from recapito.contacts.v1 import contact_roles_pb2, contacts_pb2, customers_pb2, groups_pb2, leads_pb2, permissions_pb2
from recapito.type.v1 import type_pb2

from services.portal.views.console.words.kinds import KINDS, SECTIONS
from services.portal.views.console.words.state import State
from services.portal.views.formats import today
from services.portal.views.i18n import N_, language
from services.portal.views.i18n import gettext as _

_Kind = customers_pb2.Customer

CUSTOMER_KINDS: dict[str, str] = {
    "COMPANY": N_("Azienda"),
    "PUBLIC_BODY": N_("Ente pubblico"),
    "ASSOCIATION": N_("Associazione"),
    "HOUSEHOLD": N_("Nucleo familiare"),
    "INDIVIDUAL": N_("Persona fisica"),
}
CATEGORIES: dict[str, str] = {
    "CLIENT": N_("Cliente"),
    "PROSPECT": N_("Potenziale cliente"),
    "SUPPLIER": N_("Fornitore"),
    "PARTNER": N_("Partner"),
    "MEMBER": N_("Socio"),
    "ASSISTED_PERSON": N_("Assistito"),
    "OTHER": N_("Altro"),
}
LANGUAGES: dict[str, str] = {"it": N_("Italiano"), "en": N_("Inglese")}
DIRECTIONS: dict[str, str] = {"LTR": N_("da sinistra a destra"), "RTL": N_("da destra a sinistra")}
WARNINGS: dict[int, str] = {
    contacts_pb2.Affiliation.NOTIFICATION_WITHOUT_PERMISSION: N_("Riceve email di una sezione che non può aprire nel portale."),
    contacts_pb2.Affiliation.NOTIFICATION_WITHOUT_EMAIL: N_("Ha notifiche attive ma nessuna email: non parte nulla."),
}
_PRIMARY = "recapito.contacts.primary_contact.changed.v1"
# Sentences of the timeline: %(title)s is the number or title of what it is about.
ACTIVITIES: dict[str, tuple[str, bool]] = {  # type of event -> sentence, and whether the person did it
    "recapito.identity.session.opened.v1": (N_("Accesso al portale"), True),
    "recapito.identity.policy.accepted.v1": (N_("Informativa sulla privacy accettata"), True),
    "recapito.documents.invoice.viewed.v1": (N_("Fattura %(title)s vista"), True),
    "recapito.documents.invoice.issued.v1": (N_("Fattura %(title)s emessa"), False),
    "recapito.notifications.message.sent.v1": (N_("Email spedita: %(title)s"), False),
    "recapito.notifications.message.opened.v1": (N_("Email forse aperta: %(title)s"), False),
    _PRIMARY: (N_("Non è più il contatto principale"), False),
}
ACTIVITY_KINDS: dict[str, str] = {  # of those that are recorded, what a filter calls them
    "recapito.identity.session.opened.v1": N_("Accessi al portale"),
    "recapito.documents.invoice.viewed.v1": N_("Fatture viste"),
    "recapito.notifications.message.sent.v1": N_("Email spedite"),
    "recapito.notifications.message.opened.v1": N_("Email forse aperte"),
    "recapito.identity.policy.accepted.v1": N_("Informative accettate"),
    _PRIMARY: N_("Cambi del contatto principale"),
}


def activity(entry: contacts_pb2.Activity) -> str:
    """Return what a person did or got, in words; of an event unknown here, what it is about."""
    if entry.kind not in ACTIVITIES:
        return entry.title or entry.kind
    if entry.kind == _PRIMARY and entry.name.startswith(f"{entry.resource}/"):
        return _("È diventato il contatto principale")
    return _(ACTIVITIES[entry.kind][0], title=_(KINDS[entry.title]) if entry.title in KINDS else entry.title)


POINT_KINDS: dict[str, str] = {
    "PHONE": N_("Telefono"),
    "MOBILE": N_("Cellulare"),
    "EMAIL": N_("Email secondaria"),
    "CERTIFIED_EMAIL": N_("PEC"),
}


_LEAD_STATES: dict[int, State] = {
    leads_pb2.Lead.CONVERTED: State(N_("Convertito"), "ok"),
    leads_pb2.Lead.ANONYMIZED: State(N_("Anonimo")),
}


def group_options(groups: Iterable[groups_pb2.Group], *, full: bool = False) -> dict[str, str]:
    """Return groups as choices: by the id that stands in an address, or by the full name."""
    return {group.name if full else group.name.rsplit("/", 1)[-1]: group.display_name for group in groups}


def group_names(names: Iterable[str], groups: Iterable[groups_pb2.Group]) -> str:
    """Return the names of the groups that this operator may see."""
    known = {group.name: group.display_name for group in groups}
    return ", ".join(sorted(known[name] for name in names if name in known))


def contact_role(role: contact_roles_pb2.ContactRole) -> str:
    return (role.label_en if language() == "en" else "") or role.label_it


def contact_role_options(roles: Iterable[contact_roles_pb2.ContactRole], *, full: bool = False) -> dict[str, str]:
    """Return roles as choices: by the id that stands in an address, or by the full name."""
    return {role.name if full else role.name.rsplit("/", 1)[-1]: contact_role(role) for role in roles}


def contact_role_name(name: str, roles: Iterable[contact_roles_pb2.ContactRole]) -> str:
    return next((contact_role(role) for role in roles if role.name == name), "")


def customer_kind(customer: _Kind) -> str:
    return _(CUSTOMER_KINDS.get(_Kind.Kind.Name(customer.kind), N_("Cliente")))


def category(value: _Kind.Category.ValueType) -> str:
    return _(CATEGORIES.get(_Kind.Category.Name(value), N_("Altro")))


def categories(customer: _Kind) -> str:
    return ", ".join(category(value) for value in customer.categories)


def facts_of(customer: _Kind) -> list[str]:
    """Return what tells a customer from another of the same name: tax ids and address."""
    tax = customer.tax_identity
    codes = f"{_('P. IVA')} {tax.vat_number}" if tax.vat_number else f"{_('C.F.')} {tax.tax_code}" if tax.tax_code else ""
    return [fact for fact in (codes, address(tax.address)) if fact]


def address(place: type_pb2.PostalAddress) -> str:
    town = " ".join(part for part in (place.postal_code, place.city) if part)
    if place.province:
        town = f"{town} ({place.province})".strip()
    return ", ".join(part for part in (place.street, town, place.region_code if place.region_code not in {"", "IT"} else "") if part)


def language_name(code: str) -> str:
    return _(LANGUAGES.get(code[:2], N_("Italiano")))


def direction_name(direction: int) -> str:
    name = "RTL" if direction == contacts_pb2.Contact.RTL else "LTR"
    return _(DIRECTIONS[name])


def access_state(contact: contacts_pb2.Contact, *, long: bool = False) -> State:
    """Return whether a contact may enter the portal today, as far as its card says; long: for a place without a heading."""
    access, day = contact.access, today().isoformat()
    if contact.state == contacts_pb2.Contact.ANONYMIZED:
        return State(N_("Anonimizzato"))
    if not g.organization().modules.reserved_area:
        return State(N_("Area riservata disattivata") if long else N_("Area disattivata"))
    if not access.enabled:
        return State(N_("Portale non attivo") if long else N_("Non attivo"))
    if access.end_date and access.end_date < day:
        return State(N_("Accesso scaduto") if long else N_("Scaduto"), "bad")
    if access.start_date and access.start_date > day:
        return State(N_("Accesso futuro") if long else N_("Dal giorno scelto"), "info")
    if not contact.HasField("last_access_time"):
        return State(N_("Invitato"), "info")
    return State(N_("Portale attivo") if long else N_("Attivo"), "ok")


def lead_state(lead: leads_pb2.Lead) -> State:
    return _LEAD_STATES.get(lead.state, State(N_("Aperto"), "info"))


def point_kind(point: contacts_pb2.ContactPoint) -> str:
    return _(POINT_KINDS.get(contacts_pb2.ContactPoint.Kind.Name(point.kind), N_("Recapito")))


def warning(value: int) -> str:
    return _(WARNINGS.get(value, N_("Da verificare")))


def own_activity(entry: contacts_pb2.Activity) -> bool:
    """Whether the person did it, rather than the system or an operator."""
    return ACTIVITIES.get(entry.kind, ("", False))[1]


def allowed(permissions: permissions_pb2.Permissions) -> dict[str, bool]:
    return {section: getattr(permissions, section) == permissions_pb2.Permissions.ALLOW for section in SECTIONS}

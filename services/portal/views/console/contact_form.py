"""The form of a contact: one form, empty or filled, with what it may open and what it is told about one customer."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from recapito.contacts.v1.contacts_pb2 import Affiliation, Contact, FindDuplicatesResponse
from recapito.contacts.v1.customers_pb2 import Customer
from recapito.contacts.v1.fields_pb2 import Field
from recapito.contacts.v1.permissions_pb2 import Permissions, PortalAccess, Preferences
from recapito.contacts.v1.settings_pb2 import ContactsSettings

from services.portal.service import Page, Services
from services.portal.views.console import profile as profile_forms
from services.portal.views.console import words
from services.portal.views.console.contact_points import ROWS, point_fields, point_values, sent_points
from services.portal.views.console.context import Reply, existing, id_of, uuid_of
from services.portal.views.console.customers import affiliations_of, contact_roles_of, groups_of, permission_values, permissions_of
from services.portal.views.console.forms import Form, Value
from services.portal.views.console.lists import argument
from services.portal.views.console.names import customer_of_page, full_name
from services.portal.views.console.sub_contacts import linked_under
from services.portal.views.i18n import N_
from services.portal.views.i18n import gettext as _

Duplicate = FindDuplicatesResponse.Duplicate
FIELDS = {  # path of the request -> field of the form
    r"contact\.(first_name|last_name|email|language_code|direction)": r"\1",
    r"contact\.reports_to": "reports_to",
    r"sub_contact\.relation": "relation",
    r"contact\.access\.(start_date|end_date|enabled)": r"\1",
    r"contact\.groups.*": "groups",
    r"contact\.tags.*": "tags",
    r"contact\.affiliations\[0\]\.(position|contact_role)": r"\1",
    r"affiliation\.(position|contact_role|contact)": r"\1",
    **profile_forms.FIELDS,
    r"contact\.affiliations\[0\]\.preferences\.kinds.*|affiliation\.preferences\.kinds.*": "kinds",
}
CONTACT_PATHS = (
    "first_name", "last_name", "email", "contact_points", "language_code", "direction", "access",
    "block_ticket_email", "do_not_call", "newsletter", "open_tracking", "reports_to", "groups", "tags",
)  # fmt: skip
AFFILIATION_PATHS = ("position", "contact_role", "permissions", "preferences")
ALL_OFF = Preferences()
for _type in words.TYPES:
    setattr(ALL_OFF, _type, Preferences.OFF)
LINK, LATER, TYPED = "link", "none", "typed"  # how a new contact comes to a password
COLUMNS = {  # what stands in a block beside its fields of the profile
    "ORGANIZE": "console/blocks/organize.html",
    "REGISTRY": "console/blocks/registry.html",
    "CONTACT_POINTS": "console/blocks/contact_points.html",
    "ACCESS": "console/blocks/access.html",
}
LABELS = {  # input -> its block, and its words in the summary of what is wrong
    "first_name": ("REGISTRY", N_("Nome")),
    "last_name": ("REGISTRY", N_("Cognome")),
    "position": ("REGISTRY", N_("Qualifica")),
    "reports_to": ("REGISTRY", N_("Riporta a")),
    "contact_role": ("ORGANIZE", N_("Ruolo")),
    "groups": ("ORGANIZE", N_("Gruppi")),
    "tags": ("ORGANIZE", N_("Etichette")),
    "email": ("CONTACT_POINTS", N_("Email principale")),
    "phone": ("CONTACT_POINTS", N_("Telefono")),
    "start_date": ("ACCESS", N_("Primo giorno")),
    "end_date": ("ACCESS", N_("Ultimo giorno")),
    "relation": ("", N_("Legame")),
}


def contact_forms(pages: Blueprint, services: Services) -> None:
    contacts = services.contacts

    @pages.route("/new", methods=["GET", "POST"])
    def create() -> Reply:
        customer_id = argument("customer")
        if not customer_id:
            return choose_customer(services, "console.contacts.create")
        customer, settings = contacts.get_customer(uuid_of(customer_id)), contacts.get_contacts_settings()
        fields = services.fields.list_fields()
        form = Form.sent() if request.method == "POST" else Form.filled(_defaults(customer, settings, fields))
        if request.method == "POST" and not _changed_alone(form):
            with form.sending({**point_fields(form, Contact()), **FIELDS}):
                if likely := _unseen_duplicates(services, form, customer, fields):
                    return _page(services, form, fields, customer, settings, duplicates=likely)
                contact = _create(services, form, customer, fields)
                flash(_("Contatto creato"))
                if under := argument("under"):
                    return linked_under(services, under, contact, form)
                next_page = "set_password" if form["password_choice"] == TYPED else "show"
                return redirect(url_for(f"console.contacts.{next_page}", contact_id=id_of(contact)), 303)
        return _page(services, form, fields, customer, settings)

    @pages.route("/<uuid:contact_id>/edit", methods=["GET", "POST"])
    def edit(contact_id: UUID) -> Reply:
        contact, settings = contacts.get_contact(contact_id), contacts.get_contacts_settings()
        customer = contacts.get_customer(customer_of_page(contact)) if contact.affiliations else None  # seen without any customer
        affiliation = contacts.get_affiliation(UUID(id_of(customer)), contact_id) if customer else None
        fields = services.fields.list_fields()
        form = Form.sent() if request.method == "POST" else Form.filled(_values(contact, affiliation, fields))
        if request.method == "POST" and not _changed_alone(form):
            with form.sending({**point_fields(form, contact), **FIELDS}):
                _save(services, form, contact, affiliation, fields)
                flash(_("Contatto salvato"))
                return redirect(url_for("console.contacts.show", contact_id=contact_id), 303)
            linked = contacts.get_affiliation(UUID(id_of(customer)), contact_id) if customer else None
            form.compare(_values(contacts.get_contact(contact_id), linked, fields))
        return _page(services, form, fields, customer, settings, contact, affiliation)


def _unseen_duplicates(services: Services, form: Form, customer: Customer, fields: Sequence[Field]) -> list[Duplicate]:
    """Return who may be the person of the form, with a note, unless the operator has seen all of them and means another one."""
    found = list(services.relations.find_duplicates(_new_contact(form, customer, fields)).duplicates)
    if {id_of(one.contact) for one in found} <= set(form["seen"].split()):
        return []
    if form["email"].strip().casefold() in {one.email.casefold() for one in found if one.email}:
        form.errors["email"] = words.error("EMAIL_TAKEN", "email")
    form.note = _("Forse questa persona esiste già. Controlla qui sotto: niente di ciò che hai scritto va perso.")
    return found


def _changed_alone(form: Form) -> bool:
    """Change the form itself when a button asked for it; nothing is saved."""
    return profile(form) or profile_forms.rows_added(form)


def _create(services: Services, form: Form, customer: Customer, fields: Sequence[Field]) -> Contact:
    contact = services.contacts.create_contact(
        _new_contact(form, customer, fields),
        skip_welcome=form.on("skip_welcome"),
        send_set_password=form["password_choice"] == LINK,
        request_id=form.request_id,
    )
    if form.on("primary") and customer.primary_contact:
        services.contacts.make_primary(UUID(id_of(customer)), UUID(id_of(contact)), "", f"{form.request_id}-p")
    return contact


def _save(services: Services, form: Form, contact: Contact, affiliation: Affiliation | None, fields: Sequence[Field]) -> None:
    """Save the person, then what is true of this customer: two resources, each with its etag and its request_id."""
    changed = _contact_of(form, contact)
    changed.name, changed.etag = contact.name, form["etag"]
    values, own = profile_forms.sent_profile(form, fields)
    changed.profile.CopyFrom(values)
    paths = [path for path in CONTACT_PATHS if path != "access" or form.on("access_shown")]
    form.values["etag"] = services.contacts.update_contact(changed, [*paths, *own], form.request_id).etag
    if affiliation is None:
        return
    linked = _affiliation_of(form)
    linked.name, linked.etag = affiliation.name, form["affiliation_etag"]
    saved = services.contacts.update_affiliation(linked, AFFILIATION_PATHS, f"{form.request_id}-a")
    form.values["affiliation_etag"] = saved.etag
    if form.on("primary") and not affiliation.primary:
        _customers, customer_id, _affiliations, contact_id = affiliation.name.split("/")
        services.contacts.make_primary(UUID(customer_id), UUID(contact_id), saved.etag, f"{form.request_id}-p")


def _page(
    services: Services,
    form: Form,
    fields: Sequence[Field],
    customer: Customer | None,
    settings: ContactsSettings,
    contact: Contact | None = None,
    affiliation: Affiliation | None = None,
    duplicates: Sequence[Duplicate] = (),
) -> Reply:
    roles = words.contact_role_options(contact_roles_of(services), full=True)
    if "contact_role" in form.saved:
        form.saved["contact_role"] = roles.get(form.saved["contact_role"], "")
    colleagues = _colleagues(services, customer, contact)
    if "reports_to" in form.saved:
        form.saved["reports_to"] = colleagues.get(form.saved["reports_to"], "")
    blocks = profile_forms.blocks(fields, settings)
    shown = render_template(
        "console/contact_form.html",
        form=form.again(),
        blocks=blocks,
        columns=COLUMNS,
        profile=profile_forms,
        wrong_blocks=_wrong(form, blocks),
        open_blocks={*profile_forms.OPEN, argument("block", words.BLOCKS), *_holding(form["add_row"], blocks)},
        labels={**{name: _(said) for name, (_block, said) in LABELS.items()}, **profile_forms.labels(fields, form)},
        customer=customer,
        contact=contact,
        affiliation=affiliation,
        inherited=inherited(customer, settings) if customer else {},
        groups=groups_of(services),
        roles=roles,
        colleagues=colleagues,
        duplicates=duplicates,
        under=argument("under"),
    )
    return shown, form.code


def _colleagues(services: Services, customer: Customer | None, contact: Contact | None) -> dict[str, str]:
    """Return to whom a contact may report, as choices: who acts for the customer, and who is its superior now."""
    found = {one.contact: one.display_name for one in affiliations_of(services, UUID(id_of(customer)))} if customer else {}
    if contact is not None:
        found.pop(contact.name, None)
        if contact.reports_to and contact.reports_to not in found:
            superior = existing(lambda: services.contacts.get_contact(uuid_of(id_of(contact.reports_to))))
            found |= {contact.reports_to: full_name(superior)} if superior else {}
    return found


def _wrong(form: Form, blocks: Sequence[profile_forms.Block]) -> set[str]:
    """Return the blocks that must be looked at again: a fault, or a change of somebody else."""
    names = [*form.errors, *form.saved]
    return {block for name in names for block in ({LABELS[name][0]} if name in LABELS else _holding(name, blocks))}


def _holding(name: str, blocks: Sequence[profile_forms.Block]) -> set[str]:
    """Return the block of an input of the profile or of a row."""
    if name.startswith(ROWS):
        return {"CONTACT_POINTS"}
    return {block.id for block in blocks if any(name.split("-")[1:2] == [field.key] for field in block.fields)}


def choose_customer(services: Services, target: str) -> Reply:
    """Return the page that asks for which customer something new is."""
    query = argument("q")
    found = services.contacts.list_customers(Page(size=20, query=query)).customers
    return render_template("console/choose_customer.html", found=found, query=query, target=target)


def inherited(customer: Customer, settings: ContactsSettings) -> dict[str, bool]:
    """Return what a contact that inherits may open: what the customer says, else the default."""
    result = {}
    for section in words.SECTIONS:
        mode = getattr(customer.permissions, section)
        if mode not in {Permissions.ALLOW, Permissions.DENY}:
            mode = getattr(settings.default_permissions, section)
        result[section] = mode == Permissions.ALLOW
    return result


def profile(form: Form) -> bool:
    """Set the switches as one of the recommended sets says, when its button was pressed; nothing is saved."""
    name = form["profile"]
    if name not in words.PROFILES and name != "none":
        return False
    wanted = words.PROFILES[name][1] if name in words.PROFILES else frozenset()
    for type_ in words.TYPES:
        form.values[f"notify_{type_}"] = "1" if type_ in wanted else ""
    return True


def _defaults(customer: Customer, settings: ContactsSettings, fields: Sequence[Field]) -> dict[str, Value]:
    """Return the form of a new contact: the permissions and notifications that it would get today, to be changed one by one."""
    may_open = inherited(customer, settings)
    return {
        **profile_forms.form_values(Contact(), fields),
        "language_code": customer.language_code or settings.language_code or "it",
        "direction": "LTR",
        "enabled": "1",
        "newsletter": "1",
        "password_choice": LINK,
        "groups": list(customer.groups),
        **{f"permission_{section}": "ALLOW" if allowed else "DENY" for section, allowed in may_open.items()},
        "ticket_scope": Permissions.TicketScope.Name(
            customer.permissions.ticket_scope or settings.default_permissions.ticket_scope or Permissions.OWN
        ),
        **{f"notify_{type_}": _flag(getattr(settings.default_preferences, type_) == Preferences.ON) for type_ in words.TYPES},
        **{f"kind_{kind}": Preferences.Switch.Name(switch) for kind, switch in settings.default_preferences.kinds.items()},
    }


def _values(contact: Contact, affiliation: Affiliation | None, fields: Sequence[Field]) -> dict[str, Value]:
    return {
        **profile_forms.form_values(contact, fields),
        **point_values(contact),
        **(_linked_values(affiliation) if affiliation else {}),
        "etag": contact.etag,
        "first_name": contact.first_name,
        "last_name": contact.last_name,
        "email": contact.email,
        "language_code": contact.language_code,
        "direction": "RTL" if contact.direction == Contact.RTL else "LTR",
        "enabled": _flag(contact.access.enabled),
        "start_date": contact.access.start_date,
        "end_date": contact.access.end_date,
        "block_ticket_email": _flag(contact.block_ticket_email),
        "do_not_call": _flag(contact.do_not_call),
        "newsletter": _flag(contact.newsletter),
        "open_tracking": _flag(contact.open_tracking),
        "reports_to": contact.reports_to,
        "groups": list(contact.groups),
        "tags": ", ".join(contact.tags),
    }


def _linked_values(affiliation: Affiliation) -> dict[str, Value]:
    return {
        "affiliation_etag": affiliation.etag,
        "position": affiliation.position,
        "contact_role": affiliation.contact_role,
        "primary": _flag(affiliation.primary),
        **permission_values(affiliation.permissions),
        **preference_values(affiliation.preferences),
    }


def preference_values(preferences: Preferences) -> dict[str, str]:
    values = {f"notify_{type_}": _flag(getattr(preferences, type_) == Preferences.ON) for type_ in words.TYPES}
    return values | {f"kind_{kind}": Preferences.Switch.Name(switch) for kind, switch in preferences.kinds.items()}


def preferences_of(form: Form) -> Preferences:
    """Return the switch of each type, and below it only the kinds that differ by choice."""
    preferences = Preferences()
    for type_, kinds in words.KINDS_OF_TYPE.items():
        setattr(preferences, type_, Preferences.ON if form.on(f"notify_{type_}") else Preferences.OFF)
        for kind in kinds:
            if (choice := form[f"kind_{kind}"]) in {"ON", "OFF"}:
                preferences.kinds[kind] = Preferences.Switch.Value(choice)
    return preferences


def _contact_of(form: Form, stored: Contact | None = None) -> Contact:
    return Contact(
        first_name=form["first_name"],
        last_name=form["last_name"],
        email=form["email"],
        contact_points=sent_points(form, stored or Contact()).values(),
        language_code=form["language_code"],
        direction=Contact.RTL if form["direction"] == "RTL" else Contact.LTR,
        access=PortalAccess(enabled=form.on("enabled"), start_date=form["start_date"], end_date=form["end_date"]),
        block_ticket_email=form.on("block_ticket_email"),
        do_not_call=form.on("do_not_call"),
        newsletter=form.on("newsletter") and bool(form["email"]),
        open_tracking=form.on("open_tracking"),
        reports_to=form["reports_to"],
        groups=form.many("groups"),
        tags=[tag for each in form["tags"].split(",") if (tag := each.strip())],
    )


def _affiliation_of(form: Form) -> Affiliation:
    return Affiliation(
        position=form["position"], contact_role=form["contact_role"], permissions=permissions_of(form), preferences=preferences_of(form)
    )


def _new_contact(form: Form, customer: Customer, fields: Sequence[Field]) -> Contact:
    contact = _contact_of(form)
    contact.customer = customer.name
    contact.profile.CopyFrom(profile_forms.sent_profile(form, fields)[0])
    affiliation = _affiliation_of(form)
    affiliation.contact = "contacts/-"  # it has no id yet
    contact.affiliations.append(affiliation)
    return contact


def _flag(on: bool) -> str:
    return "1" if on else ""

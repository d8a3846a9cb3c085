"""Leads: the list, the card, the form, and the way from one to a contact."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, flash, g, redirect, render_template, request, url_for
from recapito.contacts.v1.contacts_pb2 import Contact, ContactPoint
from recapito.contacts.v1.customers_pb2 import Customer
from recapito.contacts.v1.leads_pb2 import Lead
from recapito.identity.v1.accounts_pb2 import Account

from services.portal.service import Page, Services
from services.portal.views.console.confirming import ask_first, shown
from services.portal.views.console.context import Reply, existing, id_of, page, permitted, uuid_of
from services.portal.views.console.customers import ADDRESS, groups_of, phone
from services.portal.views.console.forms import Form, Value
from services.portal.views.console.lists import ALL, argument, asked, condition
from services.portal.views.console.names import full_name
from services.portal.views.i18n import gettext as _

STATES = ("OPEN", "CONVERTED", "ANONYMIZED")
TEXTS = ("first_name", "last_name", "company", "position", "email", "origin", "owner", "language_code")
PATHS = (*TEXTS, "contact_points", "address", "groups", "newsletter")
FIELDS = {  # path of the request -> field of the form
    rf"lead\.({'|'.join(TEXTS)})": r"\1",
    r"lead\.contact_points.*": "phone",
    rf"lead\.address\.({'|'.join(ADDRESS)})": r"\1",
    r"lead\.groups.*": "groups",
}
NEW = "new"  # the choice of a customer that does not exist yet
_PHONES = (ContactPoint.PHONE, ContactPoint.MOBILE)


def blueprint(services: Services) -> Blueprint:
    pages = Blueprint("leads", __name__, url_prefix="/leads")
    _add_reading(pages, services)
    _add_forms(pages, services)
    _add_conversion(pages, services)
    return pages


def _add_reading(pages: Blueprint, services: Services) -> None:
    @pages.get("")
    def index() -> Response:
        group = argument("group")
        owner = f"accounts/{g.person.caller.account_id}" if argument("mine") else ""
        wanted = condition(state=argument("state", dict.fromkeys(STATES)), group=f"groups/{group}" if group else "", owner=owner)
        found = services.leads.list_leads(asked(wanted))
        return page("leads", found=found, groups=groups_of(services), owners=_owners(services, [lead.owner for lead in found.leads]))

    @pages.get("/<uuid:lead_id>")
    def show(lead_id: UUID) -> str:
        lead = services.leads.get_lead(lead_id)
        contact = existing(lambda: services.contacts.get_contact(uuid_of(id_of(lead.contact)))) if lead.contact else None
        owners = _owners(services, [lead.owner])
        return render_template("console/lead.html", lead=lead, contact=contact, groups=groups_of(services), owners=owners)


def _add_forms(pages: Blueprint, services: Services) -> None:
    leads = services.leads

    @pages.route("/new", methods=["GET", "POST"])
    def create() -> Reply:
        own = f"accounts/{g.person.caller.account_id}"
        form = Form.filled({"language_code": "it", "region_code": "IT", "owner": own, "newsletter": "1"})
        if request.method == "POST":
            form = Form.sent()
            with form.sending(FIELDS):
                lead = leads.create_lead(_lead_of(form, Lead()), form.request_id)
                flash(_("Lead creato"))
                return redirect(url_for("console.leads.show", lead_id=id_of(lead)), 303)
        return form_page(form)

    @pages.route("/<uuid:lead_id>/edit", methods=["GET", "POST"])
    def edit(lead_id: UUID) -> Reply:
        lead = leads.get_lead(lead_id)
        form = Form.filled(_values(lead))
        if request.method == "POST":
            form = Form.sent()
            with form.sending(FIELDS):
                changed = _lead_of(form, lead)
                changed.name, changed.etag = lead.name, form["etag"]
                leads.update_lead(changed, PATHS, form.request_id)
                flash(_("Lead salvato"))
                return redirect(url_for("console.leads.show", lead_id=lead_id), 303)
            form.compare(_values(lead))
        return form_page(form, lead)

    @pages.route("/<uuid:lead_id>/delete", methods=["GET", "POST"])
    def delete(lead_id: UUID) -> Reply:
        lead = leads.get_lead(lead_id)

        def act(form: Form) -> Reply:
            leads.delete_lead(lead_id, form["etag"], form.request_id)
            flash(_("Lead eliminato"))
            return redirect(url_for("console.leads.index"), 303)

        return ask_first(lead.etag, act, lambda form: shown("lead_delete", form, lead=lead))

    @pages.route("/<uuid:lead_id>/anonymize", methods=["GET", "POST"])
    def anonymize(lead_id: UUID) -> Reply:
        lead = leads.get_lead(lead_id)

        def act(form: Form) -> Reply:
            leads.anonymize_lead(lead_id, form["etag"], form.request_id)
            flash(_("Il lead è anonimo: dei suoi dati non resta nulla"))
            return redirect(url_for("console.leads.show", lead_id=lead_id), 303)

        return ask_first(lead.etag, act, lambda form: shown("lead_anonymize", form, lead=lead))

    def form_page(form: Form, lead: Lead | None = None) -> Reply:
        owners = _owners(services, [form["owner"]], every=True)
        return render_template("console/lead_form.html", form=form.again(), lead=lead, groups=groups_of(services), owners=owners), form.code


def _add_conversion(pages: Blueprint, services: Services) -> None:
    @pages.route("/<uuid:lead_id>/convert", methods=["GET", "POST"])
    def convert(lead_id: UUID) -> Reply:
        lead = services.leads.get_lead(lead_id)

        def act(form: Form) -> Reply:
            contact = _convert(services, lead_id, form)
            flash(_("%(name)s ora è un contatto", name=full_name(contact)))
            return redirect(url_for("console.contacts.show", contact_id=id_of(contact)), 303)

        def show(form: Form) -> Reply:
            holder = form.facts.get("contact", "")
            taken_by = existing(lambda: services.contacts.get_contact(uuid_of(id_of(holder)))) if holder else None
            found = _offered(services, form, lead)
            return shown("lead_convert", form, lead=lead, found=found, taken_by=taken_by, query=argument("q"))

        return ask_first(lead.etag, act, show, fields={"customer": "customer"}, values={"customer": NEW})


def _convert(services: Services, lead_id: UUID, form: Form) -> Contact:
    return services.leads.convert_lead(
        lead_id,
        form["etag"],
        form.request_id,
        customer="" if form["customer"] in {"", NEW} else form["customer"],
        skip_welcome=form.on("skip_welcome"),
    )


def _offered(services: Services, form: Form, lead: Lead) -> list[Customer]:
    """Return the customers to choose from: those of the search, at first those that sound like the lead's company, and the chosen one."""
    query = argument("q") or lead.company
    found = list(services.contacts.list_customers(Page(size=10, query=query)).customers) if query else []
    if form["customer"] not in {"", NEW, *(customer.name for customer in found)}:
        chosen = existing(lambda: services.contacts.get_customer(uuid_of(id_of(form["customer"]))))
        found = [chosen, *found] if chosen else found
    return found


def _owners(services: Services, names: list[str], *, every: bool = False) -> dict[str, str]:
    """Return the operators of these names with their own words; every: also all others, as far as this operator may see them."""
    person = g.person
    found = {f"accounts/{person.caller.account_id}": str(person.display_name)}
    if every:
        operators = permitted(lambda: services.identity.list_accounts(Page(size=ALL, filter=condition(kind="OPERATOR"))))
        at_work = [account for account in operators.accounts if account.state != Account.DISABLED] if operators else []
        found |= {account.name: account.display_name for account in at_work}
    for name in {name for name in names if name and name not in found}:
        account = existing(lambda name=name: services.identity.get_account(uuid_of(id_of(name))))  # type: ignore[misc] # bound now
        found[name] = account.display_name if account else _("un’altra persona")
    return found


def _phone_at(lead: Lead) -> int | None:
    """Return which contact point is the telephone of the form."""
    return next((number for number, point in enumerate(lead.contact_points) if point.kind in _PHONES), None)


def _points(form: Form, stored: Lead) -> list[ContactPoint]:
    """Return the contact points with the telephone of the form; the others stay as they are."""
    points, number, value = list(stored.contact_points), _phone_at(stored), phone(form["phone"])
    kind = points.pop(number).kind if number is not None else ContactPoint.PHONE
    return [ContactPoint(kind=kind, value=value), *points] if value else points


def _lead_of(form: Form, stored: Lead) -> Lead:
    lead = Lead(contact_points=_points(form, stored), groups=form.many("groups"), newsletter=form.on("newsletter") and bool(form["email"]))
    for name in TEXTS:
        setattr(lead, name, form[name])
    for name in ADDRESS:
        setattr(lead.address, name, form[name])
    return lead


def _values(lead: Lead) -> dict[str, Value]:
    number = _phone_at(lead)
    return {
        "etag": lead.etag,
        **{name: getattr(lead, name) for name in TEXTS},
        **{name: getattr(lead.address, name) for name in ADDRESS},
        "phone": lead.contact_points[number].value if number is not None else "",
        "groups": list(lead.groups),
        "newsletter": "1" if lead.newsletter else "",
    }

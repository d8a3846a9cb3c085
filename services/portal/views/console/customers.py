"""Customers: the list, the page of one, and the form that creates or changes it."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from recapito.contacts.v1.contact_roles_pb2 import ContactRole
from recapito.contacts.v1.contacts_pb2 import Affiliation
from recapito.contacts.v1.customers_pb2 import Customer
from recapito.contacts.v1.groups_pb2 import Group
from recapito.contacts.v1.permissions_pb2 import Permissions

from services.portal.service import Page, Services
from services.portal.service.notes import Notes
from services.portal.views.console import notes as note_pages
from services.portal.views.console import words
from services.portal.views.console.charts import months
from services.portal.views.console.context import Reply, id_of, page, permitted
from services.portal.views.console.forms import Form
from services.portal.views.console.lists import ALL, argument, asked, condition
from services.portal.views.i18n import gettext as _

FIELDS = {  # path of the request -> field of the form
    r"customer\.(display_name|kind|email|phone|language_code)": r"\1",
    r"customer\.tax_identity\.(legal_name|vat_number|tax_code|sdi_recipient_code|certified_email)": r"\1",
    r"customer\.tax_identity\.address\.(street|city|province|postal_code|region_code)": r"\1",
    r"customer\.groups.*": "groups",
    r"customer\.categories.*": "categories",
}
TEXTS = ("display_name", "email", "phone", "language_code")
TAX = ("legal_name", "vat_number", "tax_code", "sdi_recipient_code", "certified_email")
ADDRESS = ("street", "city", "province", "postal_code", "region_code")
PATHS = ("kind", "categories", *TEXTS, "tax_identity", "permissions", "groups")


def blueprint(services: Services, notes: Notes) -> Blueprint:
    contacts, documents = services.contacts, services.documents
    pages = Blueprint("customers", __name__, url_prefix="/customers")
    note_pages.add_to(pages, note_pages.Card(services, notes, "customers", partial(_head, services)))

    @pages.get("")
    def index() -> Response:
        group = argument("group")
        filter_ = condition(
            kind=argument("kind", words.CUSTOMER_KINDS),
            category=argument("category", words.CATEGORIES),
            group=f"groups/{group}" if group else "",
        )
        return page("customers", found=contacts.list_customers(asked(filter_)), groups=groups_of(services))

    @pages.get("/<uuid:customer_id>")
    def show(customer_id: UUID) -> str:
        customer = contacts.get_customer(customer_id)
        overdue = Page(size=5, filter=condition(customer=customer.name, overdue="true"), order_by="due_date")
        statement = permitted(lambda: documents.get_statement(customer_id))
        return render_template(
            "console/customer.html",
            customer=customer,
            affiliations=affiliations_of(services, customer_id),
            statement=statement,
            chart=months(statement) if statement else None,
            invoices=permitted(lambda: documents.list_invoices(Page(size=6, filter=condition(customer=customer.name)))),
            overdue=permitted(lambda: documents.list_invoices(overdue)),
        )

    @pages.get("/<uuid:customer_id>/contacts")
    def show_contacts(customer_id: UUID) -> str:
        customer = contacts.get_customer(customer_id)
        affiliations, roles = affiliations_of(services, customer_id), contact_roles_of(services)
        return render_template("console/customer_contacts.html", customer=customer, affiliations=affiliations, roles=roles)

    @pages.get("/<uuid:customer_id>/billing")
    def show_billing(customer_id: UUID) -> str:
        customer = contacts.get_customer(customer_id)
        affiliations = affiliations_of(services, customer_id)
        return render_template("console/customer_billing.html", customer=customer, affiliations=affiliations, groups=groups_of(services))

    @pages.route("/new", methods=["GET", "POST"])
    def create() -> Reply:
        form = Form.filled({"kind": "COMPANY", "categories": ["CLIENT"], "language_code": "it", "region_code": "IT"})
        if request.method == "POST":
            form = Form.sent()
            with form.sending(FIELDS):
                customer = contacts.create_customer(customer_of(form), form.request_id)
                flash(_("Cliente creato"))
                return redirect(url_for("console.customers.show", customer_id=id_of(customer)), 303)
        return form_page(form, None)

    @pages.route("/<uuid:customer_id>/edit", methods=["GET", "POST"])
    def edit(customer_id: UUID) -> Reply:
        customer = contacts.get_customer(customer_id)
        form = Form.filled(values_of(customer))
        if request.method == "POST":
            form = Form.sent()
            with form.sending(FIELDS):
                changed = customer_of(form)
                changed.name, changed.etag = customer.name, form["etag"]
                contacts.update_customer(changed, PATHS, form.request_id)
                flash(_("Cliente salvato"))
                return redirect(url_for("console.customers.show", customer_id=customer_id), 303)
            form.compare(values_of(customer))
        return form_page(form, customer)

    def form_page(form: Form, customer: Customer | None) -> Reply:
        settings, groups = contacts.get_contacts_settings(), groups_of(services)
        shown = render_template("console/customer_form.html", form=form.again(), customer=customer, groups=groups, settings=settings)
        return shown, form.code

    return pages


def groups_of(services: Services) -> list[Group]:
    """Return the groups that this operator sees, by name."""
    return list(services.contacts.list_groups(Page(size=ALL)).groups)


def _head(services: Services, customer_id: UUID) -> dict[str, Any]:
    customer = services.contacts.get_customer(customer_id)
    return {"customer": customer, "affiliations": affiliations_of(services, customer_id), "subject_name": customer.display_name}


def contact_roles_of(services: Services) -> list[ContactRole]:
    """Return the contact roles, in their order."""
    return list(services.contacts.list_contact_roles(Page(size=ALL)).contact_roles)


def affiliations_of(services: Services, customer_id: UUID) -> list[Affiliation]:
    """Return who acts for a customer, the primary first."""
    return list(services.contacts.list_affiliations(customer_id, Page(size=ALL)).affiliations)


def customer_of(form: Form) -> Customer:
    customer = Customer(
        kind=Customer.Kind.Value(form["kind"]) if form["kind"] in words.CUSTOMER_KINDS else Customer.KIND_UNSPECIFIED,
        categories=[Customer.Category.Value(name) for name in form.many("categories") if name in words.CATEGORIES],
        groups=form.many("groups"),
        permissions=permissions_of(form, otherwise="MODE_UNSPECIFIED"),
    )
    for name in TEXTS:
        setattr(customer, name, form[name])
    customer.phone = phone(form["phone"])
    for name in TAX:
        setattr(customer.tax_identity, name, form[name])
    for name in ADDRESS:
        setattr(customer.tax_identity.address, name, form[name])
    return customer


def values_of(customer: Customer) -> dict[str, str | list[str]]:
    values: dict[str, str | list[str]] = {
        "etag": customer.etag,
        "kind": Customer.Kind.Name(customer.kind),
        "categories": [Customer.Category.Name(category) for category in customer.categories],
        "groups": list(customer.groups),
        **permission_values(customer.permissions),
    }
    values |= {name: getattr(customer, name) for name in TEXTS}
    values |= {name: getattr(customer.tax_identity, name) for name in TAX}
    values |= {name: getattr(customer.tax_identity.address, name) for name in ADDRESS}
    return values


def permissions_of(form: Form, *, otherwise: str = "INHERIT") -> Permissions:
    """Return the six sections and the scope of tickets as chosen; `otherwise` is what the third choice, neither yes nor no, means."""
    permissions = Permissions()
    for section in words.SECTIONS:
        choice = form[f"permission_{section}"]
        mode = choice if choice in {"ALLOW", "DENY"} else otherwise
        setattr(permissions, section, Permissions.Mode.Value(mode))
    scope = form["ticket_scope"]
    if scope in {"OWN", "CUSTOMER"}:
        permissions.ticket_scope = Permissions.TicketScope.Value(scope)
    return permissions


def permission_values(permissions: Permissions) -> dict[str, str]:
    values = {f"permission_{section}": words.mode_name(getattr(permissions, section)) for section in words.SECTIONS}
    return values | {"ticket_scope": Permissions.TicketScope.Name(permissions.ticket_scope)}


def phone(typed: str) -> str:
    """Return a number as E.164 as far as it can be told: spaces, dashes, dots and brackets are only for the eye; "00" is "+"."""
    digits = "".join(letter for letter in typed if letter not in " -./()")
    return f"+{digits[2:]}" if digits.startswith("00") else digits

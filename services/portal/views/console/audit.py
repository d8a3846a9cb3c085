"""The audit log: who did what, to which resource, when, with what result."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from flask import Blueprint, Response, render_template, request, url_for
from recapito.identity.v1.audit_pb2 import AuditEntry

from services.portal.service import Page, Services
from services.portal.views.area import file_response
from services.portal.views.console import acts
from services.portal.views.console.context import Reply, existing, id_of, page
from services.portal.views.console.forms import Form
from services.portal.views.console.lists import ALL, argument, asked, condition, period
from services.portal.views.console.names import customer_name, full_name
from services.portal.views.formats import today

ARGUMENTS = ("resource", "actor", "method", "result", "from", "to")


def blueprint(services: Services) -> Blueprint:
    pages = Blueprint("audit", __name__, url_prefix="/audit")

    @pages.get("")
    def index() -> Response:
        found = services.audit.list_entries(asked(wanted()))
        operators = operators_of(services)
        return page("audit", acts=acts, operators=operators, **named(services, found.audit_entries, operators), found=found)

    @pages.get("/verify")
    def verify() -> str:
        results = {title: services.audit.verify(service) for service, title in acts.SERVICES.items()}
        return render_template("console/audit_verify.html", results=results)

    @pages.route("/export", methods=["GET", "POST"])
    def export() -> Reply:
        form = Form.filled({})
        if request.method == "POST":
            form = Form.sent()
            with form.sending({}):
                return file_response(services.audit.export_entries(wanted()), f"audit-{today().isoformat()}.jsonl")
        return render_template("console/audit_export.html", form=form.again()), form.code

    return pages


# --- the filter ----------------------------------------------------------------------------------------------------------------------
def wanted() -> str:
    """Return the filter that the address asks for."""
    parts = [condition(actor=_actor(), method=argument("method", acts.ACTS))]
    if resource := _resource():
        parts.append(f'resource:"{resource}"')
    if result := argument("result", acts.RESULTS):
        parts.append('result = "OK"' if result == "ok" else 'result != "OK"')
    return " AND ".join(filter(None, [*parts, period()]))


def _resource() -> str:
    """Return the id in what was asked for: of a name, or of the address of a page."""
    try:
        return str(UUID(argument("resource").rstrip("/").rpartition("/")[2]))
    except ValueError:
        return ""


def _actor() -> str:
    try:
        return f"accounts/{UUID(argument('actor'))}"
    except ValueError:
        return ""


# --- names -------------------------------------------------------------------------------------------------------------------------
def operators_of(services: Services) -> dict[str, str]:
    """Return the names of the operators, by the ids of their accounts."""
    found = existing(lambda: services.identity.list_accounts(Page(size=ALL, filter=condition(kind="OPERATOR"))))
    return {id_of(account): account.display_name for account in (found.accounts if found else [])}


def named(services: Services, entries: Iterable[AuditEntry], operators: dict[str, str]) -> dict[str, dict[str, str]]:
    """Return the names and the pages of whom and what the entries speak of; each is asked for once."""
    actors = {entry.actor for entry in entries if entry.actor}
    resources = {entry.resource for entry in entries}
    people = {_first(name): "" for name in actors | {name for name in resources if name.startswith(("accounts/", "contacts/"))}}
    people |= {id_of(name): "" for name in resources if "/affiliations/" in name}
    names = {person: operators.get(person) or _contact(services, person) for person in people}
    names |= {_first(name): customer_name(services, name) for name in resources if name.startswith("customers/") and name.count("/") == 1}
    names |= {_first(name): _number(services, name) for name in resources if name.startswith("invoices/")}
    names |= {_first(name): _lead(services, name) for name in resources if name.startswith("leads/")}
    return {
        "names": names,
        "subjects": {name: _subject(name) for name in resources},
        "addresses": {name: _address(name, names, operators) for name in resources},
    }


def _first(name: str) -> str:
    return name.split("/")[1] if "/" in name else name


def _subject(name: str) -> str:
    """Return the id of whom or what a name is shown as: of an affiliation the contact, of a session its account."""
    return id_of(name) if "/affiliations/" in name else _first(name)


def _address(name: str, names: dict[str, str], operators: dict[str, str]) -> str:
    """Return the page of a resource; "" when it has none or is not to be seen."""
    subject = _subject(name)
    if not names.get(subject):
        return ""
    match name.split("/"):
        case ["accounts", *_] if subject in operators:
            return url_for("console.settings.operators.edit", account_id=subject)
        case ["accounts" | "contacts", *_] | ["customers", _, "affiliations", _]:
            return url_for("console.contacts.show", contact_id=subject)
        case ["customers", _]:
            return url_for("console.customers.show", customer_id=subject)
        case ["leads", _]:
            return url_for("console.leads.show", lead_id=subject)
        case ["invoices", _]:
            return url_for("console.invoices.show", invoice_id=subject)
    return ""


def _contact(services: Services, contact_id: str) -> str:
    found = existing(lambda: services.contacts.get_contact(UUID(contact_id)))
    return full_name(found) if found else ""


def _lead(services: Services, name: str) -> str:
    found = existing(lambda: services.leads.get_lead(UUID(id_of(name))))
    return f"{found.first_name} {found.last_name}".strip() if found else ""


def _number(services: Services, name: str) -> str:
    found = existing(lambda: services.documents.get_invoice(UUID(id_of(name))))
    return (found.number or acts.thing(name)) if found else ""

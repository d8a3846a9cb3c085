"""Why a contact is not seen, cannot enter or hears nothing: every check of the services, in words, each with where it is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, url_for
from markupsafe import Markup
from recapito.contacts.v1.contacts_pb2 import Contact
from recapito.identity.v1.accounts_pb2 import Account, ExplainAccessResponse
from recapito.notifications.v1.dispatches_pb2 import Decision, Explanation, Occasion

from services.portal.service import Page, Services
from services.portal.views.console import rights, words
from services.portal.views.console.context import existing, id_of, permitted, uuid_of
from services.portal.views.console.customers import contact_roles_of, groups_of
from services.portal.views.console.lists import argument, condition
from services.portal.views.console.names import customer_name, customer_of
from services.portal.views.console.settings.roles import roles_of
from services.portal.views.formats import date_time, short_day
from services.portal.views.i18n import gettext as _

Check = ExplainAccessResponse.Check
OF_CUSTOMER = {"CUSTOMER_PERMISSIONS", "CUSTOMER_ROLE"}
OF_CARD = {"ACTS_FOR_CUSTOMER", "CONTACT_POINTS", *OF_CUSTOMER}
PROBE = "password_changed"  # no choice stops it: what stops it concerns the address
ON_CARD = {Decision.SKIP_NO_ADDRESS, Decision.SKIP_ADDRESS_SUPPRESSED, Decision.SKIP_TICKET_BLOCK, Decision.SKIP_EVENT_OFF}
ON_CARD |= {Decision.SKIP_PREFERENCE_OFF, Decision.SKIP_ENTRY_CLOSED}


@dataclass(frozen=True)
class Shown:
    """address: of the page where it is changed, "" for none that this operator may use. stops: it is what closes the door."""

    text: str
    value: str | Markup = ""
    passed: bool = False
    address: str = ""
    stops: bool = False


@dataclass(frozen=True)
class Answers:
    """What the page says. explained: None when it is not for this operator, or of nobody known yet."""

    explained: ExplainAccessResponse | None
    entry: Sequence[Shown]
    sight: Sequence[Shown]
    card: Sequence[Shown]


def contact_why(pages: Blueprint, services: Services) -> None:
    @pages.get("/<uuid:contact_id>/why")
    def why(contact_id: UUID) -> str:
        contact = services.contacts.get_contact(contact_id)
        customers = {customer_of(each): customer_name(services, f"customers/{customer_of(each)}") for each in contact.affiliations}
        home = id_of(contact.customer) if contact.customer else ""
        customer = argument("customer", customers) or (home if home in customers else next(iter(customers), ""))
        operators = _operators(services)
        operator = argument("operator", {id_of(one): one for one in operators})
        kind = argument("kind", dict.fromkeys(words.KINDS_OF_CONTACTS))
        explanation = _explain(services, contact, kind, customer) if kind else None
        return render_template(
            "console/contact_why.html",
            contact=contact,
            customers=customers,
            customer=customer,
            operators=operators,
            operator=next((one for one in operators if id_of(one) == operator), None),
            kind=kind,
            answers=_answers(services, contact, customers, operator),
            explanation=explanation,
            mend=_mend(explanation, contact, customer) if explanation else "",
        )


def _operators(services: Services) -> Sequence[Account]:
    found = permitted(lambda: services.identity.list_accounts(Page(size=1000, filter=condition(kind="OPERATOR"))))
    return found.accounts if found else []


# --- seen, inside, complete ----------------------------------------------------------------------------------------------------------
def _answers(services: Services, contact: Contact, customers: Mapping[str, str], operator: str) -> Answers:
    asked = uuid_of(operator) if operator else None
    explained = existing(lambda: services.identity.explain_access(uuid_of(id_of(contact)), asked))
    checks = explained.checks if explained else []
    words_of = _Words(services, contact, customers)
    entry = [check for check in checks if check.code not in OF_CARD and not _of_operator(check)]
    sight = [check for check in checks if _of_operator(check)]
    card = [check for check in checks if check.code in OF_CARD and (check.code not in OF_CUSTOMER or words_of.customer(check))]
    return Answers(
        explained,
        _shown(entry, words_of, stopping=explained is not None and not explained.may_enter),
        _shown(sight, words_of, stopping=True),
        [*_address_checks(services, contact), *_shown(card, words_of), *_warnings(contact, customers)],
    )


def _shown(checks: Sequence[Check], words_of: _Words, *, stopping: bool = False) -> list[Shown]:
    first = next((check for check in checks if not check.passed), None) if stopping else None
    return [replace(words_of.shown(check), stops=check is first) for check in checks]


def _of_operator(check: Check) -> bool:
    return check.code.startswith("OPERATOR_")


class _Words:
    """What was found, in words, and where it is changed."""

    def __init__(self, services: Services, contact: Contact, customers: Mapping[str, str]) -> None:
        self._services, self._contact, self._customers = services, contact, customers
        self._groups = {group.name: group.display_name for group in groups_of(services)}

    def customer(self, check: Check) -> str:
        """Return the id of the customer that a check is about; "" of one that this operator does not see."""
        id_ = id_of(check.resource) if check.resource.startswith("customers/") else ""
        return id_ if id_ in self._customers else ""

    def shown(self, check: Check) -> Shown:
        return Shown(check.explanation, self._value(check), check.passed, "" if check.passed else self._address(check))

    def _value(self, check: Check) -> str | Markup:
        """Return what was found; empty when the sentence says it all."""
        spoken: dict[str, Callable[[], str | Markup]] = {
            "EMAIL_PRESENT": lambda: check.value,
            "LOGIN_UP_TO_DATE": lambda: check.value,
            "SUPPORT_WINDOW": lambda: _period(*check.value.split("/")),
            "SIGN_IN_NOT_HELD": lambda: date_time(datetime.fromisoformat(check.value)),
            "OPERATOR_ROLE": lambda: words.role_names(check.value.split(), permitted(lambda: roles_of(self._services)) or ()),
            "OPERATOR_GROUPS": lambda: ", ".join(self._groups.get(name, "…") for name in check.value.split()),
            "CUSTOMER_PERMISSIONS": lambda: _permissions(check.value),
            "CUSTOMER_ROLE": lambda: words.contact_role_name(check.value, contact_roles_of(self._services)),
        }
        found = spoken[check.code]() if check.value and check.code in spoken else ""
        name = self._customers.get(self.customer(check), "")
        return f"{name}: {found}".removesuffix(": ") if name else found

    def _address(self, check: Check) -> str:
        """Return the page where what a check looked at is changed."""
        kind, _slash, id_ = check.resource.partition("/")
        pages: dict[str, Callable[[], str]] = {
            "settings": lambda: _page("settings.modules.edit"),
            "customers": lambda: _edit(self._contact, id_),
            "contacts": lambda: _edit(self._contact, ""),
            "accounts": lambda: _page("settings.operators.edit", account_id=id_) if _of_operator(check) else _card(self._contact),
        }
        return pages[kind]() if kind in pages else ""


def _period(first: str, last: str) -> Markup:
    return Markup("{} – {}").format(short_day(first) or "…", short_day(last) or "…")


def _permissions(value: str) -> str:
    return ", ".join(_(words.SECTIONS[name.lower()]) for name in value.split() if name.lower() in words.SECTIONS) or "—"


def _page(name: str, **values: Any) -> str:
    return url_for(f"console.{name}", **values) if rights.can(name) else ""


def _edit(contact: Contact, customer: str) -> str:
    return _page("contacts.edit", contact_id=id_of(contact), customer=customer or None)


def _card(contact: Contact) -> str:
    return url_for("console.contacts.show", contact_id=id_of(contact))


def _address_checks(services: Services, contact: Contact) -> Iterator[Shown]:
    """Say whether mail comes back from the address, by asking about a message that nothing else would stop."""
    found = _explain(services, contact, PROBE, "") if contact.email else None
    if found is None:
        return
    if found.decision.reason == Decision.SKIP_ADDRESS_SUPPRESSED:
        yield Shown(_("Le email tornano indietro da questo indirizzo: correggilo."), contact.email, False, _edit(contact, ""))
    else:
        yield Shown(_("Nessuna email è tornata indietro da questo indirizzo."), contact.email, True)


def _warnings(contact: Contact, customers: Mapping[str, str]) -> Iterator[Shown]:
    """Say what the choices of a contact leave without effect."""
    for affiliation in contact.affiliations:
        id_ = customer_of(affiliation)
        for warning in affiliation.warnings:
            yield Shown(words.warning(warning), customers[id_], False, _edit(contact, id_))


# --- told ----------------------------------------------------------------------------------------------------------------------------
def _explain(services: Services, contact: Contact, kind: str, customer: str) -> Explanation | None:
    """Ask what would be decided now: about the customer's documents, or about the person's own account."""
    if kind in words.TYPE_OF_KIND and not customer:
        return None
    occasion = Occasion(kind=kind, subject=f"customers/{customer}" if kind in words.TYPE_OF_KIND else contact.name)
    return existing(lambda: services.notifications.explain_occasion(uuid_of(id_of(contact)), occasion))


def _mend(explanation: Explanation, contact: Contact, customer: str) -> str:
    """Return the page where what stopped a message is changed."""
    reason = explanation.decision.reason
    if reason == Decision.SKIP_AREA_OFF:
        return _page("settings.modules.edit")
    if reason == Decision.SKIP_NOT_OF_CUSTOMER:
        return _page("contacts.link_customer", contact_id=id_of(contact))
    return _edit(contact, customer) if reason in ON_CARD else ""

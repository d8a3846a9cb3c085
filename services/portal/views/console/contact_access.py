"""Why a contact cannot enter the client area, or is not seen by an operator: every check, with what was found, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask import Blueprint, render_template, url_for
from markupsafe import Markup
from recapito.identity.v1.accounts_pb2 import ExplainAccessResponse

from services.portal.service import Page, Services
from services.portal.views.console import rights, words
from services.portal.views.console.context import existing, id_of, permitted, uuid_of
from services.portal.views.console.customers import groups_of
from services.portal.views.console.lists import argument, condition
from services.portal.views.console.names import customer_name
from services.portal.views.console.settings.roles import roles_of
from services.portal.views.formats import date_time, short_day
from services.portal.views.i18n import gettext as _

Check = ExplainAccessResponse.Check


@dataclass(frozen=True)
class Shown:
    """address: of the page where it is changed, "" for none that this operator may use."""

    text: str
    value: str | Markup
    passed: bool
    address: str
    stops: bool


def contact_access(pages: Blueprint, services: Services) -> None:
    @pages.get("/<uuid:contact_id>/access")
    def explain_access(contact_id: UUID) -> str:
        contact, operator = services.contacts.get_contact(contact_id), argument("operator")
        operators = permitted(lambda: services.identity.list_accounts(Page(size=1000, filter=condition(kind="OPERATOR"))))
        explained = existing(lambda: services.identity.explain_access(contact_id, uuid_of(operator) if operator else None))
        return render_template(
            "console/contact_access.html",
            contact=contact,
            operators=operators.accounts if operators else [],
            chosen=operator,
            explained=explained,
            checks=_shown(services, explained) if explained else [],
        )


def _shown(services: Services, explained: ExplainAccessResponse) -> list[Shown]:
    groups = {group.name: group.display_name for group in groups_of(services)}
    unmet = [check for check in explained.checks if not check.passed]
    stops = [] if explained.may_enter else unmet[:1]
    stops += [] if explained.visible else [next(check for check in unmet if _of_operator(check))]
    return [
        Shown(check.explanation, _value(services, check, groups), check.passed, _address(check), check in stops)
        for check in explained.checks
    ]


def _of_operator(check: Check) -> bool:
    return check.code.startswith("OPERATOR_")


def _value(services: Services, check: Check, groups: Mapping[str, str]) -> str | Markup:
    """Return what was found, in words; empty when the sentence says it all."""
    if not check.value:
        return ""
    spoken: dict[str, Callable[[], str | Markup]] = {
        "EMAIL_PRESENT": lambda: check.value,
        "LOGIN_UP_TO_DATE": lambda: check.value,
        "SUPPORT_WINDOW": lambda: _period(*check.value.split("/")),
        "SIGN_IN_NOT_HELD": lambda: date_time(datetime.fromisoformat(check.value)),
        "CUSTOMER_PERMISSIONS": lambda: _permissions(check),
        "OPERATOR_ROLE": lambda: words.role_names(check.value.split(), permitted(lambda: roles_of(services)) or ()),
        "OPERATOR_GROUPS": lambda: ", ".join(groups.get(name, "…") for name in check.value.split()),
    }
    found = spoken[check.code]() if check.code in spoken else ""
    if check.code == "CUSTOMER_PERMISSIONS" and (name := customer_name(services, check.resource)):
        return f"{name}: {found}"
    return found


def _period(first: str, last: str) -> Markup:
    return Markup("{} – {}").format(short_day(first) or "…", short_day(last) or "…")


def _permissions(check: Check) -> str:
    return ", ".join(_(words.SECTIONS[name.lower()]) for name in check.value.split() if name.lower() in words.SECTIONS) or "—"


def _address(check: Check) -> str:
    """Return the page where what a check looked at is changed."""
    if not check.resource or check.passed:
        return ""
    kind = check.resource.partition("/")[0]
    if _of_operator(check) and kind == "accounts":
        editable = rights.can("settings.operators.edit")
        return url_for("console.settings.operators.edit", account_id=id_of(check.resource)) if editable else ""
    if kind == "contacts":
        return url_for("console.contacts.edit", contact_id=id_of(check.resource)) if rights.can("contacts.edit") else ""
    return url_for("console.contacts.show", contact_id=id_of(check.resource)) if kind == "accounts" else ""

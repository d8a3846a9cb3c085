"""Why a contact can or cannot enter, and why an operator sees it or not: each thing that is looked at, with what was found."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.identity.domain.accounts import Account, fold
from services.identity.domain.contacts import Condition, Contact

SEES_CONTACTS = "contacts.read"


@dataclass(frozen=True)
class Check:
    """stops: nobody enters, or sees, while it is not passed; what does not stop is met after signing in. resource: what to change."""

    code: str
    passed: bool
    value: str = ""
    resource: str = ""
    stops: bool = True


@dataclass(frozen=True)
class Explanation:
    """checks: in the order in which they are tried."""

    entry: Sequence[Check]
    sight: Sequence[Check] = ()

    @property
    def checks(self) -> list[Check]:
        return [*self.entry, *self.sight]

    @property
    def may_enter(self) -> bool:
        return all(check.passed for check in self.entry if check.stops)

    @property
    def visible(self) -> bool:
        return all(check.passed for check in self.sight)


def of_conditions(conditions: Sequence[Condition], account: Account) -> list[Check]:
    """Return the conditions of entering as they were decided, each with what to change."""
    resources = {"AREA_ON": "settings/contacts", "ACCOUNT_ENABLED": f"accounts/{account.id}"}
    return [Check(one.code, one.passed, one.value, resources.get(one.code, f"contacts/{account.id}")) for one in conditions]


def of_sign_in(account: Account, contact: Contact | None, *, held_until: datetime | None, accepted: bool) -> list[Check]:
    """Return what signing in looks at besides: the login, the tries of the last minutes, the password, the policy."""
    name = f"accounts/{account.id}"
    checks = [Check("SIGN_IN_NOT_HELD", held_until is None, held_until.isoformat(timespec="seconds") if held_until else "")]
    if contact is not None:
        same = not contact.email or fold(contact.email) == account.login
        checks.insert(0, Check("LOGIN_UP_TO_DATE", same, account.email, f"contacts/{account.id}"))
    return [
        *checks,
        Check("PASSWORD_SET", bool(account.password_hash), "", name, stops=False),
        Check("PASSWORD_IS_ITS_OWN", not account.password_change_required, "", name, stops=False),
        Check("POLICY_ACCEPTED", accepted, "", "policies/current", stops=False),
    ]


def of_card(contact: Contact, seen: Collection[UUID]) -> list[Check]:
    """Return for whom a contact acts, what it may see there and who it is to them; and how else it can be reached.

    seen: the customers that may be named to who asks.
    """
    customers = [customer for customer in contact.permissions if customer in seen]
    return [
        Check("ACTS_FOR_CUSTOMER", bool(contact.permissions), str(len(customers)), f"contacts/{contact.id}", stops=False),
        *(_permissions(contact, customer) for customer in customers),
        *(_role(contact, customer) for customer in customers),
        Check("CONTACT_POINTS", contact.points > 0, str(contact.points), f"contacts/{contact.id}", stops=False),
    ]


def _permissions(contact: Contact, customer: UUID) -> Check:
    allowed = contact.permissions[customer]
    return Check("CUSTOMER_PERMISSIONS", bool(allowed), " ".join(sorted(allowed)), f"customers/{customer}", stops=False)


def _role(contact: Contact, customer: UUID) -> Check:
    return Check("CUSTOMER_ROLE", customer in contact.roles, contact.roles.get(customer, ""), f"customers/{customer}", stops=False)


def of_sight(operator: Account, contact: Account) -> list[Check]:
    """Return why an operator sees a contact or not: its account, its role, the groups of both."""
    name, shared = f"accounts/{operator.id}", operator.groups & contact.groups
    groups = " ".join(f"groups/{group}" for group in sorted(contact.groups))
    return [
        Check("OPERATOR_ENABLED", not operator.disabled, "", name),
        Check("OPERATOR_ROLE", SEES_CONTACTS in operator.capabilities, " ".join(operator.roles), name),
        Check("OPERATOR_GROUPS", operator.sees_all or bool(shared), groups, f"contacts/{contact.id}"),
    ]

"""Which accounts a caller may see, which it may act on, and what it may give."""

from __future__ import annotations

from uuid import UUID

from libs.access import Caller
from libs.errors import NotFound, PermissionDenied
from services.identity.domain.accounts import Account, Kind
from services.identity.domain.roles import SEE_ALL, Authority
from services.identity.service import Accounts, Sight


def sight(caller: Caller) -> Sight:
    return Sight(caller.sees_all, caller.groups)


def authority(caller: Caller) -> Authority:
    """Return what a caller may do and see, at most all that it may give."""
    return Authority(caller.capabilities | ({SEE_ALL} if caller.sees_all else frozenset()), caller.groups)


def check_covers(caller: Caller, account: Account) -> None:
    """Raise PermissionDenied when an account, other than the caller's own, holds more than the caller."""
    if account.kind is not Kind.CONTACT and account.id != caller.account_id:
        authority(caller).check_covers(account.authority)


def seen(account_id: UUID, capability: str, *, accounts: Accounts, caller: Caller) -> Account:
    """Return an account that the caller may read: its own, or with the capability one in its sight; else NotFound."""
    if caller.account_id == account_id:
        return accounts.get(account_id)
    if caller.staff and capability in caller.capabilities:
        return accounts.get(account_id, sight(caller))
    raise NotFound(f"account {account_id} does not exist")


def in_charge_of(account_id: UUID, *, accounts: Accounts, caller: Caller) -> Account:
    """Return somebody's account that the caller may act on: a contact's in its sight; another kind's only with identity.accounts,
    and only when it holds no more than the caller.

    Else whoever may help contacts with their passwords could make itself an administrator.
    """
    capability = "identity.access" if "identity.access" in caller.capabilities else "identity.accounts"
    account = seen(account_id, capability, accounts=accounts, caller=caller)
    if account.kind is not Kind.CONTACT and account.id != caller.account_id and "identity.accounts" not in caller.capabilities:
        raise PermissionDenied("this needs the right to administer operators", reason="NOT_ALLOWED")
    check_covers(caller, account)
    return account

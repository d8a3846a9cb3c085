"""Accounts of operators and services; those of contacts are seen, disabled and enabled here, and follow their contacts otherwise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from libs.access import Caller
from libs.errors import FailedPrecondition, InvalidArgument
from libs.ids import new_id
from libs.listing import Listing
from libs.unit_of_work import Clock, Request
from services.identity import wire
from services.identity.domain.accounts import Account, Kind, LastAdministrator, check_service
from services.identity.domain.links import Purpose
from services.identity.domain.roles import ADMINISTRATOR
from services.identity.service import Assertions, Contacts, Hasher, NewUnitOfWork, UnitOfWork, passwords, scope
from services.identity.service import contacts as follow
from services.identity.service.contacts import cut_off
from services.identity.service.links import mint_invitation

NOT_AN_OPERATOR = "NOT_AN_OPERATOR"


def get_account(account_id: UUID, *, new_uow: NewUnitOfWork, contacts: Contacts, caller: Caller, clock: Clock) -> Account:
    with new_uow() as uow:
        heard_of = uow.accounts.find(account_id) is not None
    if not heard_of:
        follow.known(account_id, new_uow=new_uow, contacts=contacts, clock=clock)
    with new_uow() as uow:
        return scope.seen(account_id, "identity.read", accounts=uow.accounts, caller=caller)


def list_accounts(listing: Listing, *, uow: UnitOfWork, caller: Caller) -> tuple[Sequence[Account], str]:
    with uow:
        return uow.accounts.page(listing, scope.sight(caller))


def create_account(new: Account, *, request: Request, uow: UnitOfWork, assertions: Assertions, caller: Caller) -> Account:
    """Create the account of a service, or of an operator, who is mailed an invitation; it gets nothing that the caller lacks."""
    if new.kind is Kind.CONTACT:
        raise InvalidArgument.of("account.kind", "must be OPERATOR or SERVICE: contacts are created in contacts", NOT_AN_OPERATOR)
    _check(new, assertions)
    with uow:
        if (earlier := uow.requests.claim(request, str(new.id))) is not None:
            return uow.accounts.get(UUID(earlier))
        account = uow.accounts.add(new)
        scope.authority(caller).check_covers(account.authority)
        if account.kind is Kind.OPERATOR:
            uow.outbox.add(wire.link_requested(account, uow.accounts.next_event(account.id), Purpose.INVITATION))
        uow.commit()
    return account


def _check(account: Account, assertions: Assertions) -> None:
    if account.kind is Kind.SERVICE:
        check_service(account)
        if account.client is not None:
            assertions.check_keys(account.client.key_set, "account.client.key_set")
    elif account.login is None:
        raise InvalidArgument.of("account.email", "is required", "REQUIRED")


def update_account(
    account_id: UUID,
    change: Callable[[Account], Account],
    etag: str,
    *,
    request: Request,
    uow: UnitOfWork,
    assertions: Assertions,
    caller: Caller,
) -> Account:
    """Change the account of an operator or a service; a new address ends its sessions and links, the last administrator stays one.

    Neither before nor after may the account hold what the caller lacks.
    """
    with uow:
        if uow.requests.claim(request, str(account_id)) is not None:
            return uow.accounts.get(account_id)
        administrators = uow.accounts.lock_administrators()
        account = uow.accounts.lock(account_id)
        scope.check_covers(caller, account)
        wire.check_etag(etag, account.version)
        if account.kind is Kind.CONTACT:
            raise FailedPrecondition("the account of a contact follows the contact: change it there", reason=NOT_AN_OPERATOR)
        changed = change(account)
        _check(changed, assertions)
        if not changed.administrator:
            _keep_one(administrators, without=account)
        saved = uow.accounts.save(changed)
        scope.authority(caller).check_covers(saved.authority)
        if saved.generation != account.generation:
            cut_off(account_id, uow=uow)
        uow.commit()
    return saved


def _keep_one(administrators: Sequence[Account], *, without: Account) -> None:
    if without.administrator and {one.id for one in administrators} <= {without.id}:
        raise LastAdministrator("somebody must be left to administer: name another administrator first")


def disable_account(account_id: UUID, etag: str, *, request: Request, uow: UnitOfWork, caller: Caller) -> Account:
    """End every session and cancel every link at once; who is enabled again is linked to a provider anew."""
    with uow:
        if uow.requests.claim(request, str(account_id)) is not None:
            return scope.seen(account_id, "identity.accounts", accounts=uow.accounts, caller=caller)
        administrators = uow.accounts.lock_administrators()
        scope.seen(account_id, "identity.accounts", accounts=uow.accounts, caller=caller)
        account = uow.accounts.lock(account_id)
        scope.check_covers(caller, account)
        wire.check_etag(etag, account.version)
        _keep_one(administrators, without=account)
        saved = uow.accounts.save(account.disable())
        cut_off(account_id, uow=uow)
        uow.provider_identities.forget(account_id)
        uow.commit()
    return saved


def enable_account(account_id: UUID, etag: str, *, request: Request, uow: UnitOfWork, caller: Caller) -> Account:
    with uow:
        scope.seen(account_id, "identity.accounts", accounts=uow.accounts, caller=caller)
        account = uow.accounts.lock(account_id)
        scope.check_covers(caller, account)
        if uow.requests.claim(request, str(account_id)) is not None:
            return account
        wire.check_etag(etag, account.version)
        enabled = account.enable()
        if enabled is account:
            return account
        saved = uow.accounts.save(enabled)
        uow.commit()
    return saved


def bootstrap_administrator(email: str, display_name: str, password: str, *, new_uow: NewUnitOfWork, hasher: Hasher, clock: Clock) -> str:
    """Make sure that somebody can administer; return the token of an invitation, "" when none is needed.

    With a password the first administrator can sign in at once, without one the invitation is the way in. When an
    administrator has a password nothing happens; until then each call cancels the invitation before and makes another.
    """
    with new_uow() as uow:
        administrators = uow.accounts.lock_administrators()
    if any(one.password_hash for one in administrators):
        return ""
    new = Account(
        id=new_id(), kind=Kind.OPERATOR, display_name=display_name, create_time=clock(), email=email.strip(), roles=(ADMINISTRATOR,)
    )
    password_hash = passwords.hashed(password, new, field="password", hasher=hasher) if password else ""
    with new_uow() as uow:
        invited = next((one for one in uow.accounts.lock_administrators() if one.login == new.login), None)
        account = invited or uow.accounts.add(new)
        token = ""
        if password_hash:
            uow.accounts.save(account.with_password(password_hash))
            cut_off(account.id, uow=uow)
        else:
            token = mint_invitation(account, uow=uow)
        uow.commit()
    return token

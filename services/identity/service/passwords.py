"""Passwords: set by a link, typed by an operator, changed by their owner."""

from __future__ import annotations

from uuid import UUID

from libs.access import Caller
from libs.errors import FailedPrecondition, InvalidArgument, NotFound, PermissionDenied
from libs.unit_of_work import Clock, Request
from services.identity import wire
from services.identity.domain import passwords as rules
from services.identity.domain.accounts import Account, Kind
from services.identity.domain.sessions import State
from services.identity.domain.tokens import PASSWORD_OF_ACCOUNT
from services.identity.service import Contacts, Hasher, NewUnitOfWork, UnitOfWork, entry, scope
from services.identity.service import contacts as follow
from services.identity.service.contacts import cut_off
from services.identity.service.sessions import announce_if_open, count_password_check

_WELL_KNOWN = "password recapito benvenuto welcome qwerty administrator amministratore changeme cambiami segreta secret"


def hashed(password: str, account: Account, *, field: str, hasher: Hasher) -> str:
    """Return the hash of a good password; InvalidArgument names the field of a bad one. Takes long: never inside a transaction."""
    rules.check(password, field=field, common=hasher.common, about=(account.email, account.display_name, _WELL_KNOWN))
    with hasher.place(_known):
        return hasher.hash(password)


def _known() -> bool:
    """Who holds a link or a session is no stranger."""
    return True


def replace_password(account: Account, password_hash: str, *, uow: UnitOfWork, temporary: bool = False, but: UUID | None = None) -> Account:
    """Save a new password, cancel every link, end the sessions (but one) and announce it."""
    saved = uow.accounts.save(account.with_password(password_hash, temporary=temporary))
    cut_off(account.id, uow=uow, but=but)
    uow.outbox.add(wire.credentials_changed(saved, uow.accounts.next_event(account.id)))
    return saved


def set_temporary_password(
    account_id: UUID,
    password: str,
    *,
    request: Request,
    new_uow: NewUnitOfWork,
    contacts: Contacts,
    hasher: Hasher,
    caller: Caller,
    clock: Clock,
) -> Account:
    """Set a password that an operator typed; it must be changed at the first entry."""
    follow.known(account_id, new_uow=new_uow, contacts=contacts, clock=clock)
    with new_uow() as uow:
        account = scope.in_charge_of(account_id, accounts=uow.accounts, caller=caller)
    if account.kind is Kind.SERVICE:
        raise FailedPrecondition("a service has a client secret, no password", reason="NOT_FOR_SERVICES")
    password_hash = hashed(password, account, field="password", hasher=hasher)
    with new_uow() as uow:
        account = uow.accounts.lock(account_id)
        if uow.requests.claim(request, str(account_id)) is not None:
            return account
        saved = replace_password(account, password_hash, uow=uow, temporary=True)
        uow.commit()
    return saved


def change_password(
    account_id: UUID, current: str, new: str, *, request: Request, new_uow: NewUnitOfWork, hasher: Hasher, caller: Caller, clock: Clock
) -> Account:
    """Change the caller's own password and end its other sessions."""
    if account_id != caller.account_id or caller.session_id is None:
        raise NotFound(f"account {account_id} does not exist")
    entry.no_magic_link(caller.method)
    now = clock()
    with new_uow() as uow:
        account = uow.accounts.get(account_id)
        if uow.requests.claim(request, str(account_id)) is not None:
            return account  # a retry: the current password is the new one by now
        session = uow.sessions.get(account_id, caller.session_id)
        state = entry.judge(account, uow=uow)(session)
    if state is State.SECOND_FACTOR_REQUIRED:
        raise PermissionDenied("the session is not open yet", reason=state.value)
    temporary = state is State.PASSWORD_CHANGE_REQUIRED
    if not temporary:
        with hasher.place(_known):
            bucket = count_password_check(f"change:{account_id}", account.login or "", session.client, new_uow=new_uow, now=now)
            right = hasher.verify(account.password_hash, current)
        if not right:
            raise PermissionDenied("the current password is wrong", reason="WRONG_PASSWORD")
    with hasher.place(_known):
        if hasher.verify(account.password_hash, new):
            raise InvalidArgument.of("new_password", "must differ from the current one", "PASSWORD_UNCHANGED")
        password_hash = hashed(new, account, field="new_password", hasher=hasher)
    with new_uow() as uow:
        locked = uow.accounts.lock(account_id)
        if uow.requests.claim(request, str(account_id)) is not None:
            return locked
        if locked.password_hash != account.password_hash:
            raise PermissionDenied("the current password is wrong", reason="WRONG_PASSWORD")
        saved = replace_password(locked, password_hash, uow=uow, but=session.id)
        if not temporary:
            uow.throttle.forget(PASSWORD_OF_ACCOUNT, bucket)
        announce_if_open(session, saved, entry.judge(saved, uow=uow)(session), uow=uow, now=now)
        uow.commit()
    return saved

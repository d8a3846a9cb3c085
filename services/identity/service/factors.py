"""Second factors of an account: enrolled and confirmed by its owner, removed by the owner or by who helps somebody that lost theirs."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from libs import audit
from libs.access import Caller
from libs.errors import NotFound, PermissionDenied
from libs.ids import new_id
from libs.listing import Listing
from libs.unit_of_work import Clock, Request
from services.identity import wire
from services.identity.domain import factors as rules
from services.identity.domain.accounts import Account, CredentialChange
from services.identity.domain.accounts import Kind as AccountKind
from services.identity.domain.factors import Factor, Kind, NoSecondFactor, TooManyFactors, WrongCode
from services.identity.domain.sessions import Session, State
from services.identity.service import NewUnitOfWork, OneTimeCodes, Passkeys, UnitOfWork, entry, scope
from services.identity.service.sessions import announce_if_open


def list_factors(account_id: UUID, listing: Listing, *, uow: UnitOfWork, caller: Caller) -> tuple[Sequence[Factor], str, int]:
    """Return a page of factors, the token of the next, and how many recovery codes are left."""
    with uow:
        scope.in_charge_of(account_id, accounts=uow.accounts, caller=caller)
        found, following = uow.factors.page(account_id, listing)
        return found, following, uow.recovery_codes.left(account_id)


# --- enrol ---------------------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Enrolment:
    """What takes part in proving a factor. codes: of an app."""

    codes: OneTimeCodes
    passkeys: Passkeys


def create_factor(
    account_id: UUID, kind: Kind, display_name: str, *, request: Request, uow: UnitOfWork, by: Enrolment, caller: Caller, clock: Clock
) -> tuple[Factor, str]:
    """Start to enrol a factor; return what the app or the browser needs, "" when a retry finds it confirmed already."""
    now = clock()
    with uow:
        account, _, _ = _enrolling(account_id, uow=uow, caller=caller, now=now)
        earlier = uow.requests.claim(request, str(new := new_id()))
        if earlier is not None:
            factor = uow.factors.get(account.id, UUID(earlier))
        else:
            _make_room(account.id, kind, uow=uow)
            secret = by.codes.new_secret() if kind is Kind.TOTP else b""
            factor = Factor(new, account.id, kind, display_name, now, secret)
            uow.factors.add(factor)
        enrolment = "" if factor.confirmed else _enrolment(factor, account, uow=uow, by=by, now=now)
        uow.commit()
    return factor, enrolment


def _enrolling(account_id: UUID, *, uow: UnitOfWork, caller: Caller, now: datetime) -> tuple[Account, Session, State]:
    """Return the caller's own account, locked, and its session, when it may enrol a factor now.

    A session that waits for its second factor may only set up the first: else whoever knows the password adds a factor of his own.
    """
    account, session = _own(account_id, uow=uow, caller=caller)
    state = entry.judge(account, uow=uow)(session)
    if account.kind is AccountKind.CONTACT and not uow.settings.current().contacts_may_use_second_factor:
        raise PermissionDenied("the settings let no contact use second factors", reason="FACTORS_OFF")
    if state is not State.OPEN and (state is not State.SECOND_FACTOR_REQUIRED or account.second_factor_set):
        raise PermissionDenied("the session is not open yet", reason=state.value)
    if not session.fresh(now):
        raise PermissionDenied("sign in again to confirm this", reason="NOT_FRESH")
    return account, session, state


def _own(account_id: UUID, *, uow: UnitOfWork, caller: Caller) -> tuple[Account, Session]:
    if account_id != caller.account_id or caller.session_id is None:
        raise NotFound(f"account {account_id} does not exist")
    entry.no_magic_link(caller.method)
    return uow.accounts.lock(account_id), uow.sessions.get(account_id, caller.session_id)


def _make_room(account_id: UUID, kind: Kind, *, uow: UnitOfWork) -> None:
    """Forget what was started and not confirmed."""
    factors = uow.factors.of_account(account_id)
    for factor in factors:
        if factor.kind is kind and not factor.confirmed:
            uow.factors.delete(factor.id)
    if sum(factor.confirmed for factor in factors) >= rules.MOST:
        raise TooManyFactors(f"an account has {rules.MOST} factors at most: remove one first")


def _enrolment(factor: Factor, account: Account, *, uow: UnitOfWork, by: Enrolment, now: datetime) -> str:
    if factor.kind is Kind.TOTP:
        return by.codes.enrolment(factor.secret, account)
    challenge = secrets.token_bytes(32)
    uow.challenges.add(challenge, factor.id, now + rules.CHALLENGE_LIFE)
    known = [one.passkey for one in uow.factors.of_account(account.id) if one.passkey is not None]
    return by.passkeys.creation(challenge, account, known)


def confirm_factor(
    account_id: UUID,
    factor_id: UUID,
    code: str,
    response: str,
    *,
    request: Request,
    new_uow: NewUnitOfWork,
    by: Enrolment,
    caller: Caller,
    clock: Clock,
) -> Factor:
    """Let a factor count from now on, once it is seen to work; one that counts already stays as it is. code: or a passkey's response."""
    now = clock()
    with new_uow() as uow:
        account, _, _ = _enrolling(account_id, uow=uow, caller=caller, now=now)
        factor = uow.factors.get(account_id, factor_id)
        if factor.confirmed:
            return factor
        if factor.expired(now):
            raise NotFound(f"factor {factor_id} does not exist")
        proven, step = _proven(factor, code, response, uow=uow, by=by, now=now)
        with audit.aside():
            uow.commit()  # whatever comes of it, the challenge is spent
    if proven is None:
        raise WrongCode("the code or the passkey is wrong")
    with new_uow() as uow:
        account, session, _ = _enrolling(account_id, uow=uow, caller=caller, now=now)
        if uow.requests.claim(request, str(factor_id)) is not None or uow.factors.get(account_id, factor_id).confirmed:
            return uow.factors.get(account_id, factor_id)
        confirmed = replace(proven, confirm_time=now)
        uow.factors.confirm(confirmed, step)
        _count(account, session, uow=uow, now=now)
        uow.commit()
    return confirmed


def _proven(factor: Factor, code: str, response: str, *, uow: UnitOfWork, by: Enrolment, now: datetime) -> tuple[Factor | None, int]:
    """Return the factor as its proof completes it, None for a wrong one; of TOTP with the step that is used up."""
    if factor.kind is Kind.TOTP:
        step = by.codes.step_of(factor.secret, rules.typed(code), now)
        return (None if step is None else factor), step or 0
    answer = by.passkeys.read(response)
    if answer is None or not uow.challenges.use(answer.challenge, factor.id, now):
        return None, 0
    passkey = by.passkeys.registered(answer)
    return (None if passkey is None else replace(factor, passkey=passkey)), 0


def _count(account: Account, session: Session, *, uow: UnitOfWork, now: datetime) -> None:
    """Ask for a second factor from now on; the session that proved it has given it."""
    saved = account if account.second_factor_set else uow.accounts.save(replace(account, second_factor_set=True))
    uow.sessions.mark_second_factor(session.id, now)
    given = replace(session, second_factor_time=now)
    announce_if_open(given, saved, entry.judge(saved, uow=uow)(given), uow=uow, now=now)
    uow.outbox.add(wire.credentials_changed(saved, uow.accounts.next_event(saved.id), CredentialChange.FACTOR_ADDED))


# --- remove --------------------------------------------------------------------------------------------------------------------------
def delete_factor(account_id: UUID, factor_id: UUID, *, request: Request, uow: UnitOfWork, caller: Caller) -> None:
    """Remove a factor and tell the owner; the recovery codes go with the last one. Sessions stay."""
    entry.no_magic_link(caller.method)
    with uow:
        scope.in_charge_of(account_id, accounts=uow.accounts, caller=caller)
        if uow.requests.claim(request, str(factor_id)) is not None:
            return
        account = uow.accounts.lock(account_id)
        factor = uow.factors.get(account_id, factor_id)
        uow.factors.delete(factor_id)
        if factor.confirmed:
            if not any(one.confirmed for one in uow.factors.of_account(account_id)):
                uow.factors.delete_all(account_id)
                account = uow.accounts.save(replace(account, second_factor_set=False))
            uow.outbox.add(wire.credentials_changed(account, uow.accounts.next_event(account_id), CredentialChange.FACTOR_REMOVED))
        uow.commit()


def remove_factors(email: str, *, uow: UnitOfWork) -> int:
    """Remove all factors of an operator who lost them, when nobody is left who could do it in the console; return how many."""
    with uow:
        account = next(iter(uow.accounts.by_login(email, AccountKind.OPERATOR)), None)
        if account is None:
            raise NotFound("no operator signs in with this address")
        account = uow.accounts.lock(account.id)
        count = sum(factor.confirmed for factor in uow.factors.of_account(account.id))
        if count:
            uow.factors.delete_all(account.id)
            saved = uow.accounts.save(replace(account, second_factor_set=False))
            uow.outbox.add(wire.credentials_changed(saved, uow.accounts.next_event(account.id), CredentialChange.FACTOR_REMOVED))
            uow.commit()
    return count


# --- recovery codes ------------------------------------------------------------------------------------------------------------------
def create_recovery_codes(account_id: UUID, *, request: Request, uow: UnitOfWork, caller: Caller, clock: Clock) -> list[str]:
    """Make ten codes that each stand for a second factor once; the older ones are cancelled. A retry makes others in their place."""
    codes = rules.new_recovery_codes()
    with uow:
        account, _ = _own(account_id, uow=uow, caller=caller)
        if not account.second_factor_set:
            raise NoSecondFactor("set up a second factor first")
        uow.recovery_codes.renew(account_id, [rules.typed(code) for code in codes], clock())
        if uow.requests.claim(request, str(account_id)) is None:
            uow.outbox.add(wire.credentials_changed(account, uow.accounts.next_event(account_id), CredentialChange.RECOVERY_CODES))
        uow.commit()
    return codes

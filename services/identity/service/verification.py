"""A person proves itself once more, by a second factor or to be fresh; and the passkey, which is both factors in one."""

from __future__ import annotations

import contextlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from libs import audit, telemetry
from libs.access import Caller
from libs.errors import NotFound, PermissionDenied, ResourceExhausted, Unauthenticated
from libs.unit_of_work import Clock
from services.identity.domain import factors as rules
from services.identity.domain.accounts import Account, Kind
from services.identity.domain.factors import Factor, NoSecondFactor, WrongCode
from services.identity.domain.factors import Kind as FactorKind
from services.identity.domain.sessions import Client, Method, Session, State
from services.identity.domain.tokens import CHALLENGE_OF_NETWORK, PASSWORD_OF_ACCOUNT, PASSWORD_OF_NETWORK, new_token
from services.identity.service import Contacts, Hasher, NewUnitOfWork, OneTimeCodes, Passkeys, UnitOfWork, entry
from services.identity.service.sessions import Opened, announce_if_open, count_password_check, meet_device, open_session

log = telemetry.logger(__name__)


# --- passkeys ------------------------------------------------------------------------------------------------------------------------
def challenge(client: Client, *, uow: UnitOfWork, passkeys: Passkeys, clock: Clock) -> str:
    """Return what a browser needs to ask for a passkey of this site."""
    made, now = secrets.token_bytes(32), clock()
    with uow:
        wait = uow.throttle.hit(CHALLENGE_OF_NETWORK, client.network, now)[1]
        if not wait:
            uow.challenges.add(made, None, now + rules.CHALLENGE_LIFE)
        uow.commit()
    if wait:
        raise ResourceExhausted("too many attempts; wait before the next", reason="TOO_MANY_ATTEMPTS", retry_after_seconds=wait)
    return passkeys.request(made)


@dataclass(frozen=True)
class Asserted:
    factor: Factor
    sign_count: int


def _asserted(response: str, *, new_uow: NewUnitOfWork, passkeys: Passkeys, now: datetime) -> Asserted | None:
    """Return the passkey that answered one of our challenges, which is spent whatever comes of it; None for anything wrong."""
    answer = passkeys.read(response)
    if answer is None:
        return None
    with new_uow() as uow:
        ours = uow.challenges.use(answer.challenge, None, now)
        factor = uow.factors.by_credential(answer.credential_id)
        with audit.aside():
            uow.commit()
    if not ours or factor is None or factor.passkey is None or answer.user_handle not in {b"", factor.account_id.bytes}:
        return None
    used = passkeys.asserted(answer, factor.passkey)
    return None if used is None else Asserted(factor, used.sign_count)


def sign_in_by_passkey(
    response: str, kind: Kind | None, client: Client, *, new_uow: NewUnitOfWork, contacts: Contacts, passkeys: Passkeys, clock: Clock
) -> Opened:
    """Open a session by a passkey; whatever is wrong, it answers as to a wrong password. kind: whose it must be, None: anybody's."""
    now = clock()
    wrong = Unauthenticated("the passkey opens nothing here", reason="WRONG_CREDENTIALS")
    asserted = _asserted(response, new_uow=new_uow, passkeys=passkeys, now=now)
    if asserted is None:
        raise wrong
    audit.note(resource=f"accounts/{asserted.factor.account_id}")
    with new_uow() as uow:
        account = uow.accounts.find(asserted.factor.account_id)
    if account is None or kind not in {None, account.kind} or entry.check(account, contacts=contacts, now=now).refusal:
        log.info("sign-in refused", account=str(asserted.factor.account_id))
        raise wrong
    with new_uow() as uow:
        current = uow.accounts.lock(account.id)
        if current.disabled or not uow.factors.use_passkey(asserted.factor.id, asserted.sign_count, now):
            raise wrong
        meet_device(current, client, uow=uow, now=now, second_factor=True)
        opened = open_session(current, current.password_hash, Method.PASSKEY, client, "", uow=uow, now=now)
        uow.commit()
    return opened


# --- once more -----------------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Given:
    """What a person proves itself with: one of the three. code: of an app, or a recovery code. passkey: a browser's answer."""

    code: str = ""
    passkey: str = ""
    password: str = ""


@dataclass(frozen=True)
class Verifiers:
    hasher: Hasher
    codes: OneTimeCodes
    passkeys: Passkeys


def verify_session(
    account_id: UUID, session_id: UUID | None, given: Given, *, new_uow: NewUnitOfWork, by: Verifiers, caller: Caller, clock: Clock
) -> Opened:
    """Give the caller's session its second factor, or make it fresh; it goes on under a new token.

    Counted like password checks and before the check. A code works once, a challenge too.
    """
    now = clock()
    if account_id != caller.account_id or caller.session_id is None or session_id not in {None, caller.session_id}:
        raise NotFound("the session does not exist")
    with new_uow() as uow:
        account, session = uow.accounts.get(account_id), uow.sessions.get(account_id, caller.session_id)
        _check_kind(given, account, session, entry.judge(account, uow=uow)(session))
    with by.hasher.place(lambda: True) if given.password else contextlib.nullcontext():
        bucket = count_password_check(f"verify:{account_id}", account.login or "", session.client, new_uow=new_uow, now=now)
        if given.password and not by.hasher.verify(account.password_hash, given.password):
            raise WrongCode("the password is wrong")
    asserted = _asserted(given.passkey, new_uow=new_uow, passkeys=by.passkeys, now=now) if given.passkey else None
    with new_uow() as uow:
        current = uow.accounts.lock(account_id)
        if not _proven(given, account, current, asserted, uow=uow, codes=by.codes, now=now):
            log.info("verification refused", account=str(account_id), session=str(session.id))
            raise WrongCode("the code or the passkey is wrong")
        uow.throttle.forget(PASSWORD_OF_ACCOUNT, bucket)
        uow.throttle.take_back(PASSWORD_OF_NETWORK, session.client.network)
        opened = _renewed(session.verified(now, second_factor=not given.password), current, uow=uow, now=now)
        meet_device(current, session.client, uow=uow, now=now, second_factor=not given.password)
        uow.commit()
    return opened


def _check_kind(given: Given, account: Account, session: Session, state: State) -> None:
    """Refuse what could not help this session, before anything is counted or spent."""
    if given.password:
        entry.no_magic_link(session.method.value)
        if state is State.SECOND_FACTOR_REQUIRED and account.second_factor_set:
            raise PermissionDenied("a password is no second factor", reason=state.value)
    elif not account.second_factor_set:
        raise NoSecondFactor("this account has no second factor")


def _proven(
    given: Given, before: Account, current: Account, asserted: Asserted | None, *, uow: UnitOfWork, codes: OneTimeCodes, now: datetime
) -> bool:
    """Tell whether what was given is right at this moment, and spend it."""
    if given.password:
        return current.password_hash == before.password_hash
    if given.passkey:
        if asserted is None or asserted.factor.account_id != current.id:
            return False
        return uow.factors.use_passkey(asserted.factor.id, asserted.sign_count, now)
    code = rules.typed(given.code)
    for factor in uow.factors.of_account(current.id):
        if factor.kind is FactorKind.TOTP and factor.confirmed:
            step = codes.step_of(factor.secret, code, now)
            if step is not None and uow.factors.use_step(factor.id, step, now):
                return True
    return uow.recovery_codes.use(current.id, code, now)


def _renewed(session: Session, account: Account, *, uow: UnitOfWork, now: datetime) -> Opened:
    token = new_token()
    uow.sessions.renew(session, token)
    state = entry.judge(account, uow=uow)(session)
    announce_if_open(session, account, state, uow=uow, now=now)
    return Opened(session, account, state, token)

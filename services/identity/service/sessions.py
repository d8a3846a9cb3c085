"""Sign in, stay in, sign out; and the passport that says so to the other services."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from libs import audit, telemetry
from libs.access import Caller
from libs.access import Kind as CallerKind
from libs.errors import NotFound, ResourceExhausted, Unauthenticated
from libs.ids import new_id
from libs.listing import Listing
from libs.unit_of_work import Clock, Request
from services.identity import wire
from services.identity.domain import links as link_rules
from services.identity.domain import sessions as rules
from services.identity.domain.accounts import Account, CredentialChange, Kind, fold
from services.identity.domain.clients import narrowed
from services.identity.domain.links import Purpose
from services.identity.domain.sessions import Client, Method, Session, State
from services.identity.domain.tokens import PASSWORD_OF_ACCOUNT, PASSWORD_OF_NETWORK, new_token
from services.identity.service import AccessClaims, Contacts, Hasher, NewUnitOfWork, SignedIn, UnitOfWork, clients, entry, scope

log = telemetry.logger(__name__)


@dataclass(frozen=True)
class Opened:
    session: Session
    account: Account
    state: State
    token: str


# --- sign in -------------------------------------------------------------------------------------------------------------------------
def sign_in(
    email: str,
    password: str,
    kind: Kind | None,
    client: Client,
    *,
    new_uow: NewUnitOfWork,
    contacts: Contacts,
    hasher: Hasher,
    clock: Clock,
) -> Opened:
    """Open a session by password.

    Whatever is wrong (address, password, disabled, out of its period, no password), the answer and the work are the same: one
    count, one look-up, one hash. Contacts is asked only for a person who gave the right password. Who finds no place in the
    queue for the hash gets Unavailable before anything is counted; strangers do not take all of it.
    """
    with hasher.place(lambda: _known(fold(email), client, new_uow)):
        return _sign_in(email, password, kind, client, new_uow=new_uow, contacts=contacts, hasher=hasher, clock=clock)


def _known(login: str, client: Client, new_uow: NewUnitOfWork) -> bool:
    with new_uow() as uow:
        return uow.throttle.known(login, _device(client))


def _sign_in(
    email: str,
    password: str,
    kind: Kind | None,
    client: Client,
    *,
    new_uow: NewUnitOfWork,
    contacts: Contacts,
    hasher: Hasher,
    clock: Clock,
) -> Opened:
    login, now = fold(email), clock()
    area = contacts.area(now)  # for every address, because it may take a question to contacts
    bucket = count_password_check(login, login, client, new_uow=new_uow, now=now)
    with new_uow() as uow:
        account = next(iter(uow.accounts.by_login(email, kind)), None)
    audit.note(resource=f"accounts/{account.id}" if account is not None else "")
    usable = account is not None and not entry.as_last_told(account, area=area)
    right = hasher.verify(account.password_hash if account is not None and usable else "", password)
    if account is None or not usable or not right or entry.check(account, contacts=contacts, now=now).refusal:
        log.info("sign-in refused", account=str(account.id) if account else "")
        raise Unauthenticated("address or password are wrong", reason="WRONG_CREDENTIALS")
    rehashed = hasher.hash(password) if hasher.outdated(account.password_hash) else account.password_hash
    with new_uow() as uow:
        current = uow.accounts.lock(account.id)
        if current.password_hash != account.password_hash or current.disabled:
            raise Unauthenticated("address or password are wrong", reason="WRONG_CREDENTIALS")
        uow.throttle.forget(PASSWORD_OF_ACCOUNT, bucket)
        uow.throttle.take_back(PASSWORD_OF_NETWORK, client.network)
        meet_device(current, client, uow=uow, now=now)
        opened = open_session(current, rehashed, Method.PASSWORD, client, "", uow=uow, now=now)
        uow.commit()
    return opened


def sign_in_by_link(token: str, client: Client, *, new_uow: NewUnitOfWork, contacts: Contacts, clock: Clock) -> Opened:
    """Open a session by a magic link, which is spent with it; nothing is spent when the person may not enter."""
    now = clock()
    with new_uow() as uow:
        found = uow.links.find(token)
        if found is None or found.purpose is not Purpose.MAGIC:
            raise link_rules.unusable(None, Unauthenticated)
        audit.note(resource=f"accounts/{found.account_id}/links/{found.id}")
        if (state := found.state(uow.now())) is not link_rules.State.USABLE:
            raise link_rules.unusable(state, Unauthenticated)
        account = uow.accounts.find(found.account_id)
    if account is None or entry.check(account, contacts=contacts, now=now).refusal:
        raise link_rules.entry_closed(Unauthenticated)
    with new_uow() as uow:
        current = uow.accounts.lock(account.id)
        used = uow.links.use(token, [Purpose.MAGIC], client.ip_address)
        if used is None:
            latest = uow.links.find(token)
            raise link_rules.unusable(latest.state(uow.now()) if latest else None, Unauthenticated)
        opened = open_session(current, current.password_hash, Method.MAGIC_LINK, client, used.landing, uow=uow, now=now)
        uow.commit()
    return opened


def open_session(
    account: Account,
    password_hash: str,
    method: Method,
    client: Client,
    landing: str,
    *,
    uow: UnitOfWork,
    now: datetime,
    proof_time: datetime | None = None,
) -> Opened:
    """Open a session for somebody who proved who they are; what it still waits for is in its state."""
    session, token = rules.opened(new_id(), account.id, method, client, now, landing, proof_time), new_token()
    uow.sessions.add(session, token)
    name = f"accounts/{account.id}/sessions/{session.id}"
    audit.note(resource=name, actor=f"accounts/{account.id}", session=name)
    signed_in = uow.accounts.mark_sign_in(account.id, password_hash, now)
    state = entry.judge(signed_in, uow=uow)(session)
    announce_if_open(session, signed_in, state, uow=uow, now=now)
    log.info("signed in", account=str(account.id), session=str(session.id), method=method.value)
    return Opened(session, signed_in, state, token)


def announce_if_open(session: Session, account: Account, state: State, *, uow: UnitOfWork, now: datetime) -> None:
    """Announce a session the first time that nothing stands before the pages any more."""
    if state is State.OPEN and session.open_time is None and uow.sessions.open(session.id, now):
        uow.outbox.add(wire.session_opened(account, uow.accounts.next_event(account.id), session.id, session.method, now))


def count_password_check(subject: str, login: str, client: Client, *, new_uow: NewUnitOfWork, now: datetime) -> str:
    """Count a password check before it is made; return what it was counted under.

    A device that signed in here before has a count of its own, and waits for no neighbour: strangers' failures do not hold its
    owner up.
    """
    with new_uow() as uow:
        device = _device(client)
        known = uow.throttle.known(login, device)
        bucket = f"{subject}:{device}" if known else subject
        wait = uow.throttle.hit(PASSWORD_OF_ACCOUNT, bucket, now)[1]
        crowded = uow.throttle.hit(PASSWORD_OF_NETWORK, client.network, now)[1] if client.network else 0
        with audit.aside():
            uow.commit()
    if (wait := wait if known else max(wait, crowded)) > 0:
        raise ResourceExhausted("too many attempts; wait before the next", reason="TOO_MANY_ATTEMPTS", retry_after_seconds=wait)
    return bucket


def _device(client: Client) -> str:
    """Return what a device is known by: where it is and what it is, but not the version, which changes every few weeks."""
    return f"{client.network}:{client.device or client.user_agent}"


def meet_device(account: Account, client: Client, *, uow: UnitOfWork, now: datetime, second_factor: bool = False) -> None:
    """Remember a device that gave the right credentials; tell the owner of one that the account had not used before.

    account: as it was before this sign-in, because of the very first one nobody is told. Without the second factor of an account
    that has one its device stays unknown: whoever knows the password would have a count of tries for each name a browser takes.
    """
    if account.second_factor_set and not second_factor:
        return
    device = _device(client)
    if account.last_sign_in_time is not None and not uow.throttle.knows(account.id, device):
        version = uow.accounts.next_event(account.id)
        uow.outbox.add(wire.credentials_changed(account, version, CredentialChange.NEW_DEVICE, device=client.device))
    uow.throttle.know(account.id, device, now)


# --- stay in -------------------------------------------------------------------------------------------------------------------------
def passport(
    find: Callable[[UnitOfWork], SignedIn | None],
    customer_id: UUID | None,
    *,
    new_reads: NewUnitOfWork,
    new_uow: NewUnitOfWork,
    contacts: Contacts,
    clock: Clock,
) -> Caller:
    """Return who the holder of a session is at this moment, and for whom it acts.

    Everything is judged afresh: the session, the account, the contact's access and permissions, the policy. Who may no longer
    enter loses the session. Unavailable when contacts cannot be asked.
    """
    now = clock()
    with new_reads() as reads:
        signed_in = find(reads)
    if signed_in is None or not signed_in.session.live(now):
        raise Unauthenticated("the session has ended", reason="SESSION_ENDED")
    session, account = signed_in.session, signed_in.account
    entered = entry.check(account, contacts=contacts, now=now)
    if entered.refusal:
        with new_uow() as uow:
            uow.sessions.end_all(account.id)
            uow.commit()
        raise Unauthenticated("this person may not enter any more", reason="ENTRY_CLOSED", metadata={"entry": entered.refusal})
    state = signed_in.state
    if now - session.last_use_time >= rules.TOUCH or (state is State.OPEN and session.open_time is None):
        with new_uow() as uow:
            uow.sessions.touch(session.id, now)
            announce_if_open(session, account, state, uow=uow, now=now)
            uow.commit()
    return _caller(session, account, state, entered, customer_id)


def _caller(session: Session, account: Account, state: State, entered: entry.Entry, wanted: UUID | None) -> Caller:
    operator = account.kind is Kind.OPERATOR
    customer_id = entered.contact.acts_for(wanted) if entered.contact is not None else None
    return Caller(
        kind=CallerKind.OPERATOR if operator else CallerKind.CONTACT,
        account_id=account.id,
        capabilities=account.capabilities if operator else frozenset(),
        groups=account.groups if operator else frozenset(),
        sees_all=operator and account.sees_all,
        customer_id=customer_id,
        permissions=entered.contact.permissions[customer_id] if entered.contact is not None and customer_id is not None else frozenset(),
        session_id=session.id,
        session_state=state.value,
        method=session.method.value,
        fresh_until=session.fresh_until,
    )


def by_session_token(token: str) -> Callable[[UnitOfWork], SignedIn | None]:
    return lambda uow: uow.sessions.signed_in(token)


def passport_by_access_token(
    claims: AccessClaims,
    customer_id: UUID | None,
    *,
    new_reads: NewUnitOfWork,
    new_uow: NewUnitOfWork,
    contacts: Contacts,
    clock: Clock,
) -> Caller:
    """Return whom an access token speaks of: a client itself, or the person whose session it belongs to, held to the token's scope."""
    if claims.session_id is None:
        return clients.passport(claims, new_reads=new_reads)

    def find(uow: UnitOfWork) -> SignedIn | None:
        if claims.session_id is None or claims.family_id is None or not uow.families.live(claims.family_id):
            return None
        return uow.sessions.signed_in_by_id(claims.session_id)

    holder = passport(find, customer_id, new_reads=new_reads, new_uow=new_uow, contacts=contacts, clock=clock)
    return replace(holder, client_id=claims.client_id, capabilities=narrowed(claims.scope, holder.capabilities))


# --- see and end -----------------------------------------------------------------------------------------------------------------------
def _session_in_sight(account_id: UUID, session_id: UUID | None, *, uow: UnitOfWork, caller: Caller) -> tuple[Session, Account]:
    account = scope.in_charge_of(account_id, accounts=uow.accounts, caller=caller)
    wanted = session_id or (caller.session_id if account_id == caller.account_id else None)
    if wanted is None or (caller.method == Method.MAGIC_LINK.value and wanted != caller.session_id):
        raise NotFound("the session does not exist")
    return uow.sessions.get(account_id, wanted), account


def get_session(
    account_id: UUID, session_id: UUID | None, *, uow: UnitOfWork, caller: Caller, clock: Clock
) -> tuple[Session, Account, State]:
    """Return a live session; session_id None: the caller's own."""
    with uow:
        session, account = _session_in_sight(account_id, session_id, uow=uow, caller=caller)
        if not session.live(clock()):
            raise NotFound("the session does not exist")
        return session, account, entry.judge(account, uow=uow)(session)


def list_sessions(
    account_id: UUID, listing: Listing, *, uow: UnitOfWork, caller: Caller, clock: Clock
) -> tuple[Sequence[tuple[Session, Account, State]], str]:
    with uow:
        account = scope.in_charge_of(account_id, accounts=uow.accounts, caller=caller)
        only = caller.session_id if caller.method == Method.MAGIC_LINK.value else None
        found, following = uow.sessions.page(account_id, listing, clock(), only)
        state_of = entry.judge(account, uow=uow)
        return [(session, account, state_of(session)) for session in found], following


def end_session(account_id: UUID, session_id: UUID | None, *, uow: UnitOfWork, caller: Caller) -> None:
    with uow:
        session, _ = _session_in_sight(account_id, session_id, uow=uow, caller=caller)
        uow.sessions.end(session.id)
        uow.commit()


def revoke_sessions(account_id: UUID, *, request: Request, uow: UnitOfWork, caller: Caller) -> int:
    """End all sessions of an account but the caller's own; return how many."""
    entry.no_magic_link(caller.method)
    with uow:
        scope.in_charge_of(account_id, accounts=uow.accounts, caller=caller)
        count = uow.sessions.end_all(account_id, but=caller.session_id)
        if (earlier := uow.requests.claim(request, str(count))) is not None:
            return int(earlier)
        uow.commit()
    return count

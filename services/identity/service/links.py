"""One-time links: asked for, minted when the mail leaves, looked at, redeemed, cancelled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from libs import audit
from libs.access import Caller
from libs.errors import FailedPrecondition, InvalidArgument, ResourceExhausted
from libs.ids import new_id
from libs.listing import Listing
from libs.unit_of_work import Clock, Request
from services.identity import wire
from services.identity.domain import links as rules
from services.identity.domain.accounts import Account, CredentialChange, Kind, fold, masked
from services.identity.domain.codes import new_code
from services.identity.domain.contacts import Area
from services.identity.domain.links import LIVES, PASSWORD_PURPOSES, Link, Purpose, State
from services.identity.domain.sessions import Client
from services.identity.domain.tokens import LINK_OF_ADDRESS, LINK_OF_NETWORK, new_token
from services.identity.service import (
    LINK_REQUESTS,
    Contacts,
    Hasher,
    NewUnitOfWork,
    UnitOfWork,
    entry,
    passwords,
    scope,
)
from services.identity.service import contacts as follow


# --- asked for -----------------------------------------------------------------------------------------------------------------------
def request_link(purpose: Purpose, email: str, token: str, kind: Kind | None, client: Client, *, uow: UnitOfWork, clock: Clock) -> None:
    """Note that somebody wants a link; whether the address exists is looked at afterwards, by fulfil_requests.

    So the answer and the work are the same for every address. With `token` the purpose is that of the link it belonged to; who
    disowned one wants a new password next.
    """
    with uow:
        link = uow.links.find(token) if token else None
        if link is not None:
            holder = uow.accounts.find(link.account_id)
            purpose = Purpose.RESET_PASSWORD if link.purpose is Purpose.DISOWN else link.purpose
            kind = holder.kind if holder else None
        if purpose is Purpose.RESET_PASSWORD and kind is not Kind.OPERATOR and not uow.settings.current().self_service_reset:
            raise FailedPrecondition("contacts cannot reset their own password here", reason="SELF_SERVICE_RESET_OFF")
        subject = fold(email) if not token else link.login if link else token  # by address or by an earlier link: one count
        if _too_many(subject, client, uow=uow, now=clock()):
            uow.commit()
            return
        uow.link_requests.add(purpose, kind, "" if token else fold(email), link.account_id if link else None, link.landing if link else "")
        uow.wake(LINK_REQUESTS)
        uow.commit()


def _too_many(subject: str, client: Client, *, uow: UnitOfWork, now: datetime) -> bool:
    """Count a request; True: the last one is too recent to send another. Raises ResourceExhausted for the fourth in an hour."""
    count, wait = uow.throttle.hit(LINK_OF_ADDRESS, subject, now)
    crowded = uow.throttle.hit(LINK_OF_NETWORK, client.network, now)[1] if client.network else 0
    if crowded or (wait and count >= len(LINK_OF_ADDRESS.waits)):
        with audit.aside():
            uow.commit()
        raise ResourceExhausted("too many links asked for", reason="TOO_MANY_REQUESTS", retry_after_seconds=crowded or wait)
    return wait > 0


def fulfil_requests(*, uow: UnitOfWork) -> int:
    """Announce the links that were asked for, of addresses that exist; return how many requests were looked at."""
    with uow:
        requests = uow.link_requests.take(100)
        for request in requests:
            if request.account_id is not None:
                found = uow.accounts.find(request.account_id)
                holders = [found] if found else []
            else:
                holders = uow.accounts.by_login(request.email, request.kind)
            for account in holders:
                if not account.disabled and _fits(request.purpose, account):
                    _announce(account, request.purpose, request.landing, uow=uow)
        uow.commit()
    return len(requests)


def _fits(purpose: Purpose, account: Account) -> bool:
    """Operators sign in by password, contacts are not invited, services get no links."""
    unfit = {Kind.OPERATOR: {Purpose.MAGIC}, Kind.CONTACT: {Purpose.INVITATION}, Kind.SERVICE: set(Purpose)}
    return purpose not in unfit[account.kind]


def _announce(account: Account, purpose: Purpose, landing: str, *, uow: UnitOfWork) -> None:
    uow.outbox.add(wire.link_requested(account, uow.accounts.next_event(account.id), purpose, landing))


def send_link(
    account_id: UUID, purpose: Purpose, *, request: Request, new_uow: NewUnitOfWork, contacts: Contacts, caller: Caller, clock: Clock
) -> None:
    """Have a link mailed by an operator's wish; the older ones of its purpose are cancelled at once."""
    known = follow.known(account_id, new_uow=new_uow, contacts=contacts, clock=clock)
    refusal = entry.check(known, contacts=contacts, now=clock()).refusal
    with new_uow() as uow:
        account = scope.in_charge_of(account_id, accounts=uow.accounts, caller=caller)
        if purpose in {Purpose.RESET_PASSWORD, Purpose.DISOWN} or not _fits(purpose, account):
            raise InvalidArgument.of("purpose", f"an account of kind {account.kind.name} gets no such link", "PURPOSE_INVALID")
        if refusal == "ENTRY_NO_EMAIL" or not account.email:
            raise FailedPrecondition("the account has no address", reason="NO_EMAIL")
        if refusal:
            raise FailedPrecondition("this person may not enter now", reason="ACCESS_CLOSED", metadata={"entry": refusal})
        if uow.requests.claim(request, str(account_id)) is not None:
            return
        uow.links.cancel(account_id, PASSWORD_PURPOSES if purpose in PASSWORD_PURPOSES else [purpose])
        _announce(account, purpose, "", uow=uow)
        uow.commit()


# --- minted --------------------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Order:
    """One message that is about to leave. message: its id."""

    message: str
    account_id: UUID
    purposes: Sequence[Purpose]
    landing: str = ""
    with_code: bool = False


@dataclass(frozen=True)
class Minted:
    """expire_time None: refused, for the reason."""

    purpose: Purpose
    token: str = field(default="", repr=False)
    code: str = field(default="", repr=False)
    expire_time: datetime | None = None
    refusal: str = ""


def mint_links(orders: Sequence[Order], *, new_uow: NewUnitOfWork, contacts: Contacts, clock: Clock) -> list[list[Minted]]:
    """Make the links of messages that are about to leave, in the order given, all in one transaction.

    A contact is judged as its last event told; before a link to set a password is refused, contacts is asked, because the
    message may be faster than the event that opened the access. Redeeming judges again in any case.
    """
    accounts, refusals = _judged(orders, new_uow=new_uow, contacts=contacts, clock=clock)
    with new_uow() as uow:
        created, magic_life = uow.now(), uow.settings.current().magic_link_life
        answers = [_made(order, accounts.get(order.account_id), refusals[order.account_id], created, magic_life) for order in orders]
        uow.links.cancel_of_messages([order.message for order in orders])
        for account_id in {link.account_id for made in answers for link, _ in made if link and link.purpose in PASSWORD_PURPOSES}:
            uow.links.cancel(account_id, PASSWORD_PURPOSES)
        uow.links.add(_newest_only([(link, minted.token) for made in answers for link, minted in made if link]))
        uow.codes.add([(link, minted.code) for made in answers for link, minted in made if link and minted.code])
        uow.commit()
    return [[minted for _, minted in made] for made in answers]


def _judged(
    orders: Sequence[Order], *, new_uow: NewUnitOfWork, contacts: Contacts, clock: Clock
) -> tuple[dict[UUID, Account], dict[UUID, str]]:
    """Return the accounts, and for each why it gets no link. One that changes before the links are stored makes them dead, not wrong."""
    area, refusals = contacts.area(clock()), dict[UUID, str]()
    by_password = {order.account_id for order in orders if not set(order.purposes) <= {Purpose.MAGIC}}
    with new_uow() as uow:
        accounts = uow.accounts.find_all([order.account_id for order in orders])
    for account_id in {order.account_id for order in orders}:
        refusals[account_id] = _refusal(accounts.get(account_id), area)
        if refusals[account_id] and (account_id in by_password or account_id not in accounts):
            refreshed = follow.refresh(account_id, new_uow=new_uow, contacts=contacts, clock=clock)
            if refreshed is not None:
                accounts[account_id] = refreshed
                refusals[account_id] = _refusal(refreshed, area)
    return accounts, refusals


def _refusal(account: Account | None, area: Area) -> str:
    return entry.as_last_told(account, area=area) if account else "ENTRY_CONTACT_DELETED"


def _newest_only(links: Sequence[tuple[Link, str]]) -> list[tuple[Link, str]]:
    """Cancel, of the password links that one call makes for an account, all but the last."""
    last = {link.account_id: link.id for link, _ in links if link.purpose in PASSWORD_PURPOSES}
    return [
        (replace(link, cancel_time=link.create_time), token)
        if link.purpose in PASSWORD_PURPOSES and last[link.account_id] != link.id
        else (link, token)
        for link, token in links
    ]


def _made(
    order: Order, account: Account | None, refusal: str, created: datetime, magic_life: timedelta
) -> list[tuple[Link | None, Minted]]:
    return [_minted(purpose, order, account, refusal, created, magic_life) for purpose in order.purposes]


def _minted(
    purpose: Purpose, order: Order, account: Account | None, refusal: str, created: datetime, magic_life: timedelta
) -> tuple[Link | None, Minted]:
    if account is None or refusal:
        return None, Minted(purpose, refusal=refusal or "ENTRY_CONTACT_DELETED")
    if not _fits(purpose, account):
        return None, Minted(purpose, refusal="ENTRY_ACCESS_OFF")
    expire_time = created + (magic_life if purpose is Purpose.MAGIC else LIVES[purpose])
    link = Link(
        id=new_id(),
        account_id=account.id,
        purpose=purpose,
        login=account.login or "",
        generation=account.generation,
        create_time=created,
        expire_time=expire_time,
        message=order.message,
        landing=order.landing,
    )
    code = new_code() if order.with_code and purpose is Purpose.MAGIC else ""
    return link, Minted(purpose, new_token(), code, expire_time)


def mint_invitation(account: Account, *, uow: UnitOfWork) -> str:
    """Return the token of an invitation that no mail carries: the first administrator's, shown on the screen."""
    created, token = uow.now(), new_token()
    uow.links.cancel(account.id, PASSWORD_PURPOSES)
    order = Order("", account.id, [Purpose.INVITATION])
    link, _ = _minted(Purpose.INVITATION, order, account, "", created, LIVES[Purpose.MAGIC])
    if link is not None:
        uow.links.add([(link, token)])
    return token


# --- looked at and redeemed ----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Inspected:
    state: State
    purpose: Purpose | None = None
    masked_email: str = ""
    language_code: str = ""
    right_to_left: bool = False


def inspect_link(token: str, *, uow: UnitOfWork, contacts: Contacts, clock: Clock) -> Inspected:
    """Say what a link is for; spends nothing and tells nothing of a token that we never made."""
    with uow:
        link = uow.links.find(token)
        account = uow.accounts.find(link.account_id) if link else None
        now = uow.now()
    if link is None or account is None or account.delete_time is not None:
        return Inspected(State.CANCELLED)
    state = link.state(now)
    if state is State.USABLE and entry.as_last_told(account, area=contacts.area(clock())):
        state = State.CANCELLED
    return Inspected(state, link.purpose, masked(account.email), account.language_code, account.right_to_left)


def redeem_password_link(
    token: str, new_password: str, client: Client, *, new_uow: NewUnitOfWork, contacts: Contacts, hasher: Hasher, clock: Clock
) -> None:
    """Set a password by a link, which is spent with it; ends all sessions, cancels all links, and tells the address on file."""
    with new_uow() as uow:
        link = uow.links.find(token)
        if link is None or link.purpose not in PASSWORD_PURPOSES:
            raise rules.unusable(None)
        audit.note(resource=f"accounts/{link.account_id}/links/{link.id}")
        if (state := link.state(uow.now())) is not State.USABLE:
            raise rules.unusable(state)
        account = uow.accounts.find(link.account_id)
    if account is None or entry.check(account, contacts=contacts, now=clock()).refusal:
        raise rules.entry_closed()
    password_hash = passwords.hashed(new_password, account, field="new_password", hasher=hasher)
    with new_uow() as uow:
        current = uow.accounts.lock(account.id)
        if uow.links.use(token, PASSWORD_PURPOSES, client.ip_address) is None:
            latest = uow.links.find(token)
            raise rules.unusable(latest.state(uow.now()) if latest else None)
        passwords.replace_password(current, password_hash, uow=uow)
        audit.note(actor=f"accounts/{current.id}")
        uow.commit()


def disown_link(token: str, client: Client, *, uow: UnitOfWork) -> None:
    """Shut out whoever is in: no session, link or known device stays, nor the password; and the administrators are told.

    Whether the person may enter does not matter: it only closes.
    """
    with uow:
        link = uow.links.find(token)
        if link is None or link.purpose is not Purpose.DISOWN:
            raise rules.unusable(None)
        audit.note(resource=f"accounts/{link.account_id}/links/{link.id}")
        if (state := link.state(uow.now())) is not State.USABLE:
            raise rules.unusable(state)
        administrators = uow.accounts.lock_administrators()
        account = uow.accounts.lock(link.account_id)
        if uow.links.use(token, [Purpose.DISOWN], client.ip_address) is None:
            latest = uow.links.find(token)
            raise rules.unusable(latest.state(uow.now()) if latest else None)
        saved = uow.accounts.save(account.without_password())
        audit.note(actor=f"accounts/{account.id}")
        follow.cut_off(account.id, uow=uow)
        uow.throttle.forget_devices(account.id)
        told = wire.credentials_changed(
            saved, uow.accounts.next_event(account.id), CredentialChange.LINK_DISOWNED, administrators=administrators
        )
        uow.outbox.add(told)
        uow.commit()


# --- seen and cancelled by operators -------------------------------------------------------------------------------------------------
def list_links(account_id: UUID, listing: Listing, *, uow: UnitOfWork, caller: Caller) -> tuple[Sequence[Link], str, datetime]:
    """Return the links, the token of the next page, and the moment at which their states hold."""
    with uow:
        scope.in_charge_of(account_id, accounts=uow.accounts, caller=caller)
        return *uow.links.page(account_id, listing), uow.now()


def revoke_link(account_id: UUID, link_id: UUID, *, request: Request, uow: UnitOfWork, caller: Caller) -> tuple[Link, datetime]:
    """Cancel a link; one that is spent, expired or cancelled stays as it is."""
    with uow:
        scope.in_charge_of(account_id, accounts=uow.accounts, caller=caller)
        link = uow.links.get(account_id, link_id)
        if uow.requests.claim(request, str(link_id)) is None and link.state(uow.now()) is State.USABLE:
            uow.links.cancel_one(link_id)
            link = replace(link, cancel_time=uow.now())
        now = uow.now()
        uow.commit()
    return link, now

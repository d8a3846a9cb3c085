"""Sign in by the code that stands beside a magic link."""

from __future__ import annotations

from uuid import UUID

from libs import audit, telemetry
from libs.errors import Unauthenticated
from libs.unit_of_work import Clock
from services.identity.domain.accounts import Account, Kind, fold
from services.identity.domain.codes import read
from services.identity.domain.links import Purpose
from services.identity.domain.sessions import Client, Method
from services.identity.domain.tokens import PASSWORD_OF_ACCOUNT, PASSWORD_OF_NETWORK
from services.identity.service import Contacts, NewUnitOfWork, entry
from services.identity.service.sessions import Opened, count_password_check, meet_device, open_session

log = telemetry.logger(__name__)
NOBODY = UUID(int=0)


def sign_in_by_code(email: str, code: str, client: Client, *, new_uow: NewUnitOfWork, contacts: Contacts, clock: Clock) -> Opened:
    """Open a session as the code's link would have, and spend that link.

    Counted before it is looked at, by address and network as a password is, and against the code itself. Whatever is wrong, the
    answer and the work are the same; contacts is asked only for a person who typed the right code.
    """
    login, now = fold(email), clock()
    area = contacts.area(now)  # for every address, because it may take a question to contacts
    bucket = count_password_check(f"code:{login}", login, client, new_uow=new_uow, now=now)
    with new_uow() as uow:
        account = next(iter(uow.accounts.by_login(email, Kind.CONTACT)), None)
        audit.note(resource=f"accounts/{account.id}" if account is not None else "")
        link_id = uow.codes.try_code(account.id if account is not None else NOBODY, read(code))
        uow.commit()
    usable = account is not None and not entry.as_last_told(account, area=area)
    if account is None or link_id is None or not usable or entry.check(account, contacts=contacts, now=now).refusal:
        raise _wrong(account)
    with new_uow() as uow:
        current = uow.accounts.lock(account.id)
        used = uow.links.use_by_id(link_id, [Purpose.MAGIC], client.ip_address)
        if used is None:
            raise _wrong(account)
        uow.codes.forget(current.id)
        uow.throttle.forget(PASSWORD_OF_ACCOUNT, bucket)
        uow.throttle.take_back(PASSWORD_OF_NETWORK, client.network)
        meet_device(current, client, uow=uow, now=now)
        opened = open_session(current, current.password_hash, Method.MAGIC_LINK, client, used.landing, uow=uow, now=now)
        uow.commit()
    return opened


def _wrong(account: Account | None) -> Unauthenticated:
    log.info("sign-in by code refused", account=str(account.id) if account else "")
    return Unauthenticated("address or code are wrong", reason="WRONG_CREDENTIALS")

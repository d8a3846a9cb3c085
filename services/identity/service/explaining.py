"""Why a contact can or cannot enter, asked by those who help it; the answer comes from the rules that let people in."""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta
from uuid import UUID

from libs.access import Caller
from libs.errors import InvalidArgument
from libs.unit_of_work import Clock
from services.identity.domain import contacts as entry_rules
from services.identity.domain import explanations as rules
from services.identity.domain.accounts import Account, EmailTaken, Kind
from services.identity.domain.contacts import Contact
from services.identity.domain.explanations import Explanation
from services.identity.domain.tokens import PASSWORD_OF_ACCOUNT
from services.identity.service import Contacts, NewUnitOfWork, UnitOfWork, scope
from services.identity.service import contacts as follow


def explain_access(
    account_id: UUID,
    operator_id: UUID | None,
    *,
    new_uow: NewUnitOfWork,
    contacts: Contacts,
    caller: Caller,
    passport: str,
    clock: Clock,
) -> Explanation:
    """Say why a contact can or cannot enter now and, with operator_id, why that operator sees it or not.

    passport: the caller's own, for contacts: a customer that it does not see is not named.
    Asking brings identity's copy of the contact up to date, so that the answer is what signing in does from now on.
    """
    now = clock()
    follow.known(account_id, new_uow=new_uow, contacts=contacts, clock=clock)
    with contextlib.suppress(EmailTaken):  # the answer says so: the login is not the address
        follow.refresh(account_id, new_uow=new_uow, contacts=contacts, clock=clock)
    with new_uow() as uow:
        account = scope.in_charge_of(account_id, accounts=uow.accounts, caller=caller)
        operator = None if operator_id is None else uow.accounts.get(operator_id, scope.sight(caller))
    if account.kind is not Kind.CONTACT:
        raise InvalidArgument.of("name", "must be the account of a contact", "NOT_A_CONTACT")
    if operator is not None and operator.kind is not Kind.OPERATOR:
        raise InvalidArgument.of("operator", "must be the account of an operator", "NOT_AN_OPERATOR")
    contact, area = contacts.find(account_id), contacts.area(now)
    entry = rules.of_conditions(entry_rules.conditions(contact, disabled=account.disabled, area=area), account)
    with new_uow() as uow:
        entry += _sign_in(account, contact, uow=uow, now=now)
    if contact is not None:
        entry += rules.of_card(contact, contacts.customers_seen(account_id, passport))
    return Explanation(entry, rules.of_sight(operator, account) if operator is not None else ())


def _sign_in(account: Account, contact: Contact | None, *, uow: UnitOfWork, now: datetime) -> list[rules.Check]:
    wait = uow.throttle.wait(PASSWORD_OF_ACCOUNT, account.login or "", now)
    held_until = now + timedelta(seconds=wait) if wait else None
    return rules.of_sign_in(account, contact, held_until=held_until, accepted=uow.policies.accepted(account.id))

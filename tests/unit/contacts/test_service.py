"""Who sees what, and the timeline, over fakes."""

from __future__ import annotations

from datetime import timedelta
from typing import cast
from uuid import uuid4

import pytest

from libs.access import ANONYMOUS, Caller, Kind
from services.contacts.domain import EVERYTHING, Activity, Sight
from services.contacts.service import UnitOfWork, sight_of
from services.contacts.service.activities import Occurrence, record
from tests.unit.contacts.builders import NOON
from tests.unit.contacts.fakes import FakeUnitOfWork

READS = frozenset({"contacts.read"})


@pytest.mark.req("R-GRP-05", "R-GRP-11")
def test_who_sees_what_follows_from_who_calls() -> None:
    group, account = uuid4(), uuid4()
    seen = {
        "a service": sight_of(Caller(Kind.SERVICE, service="documents")),
        "an administrator": sight_of(Caller(Kind.OPERATOR, account, capabilities=READS, sees_all=True)),
        "an operator of one group": sight_of(Caller(Kind.OPERATOR, account, capabilities=READS, groups=frozenset({group}))),
        "an operator of no group": sight_of(Caller(Kind.OPERATOR, account, capabilities=READS)),
        "an operator who may not read": sight_of(Caller(Kind.OPERATOR, account, sees_all=True)),
        "a contact": sight_of(Caller(Kind.CONTACT, account)),
        "nobody": sight_of(ANONYMOUS),
    }
    assert seen == {
        "a service": EVERYTHING,
        "an administrator": EVERYTHING,
        "an operator of one group": Sight(groups=frozenset({group})),
        "an operator of no group": Sight(),
        "an operator who may not read": Sight(),
        "a contact": Sight(contact_id=account),
        "nobody": Sight(),
    }


@pytest.mark.req("R-ACT-01", "R-ACT-02")
def test_the_timeline_keeps_each_event_once_and_only_of_contacts() -> None:
    contact, operator = uuid4(), uuid4()
    fake = FakeUnitOfWork(contact)

    def happened(who: object, minutes: int) -> Occurrence:
        event_id, time = uuid4(), NOON + timedelta(minutes=minutes)
        return Occurrence(event_id, (Activity(uuid4(), event_id, who, "opened", time),), entered=True)  # type: ignore[arg-type] # a UUID

    late, early, other = happened(contact, 5), happened(contact, 1), happened(operator, 9)
    record([late, early, other, late], uow=cast("UnitOfWork", fake))
    record([early], uow=cast("UnitOfWork", fake))
    assert fake.activities.kept == [*late.activities, *early.activities]
    assert fake.contacts.last_access == {contact: NOON + timedelta(minutes=5)}
    assert fake.commits == 2

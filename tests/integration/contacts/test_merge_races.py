"""What twenty merges, edits, deletions and undoings at the same moment leave behind; PostgreSQL."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from libs.unit_of_work import NO_REQUEST
from services.contacts.domain import Contact, Merge
from services.contacts.repository.tables import contacts, merges
from services.contacts.service.erasures import anonymize_contact
from services.contacts.service.merges import Wish, merge_contact
from services.contacts.service.undone_merges import undo_merge
from tests.integration.contacts.history import assert_history_ends_in_the_present
from tests.integration.contacts.test_races import OPERATOR, at_once, engine, new_contact, new_customer, reasons, uow_of
from tests.integration.contacts.test_relation_races import assert_rules, delete, edit, report
from tests.unit.contacts.builders import NOON

__all__ = ["engine"]  # the fixture
# Too late, changed meanwhile, or waited for each other: all of them say what to do, and none is INTERNAL.
CLEAR = {"", "CONTACT_NOT_FOUND", "CONTACT_UNKNOWN", "REPORTS_TO_LOOP", "CONTACT_IS_PRIMARY", "CONTACT_ANONYMIZED"}


def merge(engine: Engine, survivor: Contact, duplicate: Contact) -> Merge:
    wish = Wish(survivor.id, duplicate.id, [], lambda *_: None)
    return merge_contact(wish, NO_REQUEST, OPERATOR, uow=uow_of(engine), clock=lambda: NOON)[0]


def undo(engine: Engine, done: Merge) -> object:
    return undo_merge(done.id, NO_REQUEST, OPERATOR, uow=uow_of(engine), clock=lambda: NOON)


def erase(engine: Engine, person: Contact) -> object:
    return anonymize_contact(person.id, lambda _: None, NO_REQUEST, OPERATOR, uow=uow_of(engine), clock=lambda: NOON)


def ids(engine: Engine) -> set[object]:
    with engine.connect() as connection:
        return set(connection.execute(sa.select(contacts.c.id)).scalars())


def merged(engine: Engine) -> list[tuple[object, object]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.select(merges.c.survivor_id, merges.c.duplicate_id))]


def test_of_twenty_merges_both_ways_one_wins(engine: Engine) -> None:
    home, other = new_customer(engine), new_customer(engine)
    one, two = new_contact(engine, home), new_contact(engine, other)
    results = at_once(*[lambda pair=pair: merge(engine, *pair) for pair in [(one, two), (two, one)] * 10])
    assert set(reasons(results)) <= CLEAR
    assert len(reasons(results)) == 19, "whoever comes later is told so"
    ((survivor, duplicate),) = merged(engine)
    assert ids(engine) == {survivor}
    assert {survivor, duplicate} == {one.id, two.id}
    assert_rules(engine)
    assert_history_ends_in_the_present(engine)
    engine.dispose()


def test_merges_edits_superiors_and_deletions_at_once_break_no_rule(engine: Engine) -> None:
    home, other = new_customer(engine), new_customer(engine)
    new_contact(engine, home), new_contact(engine, other)
    people = [new_contact(engine, home if number % 2 else other) for number in range(5)]
    pairs = list(zip(people, [*people[1:], people[0]], strict=True))
    acts = [
        *(lambda pair=pair: merge(engine, *pair) for pair in pairs),
        *(lambda pair=pair: report(engine, *pair) for pair in pairs),
        *(lambda person=person: edit(engine, person) for person in people),
        *(lambda person=person: delete(engine, person) for person in people),
    ]
    results = at_once(*acts)
    assert set(reasons(results)) <= CLEAR
    assert_rules(engine)
    assert_history_ends_in_the_present(engine)
    engine.dispose()


@pytest.mark.parametrize("erased", ["survivor", "duplicate"])
def test_an_undoing_and_an_erasure_at_once_leave_no_erased_person_back(engine: Engine, erased: str) -> None:
    """Rule 63: either the merge was undone before, and the person that comes back is empty, or it is not undone any more."""
    home, other = new_customer(engine), new_customer(engine)
    new_contact(engine, home), new_contact(engine, other)
    survivor, duplicate = new_contact(engine, home), new_contact(engine, other)
    done = merge(engine, survivor, duplicate)
    person = survivor if erased == "survivor" else duplicate
    at_once(*[lambda act=act: act() for act in [lambda: undo(engine, done), lambda: erase(engine, person)] * 10])
    with engine.connect() as connection:
        assert not connection.execute(sa.select(merges.c.id).where(merges.c.snapshot.is_not(None))).all()
        states = connection.execute(sa.select(contacts.c.state).where(contacts.c.id == person.id)).scalars().all()
    assert states in ([], ["ANONYMIZED"])
    engine.dispose()

"""What twenty requests at the same moment about who belongs to whom leave behind; PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from libs.errors import ServiceError
from libs.unit_of_work import NO_REQUEST
from services.contacts.domain import Contact, Customer, SubContact
from services.contacts.repository.tables import affiliations, contacts, customers, sub_contacts
from services.contacts.service import contacts as use_contacts
from services.contacts.service import moves as use_moves
from services.contacts.service import sub_contacts as use_links
from tests.integration.contacts.test_races import OPERATOR, at_once, engine, new_contact, new_customer, reasons, uow_of
from tests.unit.contacts.builders import NOON

__all__ = ["engine"]  # the fixture
# Too late, changed meanwhile, or waited for each other: all of them say what to do, and none is INTERNAL.
CLEAR = {"", "CONTACT_NOT_FOUND", "CONTACT_UNKNOWN", "REPORTS_TO_LOOP", "CONTACT_IS_PRIMARY", "HOME_CUSTOMER"}


def report(engine: Engine, person: Contact, superior: Contact) -> object:
    def change(before: Contact) -> Contact:
        return replace(before, reports_to_id=superior.id)

    return use_contacts.update_contact(person.id, change, NO_REQUEST, OPERATOR, uow=uow_of(engine), clock=lambda: NOON)


def edit(engine: Engine, person: Contact) -> object:
    def change(before: Contact) -> Contact:
        return replace(before, first_name="Ada")

    return use_contacts.update_contact(person.id, change, NO_REQUEST, OPERATOR, uow=uow_of(engine), clock=lambda: NOON)


def delete(engine: Engine, person: Contact) -> None:
    check: Callable[[Contact], None] = lambda _: None  # noqa: E731 - a check that finds nothing
    use_contacts.delete_contact(person.id, check, NO_REQUEST, OPERATOR, force=True, uow=uow_of(engine), clock=lambda: NOON)


def move(engine: Engine, person: Contact, to: Customer) -> object:
    return use_moves.move_contact(
        person.id, to.id, lambda _: None, NO_REQUEST, OPERATOR, keep_affiliation=False, uow=uow_of(engine), clock=lambda: NOON
    )


def link(engine: Engine, principal: Contact, person: Contact) -> object:
    return use_links.create_sub_contact(SubContact(principal.id, person.id, NOON), NO_REQUEST, OPERATOR, uow=uow_of(engine))


def lines(engine: Engine) -> dict[object, object]:
    with engine.connect() as connection:
        return {row.id: row.reports_to_id for row in connection.execute(sa.select(contacts.c.id, contacts.c.reports_to_id))}


@pytest.mark.req("R-CON-16")
def test_twenty_who_form_a_ring_leave_no_loop(engine: Engine) -> None:
    home = new_customer(engine)
    people = [new_contact(engine, home) for _ in range(20)]
    pairs = list(zip(people, [*people[1:], people[0]], strict=True))
    results = at_once(*[lambda pair=pair: report(engine, *pair) for pair in pairs])
    assert reasons(results) == ["REPORTS_TO_LOOP"], "the last one alone closes the ring"
    above = lines(engine)
    for start in above:
        seen, here = set(), start
        while here is not None:
            assert here not in seen
            seen.add(here)
            here = above[here]
    engine.dispose()


@pytest.mark.req("R-CON-15", "R-PRI-10", "R-PRI-11")
def test_edits_moves_links_superiors_and_a_deletion_at_once_break_no_rule(engine: Engine) -> None:
    home, other = new_customer(engine), new_customer(engine)
    primary = new_contact(engine, home)
    for _ in range(4):
        person, boss, friend = (new_contact(engine, home) for _ in range(3))
        calls: list[Callable[[], object]] = [lambda: delete(engine, boss), lambda: delete(engine, person)]  # noqa: B023 - called in this turn
        calls += [lambda: move(engine, person, other) for _ in range(4)]  # noqa: B023 - likewise
        calls += [lambda: report(engine, person, boss) for _ in range(4)]  # noqa: B023 - likewise
        calls += [lambda: edit(engine, person) for _ in range(4)]  # noqa: B023 - likewise
        calls += [lambda: link(engine, friend, person) for _ in range(3)]  # noqa: B023 - likewise
        calls += [lambda: move(engine, boss, other) for _ in range(3)]  # noqa: B023 - likewise
        results = at_once(*calls)
        assert len(results) == 20
        found = {one.reason for one in results if isinstance(one, ServiceError)}
        assert found <= CLEAR | {"ALREADY_LINKED"}, found
        assert_rules(engine)
    with engine.connect() as connection:
        assert connection.execute(sa.select(customers.c.primary_contact_id).where(customers.c.id == home.id)).scalar_one() == primary.id
    engine.dispose()


def assert_rules(engine: Engine) -> None:
    """Every customer with people has one primary, everybody acts for its home, and nothing names somebody who is gone."""
    with engine.connect() as connection:
        alive = set(connection.execute(sa.select(contacts.c.id)).scalars())
        primaries = sa.select(affiliations.c.customer_id, sa.func.count(affiliations.c.primary_contact_id.distinct()))
        assert all(count == 1 for _, count in connection.execute(primaries.group_by(affiliations.c.customer_id)))
        acts = {(row.customer_id, row.contact_id) for row in connection.execute(sa.select(affiliations))}
        assert all((row.customer_id, row.id) in acts for row in connection.execute(sa.select(contacts)))
        held = set(connection.execute(sa.select(customers.c.primary_contact_id)).scalars()) - {None}
        linked = {id_ for row in connection.execute(sa.select(sub_contacts)) for id_ in (row.principal_id, row.contact_id)}
    assert held | linked <= alive
    assert set(lines(engine).values()) - {None} <= alive

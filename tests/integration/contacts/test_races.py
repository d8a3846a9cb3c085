"""What two requests at the same moment leave behind; PostgreSQL, because SQLite lets one writer in at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, TypeVar
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from libs import database
from libs.access import Caller, Kind
from libs.errors import ServiceError
from libs.unit_of_work import NO_REQUEST, Request
from services.contacts import repository
from services.contacts.domain import Contact, ContactRole, Customer, Group, Lead, Succession
from services.contacts.repository.tables import affiliations, contacts, customers
from services.contacts.service import affiliations as use_affiliations
from services.contacts.service import contact_roles as use_roles
from services.contacts.service import contacts as use_contacts
from services.contacts.service import customers as use_customers
from services.contacts.service import groups as use_groups
from services.contacts.service import leads as use_leads
from tests.unit.contacts.builders import NOON, affiliation, contact, customer

OPERATOR = Caller(Kind.OPERATOR, account_id=uuid4(), capabilities=frozenset({"contacts.read"}), sees_all=True)
T = TypeVar("T")


@pytest.fixture
def engine(postgres_copy: str) -> Engine:
    return database.connect(postgres_copy, pool_size=20)


def uow_of(engine: Engine) -> repository.SqlUnitOfWork:
    return repository.SqlUnitOfWork(engine, "contacts")


def at_once(*calls: Callable[[], T]) -> list[T | ServiceError]:
    """Run all calls in threads that start together; a typed error is a result, any other is a failure."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], T]) -> T | ServiceError:
        barrier.wait()
        try:
            return call()
        except ServiceError as error:
            return error

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


def new_customer(engine: Engine) -> Customer:
    return use_customers.create_customer(lambda id_: customer(id=id_), NO_REQUEST, OPERATOR, uow=uow_of(engine))


def new_contact(engine: Engine, home: Customer, request: Request = NO_REQUEST, **fields: Any) -> Contact:
    def make(id_: UUID) -> use_contacts.NewContact:
        return use_contacts.NewContact(contact(id=id_, customer_id=home.id, **{"email": f"{uuid4().hex}@abc.example"} | fields))

    return use_contacts.create_contact(make, request, OPERATOR, uow=uow_of(engine)).contact


def reasons(results: list[Any]) -> list[str]:
    return sorted(one.reason for one in results if isinstance(one, ServiceError))


@pytest.mark.req("R-CON-06", "R-CON-07")
def test_of_twenty_who_want_one_address_exactly_one_gets_it(engine: Engine) -> None:
    homes = [new_customer(engine) for _ in range(20)]
    spellings = ["mario@abc.example", "MARIO@abc.example", " mario@ABC.example "]
    calls = [lambda home=home, i=i: new_contact(engine, home, email=spellings[i % 3]) for i, home in enumerate(homes)]
    results = at_once(*calls)
    assert reasons(results) == ["EMAIL_TAKEN"] * 19
    with engine.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(contacts)).scalar_one() == 1
        assert connection.execute(sa.select(sa.func.count()).select_from(affiliations)).scalar_one() == 1
    engine.dispose()


@pytest.mark.req("R-CON-07")
def test_two_contacts_changing_to_one_address_do_not_both_get_it(engine: Engine) -> None:
    home = new_customer(engine)
    people = [new_contact(engine, home) for _ in range(4)]

    def change(person: Contact) -> object:
        return use_contacts.update_contact(
            person.id,
            lambda before: replace(before, email="one@abc.example"),
            NO_REQUEST,
            OPERATOR,
            uow=uow_of(engine),
            clock=lambda: NOON,
        )

    results = at_once(*[lambda person=person: change(person) for person in people])
    assert reasons(results) == ["EMAIL_TAKEN"] * 3
    engine.dispose()


@pytest.mark.req("R-PRI-01", "R-PRI-02")
def test_of_contacts_made_at_once_exactly_one_becomes_primary(engine: Engine) -> None:
    home = new_customer(engine)
    results = at_once(*[lambda: new_contact(engine, home) for _ in range(20)])
    assert reasons(results) == []
    with engine.connect() as connection:
        primary = connection.execute(sa.select(affiliations.c.primary_contact_id).distinct()).scalars().all()
        assert primary == [connection.execute(sa.select(customers.c.primary_contact_id)).scalar_one()]
        assert connection.execute(sa.select(sa.func.count()).select_from(affiliations)).scalar_one() == 20
    engine.dispose()


@pytest.mark.req("R-PRI-09", "R-PRI-04")
def test_two_who_change_the_primary_both_leave_a_record_and_no_reader_sees_none_or_two(engine: Engine) -> None:
    home = new_customer(engine)
    people = [new_contact(engine, home) for _ in range(5)]
    seen: set[int] = set()
    stop = threading.Event()

    def watch() -> None:
        flag = (affiliations.c.primary_contact_id == affiliations.c.contact_id).label("primary")
        with database.reader(engine).connect() as connection:
            while not stop.is_set():
                seen.add(sum(row.primary for row in connection.execute(sa.select(flag).where(affiliations.c.customer_id == home.id))))

    def make(person: Contact) -> object:
        return use_affiliations.make_primary(
            home.id, person.id, lambda _: None, NO_REQUEST, OPERATOR, uow=uow_of(engine), clock=lambda: NOON
        )

    readers = [threading.Thread(target=watch) for _ in range(2)]
    for reader in readers:
        reader.start()
    rounds = 10
    for _ in range(rounds):
        others = [person for person in people if person.id != primary_of(engine, home)][:2]
        assert reasons(at_once(*[lambda person=person: make(person) for person in others])) == []
    stop.set()
    for reader in readers:
        reader.join()
    assert seen == {1}
    with engine.connect() as connection:
        kind = database.outbox.c.type == "recapito.contacts.primary_contact.changed.v1"
        assert connection.execute(sa.select(sa.func.count()).select_from(database.outbox).where(kind)).scalar_one() == 2 * rounds
    engine.dispose()


def primary_of(engine: Engine, home: Customer) -> UUID:
    with engine.connect() as connection:
        found: UUID = connection.execute(sa.select(customers.c.primary_contact_id).where(customers.c.id == home.id)).scalar_one()
    return found


@pytest.mark.req("R-PRI-08", "R-PRI-09")
def test_a_contact_is_not_made_primary_and_deleted_at_the_same_time(engine: Engine) -> None:
    home = new_customer(engine)
    new_contact(engine, home)
    for _ in range(10):
        person = new_contact(engine, home)

        def make(person: Contact = person) -> object:
            return use_affiliations.make_primary(
                home.id, person.id, lambda _: None, NO_REQUEST, OPERATOR, uow=uow_of(engine), clock=lambda: NOON
            )

        def delete(person: Contact = person) -> object:
            use_contacts.delete_contact(person.id, lambda _: None, NO_REQUEST, OPERATOR, force=True, uow=uow_of(engine), clock=lambda: NOON)
            return None

        results = at_once(make, delete)
        assert len([one for one in results if isinstance(one, ServiceError)]) == 1, results
    engine.dispose()


@pytest.mark.req("R-PRI-09")
def test_of_twenty_who_each_make_another_primary_the_last_one_holds_it(engine: Engine) -> None:
    home = new_customer(engine)
    people = [new_contact(engine, home) for _ in range(20)]

    def make(person: Contact) -> object:
        return use_affiliations.make_primary(
            home.id, person.id, lambda _: None, NO_REQUEST, OPERATOR, uow=uow_of(engine), clock=lambda: NOON
        )

    results = at_once(*[lambda person=person: make(person) for person in people])
    assert reasons(results) == []
    assert primary_of(engine, home) in {person.id for person in people}
    engine.dispose()


@pytest.mark.req("R-DEL-02")
def test_whoever_edits_what_is_being_deleted_is_told_that_it_is_gone(engine: Engine) -> None:
    home = new_customer(engine)
    new_contact(engine, home)
    person = new_contact(engine, home)

    def edit(number: int) -> object:
        def change(before: Contact) -> Contact:
            return replace(before, first_name=f"Nome {number}")

        return use_contacts.update_contact(person.id, change, NO_REQUEST, OPERATOR, uow=uow_of(engine), clock=lambda: NOON)

    def delete() -> object:
        use_contacts.delete_contact(person.id, lambda _: None, NO_REQUEST, OPERATOR, force=True, uow=uow_of(engine), clock=lambda: NOON)
        return None

    edits = [lambda number=number: edit(number) for number in range(17)]
    results = at_once(*edits[:9], delete, delete, delete, *edits[9:])
    assert set(reasons(results)) == {"CONTACT_NOT_FOUND"}
    assert len([one for one in results[9:12] if one is None]) == 1, "one of three deletions is the one that deletes"
    with engine.connect() as connection:
        for table, column in ((contacts, contacts.c.id), (affiliations, affiliations.c.contact_id)):
            assert connection.execute(sa.select(sa.func.count()).select_from(table).where(column == person.id)).scalar_one() == 0
    engine.dispose()


def new_group(engine: Engine, name: str) -> Group:
    return use_groups.create_group(lambda id_: Group(id_, name), NO_REQUEST, uow=uow_of(engine))


@pytest.mark.req("R-GRP-12")
def test_a_group_is_not_deleted_while_somebody_moves_in(engine: Engine) -> None:
    home = new_customer(engine)
    for number in range(10):
        group = new_group(engine, f"Group {number}")

        def join(group: Group = group) -> object:
            return new_contact(engine, home, groups=frozenset({group.id}))

        def delete(group: Group = group) -> object:
            use_groups.delete_group(group.id, lambda _: None, NO_REQUEST, uow=uow_of(engine))
            return None

        results = at_once(join, delete)
        assert reasons(results) in (["GROUP_NOT_EMPTY"], ["GROUP_UNKNOWN"])
    engine.dispose()


@pytest.mark.req("R-GRP-13")
def test_two_moves_do_not_close_a_loop_together(engine: Engine) -> None:
    for number in range(10):
        one, other = new_group(engine, f"One {number}"), new_group(engine, f"Other {number}")

        def move(below: Group, above: Group) -> Group:
            return use_groups.update_group(below.id, lambda before: replace(before, parent_id=above.id), NO_REQUEST, uow=uow_of(engine))

        pairs = ((one, other), (other, one))
        assert reasons(at_once(*[lambda pair=pair: move(*pair) for pair in pairs])) == ["GROUP_LOOP"]
    engine.dispose()


def test_permissions_and_primary_change_at_once_without_a_refusal(engine: Engine) -> None:
    home = new_customer(engine)
    new_contact(engine, home)
    for _ in range(10):
        person = new_contact(engine, home)

        def change(person: Contact = person) -> object:
            return use_affiliations.update_affiliation(
                home.id, person.id, lambda before: replace(before, position="CTO"), NO_REQUEST, OPERATOR, uow=uow_of(engine)
            )

        def make(person: Contact = person) -> object:
            return use_affiliations.make_primary(
                home.id, person.id, lambda _: None, NO_REQUEST, OPERATOR, uow=uow_of(engine), clock=lambda: NOON
            )

        assert reasons(at_once(change, make)) == []
    engine.dispose()


def test_one_request_id_sent_ten_times_at_once_makes_one_contact(engine: Engine) -> None:
    home = new_customer(engine)
    request = Request("r-1", "accounts/x", b"x" * 32)
    results = at_once(*[lambda: new_contact(engine, home, request, email="one@abc.example") for _ in range(10)])
    assert reasons(results) == []
    assert len({one.id for one in results if isinstance(one, Contact)}) == 1
    engine.dispose()


@pytest.mark.req("R-PRI-01", "R-PRI-03", "R-PRI-08")
def test_the_database_itself_refuses_a_customer_whose_contacts_lack_a_primary(migrated_url: str) -> None:
    engine = database.connect(migrated_url)
    home, other = new_customer(engine), new_customer(engine)
    first, second = new_contact(engine, home), new_contact(engine, home)
    stranger = new_contact(engine, other)
    at_home = customers.c.id == home.id
    broken = (
        sa.update(customers).where(at_home).values(primary_contact_id=None),
        sa.update(customers).where(at_home).values(primary_contact_id=stranger.id),
        sa.delete(affiliations).where(affiliations.c.contact_id == first.id),
        sa.update(affiliations).where(affiliations.c.contact_id == first.id).values(primary_contact_id=second.id),
    )
    for statement in broken:
        with pytest.raises(sa.exc.IntegrityError), engine.begin() as connection:
            connection.execute(statement)
    orphan = affiliation(customer_id=new_customer(engine).id, contact_id=second.id)
    with uow_of(engine) as uow:
        uow.affiliations.add(orphan)  # the customer would have a contact and no primary
        with pytest.raises(sa.exc.IntegrityError):
            uow.commit()
    engine.dispose()


# --- contact roles -------------------------------------------------------------------------------------------------------------------
def new_role(engine: Engine, label: str) -> ContactRole:
    return use_roles.create_contact_role(lambda id_: ContactRole(id_, label), NO_REQUEST, uow=uow_of(engine))


def holders(engine: Engine) -> set[UUID | None]:
    with engine.connect() as connection:
        return set(connection.execute(sa.select(affiliations.c.contact_role_id)).scalars())


@pytest.mark.req("R-ROL-05")
@pytest.mark.parametrize("way", ["replaced", "cleared", "nothing said"])
def test_a_role_is_not_deleted_under_those_who_get_it_at_the_same_time(engine: Engine, way: str) -> None:
    homes = [new_customer(engine) for _ in range(3)]
    people = [new_contact(engine, home) for home in homes]
    for round_ in range(5):
        old, new = new_role(engine, f"Old {round_}"), new_role(engine, f"New {round_}")
        succession = {"replaced": Succession(new.id), "cleared": Succession(clear=True), "nothing said": Succession()}[way]

        def give(person: Contact, role: ContactRole = old) -> object:
            return use_affiliations.update_affiliation(
                person.customer_id,
                person.id,
                lambda before: replace(before, contact_role_id=role.id),
                NO_REQUEST,
                OPERATOR,
                uow=uow_of(engine),
            )

        def delete(role: ContactRole = old, succession: Succession = succession) -> object:
            use_roles.delete_contact_role(role.id, succession, lambda _: None, NO_REQUEST, uow=uow_of(engine))
            return None

        results = at_once(*[lambda person=person: give(person) for person in people], delete)
        deleted = results[-1] is None
        assert set(reasons(results[:-1])) <= {"CONTACT_ROLE_UNKNOWN", ""}, "too late, or changed meanwhile"
        assert deleted or reasons(results[-1:]) == ["ROLE_IN_USE"]
        assert (old.id in holders(engine)) is not deleted
    engine.dispose()


def test_of_many_who_convert_one_lead_exactly_one_does(engine: Engine) -> None:
    lead = use_leads.create_lead(lambda id_: Lead(id_, "Verdi", NOON, first_name="Anna"), None, NO_REQUEST, OPERATOR, uow=uow_of(engine))

    def convert() -> object:
        wanted = use_leads.Conversion(lead.id)
        return use_leads.convert_lead(wanted, lambda _lead: None, NO_REQUEST, OPERATOR, uow=uow_of(engine), clock=lambda: NOON)

    assert reasons(at_once(*[convert] * 6)) == ["LEAD_CONVERTED"] * 5
    with engine.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(contacts)).scalar_one() == 1
        assert connection.execute(sa.select(sa.func.count()).select_from(customers)).scalar_one() == 1
    engine.dispose()

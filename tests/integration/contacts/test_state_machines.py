"""Random sequences of use cases against models: who is primary, and what each contact may see. On SQLite, because it is fast."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule, run_state_machine_as_test
from sqlalchemy.engine import Engine

from libs import database
from libs.access import Caller, Kind
from libs.errors import AlreadyExists, FailedPrecondition, NotFound
from libs.unit_of_work import NO_REQUEST
from services.contacts import repository
from services.contacts.domain import (
    EVERYTHING,
    Affiliation,
    ContactsSettings,
    Mode,
    Permissions,
    Query,
    Section,
)
from services.contacts.service import affiliations as use_affiliations
from services.contacts.service import contacts as use_contacts
from services.contacts.service import customers as use_customers
from services.contacts.service import settings as use_settings
from tests.integration.contacts.history import assert_history_ends_in_the_present
from tests.unit.contacts.builders import NOON, contact, customer

OPERATOR = Caller(Kind.OPERATOR, account_id=uuid4(), capabilities=frozenset({"contacts.read"}), sees_all=True)
QUICK = settings(max_examples=50, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck))


class Machine(RuleBasedStateMachine):
    """All sequences share one database: each works on customers of its own, and begins with the first settings."""

    customers = Bundle("customers")
    contacts = Bundle("contacts")
    engine: ClassVar[Engine]

    def __init__(self) -> None:
        super().__init__()
        use_settings.update_settings(lambda before: replace(ContactsSettings(), version=before.version), NO_REQUEST, uow=self.uow())

    def uow(self) -> repository.SqlUnitOfWork:
        return repository.SqlUnitOfWork(self.engine, "contacts")

    def make_customer(self, **fields: Any) -> UUID:
        return use_customers.create_customer(lambda id_: customer(id=id_, **fields), NO_REQUEST, OPERATOR, uow=self.uow()).id

    def make_contact(self, home: UUID, *affiliations: Callable[[UUID], Affiliation]) -> UUID:
        def make(id_: UUID) -> use_contacts.NewContact:
            return use_contacts.NewContact(contact(id=id_, customer_id=home), [one(id_) for one in affiliations])

        return use_contacts.create_contact(make, NO_REQUEST, OPERATOR, uow=self.uow()).contact.id

    def candidates(self, ids: list[UUID]) -> dict[UUID, Any]:
        with repository.reading(database.reader(self.engine)) as repositories:
            return {party.customer_id: party for party in repositories.affiliations.candidates([Query(id_) for id_ in ids]).parties}

    def teardown(self) -> None:
        assert_history_ends_in_the_present(self.engine)


@pytest.fixture(autouse=True)
def shared_database(sqlite_copy: str) -> Iterator[None]:
    Machine.engine = database.connect(sqlite_copy)
    yield
    Machine.engine.dispose()


def refused(call: Callable[[], object]) -> str:
    """Return the reason of the refusal; "" when there was none."""
    try:
        call()
    except (FailedPrecondition, AlreadyExists, NotFound) as error:
        return error.reason or type(error).__name__
    return ""


# --- the primary contact -------------------------------------------------------------------------------------------------------------
class PrimaryContacts(Machine):
    """Model: members of each customer in order of arrival, and its primary."""

    def __init__(self) -> None:
        super().__init__()
        self.members: dict[UUID, list[UUID]] = {}
        self.primary: dict[UUID, UUID] = {}
        self.home: dict[UUID, UUID] = {}

    @rule(target=Machine.customers)
    def create_customer(self) -> UUID:
        id_ = self.make_customer()
        self.members[id_] = []
        return id_

    @rule(target=Machine.contacts, home=Machine.customers)
    def create_contact(self, home: UUID) -> UUID:
        id_ = self.make_contact(home)
        self.join(home, id_)
        self.home[id_] = home
        return id_

    @rule(customer_id=Machine.customers, contact_id=Machine.contacts)
    def affiliate(self, customer_id: UUID, contact_id: UUID) -> None:
        new = Affiliation(customer_id, contact_id, NOON)
        reason = refused(lambda: use_affiliations.create_affiliation(new, NO_REQUEST, OPERATOR, uow=self.uow()))
        assert reason == ("ALREADY_AFFILIATED" if contact_id in self.members[customer_id] else "")
        if not reason:
            self.join(customer_id, contact_id)

    def join(self, customer_id: UUID, contact_id: UUID) -> None:
        self.members[customer_id].append(contact_id)
        self.primary.setdefault(customer_id, contact_id)

    @rule(customer_id=Machine.customers, contact_id=Machine.contacts)
    def make_primary(self, customer_id: UUID, contact_id: UUID) -> None:
        reason = refused(
            lambda: use_affiliations.make_primary(
                customer_id, contact_id, lambda _: None, NO_REQUEST, OPERATOR, uow=self.uow(), clock=lambda: NOON
            )
        )
        assert bool(reason) == (contact_id not in self.members[customer_id])
        if not reason:
            self.primary[customer_id] = contact_id

    @rule(customer_id=Machine.customers, contact_id=Machine.contacts)
    def unlink(self, customer_id: UUID, contact_id: UUID) -> None:
        reason = refused(
            lambda: use_affiliations.delete_affiliation(customer_id, contact_id, lambda _: None, NO_REQUEST, OPERATOR, uow=self.uow())
        )
        if contact_id not in self.members[customer_id]:
            assert reason == "NotFound"
        elif self.primary[customer_id] == contact_id:
            assert reason == "CONTACT_IS_PRIMARY"
        elif self.home[contact_id] == customer_id:
            assert reason == "HOME_CUSTOMER"
        else:
            assert reason == ""
            self.members[customer_id].remove(contact_id)

    @rule(target=Machine.contacts, contact_id=consumes(Machine.contacts))
    def delete(self, contact_id: UUID) -> Any:
        reason = refused(
            lambda: use_contacts.delete_contact(
                contact_id, lambda _: None, NO_REQUEST, OPERATOR, force=True, uow=self.uow(), clock=lambda: NOON
            )
        )
        assert reason == ("CONTACT_IS_PRIMARY" if contact_id in self.primary.values() else "")
        if reason:
            return contact_id
        for members in self.members.values():
            if contact_id in members:
                members.remove(contact_id)
        return multiple()

    @invariant()
    def every_customer_with_contacts_has_exactly_one_primary_which_stands_first(self) -> None:
        for id_, party in self.candidates(list(self.members)).items():
            assert {one.contact_id for one in party.candidates} == set(self.members[id_])
            primary = [self.primary[id_]] if self.members[id_] else []
            assert [one.contact_id for one in party.candidates if one.primary] == primary
            assert [one.contact_id for one in party.candidates[:1]] == primary


@pytest.mark.req("R-PRI-01", "R-PRI-02", "R-PRI-03", "R-PRI-04", "R-PRI-05", "R-PRI-08", "R-PRI-11")
def test_whatever_happens_a_customer_with_contacts_has_exactly_one_primary() -> None:
    run_state_machine_as_test(PrimaryContacts, settings=QUICK)


# --- permissions ---------------------------------------------------------------------------------------------------------------------
DECIDED = st.sampled_from(["ALLOW", "DENY"])
ANY = st.sampled_from(["ALLOW", "DENY", "INHERIT"])
SOME = st.dictionaries(st.sampled_from([section.name for section in Section]), DECIDED)
SOME_OR_INHERIT = st.dictionaries(st.sampled_from([section.name for section in Section]), ANY)


def permissions(words: dict[str, str]) -> Permissions:
    return Permissions({Section[name]: Mode[mode] for name, mode in words.items()})


@dataclass
class Sets:
    """What stands where, in plain words: the model knows no Permissions."""

    default: dict[str, str] = field(default_factory=lambda: {section.name: "ALLOW" for section in Section})
    of_customer: dict[UUID, dict[str, str]] = field(default_factory=dict)
    of_pair: dict[tuple[UUID, UUID], dict[str, str]] = field(default_factory=dict)

    def inherited(self, customer_id: UUID, name: str) -> str:
        return self.of_customer[customer_id].get(name) or self.default[name]

    def effective(self, customer_id: UUID, contact_id: UUID, name: str) -> str:
        own = self.of_pair[customer_id, contact_id][name]
        return self.inherited(customer_id, name) if own == "INHERIT" else own


class Inheritance(Machine):
    """Contact over customer over default; filled at creation with what counts then."""

    pairs = Bundle("pairs")

    @initialize()
    def begin(self) -> None:
        self.sets = Sets()

    @rule(target=Machine.customers, said=SOME)
    def create_customer(self, said: dict[str, str]) -> UUID:
        id_ = self.make_customer(permissions=permissions(said))
        self.sets.of_customer[id_] = said
        return id_

    @rule(target=pairs, home=Machine.customers, said=SOME_OR_INHERIT)
    def create_contact(self, home: UUID, said: dict[str, str]) -> tuple[UUID, UUID]:
        id_ = self.make_contact(home, lambda contact_id: Affiliation(home, contact_id, NOON, permissions=permissions(said)))
        self.sets.of_pair[home, id_] = {one.name: said.get(one.name) or self.sets.inherited(home, one.name) for one in Section}
        return home, id_

    @rule(said=SOME)
    def change_default(self, said: dict[str, str]) -> None:
        def change(before: ContactsSettings) -> ContactsSettings:
            return replace(before, default_permissions=before.default_permissions.changed_by(permissions(said)))

        use_settings.update_settings(change, NO_REQUEST, uow=self.uow())
        self.sets.default |= said

    @rule(customer_id=Machine.customers, said=SOME)
    def change_customer(self, customer_id: UUID, said: dict[str, str]) -> None:
        use_customers.update_customer(
            customer_id,
            lambda before: replace(before, permissions=permissions(said)),
            NO_REQUEST,
            OPERATOR,
            uow=self.uow(),
            clock=lambda: NOON,
        )
        self.sets.of_customer[customer_id] = said

    @rule(pair=pairs, said=SOME_OR_INHERIT)
    def change_contact(self, pair: tuple[UUID, UUID], said: dict[str, str]) -> None:
        def change(before: Affiliation) -> Affiliation:
            return replace(before, permissions=before.permissions.changed_by(permissions(said)))

        use_affiliations.update_affiliation(*pair, change, NO_REQUEST, OPERATOR, uow=self.uow())
        self.sets.of_pair[pair] |= said

    @invariant()
    def every_way_of_reading_gives_what_the_model_says(self) -> None:
        parties = self.candidates(list(self.sets.of_customer))
        with repository.reading(database.reader(self.engine)) as repositories:
            for customer_id, contact_id in self.sets.of_pair:
                wanted = {one.name: self.sets.effective(customer_id, contact_id, one.name) for one in Section}
                told = next(one for one in parties[customer_id].candidates if one.contact_id == contact_id)
                shown = repositories.affiliations.view(customer_id, contact_id, EVERYTHING)
                for effective in (told.effective, shown.effective):
                    assert {section.name: mode.name for section, mode in effective.modes.items()} == wanted


@pytest.mark.req("R-PRM-08", "R-PRM-11", "R-PRM-12", "R-PRM-13", "R-PRM-14", "R-CUS-12")
def test_permissions_are_inherited_as_the_model_says() -> None:
    run_state_machine_as_test(Inheritance, settings=QUICK)

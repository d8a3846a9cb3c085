"""Everything that changes the registry, in random order, against a model in plain words; after each step every way of reading it is
asked as operators of different groups. Over gRPC on SQLite, because it is fast.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from recapito.contacts.v1 import affiliations_pb2, contacts_pb2, customers_pb2, erasures_pb2

from libs.errors import ServiceError
from tests.integration.contacts.conftest import Api, serving
from tests.integration.contacts.history import assert_history_ends_in_the_present

# Without shrinking, which would take minutes: the steps that failed are printed as they were.
OFTEN = settings(max_examples=12, stateful_step_count=25, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
SOME_GROUPS = st.sets(st.integers(0, 2), max_size=2)
ADDRESSES = st.integers(0, 5)
ALL = 1000


@dataclass
class Customer:
    groups: set[int]
    primary: str = ""


@dataclass
class Person:
    """address: its number, None without one. homes: the home customer first."""

    groups: set[int]
    address: int | None
    homes: list[str] = field(default_factory=list)
    superior: str = ""
    erased: bool = False


class TheRegistry(RuleBasedStateMachine):
    """All sequences share one database: each works on customers of its own, whose names share a word."""

    customers = Bundle("customers")
    people = Bundle("people")
    api: ClassVar[Api]
    groups: ClassVar[list[str]]

    def __init__(self) -> None:
        super().__init__()
        self.word = f"w{uuid4().hex[:12]}"
        self.of: dict[str, Customer] = {}
        self.who: dict[str, Person] = {}

    # --- what may happen -------------------------------------------------------------------------------------------------------------
    @rule(target=customers, groups=SOME_GROUPS)
    def create_customer(self, groups: set[int]) -> str:
        name = self.api.new_customer(display_name=f"Ditta {self.word}", groups=self.names(groups)).name
        self.of[name] = Customer(groups)
        return name

    @rule(target=people, home=customers, groups=SOME_GROUPS, address=ADDRESSES)
    def create_contact(self, home: str, groups: set[int], address: int) -> str:
        wanted = {"last_name": self.word, "groups": self.names(groups), "email": self.mailbox(address)}
        made: list[str] = []
        reason = self.tried(lambda: made.append(self.api.new_contact(customers_pb2.Customer(name=home), **wanted).name))
        assert reason == ("EMAIL_TAKEN" if self.taken(address) else "")
        if reason:
            made = [self.api.new_contact(customers_pb2.Customer(name=home), **wanted | {"email": ""}).name]
        self.who[made[0]] = Person(groups, None if reason else address, [home])
        self.join(home, made[0])
        return made[0]

    @rule(name=people, address=ADDRESSES)
    def change_address(self, name: str, address: int) -> None:
        reason = self.tried(lambda: self.changed(name, email=self.mailbox(address)))
        if (person := self.who.get(name)) is None or person.erased:
            assert reason
        elif self.taken(address, but=name):
            assert reason == "EMAIL_TAKEN"
        else:
            assert reason == ""
            person.address = address

    @rule(name=people, groups=SOME_GROUPS)
    def change_groups(self, name: str, groups: set[int]) -> None:
        if not self.tried(lambda: self.changed(name, groups=self.names(groups))):
            self.who[name].groups = groups

    @rule(name=people, superior=people)
    def report_to(self, name: str, superior: str) -> None:
        reason = self.tried(lambda: self.changed(name, reports_to=superior))
        if name not in self.who or superior not in self.who or self.who[superior].erased or self.who[name].erased:
            assert reason
        else:
            assert reason == ("REPORTS_TO_LOOP" if name in [superior, *self.above(superior)] else "")
        if not reason:
            self.who[name].superior = superior

    @rule(name=people, customer=customers)
    def affiliate(self, name: str, customer: str) -> None:
        request = affiliations_pb2.CreateAffiliationRequest(parent=customer, affiliation=contacts_pb2.Affiliation(contact=name))
        if not self.tried(lambda: self.api.affiliations.CreateAffiliation(request)):
            assert customer not in self.who[name].homes
            self.who[name].homes.append(customer)
            self.join(customer, name)

    @rule(name=people, customer=customers)
    def unlink(self, name: str, customer: str) -> None:
        request = affiliations_pb2.DeleteAffiliationRequest(name=self.pair(customer, name))
        if not self.tried(lambda: self.api.affiliations.DeleteAffiliation(request)):
            assert self.of[customer].primary != name
            assert self.who[name].homes.index(customer) > 0, "the home customer"
            self.who[name].homes.remove(customer)

    @rule(name=people, customer=customers)
    def make_primary(self, name: str, customer: str) -> None:
        reason = self.tried(lambda: self.api.affiliations.MakePrimary(affiliations_pb2.MakePrimaryRequest(name=self.pair(customer, name))))
        if not reason:
            assert customer in self.who[name].homes
            self.of[customer].primary = name

    @rule(name=people, customer=customers, keep=st.booleans())
    def move(self, name: str, customer: str, keep: bool) -> None:
        request = contacts_pb2.MoveContactRequest(name=name, customer=customer, keep_affiliation=keep)
        if self.tried(lambda: self.api.contacts.MoveContact(request)):
            return
        person, old = self.who[name], self.who[name].homes[0]
        assert self.of[old].primary != name or self.members(old) == {name}
        person.homes = [customer, *(one for one in person.homes if one != customer and (keep or one != old))]
        self.join(customer, name)
        if not keep and self.of[old].primary == name:
            self.of[old].primary = ""

    @rule(name=people)
    def delete(self, name: str) -> None:
        reason = self.tried(lambda: self.api.contacts.DeleteContact(contacts_pb2.DeleteContactRequest(name=name, force=True)))
        if name not in self.who:
            assert reason == "CONTACT_NOT_FOUND"
        elif any(customer.primary == name for customer in self.of.values()):
            assert reason == "CONTACT_IS_PRIMARY"
        else:
            assert reason == ""
            self.forget(name)
            del self.who[name]

    @rule(name=people)
    def erase(self, name: str) -> None:
        reason = self.tried(lambda: self.api.erasures.AnonymizeContact(erasures_pb2.AnonymizeContactRequest(name=name)))
        if name not in self.who or reason:
            return
        person = self.who[name]
        assert all(self.of[one].primary != name or not self.colleagues(one, name) for one in person.homes)
        person.address, person.superior, person.erased = None, "", True
        self.forget(name)

    # --- what must hold after each ---------------------------------------------------------------------------------------------------
    @invariant()
    def every_customer_with_contacts_has_exactly_one_primary(self) -> None:
        with self.api.operator():
            for name, customer in self.of.items():
                affiliations = self.api.affiliations_of(name)
                assert {one.contact for one in affiliations} == self.members(name)
                assert [one.contact for one in affiliations if one.primary] == ([customer.primary] if customer.primary else [])
                assert self.api.customer_of(name).primary_contact == customer.primary

    @invariant()
    def everybody_is_as_the_model_says(self) -> None:
        with self.api.operator():
            for name, person in self.who.items():
                found = self.api.contact_of(name)
                assert found.email == (self.mailbox(person.address) if person.address is not None else "")
                assert (found.customer, found.reports_to) == (person.homes[0], person.superior)
                assert set(found.groups) == set(self.names(person.groups))
                assert name not in self.above(name)

    @invariant()
    def nobody_sees_more_or_less_than_the_groups_allow(self) -> None:
        for sight in ({0}, {1, 2}):
            with self.api.operator(*self.names(sight)):
                seen = {name for name, person in self.who.items() if person.groups & sight}
                assert {one.name for one in self.listed(self.groups_of(sight))} & self.who.keys() == seen
                named = {name for name in seen if not self.who[name].erased}
                assert {one.name for one in self.listed(query=self.word)} & named == named
                for name, person in self.who.items():
                    assert bool(self.tried_as_is(partial(self.api.contact_of, name))) == (not person.groups & sight)
                customers = self.api.customers.ListCustomers(customers_pb2.ListCustomersRequest(query=self.word, page_size=ALL)).customers
                assert {one.name for one in customers} == {name for name, customer in self.of.items() if customer.groups & sight}

    @invariant()
    def history_ends_in_the_present(self) -> None:
        assert_history_ends_in_the_present(self.api.engine)

    # --- the model -------------------------------------------------------------------------------------------------------------------
    def names(self, groups: set[int]) -> list[str]:
        return [self.groups[number] for number in sorted(groups)]

    def groups_of(self, sight: set[int]) -> str:
        return " OR ".join(f"group = {name.split('/')[1]}" for name in self.names(sight))

    def mailbox(self, address: int | None) -> str:
        return f"p{address}@{self.word}.example"

    def taken(self, address: int, but: str = "") -> bool:
        return any(person.address == address for name, person in self.who.items() if name != but)

    def members(self, customer: str) -> set[str]:
        return {name for name, person in self.who.items() if customer in person.homes}

    def colleagues(self, customer: str, name: str) -> set[str]:
        """Return who else of a customer could be its primary contact."""
        return {one for one in self.members(customer) - {name} if not self.who[one].erased}

    def join(self, customer: str, name: str) -> None:
        """Make a newcomer primary where nobody is, or somebody who was erased."""
        primary = self.of[customer].primary
        if not primary or self.who[primary].erased:
            self.of[customer].primary = name

    def above(self, name: str) -> Iterator[str]:
        while name := self.who[name].superior:
            yield name

    def forget(self, superior: str) -> None:
        for person in self.who.values():
            person.superior = "" if person.superior == superior else person.superior

    # --- asking ----------------------------------------------------------------------------------------------------------------------
    @staticmethod
    def pair(customer: str, name: str) -> str:
        return f"{customer}/affiliations/{name.split('/')[1]}"

    def changed(self, name: str, **fields: object) -> object:
        return self.api.update_contact(contacts_pb2.Contact(name=name), **fields)

    def listed(self, filter_: str = "", query: str = "") -> list[contacts_pb2.Contact]:
        request = contacts_pb2.ListContactsRequest(filter=filter_, query=query, page_size=ALL)
        return list(self.api.contacts.ListContacts(request).contacts)

    def tried(self, call: Callable[[], object]) -> str:
        """Return the reason of the refusal to an operator who sees everything; "" when there was none."""
        with self.api.operator():
            return self.tried_as_is(call)

    @staticmethod
    def tried_as_is(call: Callable[[], object]) -> str:
        try:
            call()
        except ServiceError as error:
            return error.reason or type(error).__name__
        return ""


@pytest.fixture(autouse=True)
def shared_service(sqlite_copy: str) -> Iterator[None]:
    with serving(sqlite_copy) as api:
        TheRegistry.api = api
        TheRegistry.groups = [api.new_group(f"Gruppo {number}").name for number in range(3)]
        yield


@pytest.mark.req("R-PRI-01", "R-PRI-10", "R-PRI-11", "R-CON-06", "R-CON-16", "R-CON-20", "R-GRP-05", "R-GRP-08", "R-GRP-09", "R-DEL-06")
def test_whatever_happens_the_registry_is_what_the_model_says() -> None:
    run_state_machine_as_test(TheRegistry, settings=OFTEN)

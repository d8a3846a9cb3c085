"""More than five thousand times "may this person do that?", asked of identity and contacts as they run, and of an oracle.

Operator by role, group and object; contact by permission, window, policy and customer; both by the state of the session.
A failure names the seed: RECAPITO_SEED=… asks the same again.
"""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from recapito.contacts.v1 import (
    contacts_pb2,
    customers_pb2,
)
from recapito.identity.v1 import accounts_pb2

from libs import access
from libs.errors import NotFound, PermissionDenied, Unauthenticated
from libs.rpc import context
from tests.integration.identity import oracle
from tests.integration.identity.office import SEED, Office, id_of, running
from tests.integration.identity.oracle import PROTOS, Contact, Customer, Operator, Person

GET_ACCOUNT = "/recapito.identity.v1.Accounts/GetAccount"
EXPLAIN_ACCESS = "/recapito.identity.v1.Accounts/ExplainAccess"
GET_CONTACT = "/recapito.contacts.v1.Contacts/GetContact"
GET_CUSTOMER = "/recapito.contacts.v1.Customers/GetCustomer"


@pytest.fixture(scope="module")
def office(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office")
    shutil.copy(migrated_sqlite, folder / "identity.db")
    yield from running(folder)


def rules_of_all_services() -> access.Rules:
    """Every rule as the servers read it, of every service that the contract has."""
    names = [".".join(path.relative_to(PROTOS.parent).with_suffix("").parts) for path in PROTOS.rglob("v1/*_pb2.py")]
    files = [importlib.import_module(name).DESCRIPTOR for name in sorted(names)]
    return access.rules(service for file in files for service in file.services_by_name.values())


def said(call: Callable[[], Any], yes: str) -> str:
    """Return the verdict of the product in the words of the oracle."""
    try:
        call()
    except Unauthenticated:
        return "sign in"
    except NotFound:
        return "hidden"
    except PermissionDenied as refused:
        return {"NOT_ALLOWED": "no", "NOT_FRESH": "confirm"}.get(refused.reason, "not open")
    return yes


Answer = tuple[Any, str, str]  # the question, what the oracle says, what the product says


def wrong(answers: list[Answer]) -> str:
    """Return the first answers that differ from the oracle's, with the seed; "" for none."""
    differing = [f"{question}: expected {expected!r}, got {got!r}" for question, expected, got in answers if expected != got]
    return "\n".join([f"RECAPITO_SEED={SEED}, {len(differing)} of {len(answers)}", *differing[:5]]) if differing else ""


# --- may it call the method? ---------------------------------------------------------------------------------------------------------
def test_the_oracle_reads_the_rules_of_the_same_methods() -> None:
    assert sorted(oracle.rules()) == sorted(rules_of_all_services())


@pytest.mark.req("R-GRP-10")
def test_each_operator_may_call_what_its_roles_allow_and_nothing_else(office: Office) -> None:
    """Rules 1, 2 and 69."""
    answers: list[Answer] = []
    rules, now = rules_of_all_services(), datetime.now(UTC)
    for operator in office.operators:
        caller = office.caller(operator)
        for method, rule in rules.items():
            got = said(partial(access.check, rule, caller, now), "yes")
            answers.append(((operator, method), office.oracle.may(operator, method), got))
    assert not wrong(answers), wrong(answers)
    assert len(answers) > 2000
    assert {got for _question, _expected, got in answers} == {"yes", "sign in", "no", "not open", "confirm"}


@pytest.mark.req("R-IDN-15", "R-IDN-26")
def test_each_contact_may_call_what_it_is_permitted_for_the_customer_and_nothing_else(office: Office) -> None:
    """Rules 2, 16, 18 and 28: for each customer it acts for, for one it does not, and for none named."""
    answers: list[Answer] = []
    rules, now = rules_of_all_services(), datetime.now(UTC)
    for person in office.people:
        stranger = next(customer for customer in office.oracle.customers if customer not in person.acts)
        for customer in (None, stranger, *person.acts):
            caller = office.caller(person, customer)
            for method, rule in rules.items():
                got = said(partial(access.check, rule, caller, now), "yes")
                answers.append(((person, method, customer), office.oracle.may(person, method, customer), got))
    assert not wrong(answers), wrong(answers)
    assert len(answers) > 5000
    assert {got for _question, _expected, got in answers} == {"yes", "sign in", "no", "not open", "confirm"}


# --- does it find the thing? ---------------------------------------------------------------------------------------------------------
def looked_for(office: Office, person: Person) -> list[Answer]:
    """Ask for each account, contact and customer by gRPC, as the person; nothing when its session opens nothing."""
    passport = office.passport(person)
    answers: list[Answer] = [((person, "passport"), str(office.oracle.inside(person)), str(bool(passport)))]
    if not passport:
        return answers
    asked: list[tuple[str, str, Operator | Contact | Customer, Callable[[], Any]]] = []
    for account in office.everybody:
        get_account = accounts_pb2.GetAccountRequest(name=f"accounts/{account.id}")
        asked.append((GET_ACCOUNT, "identity.read", account, partial(office.world.accounts.GetAccount, get_account)))
    for contact in office.people:
        get_contact = contacts_pb2.GetContactRequest(name=f"contacts/{contact.id}")
        asked.append((GET_CONTACT, "contacts.read", contact, partial(office.contacts.GetContact, get_contact)))
    for customer in office.oracle.customers.values():
        get_customer = customers_pb2.GetCustomerRequest(name=f"customers/{customer.id}")
        asked.append((GET_CUSTOMER, "contacts.read", customer, partial(office.customers.GetCustomer, get_customer)))
    with context.as_person(passport):
        for method, capability, thing, call in asked:
            expected = office.oracle.finds(person, method, capability, thing)
            answers.append(((person, method, thing), expected, said(call, "found")))
    return answers


@pytest.mark.req("R-GRP-09", "R-DGN-02")
def test_an_explanation_names_no_customer_that_who_asks_does_not_see(office: Office) -> None:
    """Rule 26, of customers that somebody acts for beside those of the operator's groups."""
    named, hidden = 0, 0
    for operator in office.operators:
        if office.oracle.may(operator, EXPLAIN_ACCESS) != "yes":
            continue
        for person in office.people:
            if office.oracle.finds(operator, GET_ACCOUNT, "identity.read", person) != "found":
                continue
            with context.as_person(office.passport(operator)):
                checks = office.world.accounts.ExplainAccess(accounts_pb2.ExplainAccessRequest(name=f"accounts/{person.id}")).checks
            told = {id_of(check.resource) for check in checks if check.resource.startswith("customers/")}
            seen = {id_ for id_ in person.acts if sees(operator, office.oracle.customers[id_].groups)}
            assert told == seen, f"RECAPITO_SEED={SEED}"
            named, hidden = named + len(told), hidden + len(set(person.acts) - told)
    assert named
    assert hidden


def sees(operator: Operator, groups: frozenset[UUID]) -> bool:
    return "contacts.read" in operator.capabilities and operator.sees(groups)


@pytest.mark.req("R-GRP-04", "R-GRP-05", "R-GRP-09", "R-GRP-11")
def test_each_operator_finds_what_its_groups_show_and_nothing_else(office: Office) -> None:
    """Rule 26, one thing at a time; what is hidden answers as what does not exist."""
    answers = [answer for operator in office.operators for answer in looked_for(office, operator)]
    assert not wrong(answers), wrong(answers)
    assert len(answers) > 300
    assert {"found", "hidden", "no"} <= {got for _question, _expected, got in answers}


@pytest.mark.req("R-GRP-05", "R-GRP-08", "R-GRP-09", "R-GRP-11")
def test_each_operators_lists_hold_what_it_would_find_one_by_one(office: Office) -> None:
    answers: list[Answer] = []
    for operator in office.operators:
        if office.oracle.may(operator, "/recapito.contacts.v1.Contacts/ListContacts") != "yes":
            continue
        with context.as_person(office.passport(operator)):
            contacts = office.contacts.ListContacts(contacts_pb2.ListContactsRequest(page_size=1000)).contacts
            customers = office.customers.ListCustomers(customers_pb2.ListCustomersRequest(page_size=1000)).customers
        listed = {id_of(one.name) for one in contacts} | {id_of(one.name) for one in customers}
        things: list[Contact | Customer] = [*office.people, *office.oracle.customers.values()]
        answers += [((operator, thing), str(operator.sees(thing.groups)), str(thing.id in listed)) for thing in things]
    assert not wrong(answers), wrong(answers)
    assert answers


@pytest.mark.req("R-IDN-23")
def test_each_contact_finds_itself_and_its_customers_and_nothing_else(office: Office) -> None:
    """Rule 28; a primary contact finds no more of the others."""
    answers = [answer for person in office.people for answer in looked_for(office, person)]
    assert not wrong(answers), wrong(answers)
    assert len(answers) > 300
    assert {"found", "hidden"} <= {got for _question, _expected, got in answers}

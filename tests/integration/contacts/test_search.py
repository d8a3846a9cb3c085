"""Searching contacts: parts of words, accents, slips; one behaviour on both databases, and never what is hidden."""

from __future__ import annotations

import random

import pytest
from recapito.contacts.v1 import affiliations_pb2, contacts_pb2, customers_pb2
from sqlalchemy import select

from libs import database
from libs.errors import InvalidArgument
from services.contacts.repository.tables import contacts, search_words
from tests.integration.contacts.conftest import Api

FIRST = ("Niccolò", "Maria", "Giuseppe", "Anna", "Salvatore", "Nunzia", "Zoë", "Łukasz")
LAST = ("Bianchi", "Esposito", "De Luca", "D’Angelo", "Müller", "Sørensen", "Rossini", "Rossi", "Neri", "Àbate")
CUSTOMERS = ("ABC S.r.l.", "Studio Colaninno", "Gallo Fratelli S.n.c.", "Caffè Vergnano")


def listed(api: Api, query: str, **asked: object) -> contacts_pb2.ListContactsResponse:
    with api.operator():
        return api.contacts.ListContacts(contacts_pb2.ListContactsRequest(query=query, **asked))  # type: ignore[arg-type] # fields of it


def surnames(found: contacts_pb2.ListContactsResponse) -> list[str]:
    return [one.last_name for one in found.contacts]


def stored_words(api: Api) -> set[str]:
    with database.reader(api.engine).connect() as connection:
        return set(connection.execute(select(search_words.c.word)).scalars())


# --- what is found -------------------------------------------------------------------------------------------------------------------
@pytest.fixture
def people(api: Api) -> Api:
    studio = api.new_customer(display_name="Studio Colaninno")
    api.new_contact(studio, first_name="Niccolò", last_name="Bianchi", email="n.bianchi@colaninno.example")
    api.new_contact(studio, first_name="Anna", last_name="D’Angelo", email="anna@altrove.example")
    api.new_contact(api.new_customer(display_name="ABC S.r.l."), first_name="Łukasz", last_name="Sørensen", email="ls@abc.example")
    return api


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("niccolo", ["Bianchi"]),
        ("NICCOLÒ bianchi", ["Bianchi"]),
        ("bianci", ["Bianchi"]),
        ("biannchi", ["Bianchi"]),
        ("bainchi niccolo", ["Bianchi"]),
        ("bisnchi", ["Bianchi"]),
        ("nicolo bianci", ["Bianchi"]),
        ("n.bianci@colaninno.example", ["Bianchi"]),
        ("colannino", ["Bianchi", "D’Angelo"]),
        ("dangelo", ["D’Angelo"]),
        ("d angelo", ["D’Angelo"]),
        ("dangello", ["D’Angelo"]),
        ("sorensen", ["Sørensen"]),
        ("srl", ["Sørensen"]),
        ("bnchi", []),
        ("anma", []),
        ("bianci verdi", []),
        ("100%", []),
        ("_____", []),
        ("''", []),
    ],
)
def test_a_slip_and_accents_hide_nobody(people: Api, query: str, found: list[str]) -> None:
    assert surnames(listed(people, query)) == found


def test_exact_hits_stand_first_and_those_of_a_slip_are_told_apart_and_not_counted(api: Api) -> None:
    customer = api.new_customer(display_name="ABC")
    for last in ("Rosso", "Bossi", "Rossini", "Verdi", "Rossi"):
        api.new_contact(customer, first_name="Ada", last_name=last)
    found = listed(api, "rossi", count_total=True)
    assert surnames(found) == ["Rossi", "Rossini", "Bossi", "Rosso"]
    assert (found.similar_count, found.total_size) == (2, 2)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_pages_go_on_from_exact_hits_to_those_of_a_slip(api: Api, size: int) -> None:
    customer = api.new_customer(display_name="ABC")
    for last in ("Rosso", "Bossi", "Rossini", "Verdi", "Rossi", "Rosti"):
        api.new_contact(customer, first_name="Ada", last_name=last)
    found, token, similar = [], "", 0
    while True:
        page = listed(api, "rossi", page_size=size, page_token=token)
        assert len(page.contacts) <= size
        found += surnames(page)
        similar += page.similar_count
        if not (token := page.next_page_token):
            break
    assert found == ["Rossi", "Rossini", "Bossi", "Rosso", "Rosti"]
    assert similar == 3


def test_a_page_token_of_another_search_is_refused(api: Api) -> None:
    customer = api.new_customer(display_name="ABC")
    for last in ("Rosso", "Rossi", "Bossi"):
        api.new_contact(customer, last_name=last)
    token = listed(api, "rossi", page_size=1).next_page_token
    with pytest.raises(InvalidArgument):
        listed(api, "bossi", page_size=1, page_token=token)


def test_customers_are_found_behind_a_slip_too(api: Api) -> None:
    wanted = api.new_customer(display_name="Caffè Vergnano")
    api.new_contact(wanted, last_name="Esposito")
    for query in ("vergano", "caffé vergnanno", "espostio"):
        with api.operator():
            found = api.customers.ListCustomers(customers_pb2.ListCustomersRequest(query=query)).customers
        assert [one.name for one in found] == [wanted.name], query


def test_both_databases_find_the_same(sqlite_api: Api, postgres_api: Api) -> None:
    for api in (sqlite_api, postgres_api):
        chosen = random.Random(11)
        homes = [api.new_customer(display_name=name) for name in CUSTOMERS]
        for number in range(60):
            first, last = chosen.choice(FIRST), chosen.choice(LAST)
            api.new_contact(chosen.choice(homes), first_name=first, last_name=last, email=f"{number}@persona.example")
    asked = random.Random(12)
    queries = [_mistyped(asked, " ".join(asked.sample((*FIRST, *LAST, *CUSTOMERS), asked.choice((1, 1, 2))))) for _ in range(120)]
    hits = 0
    for query in queries:
        found = [
            sorted((one.email, index >= len(page.contacts) - page.similar_count) for index, one in enumerate(page.contacts))
            for page in (listed(api, query, page_size=1000) for api in (sqlite_api, postgres_api))
        ]
        assert found[0] == found[1], query
        hits += bool(found[0])
    assert 60 < hits < 120


def _mistyped(asked: random.Random, text: str) -> str:
    at = asked.randrange(len(text))
    return asked.choice((text, text[:at] + text[at + 1 :], text[:at] + asked.choice("aeiosz") + text[at:], text[: at + 1] + text[at:]))


# --- what rows are found by ----------------------------------------------------------------------------------------------------------
def test_a_contact_is_found_by_what_its_customers_are_called_now(api: Api) -> None:
    first, second = api.new_customer(display_name="Vecchionome"), api.new_customer(display_name="Seconda")
    api.new_contact(second, last_name="Primario")
    contact = api.new_contact(first, affiliations=[{"name": f"{second.name}/affiliations/-"}])
    with api.operator():
        api.update_customer(first, display_name="Nuovonome")
        assert api.found("nuovonome seconda") == [contact.name]
        assert api.found("vecchionome") == []
        api.affiliations.DeleteAffiliation(affiliations_pb2.DeleteAffiliationRequest(name=f"{second.name}/affiliations/{contact.name[9:]}"))
        assert contact.name not in api.found("seconda")
        api.update_contact(contact, last_name="Colaninno")
        assert api.found("nuovonome colanino") == [contact.name]


def test_what_a_contact_is_found_by_is_its_own_words_and_those_of_its_customers(api: Api) -> None:
    """The column is what it would be if it were written anew, after every way to change it."""
    first, second = api.new_customer(display_name="Prima"), api.new_customer(display_name="Seconda")
    for _ in range(3):
        contact = api.new_contact(first, affiliations=[{"name": f"{second.name}/affiliations/-"}])
    with api.operator():
        api.update_customer(second, display_name="Terza")
        api.update_contact(contact, first_name="Altro")
    with database.reader(api.engine).connect() as connection:
        rows = connection.execute(select(contacts.c.search, contacts.c.found_by)).all()
    assert all(sorted(row.found_by.split()) == sorted([*row.search.split(), "prima", "terza"]) for row in rows)


@pytest.mark.req("R-DEL-02")
def test_a_word_is_forgotten_with_its_last_bearer(api: Api) -> None:
    """A surname is personal: nothing of it stays in what slips are looked up in (security rule 63)."""
    customer = api.new_customer(display_name="ABC")
    api.new_contact(customer, last_name="Primario", email="primary@abc.example")
    one, other = (api.new_contact(customer, first_name="Ada", last_name="Wrzesniewski", email=f"{n}@abc.example") for n in "ab")
    with api.operator():
        api.contacts.DeleteContact(contacts_pb2.DeleteContactRequest(name=one.name))
        assert "wrzesniewski" in stored_words(api)
        api.update_contact(other, last_name="Altrimenti")
    assert "wrzesniewski" not in stored_words(api)
    assert "altrimenti" in stored_words(api)


# --- who sees what -------------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-GRP-05", "R-GRP-06", "R-GRP-09")
def test_neither_words_nor_slips_nor_counts_tell_of_who_is_hidden(api: Api) -> None:
    napoli, roma = (api.new_group(name).name for name in ("Sede Napoli", "Sede Roma"))
    shared = api.new_customer(display_name="Comune Colaninno", groups=[napoli, roma])
    hidden = api.new_customer(display_name="Nascosta Vergnano", groups=[roma])
    seen = api.new_contact(
        shared, last_name="Esposito", email="e@x.example", groups=[napoli], affiliations=[{"name": f"{hidden.name}/affiliations/-"}]
    )
    api.new_contact(shared, last_name="Quagliarella", email="q@x.example", groups=[roma])
    with api.operator(napoli):
        for query in ("quagliarella", "quagliarela", "vergnano", "vergano", "nascosta"):
            found = api.contacts.ListContacts(contacts_pb2.ListContactsRequest(query=query, count_total=True))
            assert (list(found.contacts), found.total_size, found.similar_count) == ([], 0, 0), query
        for query in ("esposto", "colanino", "esposito comune", ""):
            found = api.contacts.ListContacts(contacts_pb2.ListContactsRequest(query=query, count_total=True))
            assert [one.name for one in found.contacts] == [seen.name], query
            assert found.total_size == (query in ("esposito comune", ""))


@pytest.mark.req("R-GRP-08", "R-GRP-09")
def test_who_moves_to_another_group_leaves_lists_filters_searches_and_counts(api: Api) -> None:
    napoli, roma = (api.new_group(name).name for name in ("Sede Napoli", "Sede Roma"))
    customer = api.new_customer(groups=[napoli, roma])
    moving = api.new_contact(customer, last_name="Esposito", email="m@x.example", groups=[napoli], newsletter=True)
    asked = [{"query": "esposito"}, {"query": "espostio"}, {"filter": "newsletter = true"}, {"filter": f"customer = {customer.name}"}, {}]
    with api.operator(napoli):
        assert all(api.found(**each) == [moving.name] for each in asked)
    with api.operator():
        api.update_contact(moving, groups=[roma])
    with api.operator(napoli):
        assert not any(api.found(**each) for each in asked)
        assert api.contacts.ListContacts(contacts_pb2.ListContactsRequest(count_total=True)).total_size == 0

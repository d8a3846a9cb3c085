"""Likely duplicates, through a real server, on both databases."""

from __future__ import annotations

from typing import Any

import pytest
from recapito.contacts.v1 import contacts_pb2 as pb

from libs.errors import InvalidArgument
from tests.integration.contacts.conftest import Api

Duplicate = pb.FindDuplicatesResponse.Duplicate


def found(api: Api, **fields: Any) -> dict[str, list[str]]:
    wanted = pb.Contact(**{"first_name": "Zeno", "last_name": "Quaranta"} | fields)
    answer = api.contacts.FindDuplicates(pb.FindDuplicatesRequest(contact=wanted))
    return {one.contact: [Duplicate.Reason.Name(reason) for reason in one.reasons] for one in answer.duplicates}


def phone(value: str) -> pb.ContactPoint:
    return pb.ContactPoint(kind=pb.ContactPoint.MOBILE, value=value)


def address(value: str) -> pb.ContactPoint:
    return pb.ContactPoint(kind=pb.ContactPoint.EMAIL, value=value)


@pytest.mark.req("R-CON-20")
def test_one_address_principal_or_not_is_one_person(api: Api) -> None:
    home = api.new_customer()
    first = api.new_contact(home, email="mario@abc.example")
    second = api.new_contact(home, last_name="Neri", email="", contact_points=[address("neri@abc.example")])
    api.new_contact(home, last_name="Gialli", email="xmario@abc.example.org")
    with api.operator():
        assert found(api, email="MARIO@abc.example") == {first.name: ["SAME_EMAIL"]}
        assert found(api, contact_points=[address("mario@ABC.example")]) == {first.name: ["SAME_EMAIL"]}
        assert found(api, email="Neri@abc.example") == {second.name: ["SAME_EMAIL"]}
        assert found(api, email="nuovo@abc.example") == {}


@pytest.mark.req("R-CON-20")
def test_one_telephone_however_it_is_written(api: Api) -> None:
    person = api.new_contact(api.new_customer(), contact_points=[phone("+39 345 123 4567")])
    with api.operator():
        assert found(api, contact_points=[phone("+393451234567")]) == {person.name: ["SAME_PHONE"]}
        assert found(api, contact_points=[phone("+393451234568")]) == {}


@pytest.mark.req("R-CON-20")
def test_one_tax_code_is_one_person(api: Api) -> None:
    person = api.new_contact(api.new_customer(), profile={"tax_code": "RSSMRA85M01H501Q"})
    with api.operator():
        assert found(api, profile={"tax_code": "rss mra 85m01 h501q"}) == {person.name: ["SAME_TAX_CODE"]}
        assert found(api, profile={"tax_code": "BNCLRA80A41F839F"}) == {}


@pytest.mark.req("R-CON-20")
def test_a_like_name_counts_for_the_same_customer_alone(api: Api) -> None:
    home, other = api.new_customer(), api.new_customer()
    person = api.new_contact(home, first_name="Niccolò", last_name="D’Angelo")
    with api.operator():
        for names in (("Niccolo", "D'Angelo"), ("D’ANGELO", "NICCOLÒ"), ("Nicolò", "D’Angelo")):
            assert found(api, customer=home.name, first_name=names[0], last_name=names[1]) == {person.name: ["SIMILAR_NAME"]}
        assert found(api, customer=other.name, first_name="Niccolò", last_name="D’Angelo") == {}
        assert found(api, first_name="Niccolò", last_name="D’Angelo") == {}
        assert found(api, customer=home.name, first_name="Nadia", last_name="Angeli") == {}


def test_the_likeliest_comes_first_with_all_its_reasons(api: Api) -> None:
    home = api.new_customer()
    like = api.new_contact(home, last_name="Rossini")
    same = api.new_contact(home, email="mario@abc.example", contact_points=[phone("+393451234567")])
    with api.operator():
        answer = found(
            api,
            customer=home.name,
            first_name="Mario",
            last_name="Rossi",
            email="mario@abc.example",
            contact_points=[phone("+393451234567")],
        )
        assert list(answer.items()) == [(same.name, ["SAME_EMAIL", "SAME_PHONE", "SIMILAR_NAME"]), (like.name, ["SIMILAR_NAME"])]
        assert list(found(api, name=same.name, customer=home.name, first_name="Mario", last_name="Rossi")) == [like.name]


def test_a_hidden_duplicate_is_never_named(api: Api) -> None:
    """Security rule 26."""
    one, two = api.new_group("Napoli"), api.new_group("Salerno")
    home, far = api.new_customer(groups=[one.name]), api.new_customer(groups=[two.name])
    api.new_contact(home, groups=[two.name], email="mario@abc.example", contact_points=[phone("+393451234567")])
    near = api.new_contact(far, groups=[one.name])
    with api.operator(one.name):
        points = [phone("+393451234567")]
        assert found(api, customer=home.name, first_name="Mario", last_name="Rossi", email="mario@abc.example", contact_points=points) == {}
        assert found(api, customer=far.name, first_name="Mario", last_name="Rossi") == {}, "for whom it acts is hidden"
    with api.operator():
        assert list(found(api, customer=far.name, first_name="Mario", last_name="Rossi")) == [near.name]


def test_what_could_not_be_saved_is_refused_as_when_saving(sqlite_api: Api) -> None:
    with sqlite_api.operator():
        for fields, field in (
            ({"email": "not an address@"}, "contact.email"),
            ({"first_name": " "}, "contact.first_name"),
            ({"contact_points": [phone("12")]}, "contact.contact_points[0].value"),
            ({"customer": "customers/-"}, "contact.customer"),
        ):
            with pytest.raises(InvalidArgument) as error:
                found(sqlite_api, **fields)
            assert error.value.violations[0].field == field

"""The profile of a contact: checked on every way in, kept where its block is off, and filtered by."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import json_format
from recapito.contacts.events.v1.events_pb2 import ContactUpdated
from recapito.contacts.v1 import contacts_pb2 as pb
from recapito.contacts.v1.fields_pb2 import Field

from libs.errors import InvalidArgument
from tests.integration.contacts.conftest import Api

CARDS = [{"number": "12", "issue_date": "2025-01-10", "expire_date": "2026-01-10"}]


def profile(contact: pb.Contact) -> dict[str, Any]:
    return json_format.MessageToDict(contact.profile)


def change(api: Api, contact: pb.Contact, *paths: str, **values: Any) -> dict[str, Any]:
    with api.operator():
        return profile(api.update_contact(contact, *(paths or ("profile",)), profile=values))


def refused(api: Api, contact: pb.Contact, **values: Any) -> dict[str, str]:
    with pytest.raises(InvalidArgument) as error:
        change(api, contact, **values)
    return {fault.field: fault.reason for fault in error.value.violations}


@pytest.fixture
def mario(api: Api) -> pb.Contact:
    return api.new_contact(api.new_customer())


@pytest.mark.req("R-CON-18", "R-CON-19", "R-FRM-04")
def test_every_contact_has_one_type_and_any_categories(api: Api, mario: pb.Contact) -> None:
    assert profile(mario) == {"kind": "person"}
    stored = change(api, mario, kind="company", categories=["supplier", "client", "client"])
    assert stored == {"kind": "company", "categories": ["client", "supplier"]}
    assert change(api, mario, profession="Sarta") == {"kind": "company", "profession": "Sarta"}, "it is never without one"
    assert refused(api, mario, kind="robot") == {"contact.profile.kind": "OPTION_UNKNOWN"}


@pytest.mark.req("R-FLD-10")
def test_values_come_back_in_their_one_form_and_faults_are_named(api: Api, mario: pb.Contact) -> None:
    stored = change(api, mario, tax_code=" rssmra85t10a562s", iban="it60x0542811101000000123456", household_size="03", permit_kind="work")
    assert stored == {
        "kind": "person",
        "tax_code": "RSSMRA85T10A562S",
        "iban": "IT60X0542811101000000123456",
        "household_size": "3",
        "permit_kind": "work",
    }
    assert refused(api, mario, iban="IT00", household_size=3, nothing="x", family_members=[{"tax_code": "x"}]) == {
        "contact.profile.iban": "IBAN_INVALID",
        "contact.profile.household_size": "TYPE_INVALID",
        "contact.profile.nothing": "FIELD_UNKNOWN",
        "contact.profile.family_members[0].tax_code": "TAX_CODE_INVALID",
    }


@pytest.mark.req("R-FLD-10")
def test_a_new_contact_is_checked_as_a_changed_one(api: Api) -> None:
    with pytest.raises(InvalidArgument) as error:
        api.new_contact(api.new_customer(), profile={"vat_number": "123"})
    assert [(fault.field, fault.reason) for fault in error.value.violations] == [("contact.profile.vat_number", "VAT_NUMBER_INVALID")]


def test_one_field_is_changed_or_cleared_alone(api: Api, mario: pb.Contact) -> None:
    change(api, mario, profession="Sarta", employer="ABC")
    assert change(api, mario, "profile.employer", employer="XYZ") == {"kind": "person", "profession": "Sarta", "employer": "XYZ"}
    assert change(api, mario, "profile.employer") == {"kind": "person", "profession": "Sarta"}
    assert change(api, mario, "profile.profession", "profile.employer", employer="Z") == {"kind": "person", "employer": "Z"}
    assert [list(event.changed_fields) for event in api.events_of(ContactUpdated)][-1] == ["profile.employer", "profile.profession"]
    with pytest.raises(InvalidArgument):
        change(api, mario, "profile.employer.name", employer="Z")


@pytest.mark.req("R-FRM-02", "R-FRM-03", "R-FRM-06")
def test_what_a_block_holds_stays_while_it_is_off(api: Api, mario: pb.Contact) -> None:
    api.switch(membership=True)
    change(api, mario, membership_number="7", membership_cards=CARDS, profession="Sarta", source="fiera")
    api.switch(Field.EMPLOYMENT, membership=False)
    kept = {"membership_number": "7", "membership_cards": CARDS, "profession": "Sarta"}
    assert change(api, mario, source="passaparola") == {"kind": "person", "source": "passaparola"} | kept
    assert change(api, mario) == {"kind": "person"} | kept
    api.switch(membership=True)
    assert change(api, mario, membership_number="8") == {"kind": "person", "membership_number": "8"}


@pytest.mark.req("R-FRM-02")
def test_the_block_with_the_names_cannot_be_switched_off(api: Api) -> None:
    with pytest.raises(InvalidArgument) as error:
        api.switch(Field.FAMILY, Field.REGISTRY)
    assert error.value.reason == "BLOCK_ALWAYS_ON"


@pytest.mark.req("R-FLD-02", "R-FLD-05")
def test_a_required_field_is_asked_of_new_contacts_and_of_those_whose_profile_changes(api: Api, mario: pb.Contact) -> None:
    api.switch(custom_fields=True)
    api.new_field("Codice interno", required=True)
    assert refused(api, mario, profession="Sarta") == {"contact.profile.codice_interno": "REQUIRED"}
    with api.operator():
        api.update_contact(mario, first_name="Maria")
    with pytest.raises(InvalidArgument):
        api.new_contact(api.new_customer())
    api.switch(custom_fields=False)
    api.new_contact(api.new_customer())


@pytest.mark.req("R-FLD-06", "R-FLD-07")
def test_the_list_is_filtered_by_the_fields_that_allow_it(api: Api) -> None:
    api.switch(custom_fields=True)
    api.new_field("Anno", type="NUMBER", filterable=True)
    api.new_field("Attivo", type="YES_NO", filterable=True)
    api.new_field("Segreto")
    home = api.new_customer()
    values: dict[str, dict[str, Any]] = {
        "ada": {
            "kind": "company",
            "categories": ["client"],
            "anno": "9",
            "birth_date": "1980-02-03",
            "attivo": True,
            "source": "100% ok",
        },
        "bea": {"categories": ["client", "supplier"], "anno": "10.5", "birth_date": "1990-02-03", "attivo": False, "segreto": "x"},
        "ugo": {},
    }
    names = {api.new_contact(home, profile=each).name: name for name, each in values.items()}
    for wanted, expected in {
        "profile.kind = company": {"ada"},
        "profile.kind != company": {"bea", "ugo"},
        "profile.kind:company": {"ada"},
        "profile.kind:compan": set(),
        "profile.categories = client": {"ada", "bea"},
        "profile.categories:supplier": {"bea"},
        "profile.categories != supplier": {"ada", "ugo"},
        "NOT profile.categories = client": {"ugo"},
        "profile.categories:*": {"ada", "bea"},
        "profile.categories = null": {"ugo"},
        "profile.anno > 9": {"bea"},
        "profile.anno <= 10.50": {"ada", "bea"},
        "profile.anno = 10.5": {"bea"},
        "profile.anno != 9": {"bea", "ugo"},
        "profile.birth_date < 1985-01-01": {"ada"},
        "profile.birth_date != 1980-02-03": {"bea", "ugo"},
        "profile.attivo = true": {"ada"},
        "profile.attivo = false": {"bea"},
        'profile.source:"100% OK"': {"ada"},
        'profile.source:"%"': {"ada"},
        "profile.kind = person AND (profile.anno:* OR profile.attivo = null)": {"bea", "ugo"},
    }.items():
        with api.operator():
            assert {names[name] for name in api.found(filter=wanted)} == expected, wanted
    for hidden in ("profile.segreto = x", "profile.remarks:x", "profile.nothing = 1", "profile.family_members:*"):
        with api.operator(), pytest.raises(InvalidArgument) as error:
            api.found(filter=hidden)
        assert error.value.reason == "FILTER_FIELD_UNKNOWN"
    api.switch(custom_fields=False)
    with api.operator(), pytest.raises(InvalidArgument):
        api.found(filter="profile.anno = 9")


@pytest.mark.req("R-FLD-06", "R-GRP-08")
def test_a_filter_finds_nobody_who_is_hidden(api: Api) -> None:
    napoli, home = api.new_group("Napoli"), api.new_customer()
    seen = api.new_contact(home, profile={"source": "fiera"}, groups=[napoli.name])
    api.new_contact(home, profile={"source": "fiera"})
    with api.operator(napoli.name):
        assert api.found(filter="profile.source = fiera") == [seen.name]
        assert api.found(filter="profile.source != fiera") == []

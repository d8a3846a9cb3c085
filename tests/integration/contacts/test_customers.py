"""Customers over gRPC, through a real server with passports, on both databases."""

from __future__ import annotations

import pytest
from recapito.contacts.events.v1 import events_pb2
from recapito.contacts.v1 import customers_pb2, permissions_pb2
from recapito.type.v1 import type_pb2

from libs.errors import Aborted, AlreadyExists, InvalidArgument, RequestIdReused
from tests.integration.contacts.conftest import Api
from tests.integration.contacts.expected import ADDRESS, faults

Permissions, Preferences = permissions_pb2.Permissions, permissions_pb2.Preferences
ALLOW, DENY, INHERIT = Permissions.ALLOW, Permissions.DENY, Permissions.INHERIT
ON, OFF = Preferences.ON, Preferences.OFF


@pytest.mark.req("R-CUS-01", "R-CUS-03", "R-CUS-06", "R-CUS-08")
def test_a_customer_is_kept_as_it_was_given(api: Api) -> None:
    tax = type_pb2.TaxIdentity(
        legal_name="ABC Società a r.l.",
        vat_number="00743110157",
        tax_code="00743110157",
        certified_email="abc@pec.example",
        address=ADDRESS,
    )
    made = api.new_customer(
        display_name=" ABC  S.r.l. ",
        email="Uffici@ABC.example ",
        phone="+39 081 1234567",
        tax_identity=tax,
        categories=["CLIENT", "SUPPLIER"],
    )
    with api.operator():
        kept = api.customer_of(made.name)
    assert kept == made
    assert (kept.display_name, kept.email, kept.phone) == ("ABC S.r.l.", "Uffici@abc.example", "+390811234567")
    assert kept.tax_identity.vat_number == "IT00743110157"
    assert kept.tax_identity.address == ADDRESS
    assert kept.language_code == "it"
    assert [event.snapshot.tax_identity for event in api.events_of(events_pb2.CustomerCreated)] == [kept.tax_identity]


@pytest.mark.req("R-CUS-08")
def test_tax_ids_that_cannot_be_are_named(api: Api) -> None:
    with pytest.raises(InvalidArgument) as error:
        api.new_customer(tax_identity=type_pb2.TaxIdentity(vat_number="00743110158", tax_code="RSSMRA85T10A562X"))
    assert faults(error) == {
        "customer.tax_identity.vat_number": "VAT_NUMBER_INVALID",
        "customer.tax_identity.tax_code": "TAX_CODE_INVALID",
    }
    assert api.events() == []


def test_only_the_fields_of_the_mask_change(api: Api) -> None:
    customer = api.new_customer(email="info@abc.example", tax_identity=type_pb2.TaxIdentity(legal_name="ABC", address=ADDRESS))
    with api.operator():
        changed = api.update_customer(customer, "tax_identity.address.city", "email", tax_identity={"address": {"city": "Roma"}})
    assert changed.email == ""
    assert changed.tax_identity.address.city == "Roma"
    assert changed.tax_identity.address.street == "Via Roma 1"
    assert changed.tax_identity.legal_name == "ABC"
    assert api.events_of(events_pb2.CustomerUpdated)[0].version == 2
    with api.operator():
        assert api.update_customer(changed, "tax_identity.legal_name").tax_identity.legal_name == ""


def test_a_stale_etag_changes_nothing(api: Api) -> None:
    customer = api.new_customer()
    with api.operator():
        changed = api.update_customer(customer, "display_name", display_name="Nuovo", etag=customer.etag)
        with pytest.raises(Aborted) as error:
            api.update_customer(customer, "display_name", display_name="Altro", etag=customer.etag)
        assert error.value.reason == "ETAG_MISMATCH"
        assert api.customer_of(customer.name) == changed


def test_a_repeated_request_answers_the_same_and_makes_nothing_new(api: Api) -> None:
    customer = customers_pb2.Customer(kind=customers_pb2.Customer.COMPANY, display_name="ABC")
    with api.operator():
        request = customers_pb2.CreateCustomerRequest(customer=customer, request_id="r-1")
        first, second = api.customers.CreateCustomer(request), api.customers.CreateCustomer(request)
        assert first == second
        assert len(api.events()) == 1
        request.customer.display_name = "Other"
        with pytest.raises(AlreadyExists) as error:
            api.customers.CreateCustomer(request)
        assert error.value.reason == RequestIdReused.reason


def test_customers_are_found_by_parts_of_words_without_accents(api: Api) -> None:
    tax = type_pb2.TaxIdentity(vat_number="IT00743110157", address=ADDRESS)
    wanted = api.new_customer(display_name="Niccolò S.r.l.", tax_identity=tax)
    api.new_contact(wanted, email="rossi@person.example")
    api.new_customer(display_name="Altra 100% S.p.A.")
    for query in ("niccolo", "NICCOLÒ s.r", "srl", "IT00743110157", "napol", "rossi@person", "rossi niccolo"):
        with api.operator():
            found = api.customers.ListCustomers(customers_pb2.ListCustomersRequest(query=query)).customers
        assert [one.name for one in found] == [wanted.name], query


def test_wildcards_of_a_search_stand_for_themselves(api: Api) -> None:
    api.new_customer(display_name="Cento 100%")
    api.new_customer(display_name="Cento 100")
    for query, hits in (("100%", 1), ("1_0", 0), ("00%", 1), ("%", 0), ("\\", 0), ("'", 0)):
        with api.operator():
            assert len(api.customers.ListCustomers(customers_pb2.ListCustomersRequest(query=query)).customers) == hits


def test_customers_are_listed_by_name_page_by_page_and_filtered(api: Api) -> None:
    names = ["ada", "Bruno", "ìda", "Zeno"]
    for name in reversed(names):
        api.new_customer(display_name=name, kind="INDIVIDUAL" if name == "Zeno" else "COMPANY", categories=["PARTNER", "OTHER"])
    with api.operator():
        found, token = [], ""
        while True:
            page = api.customers.ListCustomers(customers_pb2.ListCustomersRequest(page_size=3, page_token=token))
            found += [one.display_name for one in page.customers]
            token = page.next_page_token
            if not token:
                break
        assert found == names
        request = customers_pb2.ListCustomersRequest(filter="kind = INDIVIDUAL AND category = PARTNER", order_by="create_time desc")
        assert [one.display_name for one in api.customers.ListCustomers(request).customers] == ["Zeno"]
        assert len(api.customers.ListCustomers(customers_pb2.ListCustomersRequest(filter="category != PARTNER")).customers) == 0
        with pytest.raises(InvalidArgument) as error:
            api.customers.ListCustomers(customers_pb2.ListCustomersRequest(filter="secret = 1"))
        assert "filter" in faults(error)

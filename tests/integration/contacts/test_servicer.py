"""The gRPC surface of contacts, through a real server with passports, on both databases."""

from __future__ import annotations

import pytest
from recapito.contacts.v1 import affiliations_pb2, contacts_pb2, customers_pb2

from tests.integration.contacts.conftest import Api


@pytest.mark.req("R-CUS-01", "R-CUS-02")
def test_a_customer_and_its_first_contact(api: Api) -> None:
    customer = api.new_customer(display_name="ABC S.r.l.")
    contact = api.new_contact(customer, first_name="Mario", last_name="Rossi", email="Mario@abc.example")
    assert contact.affiliations[0].primary
    with api.operator():
        assert api.customers.GetCustomer(customers_pb2.GetCustomerRequest(name=customer.name)).primary_contact == contact.name
        found = api.contacts.ListContacts(contacts_pb2.ListContactsRequest(filter=f'customer = "{customer.name}"'))
    assert [one.name for one in found.contacts] == [contact.name]
    query = affiliations_pb2.BatchGetCandidatesRequest.Query(party=customer.name)
    answer = api.affiliations.BatchGetCandidates(affiliations_pb2.BatchGetCandidatesRequest(queries=[query]))
    assert [one.contact for one in answer.parties[0].candidates] == [contact.name]
    assert answer.parties[0].candidates[0].primary

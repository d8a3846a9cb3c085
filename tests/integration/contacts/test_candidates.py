"""What notifications asks of contacts: who could be told."""

from __future__ import annotations

from uuid import uuid4

import pytest
from recapito.contacts.v1 import affiliations_pb2, contacts_pb2, permissions_pb2

from libs.errors import PermissionDenied
from tests.integration.contacts.conftest import Api
from tests.integration.contacts.expected import SECTIONS

Permissions, Preferences = permissions_pb2.Permissions, permissions_pb2.Preferences
ALLOW, DENY, INHERIT = Permissions.ALLOW, Permissions.DENY, Permissions.INHERIT
ON, OFF = Preferences.ON, Preferences.OFF


def candidates(api: Api, *queries: tuple[str, list[str]]) -> affiliations_pb2.BatchGetCandidatesResponse:
    wanted = [affiliations_pb2.BatchGetCandidatesRequest.Query(party=party, contacts=contacts) for party, contacts in queries]
    return api.affiliations.BatchGetCandidates(affiliations_pb2.BatchGetCandidatesRequest(queries=wanted))


def test_candidates_hold_all_that_the_selection_needs(api: Api) -> None:
    customer = api.new_customer(display_name="ABC", language_code="en", permissions={"support": "DENY"})
    second = api.new_contact(customer, last_name="Abba")
    first = api.new_contact(
        customer,
        email="zeta@abc.example",
        direction="RTL",
        block_ticket_email=True,
        newsletter=False,
        affiliations=[{"preferences": {"invoice": "OFF", "kinds": {"invoice_overdue": "ON"}}}],
    )
    with api.operator():
        api.affiliations.MakePrimary(affiliations_pb2.MakePrimaryRequest(name=first.affiliations[0].name))
    answer = candidates(api, (customer.name, []))
    assert (answer.organization_name, answer.time_zone) == ("La mia organizzazione", "Europe/Rome")
    party = answer.parties[0]
    assert (party.party, party.missing, party.display_name, party.language_code) == (customer.name, False, "ABC", "en")
    assert [(one.contact, one.primary) for one in party.candidates] == [(first.name, True), (second.name, False)]
    one = party.candidates[0]
    assert (one.email, one.first_name, one.last_name, one.language_code) == ("zeta@abc.example", "Mario", "Rossi", "en")
    assert (one.direction, one.block_ticket_email, one.newsletter) == (contacts_pb2.Contact.RTL, True, False)
    assert (one.preferences.invoice, one.preferences.task, dict(one.preferences.kinds)) == (OFF, ON, {"invoice_overdue": ON})
    assert (one.effective_permissions.support, one.effective_permissions.invoices) == (DENY, ALLOW)
    assert (one.contact_version, one.affiliation_version) == (1, 2)
    assert one.state == contacts_pb2.Contact.ACTIVE


@pytest.mark.req("R-CUS-05")
def test_the_mailbox_of_a_customer_is_a_candidate_only_while_it_has_no_contact(api: Api) -> None:
    customer = api.new_customer(email="info@abc.example")
    mailbox = candidates(api, (customer.name, [])).parties[0].candidates
    assert [(one.contact, one.email) for one in mailbox] == [("", "info@abc.example")]
    api.new_contact(customer)
    assert [one.contact != "" for one in candidates(api, (customer.name, [])).parties[0].candidates] == [True]
    assert not candidates(api, (api.new_customer().name, [])).parties[0].candidates


def test_parties_answer_in_order_with_missing_ones_and_contacts_named_by_hand(api: Api) -> None:
    one, other = api.new_customer(), api.new_customer()
    member, stranger = api.new_contact(one), api.new_contact(other)
    gone = api.new_contact(other)
    nowhere = f"customers/{uuid4()}"
    with api.operator():
        api.contacts.DeleteContact(contacts_pb2.DeleteContactRequest(name=gone.name))
    named = [stranger.name, gone.name, member.name, f"contacts/{uuid4()}"]
    answer = candidates(api, (nowhere, []), (one.name, named), (other.name, []), (one.name, []))
    assert [(party.party, party.missing) for party in answer.parties] == [
        (nowhere, True),
        (one.name, False),
        (other.name, False),
        (one.name, False),
    ]
    by_hand = answer.parties[1].candidates
    assert {candidate.contact: candidate.deleted for candidate in by_hand} == {member.name: False, stranger.name: False, gone.name: True}
    assert by_hand[0].contact == member.name
    outsider = next(candidate for candidate in by_hand if candidate.contact == stranger.name)
    assert outsider.email == stranger.email
    assert {getattr(outsider.effective_permissions, section) for section in SECTIONS} == {DENY}
    assert not outsider.primary
    assert len(answer.parties[3].candidates) == 1


def test_only_notifications_asks_for_candidates(api: Api) -> None:
    with api.operator(), pytest.raises(PermissionDenied):
        candidates(api, (f"customers/{uuid4()}", []))

"""Candidates on the wire: the hot path of every notification."""

from __future__ import annotations

from recapito.contacts.v1 import affiliations_pb2 as pb
from recapito.contacts.v1 import contacts_pb2

from libs.errors import InvalidArgument
from services.contacts.domain import Candidate, Candidates, Party, Query
from services.contacts.wire.contacts import direction
from services.contacts.wire.names import contact_name, contact_role_name, customer_name, reference_of
from services.contacts.wire.permissions import permissions, preferences


def query(message: pb.BatchGetCandidatesRequest.Query, index: int) -> Query:
    if not message.party.startswith("customers/"):
        raise InvalidArgument.of(f"queries[{index}].party", "is not the name of a customer", "NAME_INVALID")
    at = f"queries[{index}]"
    named = tuple(reference_of(name, f"{at}.contacts") for name in message.contacts)
    return Query(reference_of(message.party, f"{at}.party"), named)


def candidates(domain: Candidates) -> pb.BatchGetCandidatesResponse:
    return pb.BatchGetCandidatesResponse(
        parties=[_party(party) for party in domain.parties],
        organization_name=domain.organization_name,
        time_zone=domain.time_zone,
        area_off=not domain.area_on,
    )


def _party(domain: Party) -> pb.BatchGetCandidatesResponse.Party:
    return pb.BatchGetCandidatesResponse.Party(
        party=customer_name(domain.customer_id),
        missing=domain.missing,
        display_name=domain.display_name,
        language_code=domain.language_code,
        candidates=[_candidate(one) for one in domain.candidates],
    )


def _candidate(domain: Candidate) -> pb.Candidate:
    if domain.deleted and domain.contact_id is not None:
        return pb.Candidate(contact=contact_name(domain.contact_id), deleted=True)
    return pb.Candidate(
        contact=contact_name(domain.contact_id) if domain.contact_id else "",
        state=contacts_pb2.Contact.State.Value(domain.state.name),
        email=domain.email,
        first_name=domain.first_name,
        last_name=domain.last_name,
        language_code=domain.language_code,
        direction=direction(domain.direction),
        primary=domain.primary,
        contact_role=contact_role_name(domain.contact_role_id),
        preferences=preferences(domain.preferences),
        effective_permissions=permissions(domain.effective),
        block_ticket_email=domain.block_ticket_email,
        newsletter=domain.newsletter,
        open_tracking=domain.open_tracking,
        contact_version=domain.contact_version,
        affiliation_version=domain.affiliation_version,
    )

"""contacts over gRPC: who might be told, as it is now."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from uuid import UUID

import grpc
from recapito.contacts.v1 import (
    affiliations_pb2,
    affiliations_pb2_grpc,
    contacts_pb2,
    contacts_pb2_grpc,
    customers_pb2,
    customers_pb2_grpc,
    settings_pb2,
    settings_pb2_grpc,
)

from services.notifications import service, wire

AT_ONCE = 100  # customers in one call
CUSTOMERS_AT_ONCE = 500  # of a list
SETTINGS_KEPT_SECONDS = 60.0


class GrpcContacts:
    def __init__(self, channel: grpc.Channel, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._affiliations = affiliations_pb2_grpc.AffiliationsStub(channel)
        self._contacts = contacts_pb2_grpc.ContactsStub(channel)
        self._settings = settings_pb2_grpc.SettingsStub(channel)
        self._monotonic = monotonic
        self._organisation: tuple[float, tuple[str, str]] | None = None

    def parties(self, customer_ids: Sequence[UUID]) -> Sequence[service.Party]:
        found: list[service.Party] = []
        for at in range(0, len(customer_ids), AT_ONCE):
            asked = customer_ids[at : at + AT_ONCE]
            queries = [affiliations_pb2.BatchGetCandidatesRequest.Query(party=f"customers/{id_}") for id_ in asked]
            answer = self._affiliations.BatchGetCandidates(affiliations_pb2.BatchGetCandidatesRequest(queries=queries))
            found += [_party(id_, party, answer) for id_, party in zip(asked, answer.parties, strict=True)]
        return found

    def person(self, contact_id: UUID) -> service.Person:
        contact = self._contacts.GetContact(contacts_pb2.GetContactRequest(name=f"contacts/{contact_id}"))
        groups = frozenset(map(wire.id_of, contact.groups))
        return service.Person(contact_id, wire.id_of(contact.customer), groups, contact.open_tracking)

    def organisation(self) -> tuple[str, str]:
        """Name and time zone, asked again after a minute."""
        now = self._monotonic()
        if self._organisation is None or now - self._organisation[0] > SETTINGS_KEPT_SECONDS:
            settings = self._settings.GetContactsSettings(settings_pb2.GetContactsSettingsRequest(name="settings/contacts"))
            self._organisation = now, (settings.organization_name, settings.time_zone or "Europe/Rome")
        return self._organisation[1]


class GrpcCustomers:
    """The list of all customers, for what is built anew."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._customers = customers_pb2_grpc.CustomersStub(channel)

    def every(self) -> Iterator[service.KnownCustomer]:
        token = ""
        while True:
            page = self._customers.ListCustomers(customers_pb2.ListCustomersRequest(page_size=CUSTOMERS_AT_ONCE, page_token=token))
            for one in page.customers:
                yield service.KnownCustomer(wire.id_of(one.name), one.version, [wire.id_of(group) for group in one.groups])
            if not (token := page.next_page_token):
                return


def _party(
    customer_id: UUID, party: affiliations_pb2.BatchGetCandidatesResponse.Party, answer: affiliations_pb2.BatchGetCandidatesResponse
) -> service.Party:
    name = f"customers/{customer_id}"
    return service.Party(
        customer_id,
        party.display_name,
        party.missing,
        tuple(wire.candidate(candidate, name, party.language_code, area_off=answer.area_off) for candidate in party.candidates),
        answer.organization_name,
        answer.time_zone or "Europe/Rome",
    )

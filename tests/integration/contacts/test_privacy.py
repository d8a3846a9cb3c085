"""All about one person: complete for itself, as far as they see for operators, and nothing of anybody else."""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any
from uuid import UUID, uuid4

import pytest
from recapito.contacts.v1 import affiliations_pb2, contacts_pb2, customers_pb2, leads_pb2
from recapito.platform.v1.privacy_pb2 import ExportPersonalDataRequest
from recapito.platform.v1.privacy_pb2_grpc import PrivacyStub

from libs.errors import NotFound, PermissionDenied
from services.contacts import repository
from services.contacts.domain import Activity
from services.contacts.service.activities import Occurrence, record
from tests.audit import entries_in_outbox
from tests.integration.contacts.conftest import Api


def export(api: Api, name: str) -> list[dict[str, Any]]:
    """All lines, as whoever calls now."""
    parts = PrivacyStub(api.channel).ExportPersonalData(ExportPersonalDataRequest(name=name))
    return [json.loads(line) for line in b"".join(part.data for part in parts).splitlines()]


def kinds(records: list[dict[str, Any]]) -> list[str]:
    return sorted({one["kind"] for one in records})


def of_kind(records: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [one["data"] for one in records if one["kind"] == kind]


def known(api: Api, groups: tuple[str, ...] = ()) -> contacts_pb2.Contact:
    """A person with everything: it was a lead, is a customer itself, was merged, has notes, an activity, people above and below it."""
    lead = api.new_lead(last_name="Bevilacqua", origin="fiera", groups=groups)
    firm = api.new_customer(groups=groups)
    with api.operator():
        mario = api.leads.ConvertLead(leads_pb2.ConvertLeadRequest(name=lead.name, customer=firm.name))
        mario = api.update_contact(mario, newsletter=not mario.newsletter)
    itself = customers_pb2.Customer(name=api.new_customer(kind="INDIVIDUAL", display_name="Bevilacqua persona", groups=groups).name)
    double = api.new_contact(itself, last_name="Bevilacqua doppio", groups=groups)
    head, below = (api.new_contact(firm, last_name=name, groups=groups) for name in ("Superiori", "Sottoposti"))
    author = uuid4()
    with api.operator(account_id=author):
        api.write_note(mario.name, "chiama di mattina")
        api.write_note(itself.name, "cliente da sempre")
        api.merge(mario, double)
        api.link(head, mario, "segretaria")
        api.link(mario, below, "stagista")
        api.update_contact(mario, reports_to=head.name)
        mario = api.contact_of(mario.name)
    did = Activity(
        uuid4(), uuid4(), id_of(mario), "recapito.documents.invoice.viewed.v1", mario.create_time.ToDatetime(UTC), title="2026/7"
    )
    record([Occurrence(did.event_id, (did,))], uow=repository.SqlUnitOfWork(api.engine, "contacts"))
    return mario


def id_of(contact: contacts_pb2.Contact) -> UUID:
    return UUID(contact.name.split("/")[1])


def test_a_person_gets_everything_about_itself_and_nothing_of_others(api: Api) -> None:
    mario = known(api)
    with api.contact(mario, fresh=True):
        records = export(api, "contacts/me")
    assert kinds(records) == [
        "activity",
        "affiliation_as_it_was",
        "contact",
        "contact_as_it_was",
        "customer",
        "lead",
        "link",
        "merge",
        "merged_contact",
        "note",
    ]
    assert {one["text"] for one in of_kind(records, "note")} == {"chiama di mattina", "cliente da sempre"}
    assert [one["relation"] for one in of_kind(records, "link")] == ["segretaria"]
    assert len({one["newsletter"] for one in of_kind(records, "contact_as_it_was")}) == 2, "what it was told before is known too"
    assert all(one["permissions"] for one in of_kind(records, "affiliation_as_it_was"))
    written = json.dumps(records)
    assert not [word for word in ("Superiori", "Sottoposti", "accounts/", "etag", "reports_to", "stagista") if word in written]


def test_operators_get_what_they_see_and_the_audit_knows_it(api: Api) -> None:
    here, there = (api.new_group(name).name for name in ("Qui", "Là"))
    mario = known(api, (here,))
    abroad = api.new_customer(groups=[there], display_name="Altrove")
    with api.operator():
        joined = contacts_pb2.Affiliation(contact=mario.name)
        api.affiliations.CreateAffiliation(affiliations_pb2.CreateAffiliationRequest(parent=abroad.name, affiliation=joined))
    with api.operator(here):
        records = export(api, mario.name)
    assert kinds(records) == [
        "activity",
        "affiliation_as_it_was",
        "contact",
        "contact_as_it_was",
        "customer",
        "lead",
        "link",
        "merge",
        "note",
    ]
    assert abroad.name not in json.dumps(records)
    with api.operator():
        assert abroad.name in json.dumps(export(api, mario.name))
    (entry, _of_the_second) = [one for one in entries_in_outbox(api.engine) if one.method.endswith("ExportPersonalData")]
    assert (entry.resource, entry.result) == (mario.name, "OK")


def test_hidden_missing_and_somebody_else_are_the_same(api: Api) -> None:
    here, there = (api.new_group(name).name for name in ("Qui", "Là"))
    mario = api.new_contact(api.new_customer(), groups=[there])
    laura = api.new_contact(api.new_customer(groups=[here]), groups=[here])
    told = set()
    with api.operator(here):
        for name in (mario.name, f"contacts/{uuid4()}"):
            with pytest.raises(NotFound) as refused:
                export(api, name)
            told.add(str(refused.value).replace(name.split("/")[1], "…"))
    assert len(told) == 1
    with api.contact(laura, "PRIMARY", fresh=True):
        for name in (mario.name, f"contacts/{uuid4()}"):
            with pytest.raises(NotFound):
                export(api, name)
    assert not [one for one in entries_in_outbox(api.engine) if one.method.endswith("ExportPersonalData") and one.result == "OK"]


def test_it_wants_a_fresh_sign_in_and_the_capability(api: Api) -> None:
    laura = api.new_contact(api.new_customer())
    with api.contact(laura), pytest.raises(PermissionDenied) as refused:
        export(api, laura.name)
    assert refused.value.reason == "NOT_FRESH"
    with api.operator(capabilities=frozenset({"contacts.read"})), pytest.raises(PermissionDenied):
        export(api, laura.name)

"""The end of a lead's personal data: what goes, what stays, who may, and its place in the ledger."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from recapito.contacts.events.v1.events_pb2 import ErasureRequested
from recapito.contacts.v1 import contacts_pb2, erasures_pb2, leads_pb2
from recapito.contacts.v1.contacts_pb2 import ContactPoint
from recapito.contacts.v1.leads_pb2 import Lead
from recapito.platform.events.v1.events_pb2 import PersonalDataErased
from recapito.type.v1.type_pb2 import PostalAddress, Progress

from libs import database
from libs.errors import Aborted, FailedPrecondition, NotFound, PermissionDenied
from services.contacts import repository
from services.contacts.__main__ import now
from services.contacts.service import erasures as use_cases
from tests.integration.contacts.conftest import OPERATOR, Api
from tests.integration.contacts.test_consumer import deliver

PERSONAL = ("giuseppina", "bevilacqua", "+393451234567", "toledo", "titolaressa")


def giuseppina(api: Api, **fields: Any) -> Lead:
    given: dict[str, Any] = {
        "first_name": "Giuseppina",
        "last_name": "Bevilacqua",
        "company": "Bevilacqua S.r.l.",
        "position": "Titolaressa",
        "email": "giuseppina@bevilacqua.example",
        "contact_points": [ContactPoint(kind=ContactPoint.MOBILE, value="+39 345 1234567")],
        "address": PostalAddress(street="Via Toledo 1"),
        "owner": f"accounts/{uuid4()}",
    }
    return api.new_lead(**given | fields)


def anonymize(api: Api, lead: Lead, **fields: str) -> erasures_pb2.Erasure:
    return api.erasures.AnonymizeLead(erasures_pb2.AnonymizeLeadRequest(name=lead.name, **fields))


def lead_of(api: Api, lead: Lead) -> Lead:
    return api.leads.GetLead(leads_pb2.GetLeadRequest(name=lead.name))


def told_by_the_database(api: Api) -> str:
    with api.engine.connect() as connection:
        tables = [table for table in sa.inspect(api.engine).get_table_names() if table != "alembic_version"]
        return " ".join(str(connection.execute(sa.text(f'SELECT * FROM "{table}"')).all()) for table in tables).casefold()


@pytest.mark.req("R-DEL-07", "R-DEL-08", "R-DEL-09")
def test_nothing_is_left_of_a_lead_but_that_it_was_one(api: Api) -> None:
    group = api.new_group("Napoli")
    lead = giuseppina(api, groups=[group.name], origin="fiera")
    assert all(word in told_by_the_database(api) for word in PERSONAL)
    with api.operator():
        erasure = anonymize(api, lead)
        assert (erasure.subject, erasure.progress.state) == (lead.name, Progress.RUNNING)
        left = lead_of(api, lead)
        assert (left.state, list(left.groups), left.create_time) == (Lead.ANONYMIZED, [group.name], lead.create_time)
        assert left == Lead(
            name=left.name, state=left.state, groups=left.groups, create_time=left.create_time, etag=left.etag,
            newsletter=False, address=PostalAddress(),
        )  # fmt: skip
        with pytest.raises(FailedPrecondition) as error:
            api.leads.ConvertLead(leads_pb2.ConvertLeadRequest(name=lead.name))
        assert error.value.reason == "LEAD_ANONYMIZED"
    assert [word for word in PERSONAL if word in told_by_the_database(api)] == []
    (asked,) = api.events_of(ErasureRequested)
    assert asked.person == lead.name
    for service in ("documents", "identity", "notifications"):
        deliver(api, PersonalDataErased(erasure=asked.erasure, version=asked.version, service=service))
    with api.operator():
        complete = api.erasures.GetErasure(erasures_pb2.GetErasureRequest(name=asked.erasure))
        assert complete.progress.state == Progress.SUCCEEDED


@pytest.mark.req("R-DEL-07")
def test_the_lead_that_a_contact_was_is_erased_with_it_and_not_the_other_way_round(api: Api) -> None:
    first, second = giuseppina(api), giuseppina(api, email="g2@bevilacqua.example")
    home = api.new_customer()
    api.new_contact(home)
    convert = partial(leads_pb2.ConvertLeadRequest, customer=home.name)
    with api.operator():
        erased, stays = (api.leads.ConvertLead(convert(name=lead.name)) for lead in (first, second))
        api.erasures.AnonymizeContact(erasures_pb2.AnonymizeContactRequest(name=erased.name))
        assert (lead_of(api, first).state, lead_of(api, first).last_name) == (Lead.ANONYMIZED, "")
        anonymize(api, second)
        assert lead_of(api, second).contact == ""
        assert api.contact_of(stays.name).state == contacts_pb2.Contact.ACTIVE


def test_a_retry_and_a_second_request_erase_once(api: Api) -> None:
    lead = giuseppina(api)
    with api.operator(account_id=uuid4()):
        with pytest.raises(Aborted):
            anonymize(api, lead, etag='"9"')
        first = anonymize(api, lead, etag=lead.etag, request_id="r-1")
        etag = lead_of(api, lead).etag
        assert anonymize(api, lead, etag=lead.etag, request_id="r-1") == first
        assert anonymize(api, lead) == first
        assert lead_of(api, lead).etag == etag


def test_who_may_anonymize_is_a_capability_and_a_hidden_lead_is_a_missing_one(api: Api) -> None:
    """Security rule 26."""
    office, other = api.new_group("Napoli"), api.new_group("Roma")
    lead = giuseppina(api, groups=[other.name])
    with api.operator(capabilities=OPERATOR - {"contacts.anonymize"}), pytest.raises(PermissionDenied):
        anonymize(api, lead)
    with api.operator(office.name), pytest.raises(NotFound):
        anonymize(api, lead)
    with api.operator(other.name):
        erasure = anonymize(api, lead)
        assert api.erasures.GetErasure(erasures_pb2.GetErasureRequest(name=erasure.name)) == erasure
    with api.operator(office.name), pytest.raises(NotFound):
        api.erasures.GetErasure(erasures_pb2.GetErasureRequest(name=erasure.name))


def test_a_lead_that_a_restore_brings_back_is_erased_again(api: Api) -> None:
    """Security rule 63."""
    lead = giuseppina(api)
    with api.engine.connect() as connection:
        before = connection.execute(sa.select(repository.tables.leads)).mappings().one()
    with api.operator():
        anonymize(api, lead)
    with api.engine.begin() as connection:
        connection.execute(sa.update(repository.tables.leads).values(**before))
    new_uow = partial(repository.SqlUnitOfWork, api.engine, "contacts", now)
    with repository.reading(database.reader(api.engine)) as repositories:
        ledger = list(repositories.erasures.all())
    assert [erasure.person.id for erasure in ledger] == [UUID(lead.name.split("/")[1])]
    assert use_cases.reapply(ledger, new_uow=new_uow, clock=now) == 1
    with api.operator():
        assert lead_of(api, lead).state == Lead.ANONYMIZED
    assert len(api.events_of(ErasureRequested)) == 2

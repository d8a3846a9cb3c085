"""The end of a person's data in contacts: what goes, what stays, who may, and the ledger with its receipts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from google.api.httpbody_pb2 import HttpBody
from recapito.contacts.events.v1.events_pb2 import ContactCreated, ContactUpdated, CustomerUpdated, ErasureRequested, PrimaryContactChanged
from recapito.contacts.v1 import affiliations_pb2, contacts_pb2, erasures_pb2
from recapito.contacts.v1.contacts_pb2 import ContactPoint
from recapito.contacts.v1.permissions_pb2 import Preferences
from recapito.contacts.v1.transfers_pb2 import CreateImportJobRequest
from recapito.documents.events.v1.events_pb2 import InvoiceViewed
from recapito.platform.events.v1.events_pb2 import PersonalDataErased
from recapito.type.v1.type_pb2 import Progress, TaxIdentity

from libs.errors import FailedPrecondition, InvalidArgument, NotFound, PermissionDenied
from services.contacts import repository, wire
from services.contacts.__main__ import now
from services.contacts.service import erasures as use_cases
from tests.everything import everything
from tests.integration.contacts.conftest import OPERATOR, Api
from tests.integration.contacts.importing import IMPORTER, stub
from tests.integration.contacts.test_consumer import activities, deliver

PERSONAL = ("giuseppina", "bevilacqua", "g.bevilacqua", "+393451234567", "capoufficio", "asmatica")
OTHERS = ("documents", "identity", "notifications")


def giuseppina(api: Api, **fields: object) -> contacts_pb2.Contact:
    """A contact beside another one, with something of hers in every place that contacts has."""
    customer = api.new_customer()
    api.new_contact(customer)
    contact = api.new_contact(
        customer,
        first_name="Giuseppina",
        last_name="Bevilacqua",
        email="G.Bevilacqua@abc.example",
        contact_points=[ContactPoint(kind=ContactPoint.MOBILE, value="+39 345 1234567", label="di Giuseppina")],
        affiliations=[contacts_pb2.Affiliation(position="Capoufficio", contact_role=api.new_role(f"R{uuid4().hex[:6]}").name)],
        **fields,
    )
    with api.operator():
        api.write_note(contact.name, "Giuseppina è asmatica")
    return contact


def anonymize(api: Api, name: str, **fields: str) -> erasures_pb2.Erasure:
    return api.erasures.AnonymizeContact(erasures_pb2.AnonymizeContactRequest(name=name, **fields))


def erasure_of(api: Api, contact: contacts_pb2.Contact) -> erasures_pb2.Erasure:
    return api.erasures.GetErasure(erasures_pb2.GetErasureRequest(name=contact.name.replace("contacts/", "erasures/")))


def answer(api: Api, request: ErasureRequested, services: Sequence[str] = OTHERS, held: Sequence[str] = (), until: str = "") -> None:
    """Let services answer a request, each with its receipt."""
    for service in services:
        receipt = PersonalDataErased(erasure=request.erasure, version=request.version, service=service, erased_count=3)
        receipt.held.extend(held)
        receipt.held_until_date = until
        deliver(api, receipt)


@pytest.mark.req("R-DEL-07", "R-DEL-09")
def test_nothing_of_the_person_is_left_in_any_table(api: Api) -> None:
    contact = giuseppina(api)
    with api.operator(capabilities=IMPORTER):
        for name, query in (("Bevilacqua, Giuseppina", ""), ("La collega", "g.bevilacqua@abc.example"), ("Beviamo acqua", "acqua")):
            api.save_view(name, query=query)
        for name in ("scheda_Giuseppina_BEVILACQUA.csv", "soci.csv"):
            stub(api).CreateImportJob(CreateImportJobRequest(file_name=name, content=HttpBody(data=b"Nome\nAda\n")))
    with api.operator():
        assert all(word in everything(api.engine) for word in PERSONAL)
        erasure = anonymize(api, contact.name)
        stored = everything(api.engine)
        assert [word for word in PERSONAL if word in stored] == []
        assert not api.events_of(ContactUpdated)
        assert contact.name not in [event.contact for event in api.events_of(ContactCreated)]
    assert (erasure.name, erasure.subject) == (contact.name.replace("contacts/", "erasures/"), contact.name)
    assert erasure.progress.state == Progress.RUNNING
    assert [(one.service, one.erased_count) for one in erasure.receipts] == [("contacts", 6)]
    assert "beviamo acqua" in stored
    assert "soci.csv" in stored
    assert list(erasure.missing_services) == list(OTHERS)
    request = api.events_of(ErasureRequested)[-1]
    assert (request.erasure, request.version, request.person, list(request.customers)) == (
        erasure.name,
        1,
        contact.name,
        [contact.customer],
    )


@pytest.mark.req("R-DEL-08", "R-DEL-09")
def test_an_anonymised_contact_is_shown_as_such_and_can_only_be_read(api: Api) -> None:
    contact = giuseppina(api, groups=[api.new_group("Sud").name])
    viewed = deliver_view(api, contact)
    with api.operator():
        anonymize(api, contact.name)
        left = api.contact_of(contact.name)
        assert (left.first_name, left.last_name, left.state) == ("", "Persona anonimizzata", contacts_pb2.Contact.ANONYMIZED)
        assert (left.email, list(left.contact_points), left.access.enabled, left.newsletter) == ("", [], False, False)
        assert (left.customer, left.groups) == (contact.customer, contact.groups)
        assert [one.resource for one in activities(api, contact.name)] == [viewed]
        for refused in (
            lambda: api.update_contact(left, first_name="Giuseppina"),
            lambda: api.update_affiliation(left.affiliations[0].name, position="Capoufficio"),
            lambda: api.affiliations.MakePrimary(affiliations_pb2.MakePrimaryRequest(name=left.affiliations[0].name)),
            lambda: api.write_note(contact.name, "Era Giuseppina"),
        ):
            with pytest.raises(FailedPrecondition) as error:
                refused()
            assert error.value.reason == "CONTACT_ANONYMIZED"
        found = api.contacts.ListContacts(contacts_pb2.ListContactsRequest(filter="state = ANONYMIZED"))
        assert [one.name for one in found.contacts] == [contact.name]
        assert not api.contacts.ListContacts(contacts_pb2.ListContactsRequest(query="bevilacqua")).contacts
    again = api.new_contact(api.new_customer(), email="g.bevilacqua@ABC.example")
    with api.operator():
        assert activities(api, again.name) == []


def deliver_view(api: Api, contact: contacts_pb2.Contact) -> str:
    deliver(api, InvoiceViewed(invoice="invoices/1", version=1, customer=contact.customer, contact=contact.name, number="INV-2026-000007"))
    return "invoices/1"


# --- primary contacts ----------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-PRI-10")
def test_a_primary_contact_is_not_anonymised_while_there_is_somebody_else(api: Api) -> None:
    customer = api.new_customer()
    first, second = api.new_contact(customer), api.new_contact(customer)
    with api.operator():
        with pytest.raises(FailedPrecondition) as error:
            anonymize(api, first.name)
        assert error.value.reason == "CONTACT_IS_PRIMARY"
        assert api.contact_of(first.name) == first
        api.affiliations.MakePrimary(affiliations_pb2.MakePrimaryRequest(name=second.affiliations[0].name))
        anonymize(api, first.name)


@pytest.mark.req("R-PRI-10", "R-PRI-11")
def test_the_only_contact_stays_as_a_silent_primary_until_another_exists(api: Api) -> None:
    customer = api.new_customer()
    only = api.new_contact(customer)
    with api.operator():
        anonymize(api, only.name)
        silent = api.contact_of(only.name).affiliations[0]
        assert silent.primary
        assert {getattr(silent.preferences, name) for name in ("invoice", "ticket", "project")} == {Preferences.OFF}
        assert api.customer_of(customer.name).primary_contact == only.name
    second = api.new_contact(customer)
    with api.operator():
        assert [(one.contact, one.primary) for one in api.affiliations_of(customer.name)] == [(second.name, True), (only.name, False)]
    changed = api.events_of(PrimaryContactChanged)[-1]
    assert (changed.primary_contact, changed.previous_contact) == (second.name, only.name)


@pytest.mark.req("R-DEL-09")
def test_a_customer_that_is_the_person_goes_with_it_and_a_company_does_not(api: Api) -> None:
    itself = api.new_customer(
        kind="INDIVIDUAL",
        display_name="Giuseppina Bevilacqua",
        email="g.bevilacqua@abc.example",
        phone="+39 345 1234567",
        tax_identity=TaxIdentity(legal_name="Bevilacqua Giuseppina", tax_code="RSSMRA85T10A562S"),
    )
    with api.operator():
        api.write_note(itself.name, "Giuseppina è asmatica")
    company = api.new_customer(display_name="ACME S.r.l.")
    api.new_contact(company)
    affiliation = contacts_pb2.Affiliation(name=f"{company.name}/affiliations/-")
    contact = api.new_contact(itself, first_name="Giuseppina", last_name="Bevilacqua", affiliations=[affiliation])
    with api.operator():
        anonymize(api, contact.name)
        stored = everything(api.engine)
        assert [word for word in (*PERSONAL, "rssmra85t10a562s") if word in stored] == []
        assert api.customer_of(itself.name).display_name == "Persona anonimizzata"
        assert api.customer_of(company.name).display_name == "ACME S.r.l."
    assert [event.snapshot.display_name for event in api.events_of(CustomerUpdated)][-1] == "Persona anonimizzata"
    request = api.events_of(ErasureRequested)[-1]
    assert set(request.customers) == {itself.name, company.name}
    assert list(request.erased_customers) == [itself.name]


# --- who may, and what comes twice ---------------------------------------------------------------------------------------------------
def test_only_who_holds_the_capability_may_and_hidden_people_do_not_exist(api: Api) -> None:
    naples, rome = api.new_group("Napoli"), api.new_group("Roma")
    contact = giuseppina(api, groups=[rome.name])
    with api.operator(capabilities=OPERATOR - {"contacts.anonymize"}), pytest.raises(PermissionDenied):
        anonymize(api, contact.name)
    with api.contact(contact), pytest.raises(PermissionDenied):
        anonymize(api, contact.name)
    with api.operator(naples.name):
        for name in (contact.name, f"contacts/{uuid4()}"):
            with pytest.raises(NotFound):
                anonymize(api, name)
    with api.operator(rome.name):
        anonymize(api, contact.name)
        assert erasure_of(api, contact).subject == contact.name
    with api.operator(naples.name):
        with pytest.raises(NotFound):
            erasure_of(api, contact)
        with pytest.raises(NotFound):
            anonymize(api, contact.name)
        assert not api.erasures.ListErasures(erasures_pb2.ListErasuresRequest()).erasures


@pytest.mark.parametrize(("name", "error"), [("contacts/me", NotFound), ("contacts/x", InvalidArgument), ("", InvalidArgument)])
def test_a_name_that_is_none_is_refused(sqlite_api: Api, name: str, error: type[Exception]) -> None:
    with sqlite_api.operator(), pytest.raises((error, NotFound, InvalidArgument)):
        anonymize(sqlite_api, name)


@pytest.mark.req("R-DEL-08")
def test_a_retry_changes_nothing_and_asking_again_asks_for_what_is_missing(api: Api) -> None:
    contact = giuseppina(api)
    with api.operator(account_id=(operator := uuid4())):
        first = anonymize(api, contact.name, request_id="e-1", etag=contact.etag)
        assert anonymize(api, contact.name, request_id="e-1", etag=contact.etag) == first
        assert len(api.events_of(ErasureRequested)) == 1
    answer(api, api.events_of(ErasureRequested)[-1], ["identity", "documents"], held=["invoices"], until="2036-12-31")
    with api.operator(account_id=operator):
        again = anonymize(api, contact.name, request_id="e-2")
        assert list(again.missing_services) == ["notifications"]
        assert (again.progress.done_count, again.progress.total_count) == (3, 4)
        assert [event.version for event in api.events_of(ErasureRequested)] == [1, 1]
        assert [one.name for one in listed(api, "complete = false")] == [again.name]
    answer(api, api.events_of(ErasureRequested)[-1])
    with api.operator(account_id=operator):
        complete = erasure_of(api, contact)
        assert (complete.progress.state, list(complete.missing_services)) == (Progress.SUCCEEDED, [])
        assert [one.name for one in listed(api, "complete = true")] == [complete.name]
        assert not listed(api, "complete = false")
        assert anonymize(api, contact.name, request_id="e-3") == complete
        assert len(api.events_of(ErasureRequested)) == 2


def listed(api: Api, filter: str) -> list[erasures_pb2.Erasure]:  # noqa: A002 - the contract's word
    return list(api.erasures.ListErasures(erasures_pb2.ListErasuresRequest(filter=filter)).erasures)


def test_a_changed_contact_is_not_anonymised_with_an_old_etag(sqlite_api: Api) -> None:
    contact = giuseppina(sqlite_api)
    with sqlite_api.operator():
        sqlite_api.update_contact(contact, do_not_call=True)
        with pytest.raises(Exception, match="changed since"):
            anonymize(sqlite_api, contact.name, etag=contact.etag)
        assert sqlite_api.contact_of(contact.name).first_name == "Giuseppina"


@pytest.mark.req("R-DEL-09")
def test_a_deleted_contact_can_still_be_erased_by_who_sees_all(api: Api) -> None:
    naples = api.new_group("Napoli")
    contact = giuseppina(api, groups=[naples.name])
    with api.operator(naples.name):
        api.contacts.DeleteContact(contacts_pb2.DeleteContactRequest(name=contact.name, force=True))
        with pytest.raises(NotFound):
            anonymize(api, contact.name)
    with api.operator():
        erasure = anonymize(api, contact.name)
        assert [(one.service, one.erased_count) for one in erasure.receipts] == [("contacts", 0)]
        assert anonymize(api, contact.name).subject == contact.name
    assert [event.person for event in api.events_of(ErasureRequested)] == [contact.name, contact.name]


# --- after a restore -----------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-DEL-08")
@pytest.mark.parametrize("with_ledger", [True, False])
def test_the_ledger_erases_again_whoever_a_restore_brought_back(api: Api, with_ledger: bool) -> None:
    """Rule 63: the ledger of erased ids is applied again after any restore."""
    contact = giuseppina(api)
    with api.operator():
        anonymize(api, contact.name)
    answer(api, api.events_of(ErasureRequested)[-1])
    new_uow = partial(repository.SqlUnitOfWork, api.engine, "contacts")
    with repository.reading(api.engine) as repositories:
        kept = json.loads(json.dumps([wire.ledger_row(one) for one in repositories.erasures.all()]))
    restore(api, contact, with_ledger=with_ledger)
    assert use_cases.reapply([wire.of_ledger_row(row) for row in kept], new_uow=new_uow, clock=now) == 1
    stored = everything(api.engine)
    assert [word for word in PERSONAL if word in stored] == []
    with api.operator():
        erasure = erasure_of(api, contact)
        assert (erasure.progress.state, list(erasure.missing_services)) == (Progress.RUNNING, list(OTHERS))
    asked = api.events_of(ErasureRequested)
    assert [event.version for event in asked] == [1, 2]
    answer(api, asked[0])  # an answer from before the restore proves nothing
    with api.operator():
        assert list(erasure_of(api, contact).missing_services) == list(OTHERS)
    answer(api, asked[1])
    with api.operator():
        assert erasure_of(api, contact).progress.state == Progress.SUCCEEDED


def restore(api: Api, contact: contacts_pb2.Contact, *, with_ledger: bool) -> None:
    """Bring back what a backup from before the erasure holds."""
    id_ = UUID(contact.name.split("/")[1])
    contacts, erasures, receipts = (repository.metadata.tables[name] for name in ("contacts", "erasures", "erasure_receipts"))
    before = {"first_name": "Giuseppina", "last_name": "Bevilacqua", "email": "g.bevilacqua@abc.example", "state": "ACTIVE"}
    with api.engine.begin() as connection:
        connection.execute(sa.update(contacts).where(contacts.c.id == id_).values(before))
        if not with_ledger:
            connection.execute(sa.delete(receipts))
            connection.execute(sa.delete(erasures))


def test_a_person_who_is_primary_again_after_a_restore_gives_way(api: Api) -> None:
    customer = api.new_customer()
    first, second = api.new_contact(customer), api.new_contact(customer)
    with api.operator():
        api.affiliations.MakePrimary(affiliations_pb2.MakePrimaryRequest(name=second.affiliations[0].name))
        anonymize(api, first.name)
    customers = repository.metadata.tables["customers"]
    with api.engine.begin() as connection:
        connection.execute(sa.update(customers).values(primary_contact_id=UUID(first.name.split("/")[1])))
    with repository.reading(api.engine) as repositories:
        ledger = list(repositories.erasures.all())
    use_cases.reapply(ledger, new_uow=partial(repository.SqlUnitOfWork, api.engine, "contacts"), clock=now)
    with api.operator():
        assert api.customer_of(customer.name).primary_contact == second.name

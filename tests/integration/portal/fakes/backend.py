"""Every fake, tied together."""

from __future__ import annotations

from dataclasses import dataclass

from recapito.contacts.v1.settings_pb2 import ContactsSettings
from recapito.documents.v1.settings_pb2 import DocumentsSettings
from recapito.identity.v1.accounts_pb2 import Account

from libs.access import Caller, Kind
from services.portal.service import Services
from tests.integration.portal.fake_audit import FakeAudit
from tests.integration.portal.fakes.common import touched
from tests.integration.portal.fakes.contacts import FakeContacts
from tests.integration.portal.fakes.documents import FakeDocuments
from tests.integration.portal.fakes.erasures import FakeErasures
from tests.integration.portal.fakes.fields import FakeFields
from tests.integration.portal.fakes.identity import FakeIdentity
from tests.integration.portal.fakes.leads import FakeLeads
from tests.integration.portal.fakes.merges import FakeMerges
from tests.integration.portal.fakes.notes import FakeNotes
from tests.integration.portal.fakes.notifications import FakeNotifications
from tests.integration.portal.fakes.privacy import FakePrivacy
from tests.integration.portal.fakes.relations import FakeRelations
from tests.integration.portal.fakes.transfers import FakeTransfers
from tests.integration.portal.fakes.views import FakeViews


@dataclass
class Backend:
    identity: FakeIdentity
    contacts: FakeContacts
    documents: FakeDocuments
    notifications: FakeNotifications
    audit: FakeAudit
    notes: FakeNotes
    leads: FakeLeads
    relations: FakeRelations
    fields: FakeFields
    erasures: FakeErasures
    views: FakeViews
    transfers: FakeTransfers
    merges: FakeMerges
    privacy: FakePrivacy

    @property
    def services(self) -> Services:
        return Services(
            self.identity,
            self.contacts,
            self.documents,
            self.notifications,
            self.audit,
            leads=self.leads,
            relations=self.relations,
            merges=self.merges,
            fields=self.fields,
            erasures=self.erasures,
            views=self.views,
            transfers=self.transfers,
            privacy=self.privacy,
        )


def empty_backend() -> Backend:
    organisation = ContactsSettings(
        name="settings/contacts",
        organization_name="Studio Partenope",
        time_zone="Europe/Rome",
        language_code="it",
        modules=ContactsSettings.Modules(reserved_area=True),
    )
    contacts = FakeContacts(touched(organisation))
    identity = FakeIdentity(contacts)
    documents = FakeDocuments(touched(DocumentsSettings(name="settings/documents", currency_code="EUR", payment_term_days=30)))
    notifications = FakeNotifications(contacts, documents)

    def caller() -> Caller | None:
        token = next((token for token, session in identity.sessions.items() if session is identity.current), None)
        if token is None or identity.current is None:
            return None
        kind = identity.accounts[identity.current.account_id].kind
        if kind == Account.OPERATOR:
            return Caller(Kind.OPERATOR)
        chosen, permissions = contacts.acts(identity.current.account_id, identity.chosen)
        return Caller(Kind.CONTACT, customer_id=chosen, permissions=permissions)

    documents.caller = caller

    def account() -> str:
        return f"accounts/{identity.current.account_id}" if identity.current is not None else ""

    notes, views = FakeNotes(author=account), FakeViews(owner=account)
    contacts.require_fresh = documents.require_fresh = identity.require_fresh
    audit, leads, relations = FakeAudit(identity.require_fresh), FakeLeads(contacts), FakeRelations(contacts)
    fields, erasures = FakeFields(contacts), FakeErasures(contacts, identity.require_fresh)
    transfers, merges = FakeTransfers(contacts), FakeMerges(contacts, identity.require_fresh)
    privacy = FakePrivacy(contacts, identity.require_fresh)
    people = (fields, erasures, views, transfers, merges, privacy)
    return Backend(identity, contacts, documents, notifications, audit, notes, leads, relations, *people)

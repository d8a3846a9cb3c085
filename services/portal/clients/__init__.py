"""The other services over gRPC: one class per service, one method per call."""

from __future__ import annotations

import grpc

from libs.rpc import client
from libs.settings import RpcSettings
from services.portal.clients.audit import GrpcAudit
from services.portal.clients.contacts import GrpcContacts
from services.portal.clients.documents import GrpcDocuments
from services.portal.clients.erasures import GrpcErasures
from services.portal.clients.fields import GrpcFields
from services.portal.clients.identity import GrpcIdentity
from services.portal.clients.leads import GrpcLeads
from services.portal.clients.merges import GrpcMerges
from services.portal.clients.notes import GrpcNotes
from services.portal.clients.notifications import GrpcNotifications
from services.portal.clients.privacy import GrpcPrivacy
from services.portal.clients.relations import GrpcRelations
from services.portal.clients.transfers import GrpcTransfers
from services.portal.clients.views import GrpcViews
from services.portal.service import Services
from services.portal.service.notes import Notes

__all__ = ["connect", "connect_notes"]


def connect(settings: RpcSettings, *, contacts_address: str, documents_address: str, notifications_address: str) -> Services:
    """Open a channel to each service. Call it after a fork, never before."""

    def channel(address: str) -> grpc.Channel:
        return client.connect(address, service="portal", settings=settings)

    to_identity, to_contacts = channel(settings.identity_address), channel(contacts_address)
    to_documents, to_notifications = channel(documents_address), channel(notifications_address)
    of_all = {"identity": to_identity, "contacts": to_contacts, "documents": to_documents, "notifications": to_notifications}
    return Services(
        identity=GrpcIdentity(to_identity),
        contacts=GrpcContacts(to_contacts),
        documents=GrpcDocuments(to_documents),
        notifications=GrpcNotifications(to_notifications),
        audit=GrpcAudit(channel(settings.identity_address)),
        leads=GrpcLeads(channel(contacts_address)),
        relations=GrpcRelations(to_contacts),
        merges=GrpcMerges(to_contacts),
        fields=GrpcFields(to_contacts),
        erasures=GrpcErasures(to_contacts),
        views=GrpcViews(to_contacts),
        transfers=GrpcTransfers(to_contacts),
        privacy=GrpcPrivacy(of_all),
    )


def connect_notes(settings: RpcSettings, *, contacts_address: str) -> Notes:
    """Open a channel to the notes of operators; after a fork, as `connect`."""
    return GrpcNotes(client.connect(contacts_address, service="portal", settings=settings))

"""The other services over gRPC: one class per service, one method per call."""

from __future__ import annotations

import grpc

from libs.rpc import client
from services.portal.clients.contacts import GrpcContacts
from services.portal.clients.documents import GrpcDocuments
from services.portal.clients.identity import GrpcIdentity
from services.portal.clients.notifications import GrpcNotifications
from services.portal.service import Services
from services.portal.settings import Settings

__all__ = ["connect"]


def connect(settings: Settings) -> Services:
    """Open a channel to each service. Call it after a fork, never before."""

    def channel(address: str) -> grpc.Channel:
        return client.connect(address, service="portal", settings=settings)

    return Services(
        identity=GrpcIdentity(channel(settings.identity_address)),
        contacts=GrpcContacts(channel(settings.contacts_address)),
        documents=GrpcDocuments(channel(settings.documents_address)),
        notifications=GrpcNotifications(channel(settings.notifications_address)),
    )

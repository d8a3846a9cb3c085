"""The other services over gRPC."""

from __future__ import annotations

import re
from typing import Any

from recapito.contacts.v1 import affiliations_pb2_grpc, contacts_pb2_grpc, customers_pb2_grpc, groups_pb2_grpc
from recapito.contacts.v1 import settings_pb2_grpc as contacts_settings_pb2_grpc
from recapito.documents.v1 import invoices_pb2_grpc, payments_pb2_grpc
from recapito.documents.v1 import settings_pb2_grpc as documents_settings_pb2_grpc
from recapito.identity.v1 import accounts_pb2_grpc, links_pb2_grpc, policies_pb2_grpc, sessions_pb2_grpc, tokens_pb2, tokens_pb2_grpc
from recapito.notifications.v1 import dispatches_pb2_grpc, messages_pb2_grpc

from libs.rpc import client
from libs.rpc.passports import PassportVerifier
from services.portal.service import Backend
from services.portal.settings import Settings


def connect(settings: Settings) -> Backend:
    """Open a channel to each service. Call it after a fork, never before."""
    identity = client.connect(settings.identity_address, service="portal", settings=settings)
    contacts = client.connect(settings.contacts_address, service="portal", settings=settings)
    documents = client.connect(settings.documents_address, service="portal", settings=settings)
    notifications = client.connect(settings.notifications_address, service="portal", settings=settings)
    tokens = tokens_pb2_grpc.TokensStub(identity)
    verifier = PassportVerifier("portal", lambda: tokens.GetKeySet(tokens_pb2.GetKeySetRequest()).data)
    return Backend(
        sessions=_Resource(sessions_pb2_grpc.SessionsStub(identity)),
        links=_Resource(links_pb2_grpc.LinksStub(identity)),
        accounts=_Resource(accounts_pb2_grpc.AccountsStub(identity)),
        policies=_Resource(policies_pb2_grpc.PoliciesStub(identity)),
        customers=_Resource(customers_pb2_grpc.CustomersStub(contacts)),
        contacts=_Resource(contacts_pb2_grpc.ContactsStub(contacts)),
        affiliations=_Resource(affiliations_pb2_grpc.AffiliationsStub(contacts)),
        groups=_Resource(groups_pb2_grpc.GroupsStub(contacts)),
        contacts_settings=_Resource(contacts_settings_pb2_grpc.SettingsStub(contacts)),
        invoices=_Resource(invoices_pb2_grpc.InvoicesStub(documents)),
        payments=_Resource(payments_pb2_grpc.PaymentsStub(documents)),
        documents_settings=_Resource(documents_settings_pb2_grpc.SettingsStub(documents)),
        dispatches=_Resource(dispatches_pb2_grpc.DispatchesStub(notifications)),
        messages=_Resource(messages_pb2_grpc.MessagesStub(notifications)),
        read_passport=verifier.verify,
    )


class _Resource:
    """A generated stub under our names: GetInvoice is get_invoice. A test compares each protocol of service.py with its stub."""

    def __init__(self, stub: object) -> None:
        for rpc, call in vars(stub).items():
            setattr(self, re.sub(r"(?<!^)(?=[A-Z])", "_", rpc).lower(), call)

    def __getattr__(self, name: str) -> Any:  # for mypy: what the constructor set is found before
        raise AttributeError(f"there is no call {name}")

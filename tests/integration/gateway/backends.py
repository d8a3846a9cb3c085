"""Real gRPC servers with servicers that keep their state in memory, behind a real gateway."""
# ruff: noqa: N802 - the methods' names are those of the .proto

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import grpc
from google.api.httpbody_pb2 import HttpBody
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from joserfc.jwk import OKPKey
from pydantic import SecretStr
from recapito.contacts.v1 import contacts_pb2, contacts_pb2_grpc
from recapito.documents.v1 import invoices_pb2, invoices_pb2_grpc
from recapito.identity.v1 import sessions_pb2, sessions_pb2_grpc, tokens_pb2, tokens_pb2_grpc
from recapito.platform.v1 import privacy_pb2, privacy_pb2_grpc

from libs.access import Caller, Kind
from libs.errors import EtagMismatch, FailedPrecondition, InvalidArgument, NotFound, ResourceExhausted, Unauthenticated, Unavailable
from libs.ids import new_id
from libs.personal import SERVICES
from libs.rpc import context, passports
from libs.rpc.server import Server
from libs.settings import ServiceSettings

SECRET = "an internal secret for tests"
OPERATOR = UUID("01890000-0000-7000-8000-0000000000a1")
CONTACT = UUID("01890000-0000-7000-8000-0000000000c1")
CUSTOMER = UUID("01890000-0000-7000-8000-0000000000d1")
OPERATOR_TOKEN = "operator-session-token"
CONTACT_TOKEN = "contact-session-token"
ACCESS_TOKEN = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJvcGVyYXRvciJ9.c2lnbmF0dXJl"
PDF = b"%PDF-1.7 " + bytes(range(256)) * 1000
INVOICE_ETAG = "1"


@dataclass
class Sessions(sessions_pb2_grpc.SessionsServicer):
    key: OKPKey
    minted: list[str] = field(default_factory=list)
    created: list[sessions_pb2.CreateSessionRequest] = field(default_factory=list)

    def CreatePassport(self, request: sessions_pb2.CreatePassportRequest, context: grpc.ServicerContext) -> sessions_pb2.Passport:
        token = request.session_token or request.access_token
        self.minted.append(token)
        if token in {OPERATOR_TOKEN, ACCESS_TOKEN}:
            capabilities = frozenset({"documents.read", "documents.write", "documents.issue", "contacts.read", "contacts.anonymize"})
            fresh_until = datetime.now(UTC) + timedelta(minutes=5)
            caller = Caller(
                Kind.OPERATOR, OPERATOR, capabilities=capabilities, sees_all=True, session_state="OPEN", fresh_until=fresh_until
            )
        elif token == CONTACT_TOKEN:
            permissions = frozenset({"INVOICES"})
            caller = Caller(Kind.CONTACT, CONTACT, customer_id=CUSTOMER, permissions=permissions, session_state="OPEN")
        else:
            raise Unauthenticated("this session has ended", reason="SESSION_ENDED")
        return sessions_pb2.Passport(passport=passports.sign(caller, key=self.key, audience=request.audience, now=datetime.now(UTC)))

    def CreateSession(
        self, request: sessions_pb2.CreateSessionRequest, context: grpc.ServicerContext
    ) -> sessions_pb2.CreateSessionResponse:
        self.created.append(request)
        if request.password.password == "too often":
            raise ResourceExhausted("wait", reason="TOO_MANY_ATTEMPTS", retry_after_seconds=29.2)
        return sessions_pb2.CreateSessionResponse(session_token=OPERATOR_TOKEN)

    def DeleteSession(self, request: sessions_pb2.DeleteSessionRequest, context: grpc.ServicerContext) -> Empty:
        return Empty()

    def GetSession(self, request: sessions_pb2.GetSessionRequest, context: grpc.ServicerContext) -> sessions_pb2.Session:
        return sessions_pb2.Session(name=request.name)

    def ListSessions(self, request: sessions_pb2.ListSessionsRequest, context: grpc.ServicerContext) -> sessions_pb2.ListSessionsResponse:
        return sessions_pb2.ListSessionsResponse()

    def RevokeSessions(
        self, request: sessions_pb2.RevokeSessionsRequest, context: grpc.ServicerContext
    ) -> sessions_pb2.RevokeSessionsResponse:
        return sessions_pb2.RevokeSessionsResponse()


@dataclass
class Tokens(tokens_pb2_grpc.TokensServicer):
    asked: list[tokens_pb2.IssueTokenRequest] = field(default_factory=list)

    def IssueToken(self, request: tokens_pb2.IssueTokenRequest, context: grpc.ServicerContext) -> tokens_pb2.Token:
        self.asked.append(request)
        if request.subject_token != OPERATOR_TOKEN:
            raise Unauthenticated("this session has ended", reason="invalid_grant")
        return tokens_pb2.Token(access_token=ACCESS_TOKEN, token_type="Bearer", expires_in=300)

    def RevokeToken(self, request: tokens_pb2.RevokeTokenRequest, context: grpc.ServicerContext) -> Empty:
        return Empty()

    def GetKeySet(self, request: tokens_pb2.GetKeySetRequest, context: grpc.ServicerContext) -> HttpBody:
        return HttpBody(content_type="application/json", data=b'{"keys":[]}')


@dataclass
class Invoices(invoices_pb2_grpc.InvoicesServicer):
    kept: dict[str, invoices_pb2.Invoice] = field(default_factory=dict)
    calls: list[tuple[str, Message, Caller, str]] = field(default_factory=list)

    def _seen(self, name: str, request: Message) -> None:
        self.calls.append((name, request, context.caller(), context.language()))

    def _find(self, name: str) -> invoices_pb2.Invoice:
        if name not in self.kept:
            raise NotFound(f"{name} does not exist", reason="INVOICE_NOT_FOUND")
        return self.kept[name]

    def ListInvoices(self, request: invoices_pb2.ListInvoicesRequest, context: grpc.ServicerContext) -> invoices_pb2.ListInvoicesResponse:
        self._seen("ListInvoices", request)
        return invoices_pb2.ListInvoicesResponse(invoices=list(self.kept.values())[: request.page_size or 50])

    def GetInvoice(self, request: invoices_pb2.GetInvoiceRequest, context: grpc.ServicerContext) -> invoices_pb2.Invoice:
        self._seen("GetInvoice", request)
        return self._find(request.name)

    def CreateInvoice(self, request: invoices_pb2.CreateInvoiceRequest, context: grpc.ServicerContext) -> invoices_pb2.Invoice:
        self._seen("CreateInvoice", request)
        made = invoices_pb2.Invoice()
        made.CopyFrom(request.invoice)
        made.name, made.state, made.etag = f"invoices/{new_id()}", invoices_pb2.Invoice.DRAFT, INVOICE_ETAG
        made.create_time.FromDatetime(datetime(2026, 1, 31, 9, tzinfo=UTC))
        self.kept[made.name] = made
        return made

    def UpdateInvoice(self, request: invoices_pb2.UpdateInvoiceRequest, context: grpc.ServicerContext) -> invoices_pb2.Invoice:
        self._seen("UpdateInvoice", request)
        current = self._find(request.invoice.name)
        if request.invoice.etag not in {"", current.etag}:
            raise EtagMismatch("the invoice changed")
        request.update_mask.MergeMessage(request.invoice, current, replace_message_field=True, replace_repeated_field=True)
        return current

    def DeleteInvoice(self, request: invoices_pb2.DeleteInvoiceRequest, context: grpc.ServicerContext) -> Empty:
        self._seen("DeleteInvoice", request)
        del self.kept[self._find(request.name).name]
        return Empty()

    def IssueInvoice(self, request: invoices_pb2.IssueInvoiceRequest, context: grpc.ServicerContext) -> invoices_pb2.Invoice:
        self._seen("IssueInvoice", request)
        invoice = self._find(request.name)
        if not invoice.lines:
            raise FailedPrecondition("the invoice has no lines", reason="INVOICE_EMPTY", metadata={"invoice": request.name})
        invoice.state = invoices_pb2.Invoice.ISSUED
        return invoice

    def DownloadInvoice(self, request: invoices_pb2.DownloadInvoiceRequest, context: grpc.ServicerContext) -> Iterator[HttpBody]:
        self._seen("DownloadInvoice", request)
        if self._find(request.name).state != invoices_pb2.Invoice.ISSUED:
            raise FailedPrecondition("a draft has no document", reason="INVOICE_DRAFT")
        context.send_initial_metadata((("content-disposition", 'attachment; filename="INV-1.pdf"'), ("file-size", str(len(PDF)))))
        for start in range(0, len(PDF), 64 * 1024):
            yield HttpBody(content_type="application/pdf", data=PDF[start : start + 64 * 1024])


class Contacts(contacts_pb2_grpc.ContactsServicer):
    """Goes wrong in every way."""

    def GetContact(self, request: contacts_pb2.GetContactRequest, context: grpc.ServicerContext) -> contacts_pb2.Contact:
        raise ZeroDivisionError("a secret in a defect")

    def ListContacts(self, request: contacts_pb2.ListContactsRequest, context: grpc.ServicerContext) -> contacts_pb2.ListContactsResponse:
        raise InvalidArgument.of("filter", "is not one", "FILTER_INVALID")

    def CreateContact(self, request: contacts_pb2.CreateContactRequest, context: grpc.ServicerContext) -> contacts_pb2.Contact:
        return request.contact

    def UpdateContact(self, request: contacts_pb2.UpdateContactRequest, context: grpc.ServicerContext) -> contacts_pb2.Contact:
        return request.contact

    def DeleteContact(self, request: contacts_pb2.DeleteContactRequest, context: grpc.ServicerContext) -> Empty:
        return Empty()

    def ListActivities(
        self, request: contacts_pb2.ListActivitiesRequest, context: grpc.ServicerContext
    ) -> contacts_pb2.ListActivitiesResponse:
        threading.Event().wait(1.0)
        return contacts_pb2.ListActivitiesResponse()


@dataclass
class Privacy(privacy_pb2_grpc.PrivacyServicer):
    """One of each service; away: it breaks off after its first part."""

    service: str
    away: bool = False

    def ExportPersonalData(self, request: privacy_pb2.ExportPersonalDataRequest, call: grpc.ServicerContext) -> Iterator[HttpBody]:
        if not request.name.endswith(("me", str(CONTACT))):
            raise NotFound(f"{request.name} does not exist", reason="CONTACT_NOT_FOUND")
        yield HttpBody(content_type="application/jsonl", data=f"{self.service}\n".encode())
        if self.away:
            raise Unavailable("gone in the middle", retry_after_seconds=1)
        yield HttpBody(data=f"{context.caller()}\n".encode())


@dataclass
class Backends:
    privacy: dict[str, Privacy]
    sessions: Sessions
    tokens: Tokens
    invoices: Invoices
    addresses: dict[str, str]


def settings(address: str = "127.0.0.1:0") -> ServiceSettings:
    return ServiceSettings(
        environment="test",
        listen_address=address,
        internal_secret=SecretStr(SECRET),
        server_threads=4,
        database_url=SecretStr("sqlite://"),
        bus_url=SecretStr("sqlite://"),
    )


@contextmanager
def running(folder: str) -> Iterator[Backends]:
    """Serve all four on UNIX sockets in `folder`; notifications knows only its part of an archive, and is not at its address."""
    key = OKPKey.generate_key("Ed25519", {"kid": "one"})
    public = key.as_dict(private=False) | {"kid": "one"}

    def keys() -> bytes:
        return json.dumps({"keys": [public]}).encode()

    found = Backends(
        {name: Privacy(name) for name in SERVICES},
        Sessions(key),  # type: ignore[abstract] # what the gateway's tests do not ask is left out
        Tokens(),  # type: ignore[abstract] # likewise
        Invoices(),
        {name: f"unix:{folder}/{name}.sock" for name in SERVICES},
    )
    served_at = dict(found.addresses)
    found.addresses["notifications"] = f"unix:{folder}/nobody.sock"
    servers = [_server(name, served_at[name], keys) for name in SERVICES]
    contacts, identity, documents, _notifications = servers
    for name, server in zip(SERVICES, servers, strict=True):
        server.add(
            privacy_pb2_grpc.add_PrivacyServicer_to_server,
            found.privacy[name],
            privacy_pb2.DESCRIPTOR.services_by_name["Privacy"],
        )
    identity.add(sessions_pb2_grpc.add_SessionsServicer_to_server, found.sessions, sessions_pb2.DESCRIPTOR.services_by_name["Sessions"])
    identity.add(tokens_pb2_grpc.add_TokensServicer_to_server, found.tokens, tokens_pb2.DESCRIPTOR.services_by_name["Tokens"])
    documents.add(invoices_pb2_grpc.add_InvoicesServicer_to_server, found.invoices, invoices_pb2.DESCRIPTOR.services_by_name["Invoices"])
    served = Contacts()  # type: ignore[abstract] # what the gateway’s tests do not ask is left out
    contacts.add(contacts_pb2_grpc.add_ContactsServicer_to_server, served, contacts_pb2.DESCRIPTOR.services_by_name["Contacts"])
    for server in servers:
        server.start()
    try:
        yield found
    finally:
        for server in servers:
            server.stop()


def _server(name: str, address: str, keys: Callable[[], bytes]) -> Server:
    return Server(name, settings(address), passports.PassportVerifier(name, keys).verify)

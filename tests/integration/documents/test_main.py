"""Documents as it is built for real: settings, serve and work, with contacts and identity answering over gRPC."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc
import pytest
from google.api.httpbody_pb2 import HttpBody
from joserfc.jwk import KeySet, OKPKey
from pydantic import ValidationError
from recapito.contacts.v1 import customers_pb2, customers_pb2_grpc
from recapito.documents.events.v1.events_pb2 import InvoiceIssued
from recapito.documents.v1 import document_pb2, invoices_pb2, invoices_pb2_grpc, settings_pb2, settings_pb2_grpc
from recapito.identity.v1 import tokens_pb2, tokens_pb2_grpc
from recapito.notifications.events.v1.events_pb2 import MessageSent
from sqlalchemy.engine import Engine

from libs import database
from libs.access import Caller
from libs.errors import NotFound, Unavailable
from libs.ids import new_id
from libs.messaging import bus
from libs.messaging.event import event_of, type_of
from libs.rpc import client, context, passports
from libs.rpc.server import Server
from services.documents import __main__ as documents
from services.documents import clients, wire
from services.documents.settings import Settings
from tests.unit.documents.builders import ACME, ISSUER, NOON, NORTH, TAX_IDENTITY, operator

Eventually = Callable[..., object]
KEY = OKPKey.generate_key("Ed25519", {"kid": "k1"})


class Identity(tokens_pb2_grpc.TokensServicer):
    def GetKeySet(self, request: tokens_pb2.GetKeySetRequest, context: grpc.ServicerContext) -> HttpBody:  # noqa: N802 - the contract's
        return HttpBody(data=json.dumps(KeySet([KEY]).as_dict(private=False)).encode())


class Contacts(customers_pb2_grpc.CustomersServicer):
    """Holds five customers, and gives them two to a page."""

    ids: tuple[UUID, ...] = (ACME, *(UUID(int=number + 1) for number in range(4)))

    @staticmethod
    def customer(customer_id: UUID) -> customers_pb2.Customer:
        return customers_pb2.Customer(
            name=f"customers/{customer_id}",
            kind=customers_pb2.Customer.COMPANY,
            display_name="ABC",
            tax_identity=wire.tax_identity(TAX_IDENTITY),
            language_code="en-GB",
            groups=[f"groups/{NORTH}"],
        )

    def GetCustomer(  # noqa: N802 - the contract's
        self, request: customers_pb2.GetCustomerRequest, context: grpc.ServicerContext
    ) -> customers_pb2.Customer:
        customer_id = wire.id_of(request.name)
        if customer_id not in self.ids:
            context.abort(grpc.StatusCode.NOT_FOUND, "no such customer")
        return self.customer(customer_id)

    def ListCustomers(  # noqa: N802 - the contract's
        self, request: customers_pb2.ListCustomersRequest, context: grpc.ServicerContext
    ) -> customers_pb2.ListCustomersResponse:
        start = int(request.page_token or 0)
        token = str(start + 2) if start + 2 < len(self.ids) else ""
        page = [self.customer(customer_id) for customer_id in self.ids[start : start + 2]]
        return customers_pb2.ListCustomersResponse(customers=page, next_page_token=token)


@pytest.fixture
def world_address() -> Iterator[str]:
    """Where contacts and identity answer."""
    server = grpc.server(futures.ThreadPoolExecutor(4))
    tokens_pb2_grpc.add_TokensServicer_to_server(Identity(), server)  # type: ignore[abstract] # documents asks for the keys alone
    customers_pb2_grpc.add_CustomersServicer_to_server(Contacts(), server)  # type: ignore[abstract] # documents only reads
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(0).wait()


@pytest.fixture
def settings(world_address: str, sqlite_url: str, tmp_path: Path) -> Settings:
    values: dict[str, Any] = {
        "listen_address": "127.0.0.1:0",
        "internal_secret": "s" * 32,
        "identity_address": world_address,
        "contacts_address": world_address,
        "database_url": sqlite_url,
        "bus_url": f"sqlite:///{tmp_path}/bus.db",
        "storage_url": (tmp_path / "files").as_uri(),
    }
    return Settings(**values)


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    engine = database.connect(sqlite_url)
    database.migrate(engine, "services.documents")
    yield engine
    engine.dispose()


@pytest.fixture
def server(settings: Settings, engine: Engine) -> Iterator[Server]:
    server = documents.serve(settings)
    server.start()
    yield server
    server.stop()


def as_person(caller: Caller) -> Any:
    return context.as_person(passports.sign(caller, key=KEY, audience=["documents"], now=datetime.now(UTC)))


def channel(server: Server, settings: Settings) -> grpc.Channel:
    return client.connect(f"127.0.0.1:{server.port}", service="gateway", settings=settings)


def issued(server: Server, settings: Settings) -> invoices_pb2.Invoice:
    """An invoice issued through real passports, for a customer asked for over gRPC."""
    with as_person(operator(fresh_until=datetime(2099, 1, 1, tzinfo=UTC))):
        wanted = settings_pb2.DocumentsSettings(name="settings/documents", issuer=wire.tax_identity(ISSUER))
        change = settings_pb2.UpdateDocumentsSettingsRequest(documents_settings=wanted)
        change.update_mask.paths.append("issuer")
        settings_pb2_grpc.SettingsStub(channel(server, settings)).UpdateDocumentsSettings(change)
        invoices = invoices_pb2_grpc.InvoicesStub(channel(server, settings))
        line = document_pb2.Line(description="Consulting", unit_price="100", vat_rate_percent="22")
        draft = invoices_pb2.CreateInvoiceRequest(invoice=invoices_pb2.Invoice(customer=f"customers/{ACME}", lines=[line]))
        return invoices.IssueInvoice(invoices_pb2.IssueInvoiceRequest(name=invoices.CreateInvoice(draft).name))


def test_an_invoice_goes_out_and_comes_back_as_sent(server: Server, settings: Settings, tmp_path: Path, eventually: Eventually) -> None:
    events = bus.connect(settings.bus_url.get_secret_value())
    events.declare("notifications", [type_of(InvoiceIssued)])
    stop = threading.Event()
    threads = [threading.Thread(target=body, args=[stop]) for body in documents.work(settings)]
    for thread in threads:
        thread.start()
    try:
        invoice = issued(server, settings)
        with closing(events.subscription("notifications", [type_of(InvoiceIssued)])) as heard:
            (received,) = heard.take(10, 10)
            assert received.event is not None
            assert received.event.subject == invoice.name
            heard.settle([received])
        eventually(lambda: list((tmp_path / "files").rglob("*.pdf")))
        sent = MessageSent(message=f"messages/{new_id()}", version=1, subject_resource=invoice.name)
        with closing(events.publisher()) as publisher:
            publisher.publish([event_of(sent, id=new_id(), source="notifications", time=NOON)])
        stub = invoices_pb2_grpc.InvoicesStub(channel(server, settings))
        with as_person(operator()):
            eventually(lambda: stub.GetInvoice(invoices_pb2.GetInvoiceRequest(name=invoice.name)).state == invoices_pb2.Invoice.SENT)
    finally:
        stop.set()
        for thread in threads:
            thread.join(10)
    assert not [thread for thread in threads if thread.is_alive()]


def test_a_customer_comes_as_contacts_describes_it(settings: Settings) -> None:
    contacts = clients.GrpcContacts(client.connect(settings.contacts_address, service="documents", settings=settings))
    found = contacts.customer(ACME)
    assert (found.id, found.language_code, found.groups, found.tax_identity) == (ACME, "en", frozenset({NORTH}), TAX_IDENTITY)
    with pytest.raises(NotFound):
        contacts.customer(new_id())
    assert tuple(customer.id for customer in contacts.customers()) == Contacts.ids


def test_without_contacts_nothing_is_issued_and_the_caller_may_try_again(server: Server, settings: Settings, engine: Engine) -> None:
    away = documents.serve(settings.model_copy(update={"contacts_address": "localhost:1"}))
    away.start()
    wanted = invoices_pb2.CreateInvoiceRequest(invoice=invoices_pb2.Invoice(customer=f"customers/{ACME}"))
    with as_person(operator()), pytest.raises(Unavailable):
        invoices_pb2_grpc.InvoicesStub(channel(away, settings)).CreateInvoice(wanted)
    away.stop()
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM invoices").scalar_one() == 0


def test_reproject_takes_all_customers_over(settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Settings, "load", lambda: settings)
    documents.main(["reproject"], standalone_mode=False)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM customers").scalar_one() == 5


def test_an_unknown_time_zone_stops_the_start(settings: Settings) -> None:
    with pytest.raises(ValidationError, match="time_zone"):
        Settings(**{**settings.model_dump(), "time_zone": "Europe/Atlantis"})

"""What documents uses outside its database: contacts over gRPC, typst, the store of files."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import grpc
import typst
from recapito.contacts.v1 import customers_pb2, customers_pb2_grpc

from libs import storage
from libs.errors import AlreadyExists
from services.documents import wire
from services.documents.domain.customers import Customer

PAGE_SIZE = 500
TEMPLATE = Path(__file__).parent / "pdf" / "invoice.typ"


class GrpcContacts:
    def __init__(self, channel: grpc.Channel) -> None:
        self._customers = customers_pb2_grpc.CustomersStub(channel)

    def customer(self, customer_id: UUID) -> Customer:
        return wire.customer_of(self._customers.GetCustomer(customers_pb2.GetCustomerRequest(name=f"customers/{customer_id}")))

    def customers(self) -> Iterator[Customer]:
        token = ""
        while True:
            page = self._customers.ListCustomers(customers_pb2.ListCustomersRequest(page_size=PAGE_SIZE, page_token=token))
            yield from map(wire.customer_of, page.customers)
            if not (token := page.next_page_token):
                return


class TypstRenderer:
    """Renders PDF/A-3b with one kept compiler, which is three times as fast as a new one each time and serves one thread at once."""

    def __init__(self, font_folder: str = "") -> None:
        fonts = typst.Fonts(font_paths=[font_folder] if font_folder else [])
        self._compiler = typst.Compiler(str(TEMPLATE), root=str(TEMPLATE.parent), font_paths=fonts)
        self._lock = threading.Lock()

    def pdf(self, content: Mapping[str, object]) -> bytes:
        inputs = {"invoice": json.dumps(content, ensure_ascii=False)}
        with self._lock:
            rendered = self._compiler.compile(format="pdf", sys_inputs=inputs, pdf_standards=["a-3b"])
        if not isinstance(rendered, bytes):
            raise TypeError("typst gave no single file")
        return rendered


@dataclass(frozen=True)
class StoredFiles:
    files: storage.Files

    def put(self, key: str, content: bytes) -> bool:
        try:
            self.files.put(key, content)
        except AlreadyExists:
            return False
        return True

    def get(self, key: str) -> bytes:
        return b"".join(self.files.get(key).chunks)

"""What documents uses outside its database: contacts over gRPC, typst, the store of files."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import grpc
import typst
from recapito.contacts.v1 import customers_pb2, customers_pb2_grpc

from libs import storage, telemetry
from libs.errors import AlreadyExists
from services.documents import wire
from services.documents.domain.customers import Customer

PAGE_SIZE = 500
MOST_ATTEMPTS = 4
TEMPLATE = Path(__file__).parent / "pdf" / "invoice.typ"

log = telemetry.logger(__name__)


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
    """Renders PDF/A-3b that is also PDF/UA-1, with one kept compiler: faster than a new one each time, and for one thread at once.

    font_folder: further fonts. own_fonts_only: without the system's, as on a machine that has none.
    """

    def __init__(self, font_folder: str = "", *, own_fonts_only: bool = False) -> None:
        fonts = typst.Fonts(include_system_fonts=not own_fonts_only, font_paths=[font_folder] if font_folder else [])
        self._compiler = typst.Compiler(str(TEMPLATE), root=str(TEMPLATE.parent), font_paths=fonts)
        self._lock = threading.Lock()

    def pdf(self, content: Mapping[str, object]) -> bytes:
        """Return the PDF. A sign that no font has is printed as "?", because PDF/A refuses gaps and an invoice must come out."""
        text = json.dumps(content, ensure_ascii=False)
        for _ in range(MOST_ATTEMPTS):
            try:
                return self._compile(text)
            except typst.TypstError as error:
                if not (missing := _missing_signs(error)):
                    raise
                log.warning("no font has these signs", signs=len(missing))
                text = text.translate(dict.fromkeys(map(ord, missing), "?"))
        return self._compile("".join(sign if sign < "\u0180" else "?" for sign in text))

    def _compile(self, text: str) -> bytes:
        with self._lock:
            rendered = self._compiler.compile(format="pdf", sys_inputs={"invoice": text}, pdf_standards=["a-3b", "ua-1"])
        if not isinstance(rendered, bytes):
            raise TypeError("typst gave no single file")
        return rendered


_UNPRINTED = re.compile(r'the text `"(.+?)"` could not be displayed')
_ESCAPED = re.compile(r"\\u\{([0-9a-fA-F]+)\}")


def _missing_signs(error: typst.TypstError) -> set[str]:
    """Read the signs without a glyph from typst's complaint; never one that JSON is written with."""
    named = "".join(_UNPRINTED.findall(f"{error.message}\n{error.diagnostic}"))
    return {sign for sign in _ESCAPED.sub(lambda found: chr(int(found[1], 16)), named) if not sign.isascii()}


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

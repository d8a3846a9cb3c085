"""Use cases of the PDF: rendered once, stored once, the same bytes ever after."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from libs.access import Caller
from libs.errors import Internal
from libs.unit_of_work import Clock
from services.documents import wire
from services.documents.domain.invoices import Invoice, InvoiceIsDraft, State
from services.documents.domain.renditions import Rendition
from services.documents.service import ITSELF, Files, Reader, Renderer, UnitOfWork, metrics

BATCH = 20


@dataclass(frozen=True)
class Download:
    filename: str
    content: bytes


@dataclass(frozen=True)
class Copies:
    """What it takes to make and keep the copies of documents."""

    new_reader: Callable[[], Reader]
    new_uow: Callable[[], UnitOfWork]
    renderer: Renderer
    files: Files
    clock: Clock

    def download_invoice(self, invoice_id: UUID, *, caller: Caller) -> Download:
        """Return the PDF as issued; whoever asks before the job has stored it, stores it."""
        with self.new_reader() as reader:
            invoice = reader.invoices.get(invoice_id, caller)
            if invoice.state is State.DRAFT:
                raise InvoiceIsDraft(f"invoice {invoice_id} is a DRAFT; it has no PDF yet", metadata={"invoice": f"invoices/{invoice_id}"})
            rendition = reader.renditions.get(invoice_id)
        if not rendition.stored:
            return Download(wire.filename(invoice), self._store(invoice, rendition))
        content = self.files.get(rendition.key)
        if not rendition.matches(content):
            raise Internal(f"the stored copy of invoice {invoice_id} is not what was stored", reason="COPY_DAMAGED")
        return Download(wire.filename(invoice), content)

    def claim_due(self) -> Sequence[UUID]:
        """Return invoices whose PDF is missing, at most 20; for a minute they are ours."""
        with self.new_uow() as uow:
            due = uow.renditions.claim(BATCH, self.clock())
            uow.commit()
        return due

    def store(self, invoice_id: UUID) -> None:
        """Store the PDF of an issued invoice, unless it is."""
        with self.new_reader() as reader:
            invoice, rendition = reader.invoices.get(invoice_id, ITSELF), reader.renditions.get(invoice_id)
        if not rendition.stored:
            self._store(invoice, rendition)

    def _store(self, invoice: Invoice, rendition: Rendition) -> bytes:
        """Render and keep. When two do it at once, the first stored copy is the document and both give that."""
        with metrics.RENDERING_SECONDS.time():
            content = self.renderer.pdf(wire.pdf_content(invoice))
        if not self.files.put(rendition.key, content):
            content = self.files.get(rendition.key)
        with self.new_uow() as uow:
            uow.renditions.complete(rendition.of(content), self.clock())
            uow.commit()
        return content

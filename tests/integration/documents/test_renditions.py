"""The PDF: what it says, its form, and that it is one."""

from __future__ import annotations

import json
import re
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from recapito.documents.v1 import invoices_pb2 as pb

from libs import telemetry
from libs.errors import FailedPrecondition, Internal
from services.documents import clients, jobs, wire
from services.documents.domain.document import PostalAddress, TaxIdentity
from services.documents.domain.invoices import Invoice
from services.documents.service import RENDITIONS_CHANNEL
from tests.integration.documents.calls import created, issued
from tests.integration.documents.conftest import Documents
from tests.unit.documents import builders
from tests.unit.documents.builders import ACME, ISSUER, TAX_IDENTITY, contact, customer

Eventually = Callable[..., object]


def downloaded(documents: Documents, name: str) -> bytes:
    return b"".join(chunk.data for chunk in documents.invoices.DownloadInvoice(pb.DownloadInvoiceRequest(name=name)))


def text_of(pdf: bytes) -> str:
    """What a reader can copy out of it, words separated by one space."""
    found = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True).stdout.decode()
    return re.sub(r"\s+", " ", found)


@pytest.fixture(scope="module")
def renderer() -> clients.TypstRenderer:
    return clients.TypstRenderer()


def printed(renderer: clients.TypstRenderer, invoice: Invoice) -> bytes:
    return renderer.pdf(wire.pdf_content(invoice))


# --- what it says -------------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-CUS-09")
def test_the_pdf_bears_the_customers_tax_identifiers_by_itself(documents: Documents) -> None:
    text = text_of(downloaded(documents, issued(documents).name))
    assert f"Partita IVA {TAX_IDENTITY.vat_number}" in text
    assert f"Codice fiscale {TAX_IDENTITY.tax_code}" in text
    assert "Codice destinatario 0000000" in text
    assert "PEC abc@pec.example" in text


@pytest.mark.req("R-CUS-07")
def test_the_pdf_bears_the_billing_address(documents: Documents) -> None:
    text = text_of(downloaded(documents, issued(documents).name))
    assert all(part in text for part in ("ABC S.r.l.", "Corso Umberto I 10", "80138 Napoli (NA)"))


@pytest.mark.req("R-CUS-10")
def test_a_pdf_made_after_the_profile_changed_is_of_the_day_of_issue(documents: Documents) -> None:
    invoice = issued(documents)
    documents.contacts.known[ACME] = customer(tax_identity=replace(TAX_IDENTITY, vat_number="IT99999999990"))
    assert TAX_IDENTITY.vat_number in text_of(downloaded(documents, invoice.name))


def test_an_italian_invoice_is_written_as_italians_write(renderer: clients.TypstRenderer) -> None:
    lines = (
        builders.line("1234.5", quantity=Decimal("2.5"), unit="h", discount_percent=Decimal(10)),
        builders.line("100", "0", vat_exemption_code="N4"),
    )
    text = text_of(printed(renderer, builders.issued(lines=lines, notes="Grazie\ne arrivederci")))
    for part in (
        "Fattura INV-2026-000001",
        "22/11/2026",
        "Manutenzione 2,5 h 1.234,50 10% 22% 2.777,63",
        "N4 100,00 0,00",
        "Imponibile 2.877,63 EUR",
        "IVA 611,08 EUR",
        "3.488,71 EUR",
        "IT60 X054 2811 1010 0000 0123 456",
        "Grazie e arrivederci",
        "Pagina 1 di 1",
        ISSUER.vat_number,
    ):
        assert part in text


def test_an_english_customer_gets_english_words_and_figures(renderer: clients.TypstRenderer) -> None:
    abroad = TaxIdentity("Acme Ltd", "GB123456789", address=PostalAddress("1 High Street", "London", "", "SW1A 1AA", "GB"))
    buyer = customer(language_code="en", tax_identity=abroad)
    invoice = builders.draft(lines=(builders.line("1234.5"),)).issue(
        "INV-1", builders.TODAY, builders.NOON, customer=buyer, settings=builders.settings()
    )
    text = text_of(printed(renderer, invoice))
    for part in (
        "Invoice INV-1",
        "22 Nov 2026",
        "1,234.50",
        "Total 1,506.09 EUR",
        "VAT number GB123456789",
        "SW1A 1AA London",
        "GB",
        "Page 1 of 1",
    ):
        assert part in text


def test_a_long_invoice_goes_on_over_pages_with_its_heads(renderer: clients.TypstRenderer) -> None:
    text = text_of(printed(renderer, builders.issued(lines=tuple(builders.line(str(number)) for number in range(1, 120)))))
    assert "Pagina 1 di 4" in text
    assert text.count("Descrizione Quantità Prezzo") >= 3


def test_markup_in_texts_is_printed_as_it_is(renderer: clients.TypstRenderer) -> None:
    hostile = '#panic("x") *bold* $x^2$ @ref <label> `code` \\ // no {"a": 1}'
    text = text_of(printed(renderer, builders.issued(lines=(builders.line(description=hostile),), notes=hostile)))
    assert text.count(hostile) == 2


def test_a_word_longer_than_its_column_is_broken(renderer: clients.TypstRenderer) -> None:
    invoice = builders.issued(lines=(builders.line("77.00", description="x" * 300),))
    assert "x" * 300 not in text_of(printed(renderer, invoice))
    assert "77,00 22% 77,00" in text_of(printed(renderer, invoice))


@pytest.mark.parametrize("own_fonts_only", [False, True])
def test_any_script_comes_out_also_on_a_machine_without_fonts(own_fonts_only: bool) -> None:
    text = "Caffè Łódź Ελλάδα Москва عربي עברית 漢字 \U0001f468\u200d\U0001f469 \ufffe"
    pdf = printed(
        clients.TypstRenderer(own_fonts_only=own_fonts_only), builders.issued(lines=(builders.line(description=text),), notes=text)
    )
    assert "Caffè Łódź Ελλάδα Москва" in text_of(pdf)


# --- its form -----------------------------------------------------------------------------------------------------------------------
def test_it_is_pdf_a_3b_tagged_with_title_language_and_fonts_inside(renderer: clients.TypstRenderer) -> None:
    pdf = printed(renderer, builders.issued())
    assert re.search(rb"<pdfaid:part>3</pdfaid:part>\s*<pdfaid:conformance>B</pdfaid:conformance>", pdf)
    assert b"<pdfuaid:part>1</pdfuaid:part>" in pdf
    assert b"/StructTreeRoot" in pdf
    assert re.search(rb"/Lang\s*\(it\)", pdf)
    assert b"Fattura INV-2026-000001" in pdf
    info = subprocess.run(["pdffonts", "-"], input=pdf, capture_output=True, check=True).stdout.decode().splitlines()[2:]
    assert info
    assert all(re.search(r"yes\s+yes\s+yes", font) for font in info)  # embedded, subset, with its characters


def test_a_kept_compiler_prints_each_invoice_for_itself(renderer: clients.TypstRenderer) -> None:
    numbers = [f"INV-2026-{number:06}" for number in range(20)]
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: printed(renderer, builders.issued(number)), numbers))
    assert all(number in text_of(pdf) for number, pdf in zip(numbers, made, strict=True))


# --- there is one -------------------------------------------------------------------------------------------------------------------
def test_a_draft_has_no_pdf(documents: Documents) -> None:
    with pytest.raises(FailedPrecondition) as caught:
        downloaded(documents, created(documents).name)
    assert caught.value.reason == "INVOICE_IS_DRAFT"


def test_a_download_says_its_name_kind_and_length(documents: Documents) -> None:
    invoice = issued(documents)
    call: Any = documents.invoices.DownloadInvoice(pb.DownloadInvoiceRequest(name=invoice.name))
    chunks = list(call)
    head = dict(call.initial_metadata())
    assert head["content-disposition"] == 'attachment; filename="INV-2026-000001.pdf"'
    assert int(head["file-size"]) == sum(len(chunk.data) for chunk in chunks)
    assert {chunk.content_type for chunk in chunks} == {"application/pdf"}
    assert max(len(chunk.data) for chunk in chunks) <= 64 * 1024


def test_each_download_gives_the_same_bytes(documents: Documents) -> None:
    invoice = issued(documents)
    first = downloaded(documents, invoice.name)
    documents.now = documents.now + timedelta(days=400)
    assert downloaded(documents, invoice.name) == first
    with documents.as_(contact()):
        assert downloaded(documents, invoice.name) == first


def test_whoever_comes_first_stores_it_and_all_get_that(documents: Documents, tmp_path: Path) -> None:
    invoice_id, fetch = wire.id_of(issued(documents).name), documents.copies.download_invoice
    with ThreadPoolExecutor(12) as pool:
        made = set(pool.map(lambda _: fetch(invoice_id, caller=builders.operator()).content, range(12)))
    assert len(made) == 1
    assert [path.read_bytes() for path in (tmp_path / "files").rglob("*.pdf")] == list(made)


def test_a_copy_that_was_tampered_with_is_not_given_out(documents: Documents, tmp_path: Path) -> None:
    invoice = issued(documents)
    downloaded(documents, invoice.name)
    (stored,) = (tmp_path / "files").rglob("*.pdf")
    stored.write_bytes(stored.read_bytes().replace(b"/Lang", b"/Gnal"))
    with pytest.raises(Internal):
        downloaded(documents, invoice.name)


def test_the_job_is_woken_by_the_issue_and_stores_it(
    documents: Documents, tmp_path: Path, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "WAIT_SECONDS", 60.0)
    stop, looked = threading.Event(), threading.Event()

    def clock() -> datetime:
        looked.set()
        return builders.NOON

    watched = replace(documents.copies, clock=clock)
    job = threading.Thread(target=jobs.store_renditions(documents.engine, watched), args=[stop])
    job.start()
    assert looked.wait(10)  # it has seen that there is nothing to do, and waits
    invoice = issued(documents)
    eventually(lambda: list((tmp_path / "files").rglob("*.pdf")), 5)
    assert downloaded(documents, invoice.name).startswith(b"%PDF")
    assert len(list((tmp_path / "files").rglob("*.pdf"))) == 1
    stop.set()
    with documents.new_uow() as uow:
        uow.wake(RENDITIONS_CHANNEL)
        uow.commit()
    job.join(10)
    assert not job.is_alive()


class Failing:
    """A renderer that fails for one invoice."""

    def __init__(self, inner: clients.TypstRenderer, number: str) -> None:
        self._inner, self._number = inner, number

    def pdf(self, content: Any) -> bytes:
        if content["number"] == self._number:
            raise RuntimeError("broken")
        return self._inner.pdf(content)


def test_a_copy_that_fails_does_not_hold_up_the_others_and_is_tried_again(documents: Documents, tmp_path: Path) -> None:
    for _ in range(3):
        issued(documents)
    task = telemetry.Task("documents", "render", 1)
    broken = replace(documents.copies, renderer=Failing(clients.TypstRenderer(), "INV-2026-000001"))
    assert jobs._store(broken, task) == 3
    assert len(list((tmp_path / "files").rglob("*.pdf"))) == 2
    assert jobs._store(documents.copies, task) == 0  # leased still
    documents.now = documents.now + timedelta(minutes=2)
    assert jobs._store(documents.copies, task) == 1
    assert len(list((tmp_path / "files").rglob("*.pdf"))) == 3


def test_rendering_costs_little_more_than_typst_itself(renderer: clients.TypstRenderer) -> None:
    def invoices(round_: int) -> list[Invoice]:
        """Each with its own texts: typst remembers the layout of what it has seen."""
        made = []
        for number in range(30):
            lines = tuple(builders.line(f"{round_}.{number:02}", description=f"{round_} {number} {at}") for at in range(10))
            made.append(builders.issued(f"INV-{round_}-{number}", lines=lines))
        return made

    def bare_seconds(round_: int) -> float:
        written = [json.dumps(wire.pdf_content(invoice)) for invoice in invoices(round_)]
        started = time.perf_counter()
        for text in written:
            renderer._compile(text)
        return time.perf_counter() - started

    def our_seconds(round_: int) -> float:
        issued_ones = invoices(round_)
        started = time.perf_counter()
        for invoice in issued_ones:
            printed(renderer, invoice)
        return time.perf_counter() - started

    assert max(bare_seconds(2 * round_) / our_seconds(2 * round_ + 1) for round_ in range(3)) > 0.8

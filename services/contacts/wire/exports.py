"""People as files: the chunks of one, as they are made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from recapito.contacts.v1 import transfers_pb2 as pb

from libs.errors import InvalidArgument
from services.contacts.domain import Contact
from services.contacts.domain.fields import Catalogue
from services.contacts.domain.listed import Listed, columns_of
from services.contacts.wire.files import MOST_XLSX_ROWS, csv_lines, vcards, workbook

TYPES = {
    pb.ExportContactsRequest.CSV: ("text/csv; charset=utf-8", "csv"),
    pb.ExportContactsRequest.XLSX: ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
    pb.ExportContactsRequest.VCARD: ("text/vcard; charset=utf-8", "vcf"),
}


def exported_file(
    request: pb.ExportContactsRequest, people: Iterator[Sequence[Listed]], catalogue: Catalogue, language: str
) -> Iterator[bytes]:
    """Give the bytes of a file, page by page."""
    columns = columns_of(list(request.fields), catalogue, language)
    if request.format == pb.ExportContactsRequest.VCARD:
        yield from (vcards(_cards(page)) for page in people)
        return
    first = [[column.header for column in columns]]
    pages = ([[column.cell(person) for column in columns] for person in page] for page in people)
    if request.format == pb.ExportContactsRequest.XLSX:
        yield from workbook(chain([first], _at_most(pages)))
        return
    yield csv_lines(first, start=True)
    yield from (csv_lines(page, start=False) for page in pages)


def _cards(page: Sequence[Listed]) -> Iterator[tuple[Contact, str, str]]:
    for person in page:
        position = person.home.affiliation.position if person.home else ""
        yield person.contact, person.customer.display_name if person.customer else "", position


def _at_most(pages: Iterator[list[list[str]]]) -> Iterator[list[list[str]]]:
    count = 0
    for page in pages:
        count += len(page)
        if count > MOST_XLSX_ROWS:
            raise InvalidArgument.of("format", f"holds at most {MOST_XLSX_ROWS} contacts: choose CSV", "EXPORT_TOO_LARGE")
        yield page

"""People as files: the chunks of one, as they are made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from recapito.contacts.v1 import transfers_pb2 as pb

from libs.errors import InvalidArgument
from services.contacts.domain import Contact
from services.contacts.domain.listed import Listed, checked_fields, headers, line
from services.contacts.wire.files import MOST_XLSX_ROWS, csv_lines, vcards, workbook

CHUNK_BYTES = 1024 * 1024
TYPES = {
    pb.ExportContactsRequest.CSV: ("text/csv; charset=utf-8", "csv"),
    pb.ExportContactsRequest.XLSX: ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
    pb.ExportContactsRequest.VCARD: ("text/vcard; charset=utf-8", "vcf"),
}


def exported_file(request: pb.ExportContactsRequest, people: Iterator[Sequence[Listed]], language: str) -> Iterator[bytes]:
    """Give the bytes of a file. CSV and vCard leave page by page; a workbook leaves when it is whole, hence its limit."""
    fields = checked_fields(list(request.fields))
    first = [headers(fields, language)]
    match request.format:
        case pb.ExportContactsRequest.VCARD:
            yield from (vcards(_cards(page)) for page in people)
        case pb.ExportContactsRequest.XLSX:
            lines = list(_at_most(line(person, fields, language) for page in people for person in page))
            content = workbook([*first, *lines])
            yield from (content[start : start + CHUNK_BYTES] for start in range(0, len(content), CHUNK_BYTES))
        case _:
            yield csv_lines(first, start=True)
            yield from (csv_lines([line(person, fields, language) for person in page], start=False) for page in people)


def _cards(page: Sequence[Listed]) -> Iterator[tuple[Contact, str, str]]:
    for person in page:
        position = person.home.affiliation.position if person.home else ""
        yield person.contact, person.customer.display_name if person.customer else "", position


def _at_most(lines: Iterator[list[str]]) -> Iterator[list[str]]:
    for count, one in enumerate(lines, 1):
        if count > MOST_XLSX_ROWS:
            raise InvalidArgument.of("format", f"holds at most {MOST_XLSX_ROWS} contacts: choose CSV", "EXPORT_TOO_LARGE")
        yield one

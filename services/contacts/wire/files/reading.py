"""A file of any of the formats as one sheet of text. The format is what the content says, not the name."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from services.contacts.domain.imports import Format
from services.contacts.wire.files import csv_files, vcards, workbooks
from services.contacts.wire.files.limits import MIB, MOST_BYTES, FileRefused, Row, checked_headers, limited, too_big, unreadable

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # XLS, and a workbook with a password
_BINARY = (
    b"%PDF",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"\x1f\x8b",
    b"7z\xbc\xaf",
    b"Rar!",
    b"\x7fELF",
    b"MZ",
    b"SQLite",
    b"{\\rtf",
    b"<",
)
_CARD = re.compile(r"\s*BEGIN:VCARD\b", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]")


@dataclass(frozen=True)
class Sheet:
    """headers: of the columns. rows: cells as text, read as they are asked for; FileRefused while reading refuses the whole file."""

    format: Format
    headers: list[str]
    rows: Iterator[Row]


def read(content: bytes) -> Sheet:
    """Return a file as a sheet. FileRefused when it is no such file, cannot be read, or is empty."""
    if len(content) > MOST_BYTES:
        raise too_big(f"{MOST_BYTES // MIB} MiB")
    if not content.strip():
        raise FileRefused("holds nothing", "IMPORT_EMPTY")
    if content.startswith(b"PK"):
        return _sheet(Format.XLSX, workbooks.rows_of(content))
    if content.startswith(_OLE):
        raise unreadable()
    if content.lstrip().startswith(_BINARY):
        raise FileRefused("is neither CSV nor XLSX nor vCard", "IMPORT_FORMAT_UNKNOWN")
    text = csv_files.decoded(content)
    if _CARD.match(text):
        return _sheet(Format.VCARD, vcards.rows_of(text))
    return _sheet(Format.CSV, csv_files.rows_of(text))


def _sheet(format_: Format, rows: Iterator[Row]) -> Sheet:
    filled = limited(rows)
    first = next(filled, None)
    if first is None:
        raise FileRefused("holds nothing", "IMPORT_EMPTY")
    headers = checked_headers(first)
    if not any(_WORD.search(header) for header in headers) or any("@" in header for header in headers):
        raise FileRefused("has no row with the names of the columns", "IMPORT_NO_HEADER")
    second = next(filled, None)
    if second is None:
        raise FileRefused("holds no row below the names of the columns", "IMPORT_EMPTY")
    return Sheet(format_, headers, itertools.chain([second], filled))

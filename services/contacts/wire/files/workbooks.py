"""XLSX that comes in: a ZIP of XML, so it is counted while it is unzipped, and its XML is looked at before anything parses it."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from typing import Any

import openpyxl

from libs.errors import ServiceError
from services.contacts.wire.files.limits import MIB, MOST_COLUMNS, FileRefused, Row, too_big, unreadable

MOST_PARTS = 500
MOST_UNZIPPED_BYTES = 200 * MIB
MOST_SHARED_BYTES = 40 * MIB  # the texts of the cells are all in memory at once; rows are not
MOST_OTHER_BYTES = 8 * MIB  # styles and relations, which are small and parsed whole
_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml", re.IGNORECASE)
_SHARED = "xl/sharedstrings.xml"
_DECLARED = re.compile(rb"<\x00?!\x00?(?:D\x00?O\x00?C\x00?T|E\x00?N\x00?T)", re.IGNORECASE)  # DOCTYPE, ENTITY, in UTF-16 too
_PIECE = 64 * 1024


def rows_of(content: bytes) -> Iterator[Row]:
    """Give the rows of the first sheet; FileRefused at the first sign that this is no workbook, or one made to do harm."""
    try:
        _check(content)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
            sheet: Any = book.worksheets[0]
            sheet.reset_dimensions()  # they are what the file says, and rows would be filled up to them
            for row in sheet.iter_rows(values_only=True, max_col=MOST_COLUMNS + 1):
                yield _texts(row)
    except ServiceError:
        raise
    except Exception as error:  # openpyxl meets what is no workbook with errors of any kind
        raise unreadable() from error


def _check(content: bytes) -> None:
    """Unzip every part once, to nowhere, and count."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = archive.infolist()
        names = {part.filename.lower() for part in parts}
        if "[content_types].xml" not in names or not any(_SHEET.fullmatch(name) for name in names):
            raise FileRefused("is neither CSV nor XLSX nor vCard", "IMPORT_FORMAT_UNKNOWN")
        if len(parts) > MOST_PARTS or len(names) < len(parts):
            raise unreadable("has too many parts, or two of one name")
        total = 0
        for part in parts:
            total += _size(archive, part, MOST_UNZIPPED_BYTES - total)


def _size(archive: zipfile.ZipFile, part: zipfile.ZipInfo, left: int) -> int:
    name = part.filename.lower()
    media = not name.endswith((".xml", ".rels", ".vml"))
    allowed = left if media or _SHEET.fullmatch(name) else min(left, MOST_SHARED_BYTES if name == _SHARED else MOST_OTHER_BYTES)
    size, tail = 0, b""
    try:
        with archive.open(part) as unzipped:
            while piece := unzipped.read(_PIECE):
                size += len(piece)
                if size > allowed:
                    raise too_big(f"{allowed // MIB} MiB when unzipped")
                if not media and _DECLARED.search(tail + piece):
                    raise unreadable("declares entities")
                tail = piece[-16:]
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError) as error:
        raise unreadable() from error
    return size


def _texts(row: Iterable[Any]) -> list[str]:
    cells = [_text(value) for value in row]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _text(value: Any) -> str:
    """Return a cell as it is read: a whole number without a point, a day without its midnight."""
    match value:
        case None:
            return ""
        case bool():
            return "1" if value else "0"
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case datetime() if value.time() == time():
            return value.date().isoformat()
        case datetime() | date() | time():
            return value.isoformat()
        case _:
            return str(value)

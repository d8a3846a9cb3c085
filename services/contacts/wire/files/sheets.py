"""XLSX as it is made: openpyxl keeps every cell as an object, which takes minutes for 200,000 people, so the sheet is written here."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence

import openpyxl
from openpyxl.utils import get_column_letter

from services.contacts.wire.files.csv_files import harmless
from services.contacts.wire.files.limits import Row

MOST_XLSX_ROWS = 1_048_575  # of a sheet, with the headers above
_SHEET = "xl/worksheets/sheet1.xml"
_START = '<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
_END = "</sheetData></worksheet>"
_CONTROLS = [*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF]  # no XML may hold them
_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"} | dict.fromkeys(map(chr, _CONTROLS), ""))


class _Pipe(io.RawIOBase):
    """What is written, to be taken away piece by piece; a ZIP needs no more when it need not go back."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:  # type: ignore[override] # any buffer in the stubs, bytes from zipfile
        self._parts.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken


def workbook(pages: Iterable[Sequence[Row]]) -> Iterator[bytes]:
    """Give the bytes of a workbook with one sheet. Every cell is a text: none is a formula, whatever it begins with.

    One that begins with a quote gets another, as in CSV, because an import takes one away.
    """
    pipe, number = _Pipe(), 0
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book:
        for name, content in _frame():
            book.writestr(name, content)
        with book.open(_SHEET, "w", force_zip64=True) as sheet:
            sheet.write(_START.encode())
            for page in pages:
                sheet.write("".join(_line(row, at) for at, row in enumerate(page, number + 1)).encode())
                number += len(page)
                yield pipe.taken()
            sheet.write(_END.encode())
    yield pipe.taken()


def _frame() -> Iterator[tuple[str, bytes]]:
    """Give the parts of an empty workbook, but its sheet."""
    empty = io.BytesIO()
    openpyxl.Workbook().save(empty)
    with zipfile.ZipFile(empty) as book:
        yield from ((name, book.read(name)) for name in book.namelist() if name != _SHEET)


def _line(row: Row, number: int) -> str:
    cells = (
        f'<c r="{get_column_letter(at)}{number}" t="inlineStr"><is><t xml:space="preserve">{_cell(text)}</t></is></c>'
        for at, text in enumerate(row, 1)
        if text
    )
    return f'<row r="{number}">{"".join(cells)}</row>'


def _cell(text: str) -> str:
    return (harmless(text) if text[0] == "'" else text).translate(_TEXT)

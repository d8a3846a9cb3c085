"""CSV as spreadsheets of any country write it: read by its content, and written so that no cell becomes a formula."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator

import charset_normalizer

from services.contacts.wire.files.limits import LONGEST_CELL, FileRefused, Row, unreadable

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LIKELY = ["cp1252", "iso8859_15", "cp850", "mac_roman", "cp1250", "utf_16_le", "utf_16_be"]  # what offices here write, in this order
_DELIMITERS = ";,\t|"
_SAMPLE_BYTES = 32_768
_FORMULA = re.compile(r"'*[=+\-@\t\r]")  # quoted already too, or an import would take that quote away
csv.field_size_limit(4 * LONGEST_CELL)  # of the whole process: nothing else here reads CSV


# --- in ------------------------------------------------------------------------------------------------------------------------------
def decoded(content: bytes) -> str:
    """Return the text of a file in whatever encoding. FileRefused when no encoding fits."""
    marked = next((encoding for mark, encoding in _MARKS if content.startswith(mark)), None)
    for encoding in [marked] if marked else ["utf-8", *_guesses(content)]:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise FileRefused("has letters in an encoding that cannot be read", "IMPORT_ENCODING")


def _guesses(content: bytes) -> Iterator[str]:
    """Give the encodings that a file without a mark may have; made only when it is not UTF-8. The sample is where the letters are."""
    if content.count(0) > len(content) // 4:
        yield from ("utf_16_le", "utf_16_be") if content[1:2] == b"\x00" else ("utf_16_be", "utf_16_le")
        return
    letters = next((at for at, byte in enumerate(content) if byte > 127), 0)
    start = max(0, letters - _SAMPLE_BYTES // 2)
    found = charset_normalizer.from_bytes(content[start : start + _SAMPLE_BYTES], cp_isolation=_LIKELY, enable_fallback=False)
    likely = {match.encoding: match.chaos for match in found}
    if "cp1252" in likely and likely["cp1252"] <= min(likely.values()) + 0.05:  # alike: what Windows writes here
        yield "cp1252"
    if (best := found.best()) is not None:
        yield best.encoding


def rows_of(text: str) -> Iterator[Row]:
    if text[:4].lower() == "sep=" and text[5:6] in {"\r", "\n"}:  # a line with which Excel is told the delimiter
        delimiter, text = text[4], text[5:].lstrip("\r\n")
    else:
        delimiter = _delimiter(text)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    except csv.Error as error:
        raise unreadable("has quotes that do not end, or something after them") from error


def _delimiter(text: str) -> str:
    """Return what parts the first line that holds anything into most columns; a guess by all lines falls for addresses and numbers."""
    first = next((line for line in io.StringIO(text) if line.strip()), "")
    return max(_DELIMITERS, key=lambda delimiter: _parts(first, delimiter))


def _parts(line: str, delimiter: str) -> int:
    try:
        return max((len(row) for row in csv.reader([line], delimiter=delimiter)), default=0)
    except csv.Error:
        return 0


# --- out -----------------------------------------------------------------------------------------------------------------------------
def csv_lines(rows: Iterable[Row], *, start: bool) -> bytes:
    """Return rows as CSV with ";", which spreadsheets here open by a double click. start: of the file, with its mark."""
    target = io.StringIO(newline="")
    csv.writer(target, delimiter=";", lineterminator="\r\n").writerows([harmless(cell) for cell in row] for row in rows)
    return (codecs.BOM_UTF8 if start else b"") + target.getvalue().encode()


def harmless(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula (security rule 56); an import takes the quote away again."""
    return f"'{cell}" if _FORMULA.match(cell) else cell

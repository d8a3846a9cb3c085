"""How much a file may hold, and how its refusal is said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from libs.errors import FieldViolation, InvalidArgument

MIB = 1024 * 1024
MOST_BYTES = 15 * MIB  # one message of gRPC holds 16
MOST_ROWS = 100_000
MOST_COLUMNS = 200
LONGEST_CELL = 32_767  # as in a spreadsheet
LONGEST_HEADER = 200
Row = Sequence[str]


class FileRefused(InvalidArgument):
    """A file that cannot be read; nothing of it is imported."""

    def __init__(self, description: str, reason: str) -> None:
        super().__init__(f"content: {description}", reason=reason, violations=[FieldViolation("content", description, reason)])


def too_big(what: str) -> FileRefused:
    return FileRefused(f"has more than {what}", "IMPORT_TOO_BIG")


def unreadable(description: str = "is damaged or protected") -> FileRefused:
    return FileRefused(description, "IMPORT_UNREADABLE")


def limited(rows: Iterable[Row]) -> Iterator[Row]:
    """Give the rows that hold anything, until there are too many."""
    count = 0
    for row in rows:
        if any(len(cell) > LONGEST_CELL for cell in row):
            raise too_big(f"{LONGEST_CELL} characters in a cell")
        if not any(cell.strip() for cell in row):
            continue
        count += 1
        if count > MOST_ROWS:
            raise too_big(f"{MOST_ROWS} rows")
        yield [_clean(cell) for cell in row]


def _clean(cell: str) -> str:
    return cell.replace("\x00", "\ufffd")  # PostgreSQL stores no NUL; what it stood in is refused for the other character


def checked_headers(row: Row) -> list[str]:
    headers = [" ".join(cell.split())[:LONGEST_HEADER] for cell in row]
    while headers and not headers[-1]:
        headers.pop()
    if len(headers) > MOST_COLUMNS:
        raise too_big(f"{MOST_COLUMNS} columns")
    if not any(headers):
        raise FileRefused("has no row with the names of the columns", "IMPORT_NO_HEADER")
    return headers

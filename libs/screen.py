"""What a command shows a person: tables, lengths of time, progress."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

import click

Item = TypeVar("Item")
as_json = click.option("--json", "as_json", is_flag=True, help="One JSON document, for programs.")


def duration(seconds: float) -> str:
    """Return a length of time in its largest unit, rounded down."""
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return rows under their head, each column as wide as it needs; the last is not filled up."""
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head) - 1)]
    return "\n".join("  ".join([*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[-1]]) for line in lines)


def progress(items: Iterable[Item], label: str) -> Iterator[Item]:
    """Give the items on, with a bar on standard error that counts them when somebody looks at it."""
    with click.progressbar(items, label=label, file=sys.stderr, hidden=not sys.stderr.isatty(), show_pos=True) as bar:
        yield from bar

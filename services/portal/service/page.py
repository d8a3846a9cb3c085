"""One page of a list."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Page:
    """What a List call is asked for.

    token: empty on the first page. filter and order_by: as the .proto says. count: say also how many there are.
    """

    token: str = ""
    filter: str = ""
    query: str = ""
    order_by: str = ""
    size: int = 25
    count: bool = False

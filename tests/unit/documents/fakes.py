"""What documents needs from outside, in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from uuid import UUID

from libs.errors import NotFound
from services.documents.domain.customers import Customer


class FakeContacts:
    def __init__(self, *customers: Customer) -> None:
        self.known = {customer.id: customer for customer in customers}

    def customer(self, customer_id: UUID) -> Customer:
        if customer_id not in self.known:
            raise NotFound(f"customer {customer_id} does not exist")
        return self.known[customer_id]

    def customers(self) -> Iterator[Customer]:
        return iter(self.known.values())


class FakeRenderer:
    """Counts, and gives other bytes each time, as a renderer that prints the time would."""

    def __init__(self) -> None:
        self.rendered: list[Mapping[str, object]] = []

    def pdf(self, content: Mapping[str, object]) -> bytes:
        self.rendered.append(content)
        return f"%PDF {len(self.rendered)} {json.dumps(content)}".encode()


class FakeFiles:
    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def put(self, key: str, content: bytes) -> bool:
        return self.kept.setdefault(key, content) is content

    def get(self, key: str) -> bytes:
        return self.kept[key]

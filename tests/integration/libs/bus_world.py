"""A producer and a consumer with databases of their own and a bus between them; also runnable, as a consumer that can be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from google.protobuf.message import Message
from recapito.documents.events.v1.events_pb2 import InvoiceIssued

from libs import database
from libs.database import SqlUnitOfWork
from libs.messaging import bus
from libs.messaging.bus import Bus
from libs.messaging.consumer import Consumer, Delivery, Handlers
from libs.messaging.relay import Relay

ROOT = Path(__file__).parents[3]
QUICK = (timedelta(milliseconds=20),)

metadata = database.tables()
effects = sa.Table(  # what handlers did; no key, so that a second handling shows
    "effects",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("number", sa.String, nullable=False),
)
strikes = sa.Table("strikes", metadata, sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True))


def issued(number: int | str, invoice: str = "", version: int = 0) -> InvoiceIssued:
    """Return an event; `number` tells it from others."""
    return InvoiceIssued(invoice=invoice or f"invoices/{number}", version=version, number=str(number))


def apply(engine: sa.Engine, deliveries: Sequence[Delivery[Any]]) -> None:
    """What a good handler does with a group: inbox rows and effects in one commit."""
    with SqlUnitOfWork(engine, "consumer") as uow:
        for delivery in deliveries:
            if uow.inbox.add(delivery.event_id):
                uow.connection.execute(sa.insert(effects).values(number=delivery.message.number))
        uow.commit()


@dataclass
class World:
    producer: sa.Engine
    consumer: sa.Engine
    bus_url: str
    prefix: str
    queue: str = "notifications"

    def __post_init__(self) -> None:
        metadata.create_all(self.producer)
        metadata.create_all(self.consumer)

    def bus(self) -> Bus:
        return bus.connect(self.bus_url, prefix=self.prefix)

    def declare(self, *types: str) -> None:
        self.bus().declare(self.queue, types or ["recapito.documents.invoice.issued.v1"])

    def emit(self, *messages: Message) -> list[UUID]:
        """Announce events, all in one transaction; return their ids."""
        with SqlUnitOfWork(self.producer, "documents") as uow:
            for message in messages:
                uow.outbox.add(message)
            uow.commit()
            return [event.id for event in uow.outbox.events]

    def waiting(self) -> int:
        return database.OutboxRows(self.producer, "documents").age(datetime.now(UTC))[0]

    def effects(self) -> list[str]:
        with self.consumer.connect() as connection:
            return list(connection.execute(sa.select(effects.c.number).order_by(effects.c.seq)).scalars())

    def handlers(self, handler: Callable[[Sequence[Delivery[Any]]], None] | None = None) -> Handlers:
        return {InvoiceIssued: handler or (lambda deliveries: apply(self.consumer, deliveries))}

    @contextmanager
    def relaying(self, relays: int = 1, **options: Any) -> Iterator[None]:
        with _threads([Relay(self.producer, "documents", self.bus(), **options).run for _ in range(relays)]):
            yield

    @contextmanager
    def consuming(self, handlers: Handlers | None = None, *, queue: str = "", consumers: int = 1) -> Iterator[None]:
        made = [
            Consumer(self.consumer, queue or self.queue, self.bus(), handlers or self.handlers(), retry_delays=QUICK, postpone_delays=QUICK)
            for _ in range(consumers)
        ]
        with _threads(made):
            yield

    def spawn(self, behaviour: str) -> subprocess.Popen[bytes]:
        """Start a consumer as a process of its own."""
        urls = [engine.url.render_as_string(hide_password=False) for engine in (self.consumer,)]
        command = [sys.executable, "-m", __name__, *urls, self.bus_url, self.prefix, self.queue, behaviour]
        return subprocess.Popen(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'protos'}"})


@contextmanager
def _threads(bodies: Sequence[Callable[[threading.Event], None]]) -> Iterator[None]:
    stop = threading.Event()
    threads = [threading.Thread(target=body, args=(stop,), daemon=True) for body in bodies]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(10)
        assert not any(thread.is_alive() for thread in threads), "did not stop within 10 s"


# --- a consumer that ends as a crash does ---------------------------------------------------------------------------------------------
def _kill_at(behaviour: str, engine: sa.Engine) -> Callable[[Sequence[Delivery[Any]]], None]:
    def handle(deliveries: Sequence[Delivery[Any]]) -> None:
        if behaviour == "dies":
            with engine.begin() as connection:
                connection.execute(sa.insert(strikes))
            os.kill(os.getpid(), signal.SIGKILL)
        apply(engine, deliveries)
        if behaviour == "dies after the commit":
            os.kill(os.getpid(), signal.SIGKILL)

    return handle


def main() -> None:
    database_url, bus_url, prefix, queue, behaviour = sys.argv[1:]
    engine = database.connect(database_url)
    handlers = {InvoiceIssued: _kill_at(behaviour, engine)}
    Consumer(engine, queue, bus.connect(bus_url, prefix=prefix), handlers, retry_delays=QUICK, postpone_delays=QUICK)(threading.Event())


if __name__ == "__main__":
    main()

"""A thousand invoices are issued while processes are killed and the broker restarts: nobody is forgotten, nobody is mailed twice."""

from __future__ import annotations

import asyncio
import os
import queue
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy import demo
from libs.messaging import bus
from tests import stack as stacks
from tests.e2e import next_version
from tests.mailbox import Mailbox
from tests.servers import PrivateRabbit
from tests.stack import DATA_SERVICES, Stack

Eventually = Callable[..., Any]
INVOICES = 1000
CLIENTS = 3
SENDER = "notifications-worker"
SMTP_CONNECTIONS = 8  # of the sender; each holds one message in DATA
LEASE_SECONDS = 10  # after which a message whose sender died is settled; in production it is longer than any hand-over
SEED = int(os.environ.get("RECAPITO_FAULT_SEED", "20261122"))


@dataclass
class Faults:
    """Ten kills and a restart of the broker, in an order and at moments that the seed decides."""

    stack: Stack
    broker: PrivateRabbit
    ledger: Ledger
    plan: dict[int, str]  # by how many invoices are issued
    kills: list[tuple[datetime, str]] = field(default_factory=list)

    @classmethod
    def of_seed(cls, seed: int, stack: Stack, broker: PrivateRabbit) -> Faults:
        chance = random.Random(seed)
        victims = [f"{service}-{kind}" for service in DATA_SERVICES for kind in ("server", "worker")]
        steps = [*victims, SENDER, SENDER, "broker"]  # the sender is the one whose death can leave mail in doubt
        chance.shuffle(steps)
        moments = sorted(chance.sample(range(20, INVOICES - 20), len(steps)))
        return cls(stack, broker, Ledger(stack), dict(zip(moments, steps, strict=True)))

    def strike(self, issued: int) -> None:
        victim = self.plan.get(issued, "")
        if victim == "broker":
            self.broker.restart()
        elif victim:
            if victim == SENDER:  # at the worst moment, if there is one
                wait_for(lambda: self.ledger.transmitting(), 5)
            self.kills.append((datetime.now(UTC), victim))
            self.stack.kill(victim)
            self.stack.start(victim)


def wait_for(check: Callable[[], object], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not check() and time.monotonic() < end:
        threading.Event().wait(0.01)


class SlowMailbox(Mailbox):
    """Takes a while to answer the final dot, as mail servers do."""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        await asyncio.sleep(0.02)
        return await super().handle_DATA(server, session, envelope)


@pytest.fixture
def broker() -> Iterator[PrivateRabbit]:
    with PrivateRabbit() as server:
        yield server


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    sink = SlowMailbox()
    sink.start()
    yield sink
    sink.close()


@pytest.mark.req("R-NOT-24")
def test_nothing_is_lost_and_nobody_is_mailed_twice(
    broker: PrivateRabbit, mailbox: Mailbox, new_database: Callable[[], str], tmp_path: Path, eventually: Eventually
) -> None:
    print(f"RECAPITO_FAULT_SEED={SEED}")
    with stacks.processes(tmp_path, new_database, broker.url, (mailbox.host, mailbox.port)) as stack:
        for service in DATA_SERVICES:  # a rollout has begun: all that follows happens on the schema of a later version
            next_version.migrate(stack.commands[f"{service}-server"][1]["RECAPITO_DATABASE_URL"])
            stacks.run(service, ["await-schema", "--wait", "0"], stack.commands[f"{service}-server"][1])
        hasten(stack)
        faults = Faults.of_seed(SEED, stack, broker)
        customer, told = story(stack)
        before = len(mailbox.messages)
        names = issue_all(stack, customer, faults)
        assert len(faults.kills) == 10
        ledger = faults.ledger
        eventually(lambda: settled(ledger), 90)

        assert ledger.invoices() == (INVOICES + 1, INVOICES + 1)  # with the story's own; numbered without a gap
        messages = [message for message in ledger.messages() if message.subject in names]
        assert Counter(message.subject for message in messages) == dict.fromkeys(names, 3)  # a decision for each contact
        addressed = [message for message in messages if message.state != "SUPPRESSED"]
        assert Counter(message.address for message in addressed) == dict.fromkeys(told, INVOICES)

        received = Counter(str(one.message["Message-ID"]).strip() for one in mailbox.messages[before:] if set(told) & set(one.recipients))
        assert max(received.values()) == 1, "somebody was mailed twice"
        sent = {message.message_id for message in addressed if message.state == "SENT"}
        uncertain = [message for message in addressed if message.state == "UNCERTAIN"]
        assert sent | {message.message_id for message in uncertain} == {message.message_id for message in addressed}
        assert sent <= set(received), "a message counts as sent and never arrived"
        assert set(received) <= {message.message_id for message in addressed}
        deaths = [moment for moment, victim in faults.kills if victim == SENDER]
        assert len(uncertain) <= len(deaths) * SMTP_CONNECTIONS, "in doubt though no sender died between DATA and its reply"
        strange = [message for message in uncertain if message.unanswered or message.create_time >= max(deaths)]
        assert strange == [], "in doubt though its sender lived"
        print(f"{len(sent)} sent, {len(uncertain)} uncertain after {len(deaths)} deaths of the sender")
        events = bus.connect(broker.url)
        assert {service: events.parked(service) for service in DATA_SERVICES} == {service: [] for service in DATA_SERVICES}


def settled(ledger: Ledger) -> bool:
    assert ledger.open() == []
    return True


def hasten(stack: Stack) -> None:
    """Have the sender settle soon what a dead one left behind."""
    command, env = stack.commands[SENDER]
    settings = {"RECAPITO_DELIVERY_LEASE_SECONDS": str(LEASE_SECONDS), "RECAPITO_SMTP_CONNECTIONS": str(SMTP_CONNECTIONS)}
    stack.commands[SENDER] = (command, env | settings)
    stack.kill(SENDER)
    stack.start(SENDER)
    stack.wait_until_ready(SENDER)


def story(stack: Stack) -> tuple[str, list[str]]:
    """Make the customer of the demo, with its first invoice; return it and the addresses that are told about invoices."""
    api = demo.Api(stack.base_url)
    api.sign_in(stack.operator_email, stack.operator_password)
    demo.configure(api)
    facts = demo.invoice_story(api, domain="faults.example")
    return facts["customer"], [decision["email"] for decision in facts["decisions"] if decision["told"]]


def issue_all(stack: Stack, customer: str, faults: Faults) -> list[str]:
    """Issue the invoices from a few clients that insist, while the faults strike; return their names.

    Faults strike from this thread: a process ends with the thread that started it.
    """
    done: queue.Queue[str | Exception] = queue.Queue(maxsize=1)  # clients wait while a fault strikes, so that the next one keeps its place

    def client(number: int) -> None:
        api = demo.Api(stack.base_url)
        try:
            insist(lambda: api.sign_in(stack.operator_email, stack.operator_password))
            for index in range(number, INVOICES, CLIENTS):
                done.put(issue(api, customer, index))
        except Exception as error:  # noqa: BLE001 - raised again by the thread that waits for the names
            done.put(error)

    with ThreadPoolExecutor(CLIENTS) as clients:
        for number in range(CLIENTS):
            clients.submit(client, number)
        names: list[str] = []
        while len(names) < INVOICES:
            name = done.get(timeout=120)
            if isinstance(name, Exception):
                raise name
            names.append(name)
            faults.strike(len(names))
    assert len(set(names)) == INVOICES
    return names


def issue(api: demo.Api, customer: str, index: int) -> str:
    line = {"description": f"Lavoro {index}", "quantity": "1", "unitPrice": "100.00", "vatRatePercent": "22"}
    name = insist(lambda: api.call("POST", "/v1/invoices", {"customer": customer, "lines": [line]}, key=f"create-{index}"))["name"]
    insist(lambda: api.call("POST", f"/v1/{name}:issue", {}, key=f"issue-{index}"))
    return str(name)


def insist(call: Callable[[], Any]) -> Any:
    """Call until it succeeds, as a client with Idempotency-Keys may; a refusal that is no passing one fails the test."""
    end = time.monotonic() + 90
    while True:
        try:
            return call()
        except (OSError, RuntimeError) as error:
            passing = isinstance(error, OSError) or re.search(r": (409|429|5\d\d) ", str(error))
            if not passing or time.monotonic() > end:
                raise
        threading.Event().wait(0.05)


@dataclass(frozen=True)
class Sent:
    subject: str
    state: str
    address: str
    message_id: str
    create_time: datetime
    unanswered: int  # attempts whose sender lived and heard no reply


class Ledger:
    """What the services themselves wrote down, read behind their backs."""

    def __init__(self, stack: Stack) -> None:
        self._urls = {
            service: stack.commands[f"{service}-worker"][1]["RECAPITO_DATABASE_URL"].replace("+psycopg", "") for service in DATA_SERVICES
        }

    def _rows(self, service: str, query: str) -> list[tuple[Any, ...]]:
        with closing(psycopg.connect(self._urls[service])) as connection:
            return connection.execute(query.encode()).fetchall()

    def open(self) -> list[tuple[Any, ...]]:
        """Return what is still under way: events not published, invoices nobody decided about, messages not settled."""
        unpublished = [
            (service, count) for service in DATA_SERVICES for (count,) in self._rows(service, "SELECT count(*) FROM outbox") if count
        ]
        undecided = self._issued() - self._rows("notifications", "SELECT count(*) FROM dispatches WHERE kind = 'invoice_issued'")[0][0]
        settled = "('SENT', 'SUPPRESSED', 'UNCERTAIN', 'FAILED', 'CANCELLED')"
        unsettled = self._rows("notifications", f"SELECT state, count(*) FROM messages WHERE state NOT IN {settled} GROUP BY state")
        return unpublished + ([("undecided", undecided)] if undecided else []) + unsettled

    def transmitting(self) -> int:
        return int(self._rows("notifications", "SELECT count(*) FROM messages WHERE state = 'TRANSMITTING'")[0][0])

    def _issued(self) -> int:
        return int(self._rows("documents", "SELECT count(*) FROM invoices WHERE number <> ''")[0][0])

    def invoices(self) -> tuple[int, int]:
        """Return how many are issued, and the highest number in use."""
        numbers = self._rows("documents", "SELECT number FROM invoices WHERE number <> ''")
        return len({number for (number,) in numbers}), max(int(re.findall(r"\d+", number)[-1]) for (number,) in numbers)

    def messages(self) -> list[Sent]:
        query = """SELECT m.subject, m.state, m.to_address, m.message_id, m.create_time,
                          count(a.number) FILTER (WHERE a.state = 'UNCERTAIN')
                   FROM messages m LEFT JOIN attempts a ON a.message_id = m.id
                   WHERE m.kind = 'invoice_issued' GROUP BY m.id"""
        return [Sent(*row) for row in self._rows("notifications", query)]

"""Measures the product and, in the same run, the raw limit of the same steps; prints both and writes bench.json.

    python -m tests.servers -- python -m tests.bench

Absolute figures move with the machine from day to day; the ratios of one run can be compared.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc

from deploy import demo
from libs import database
from libs.ids import new_id
from libs.messaging import bus, relay
from tests import databases
from tests import stack as stacks
from tests.bench import bare, contacts, load, pdf, raw, transfers
from tests.servers import POSTGRES_VARIABLE, RABBITMQ_VARIABLE, free_ports
from tests.stack import Stack

EVENTS = int(os.environ.get("BENCH_EVENTS", "200"))
CUSTOMERS, RECIPIENTS = 20, 10
RESULTS = Path("bench.json")


def main() -> None:
    postgres, amqp = os.environ[POSTGRES_VARIABLE], os.environ[RABBITMQ_VARIABLE]
    results: dict[str, Any] = {"time": datetime.now(UTC).isoformat(timespec="seconds"), "events": EVENTS, "recipients": RECIPIENTS}
    with tempfile.TemporaryDirectory() as name, _sink() as sink:
        folder = Path(name)
        folder.chmod(0o755)
        results["relay"] = _relay(postgres, amqp)
        limit = statistics.median(raw.pipeline(postgres, amqp, sink.port, EVENTS, RECIPIENTS) for _ in range(3))
        with databases.several(postgres) as new_database, stacks.processes(folder, new_database, amqp, ("127.0.0.1", sink.port)) as stack:
            api = _Api(stack)
            customers = api.customers()
            results["event_to_smtp"] = _event_to_smtp(stack, api, customers, sink, limit)
            results["latency_ms"] = _latency(api, customers, sink)
            results["gateway_get"], results["gateway_post"] = _gateway(stack, api, customers[0])
        results["pdf"] = pdf.measure()
    results["contacts_list_ms"] = contacts.measure(postgres)
    results["contacts_files"] = transfers.measure(postgres)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    print(f"\nwritten to {RESULTS}")


# --- the sink ------------------------------------------------------------------------------------------------------------------------
class _Sink:
    """Where the mail goes; says how many messages it has accepted."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._file = self._socket.makefile("rb")
        self._file.readline()

    def accepted(self) -> int:
        self._socket.sendall(b"XSTAT\r\n")
        return int(self._file.readline()[4:])

    def wait_for(self, count: int, seconds: float) -> float:
        """Return the time.perf_counter() at which so many messages have come."""
        end = time.monotonic() + seconds
        while self.accepted() < count:
            if time.monotonic() > end:
                raise TimeoutError(f"{self.accepted()} of {count} messages after {seconds} s")
            time.sleep(0.001)
        return time.perf_counter()


@contextmanager
def _sink() -> Iterator[_Sink]:
    (port,) = free_ports(1)
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.sink", str(port)])
    try:
        end = time.monotonic() + 10
        while True:
            try:
                sink = _Sink(port)
                break
            except ConnectionRefusedError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)
        yield sink
    finally:
        process.terminate()
        process.wait()


# --- sample data, through the REST API -----------------------------------------------------------------------------------------------
class _Api:
    def __init__(self, stack: Stack) -> None:
        self._api = demo.Api(stack.base_url)
        self._api.sign_in(stack.operator_email, stack.operator_password)
        demo.configure(self._api)
        self.token = stack.operator()

    def customers(self) -> list[str]:
        """Customers with ten contacts each, who all want to be told about invoices."""
        names = []
        for number in range(CUSTOMERS):
            customer = self._api.call("POST", "/v1/customers", demo.CUSTOMER | {"displayName": f"ABC {number}"})["name"]
            for person in range(RECIPIENTS):
                contact = {
                    "firstName": "Maria",
                    "lastName": f"Bianchi {person}",
                    "email": f"c{number}-{person}@abc.example",
                    "customer": customer,
                }
                self._api.call("POST", "/v1/contacts", contact | {"languageCode": "it", "access": {"enabled": True}}, skip_welcome="true")
            names.append(customer)
        return names

    def draft(self, customer: str) -> str:
        return str(self._api.call("POST", "/v1/invoices", {"customer": customer, "lines": list(demo.LINES)})["name"])

    def issue(self, invoice: str) -> None:
        self._api.call("POST", f"/v1/{invoice}:issue", {})


# --- measurements --------------------------------------------------------------------------------------------------------------------
def _event_to_smtp(stack: Stack, api: _Api, customers: list[str], sink: _Sink, limit: float) -> dict[str, float]:
    """From committed events to the last message accepted, all services running: relay and workers wait until all events are there."""
    drafts = [api.draft(customers[number % len(customers)]) for number in range(EVENTS)]
    relaying = stack.processes["documents-worker"]
    relaying.send_signal(signal.SIGSTOP)
    for draft in drafts:
        api.issue(draft)
    expected = sink.accepted() + EVENTS * RECIPIENTS
    started = time.perf_counter()
    relaying.send_signal(signal.SIGCONT)
    mails = EVENTS * RECIPIENTS / (sink.wait_for(expected, 120) - started)
    events = mails / RECIPIENTS
    ratio = mails / limit
    print(f"event to SMTP      {events:,.0f} events/s, {mails:,.0f} e-mails/s; by hand {limit:,.0f} e-mails/s; ratio {ratio:.2f}")
    return {"rate": events, "limit": limit / RECIPIENTS, "ratio": ratio, "mails_per_second": mails, "limit_mails_per_second": limit}


def _latency(api: _Api, customers: list[str], sink: _Sink) -> dict[str, float]:
    """From the call that issues to the first message accepted, nothing else going on."""
    taken = []
    for number in range(50):
        draft = api.draft(customers[number % len(customers)])
        before = sink.accepted()
        started = time.perf_counter()
        api.issue(draft)
        taken.append((sink.wait_for(before + 1, 30) - started) * 1000)
        sink.wait_for(before + RECIPIENTS, 30)
    found = {"p50": load.percentile(taken, 0.5), "p99": load.percentile(taken, 0.99)}
    print(f"issue to SMTP      p50 {found['p50']:.0f} ms, p99 {found['p99']:.0f} ms, at rest")
    return found


def _gateway(stack: Stack, api: _Api, customer: str) -> tuple[dict[str, float], dict[str, float]]:
    """GET and POST of an invoice, beside a Flask route and a gRPC call that do nothing."""
    headers = {"Authorization": f"Bearer {api.token}", "Content-Type": "application/json"}
    get = load.http_load(f"{stack.base_url}/v1/{api.draft(customer)}", headers)
    body = json.dumps({"customer": customer, "lines": list(demo.LINES)}).encode()
    post = load.http_load(f"{stack.base_url}/v1/invoices", headers, body=body)
    http_port, grpc_port = free_ports(2)
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.bare", str(http_port), str(grpc_port)])
    try:
        stacks.wait_for(f"http://127.0.0.1:{http_port}/", lambda: process.poll() is None)
        flask = load.http_load(f"http://127.0.0.1:{http_port}/", {})
        with grpc.insecure_channel(f"127.0.0.1:{grpc_port}") as channel:
            call: Any = channel.unary_unary(bare.METHOD)
            rpc = load.measure(lambda: _ignore(call(b"x" * 200)), 5, 8)
    finally:
        process.terminate()
        process.wait()
    print(f"gateway GET        {get}\ngateway POST       {post}\nbare Flask route   {flask}\nbare gRPC call     {rpc}")
    shared = {"flask_rate": flask.rate, "grpc_rate": rpc.rate}
    return (
        {"rate": get.rate, "p50": get.p50, "p99": get.p99, "ratio_to_flask": get.rate / flask.rate} | shared,
        {"rate": post.rate, "p50": post.p50, "p99": post.p99, "ratio_to_flask": post.rate / flask.rate} | shared,
    )


def _ignore(_answer: bytes) -> None:
    """The call's answer does not matter."""


def _relay(postgres: str, amqp: str, events: int = 5000) -> dict[str, float]:
    """Our relay on an outbox of 5,000 events beside the raw one."""
    limit = statistics.median(raw.relay_alone(postgres, amqp, events) for _ in range(3))
    rate = statistics.median(_our_relay(postgres, amqp, events) for _ in range(3))
    print(f"relay              {rate:,.0f} events/s; by hand {limit:,.0f}; ratio {rate / limit:.2f}")
    return {"rate": rate, "limit": limit, "ratio": rate / limit}


def _our_relay(postgres: str, amqp: str, events: int) -> float:
    with databases.several(postgres) as new_database:
        engine = database.connect(new_database())
        database.metadata.create_all(engine)
        event_type = f"recapito.bench.thing{secrets.token_hex(4)}.done.v1"
        rows = [
            {
                "event_id": new_id(),
                "type": event_type,
                "subject": "things/1",
                "version": 1,
                "time": datetime.now(UTC),
                "data": b"x" * 100,
                "traceparent": "",
            }
            for _ in range(events)
        ]
        with engine.begin() as connection:
            connection.execute(database.outbox.insert(), rows)
        broker = bus.connect(amqp)
        broker.declare(f"bench-{secrets.token_hex(4)}", [event_type])
        stop = threading.Event()
        thread = threading.Thread(target=relay.Relay(engine, "bench", broker).run, args=(stop,))
        waiting = database.OutboxRows(engine, "bench")
        started = time.perf_counter()
        thread.start()
        while waiting.age(datetime.now(UTC))[0]:
            time.sleep(0.005)
        elapsed = time.perf_counter() - started
        stop.set()
        thread.join()
        engine.dispose()
    return events / elapsed


if __name__ == "__main__":
    main()

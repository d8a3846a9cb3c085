"""The real HTTP server: it drains at SIGTERM, and its limits hold."""

from __future__ import annotations

import http.client
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from tests.servers import free_ports
from tests.stack import wait_for

PROGRAM = """
import prometheus_client, sys, threading
from flask import request
from libs import telemetry, web

busy = prometheus_client.Gauge("busy", "Slow requests in hand.")

def slow():
    with busy.track_inprogress():
        threading.Event().wait(1.0)
    return "slow"

def make():
    app = web.create_app("program", max_body_bytes=1000)
    app.add_url_rule("/bodies", "bodies", lambda: str(len(request.get_data())), methods=["POST"])
    app.add_url_rule("/quick", "quick", lambda: "quick")
    app.add_url_rule("/slow", "slow", slow)
    return app

port, admin_port, delay = map(int, sys.argv[1:])
web.serve(
    make, bind=f"127.0.0.1:{port}", threads=4, admin_port=admin_port, health=telemetry.Health({}), drain_delay_seconds=delay
)
"""


@dataclass(frozen=True)
class Program:
    process: subprocess.Popen[bytes]
    port: int
    admin_port: int


@contextmanager
def running(drain_delay_seconds: int = 0) -> Iterator[Program]:
    ports = free_ports(2)
    command = [sys.executable, "-c", PROGRAM, *map(str, ports), str(drain_delay_seconds)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        wait_for(f"http://127.0.0.1:{ports[0]}/quick", lambda: process.poll() is None)
        yield Program(process, *ports)
        process.kill()


@pytest.fixture(scope="module")
def program() -> Iterator[Program]:
    with running() as found:
        yield found


def get(port: int, path: str, **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def test_what_is_in_hand_is_finished_before_the_end(eventually: Callable[..., object]) -> None:
    found: list[tuple[int, bytes]] = []
    with running() as program:
        asking = threading.Thread(target=lambda: found.append(get(program.port, "/slow")))
        asking.start()
        eventually(lambda: b"\nbusy 1.0" in get(program.admin_port, "/metrics")[1])
        started = time.monotonic()
        program.process.send_signal(signal.SIGTERM)
        asking.join(10)
        assert found == [(200, b"slow")]
        assert program.process.wait(25) == 0
        assert time.monotonic() - started < 25


def test_a_balancer_is_told_before_the_end_and_what_it_still_sends_is_answered(eventually: Callable[..., object]) -> None:
    with running(drain_delay_seconds=1) as program:
        program.process.send_signal(signal.SIGTERM)
        eventually(lambda: get(program.admin_port, "/readyz") == (503, b"draining: true\n"))
        assert get(program.port, "/quick") == (200, b"quick")
        assert program.process.wait(25) == 0


def test_health_is_on_a_port_of_its_own(program: Program) -> None:
    assert [get(program.admin_port, path)[0] for path in ("/livez", "/readyz", "/metrics")] == [200, 200, 200]
    assert get(program.port, "/metrics")[0] == 404


@pytest.mark.parametrize("chunked", [True, False])
def test_a_body_is_limited_whether_it_says_its_length_or_not(program: Program, chunked: bool) -> None:
    for size, status in ((999, 200), (5000, 413)):
        connection = http.client.HTTPConnection("127.0.0.1", program.port, timeout=10)
        headers = {"Transfer-Encoding": "chunked"} if chunked else {"Content-Length": str(size)}
        connection.request("POST", "/bodies", iter([b"x" * size]), headers, encode_chunked=chunked)
        response = connection.getresponse()
        assert response.status == status
        assert response.read() == b"999" or status == 413
        connection.close()


def test_too_long_lines_and_headers_are_refused(program: Program) -> None:
    assert get(program.port, "/quick?" + "x" * 9000)[0] == 414
    assert get(program.port, "/quick", **{"X-Large": "x" * 9000})[0] in {400, 431}
    assert get(program.port, "/quick", **{f"X-{number}": "x" for number in range(100)})[0] in {400, 431}
    assert get(program.port, "/quick?" + "x" * 8000)[0] == 200

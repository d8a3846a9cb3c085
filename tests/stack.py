"""The whole platform for end-to-end tests, seen from outside: embedded, or one operating-system process per service process."""

from __future__ import annotations

import base64
import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.authority import Authority
from tests.servers import free_ports

ROOT = Path(__file__).parent.parent
DATA_SERVICES = ("identity", "contacts", "documents", "notifications")


@dataclass
class Stack:
    """A running platform. processes: by name, such as "documents-worker"; a test may kill and `start` them again."""

    base_url: str
    portal_url: str
    folder: Path
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    commands: dict[str, tuple[list[str], dict[str, str]]] = field(default_factory=dict)
    admin_ports: dict[str, int] = field(default_factory=dict)
    operator_email: str = "admin@recapito.example"
    operator_password: str = ""
    facts: dict[str, Any] = field(default_factory=dict)  # of the demo

    def start(self, name: str) -> None:
        command, env = self.commands[name]
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *command],
                cwd=ROOT,
                env=os.environ | env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def wait_until_ready(self, name: str) -> None:
        wait_for(f"http://localhost:{self.admin_ports[name]}/readyz", lambda: self.processes[name].poll() is None)

    def kill(self, name: str) -> None:
        """End a process as a crash does."""
        self.processes[name].kill()
        self.processes[name].wait()

    def stop(self) -> None:
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def call(self, verb: str, path: str, body: Any = None, token: str = "", **headers: str) -> tuple[int, Any]:
        """Return status and JSON of a call of the REST API."""
        return call(f"{self.base_url}{path}", verb, body, token, **headers)

    def operator(self) -> str:
        """Return the bearer token of a fresh session of the administrator."""
        status, answer = self.call("POST", "/v1/sessions", {"password": {"email": self.operator_email, "password": self.operator_password}})
        assert status == 200, answer
        return str(answer["sessionToken"])


def call(url: str, verb: str = "GET", body: Any = None, token: str = "", **headers: str) -> tuple[int, Any]:
    sent = {"Content-Type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    sent |= {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(url, None if body is None else json.dumps(body).encode(), sent, method=verb)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            status, raw = response.status, response.read()
    except urllib.error.HTTPError as error:
        status, raw = error.code, error.read()
    try:
        return status, json.loads(raw) if raw else None
    except ValueError:
        return status, raw


def wait_for(url: str, alive: Callable[[], bool], seconds: float = 120) -> None:
    """Return when a page answers 200; fail when what serves it has ended or the time is over."""
    end = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2) as response:
                if response.status == 200:
                    return
        except OSError:
            pass
        if not alive() or time.monotonic() > end:
            raise RuntimeError(f"{url} does not answer")
        time.sleep(0.1)


@contextmanager
def embedded(folder: Path, command: str = "run", **variables: str) -> Iterator[Stack]:
    """Start `recapito run` (or demo) on a free port, with its data in `folder`."""
    (port,) = free_ports(1)
    stack = Stack(f"http://localhost:{port}", f"http://localhost:{port}", folder)
    env = {"RECAPITO_DATA": str(folder / "data"), "RECAPITO_PORT": str(port), "PYTHONUNBUFFERED": "1"} | variables
    stack.commands["recapito"] = ([sys.executable, "-m", "deploy", command], env)
    stack.start("recapito")
    try:
        wait_for(f"{stack.base_url}/readyz", lambda: stack.processes["recapito"].poll() is None)
        if command == "demo":
            stack.facts = _facts(stack)
            stack.operator_email, stack.operator_password = stack.facts["operator_email"], stack.facts["operator_password"]
        yield stack
    except RuntimeError as error:
        raise RuntimeError(f"{error}\n{stack.log('recapito')[-4000:]}") from error
    finally:
        stack.stop()


def _facts(stack: Stack) -> dict[str, Any]:
    """Wait until the demo has told its story, and return demo.json."""
    path = stack.folder / "data" / "demo.json"
    end = time.monotonic() + 60
    while not path.exists():
        if stack.processes["recapito"].poll() is not None or time.monotonic() > end:
            raise RuntimeError("the demo did not finish")
        time.sleep(0.1)
    return dict(json.loads(path.read_text()))


@contextmanager
def processes(
    folder: Path, new_database: Callable[[], str], amqp_url: str, smtp: tuple[str, int], authority: Authority | None = None
) -> Iterator[Stack]:
    """Start each service as its own processes, on PostgreSQL, RabbitMQ and SMTP. authority: for mutual TLS instead of the shared secret."""
    names = [*DATA_SERVICES, "gateway", "portal"]
    listening = free_ports(16)
    ports, admin_ports = dict(zip(names, listening, strict=False)), iter(listening[6:])
    stack = Stack(
        f"http://localhost:{ports['gateway']}", f"http://localhost:{ports['portal']}", folder, operator_password=secrets.token_urlsafe(15)
    )
    key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    common = {
        "RECAPITO_ENVIRONMENT": "test",
        "RECAPITO_INTERNAL_SECRET": secrets.token_urlsafe(32),
        "RECAPITO_PUBLIC_URL": stack.portal_url,
        "RECAPITO_API_URL": stack.base_url,
        "RECAPITO_BUS_URL": amqp_url,
        "RECAPITO_STORAGE_URL": (folder / "files").as_uri(),
        "RECAPITO_IDENTITY_SECRET": key,
        "RECAPITO_WEB_SECRET": key,
        "RECAPITO_SMTP_HOST": smtp[0],
        "RECAPITO_SMTP_PORT": str(smtp[1]),
        "RECAPITO_SMTP_SECURITY": "none",
    } | {f"RECAPITO_{name.upper()}_ADDRESS": f"localhost:{ports[name]}" for name in DATA_SERVICES}
    for name in DATA_SERVICES:
        env = (
            common
            | {"RECAPITO_DATABASE_URL": new_database(), "RECAPITO_LISTEN_ADDRESS": f"127.0.0.1:{ports[name]}"}
            | _proof(name, authority)
        )
        run(name, ["migrate"], env)
        for kind in ("server", "worker"):
            stack.commands[f"{name}-{kind}"] = ([sys.executable, "-m", f"services.{name}", kind], env)
    invitation = run("identity", ["create-administrator", "--email", stack.operator_email], stack.commands["identity-server"][1]).strip()
    for name in ("gateway", "portal"):
        stack.commands[f"{name}-web"] = (
            [sys.executable, "-m", f"services.{name}", "web"],
            common | {"RECAPITO_BIND": f"127.0.0.1:{ports[name]}"} | _proof(name, authority),
        )
    try:
        for name, (command, env) in stack.commands.items():
            stack.admin_ports[name] = next(admin_ports)
            stack.commands[name] = (command, env | {"RECAPITO_ADMIN_PORT": str(stack.admin_ports[name])})
            stack.start(name)
        for name in stack.commands:
            stack.wait_until_ready(name)
        status, answer = stack.call("POST", "/v1/links:redeemPassword", {"token": invitation, "newPassword": stack.operator_password})
        assert status in {200, 204}, answer
        yield stack
    except RuntimeError as error:
        logs = "\n".join(f"== {name}\n{stack.log(name)[-1500:]}" for name in stack.processes)
        raise RuntimeError(f"{error}\n{logs}") from error
    finally:
        stack.stop()


def _proof(service: str, authority: Authority | None) -> dict[str, str]:
    return {f"RECAPITO_{name.upper()}": value for name, value in authority.settings_of(service).items()} if authority else {}


def run(service: str, arguments: list[str], env: dict[str, str]) -> str:
    """Run a command of a service to its end and return what it printed."""
    command = [sys.executable, "-m", f"services.{service}", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout

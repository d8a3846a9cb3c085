"""A storm of sign-ins upon identity alone: right and wrong passwords at a fixed rate, while others ask for keys and passports.

    python -m tests.servers -- python -m tests.bench.storm 30

The rate does not wait for the answers, as people do not wait for one another.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from pydantic import SecretStr
from recapito.identity.v1 import accounts_pb2, sessions_pb2, sessions_pb2_grpc, tokens_pb2, tokens_pb2_grpc

from libs import database
from libs.errors import ServiceError
from libs.ids import new_id
from libs.rpc import client
from libs.settings import RpcSettings
from services.identity import repository
from services.identity.clients.passwords import Argon2Hasher
from services.identity.domain.accounts import Account, Kind
from services.identity.repository.vault import Vault
from tests import databases
from tests.bench.load import percentile
from tests.servers import POSTGRES_VARIABLE, free_ports

ROOT = Path(__file__).parents[2]
SECRET = "a secret for the storm, not used anywhere else"
PASSWORD = "correct horse battery staple"
WRONG_A_SECOND, RIGHT_A_SECOND, OTHER_A_SECOND = 200, 20, 10
PEOPLE = 40


@dataclass
class Storm:
    """outcomes: how often what was answered, by kind of call: "OK", or the reason of the error. seconds: what each answer took."""

    outcomes: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    without_delay: int = 0  # refusals that do not say when to come back
    entered: set[int] = field(default_factory=set)  # who got in at least once
    memory_mib: float = 0

    def count(self, kind: str, call: Callable[[], object]) -> bool:
        started, outcome = time.monotonic(), "OK"
        try:
            call()
        except ServiceError as error:
            outcome = error.reason or type(error).__name__
            if outcome in {"BUSY", "TOO_MANY_ATTEMPTS"} and not error.retry_after_seconds:
                self.without_delay += 1
        self.outcomes[kind][outcome] += 1
        self.seconds[kind].append(time.monotonic() - started)
        return outcome == "OK"

    def report(self) -> str:
        lines = [
            f"{kind:9} {dict(outcomes)}, p50 {percentile(self.seconds[kind], 0.5) * 1000:.0f} ms, "
            f"p99 {percentile(self.seconds[kind], 0.99) * 1000:.0f} ms"
            for kind, outcomes in self.outcomes.items()
        ]
        return "\n".join([*lines, f"{len(self.entered)} of {PEOPLE} people got in; memory of identity {self.memory_mib:.0f} MiB at most"])


# --- identity ------------------------------------------------------------------------------------------------------------------------
@contextmanager
def identity(database_url: str) -> Iterator[tuple[str, int]]:
    """Run identity as a process on this database, with people who can sign in; give its address and its process id."""
    port, admin_port = free_ports(2)
    environment = os.environ | {
        "RECAPITO_DATABASE_URL": database_url,
        "RECAPITO_BUS_URL": "sqlite:///unused.db",
        "RECAPITO_INTERNAL_SECRET": SECRET,
        "RECAPITO_IDENTITY_SECRET": SECRET,
        "RECAPITO_LISTEN_ADDRESS": f"127.0.0.1:{port}",
        "RECAPITO_ADMIN_PORT": str(admin_port),
    }
    engine = database.connect(database_url)
    database.migrate(engine, "services.identity")
    password_hash = Argon2Hasher().hash(PASSWORD)
    with repository.SqlUnitOfWork(engine, Vault(SECRET)) as uow:
        for number in range(PEOPLE):
            uow.accounts.add(Account(new_id(), Kind.OPERATOR, "Ada", datetime.now(UTC), email(number), password_hash=password_hash))
        uow.commit()
    engine.dispose()
    command = [sys.executable, "-m", "services.identity", "server"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        yield f"127.0.0.1:{port}", process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def email(number: int) -> str:
    return f"person{number}@studio.example"


def memory_mib(process_id: int) -> float:
    """Return the most memory that a process has had so far."""
    status = Path(f"/proc/{process_id}/status").read_text()
    return float(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) / 1024


# --- the storm -----------------------------------------------------------------------------------------------------------------------
class Callers:
    def __init__(self, address: str) -> None:
        channel = client.connect(address, service="portal", settings=RpcSettings(internal_secret=SecretStr(SECRET)))
        self._sessions, self._tokens = sessions_pb2_grpc.SessionsStub(channel), tokens_pb2_grpc.TokensStub(channel)
        self._random, self._token = random.Random(1), ""

    def wait_until_ready(self) -> None:
        for _ in range(600):
            with contextlib.suppress(ServiceError):
                self.keys()
                return
            threading.Event().wait(0.1)
        raise RuntimeError("identity does not answer")

    def sign_in(self, address: str, password: str, ip_address: str) -> sessions_pb2.CreateSessionResponse:
        credential = sessions_pb2.PasswordCredential(email=address, password=password, kind=accounts_pb2.Account.OPERATOR)
        info = sessions_pb2.ClientInfo(ip_address=ip_address, user_agent="Firefox")
        return self._sessions.CreateSession(sessions_pb2.CreateSessionRequest(password=credential, client_info=info))

    def right(self, number: int) -> None:
        self._token = self.sign_in(email(number), PASSWORD, f"192.0.{number}.7").session_token

    def wrong(self) -> None:
        """Guess from everywhere, every fourth time at somebody who exists."""
        known = self._random.random() < 0.25
        address = email(self._random.randrange(PEOPLE)) if known else f"guess{self._random.randrange(10**9)}@studio.example"
        self.sign_in(address, "not the right password", f"2001:db8:{self._random.randrange(2**16):x}:1::1")

    def keys(self) -> None:
        self._tokens.GetKeySet(tokens_pb2.GetKeySetRequest())

    def passport(self) -> None:
        request = sessions_pb2.CreatePassportRequest(session_token=self._token, audience=["documents"])
        self._sessions.CreatePassport(request)


def rage(address: str, process_id: int, seconds: float) -> Storm:
    """Send everything at its rate for a while, and return what came back."""
    storm, callers, numbers = Storm(), Callers(address), itertools.cycle(range(PEOPLE))
    callers.wait_until_ready()
    for number in range(PEOPLE):  # everybody has been here before: their devices are known
        callers.right(number)

    def right(number: int) -> None:
        if storm.count("right", lambda: callers.right(number)):
            storm.entered.add(number)

    kinds: list[tuple[int, Callable[[], None]]] = [
        (WRONG_A_SECOND, lambda: _ignore(storm.count("wrong", callers.wrong))),
        (RIGHT_A_SECOND, lambda: right(next(numbers))),
        (OTHER_A_SECOND, lambda: _ignore(storm.count("keys", callers.keys))),
        (OTHER_A_SECOND, lambda: _ignore(storm.count("passport", callers.passport))),
    ]
    due = sorted((number / rate, place) for place, (rate, _) in enumerate(kinds) for number in range(int(rate * seconds)))
    started, clock = time.monotonic(), threading.Event()
    with ThreadPoolExecutor(96) as threads:
        for moment, place in due:
            clock.wait(max(0.0, started + moment - time.monotonic()))
            threads.submit(kinds[place][1])
    storm.memory_mib = memory_mib(process_id)
    return storm


def _ignore(_result: object) -> None: ...


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 30.0
    with databases.several(os.environ[POSTGRES_VARIABLE]) as new_database, identity(new_database()) as (address, process_id):
        print(rage(address, process_id, seconds).report())


if __name__ == "__main__":
    main()

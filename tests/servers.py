"""Private PostgreSQL and RabbitMQ servers on free ports: no container, no system service, nothing left behind.

    python -m tests.servers -- pytest -n 2     one pair of servers for all workers of a run

The programs are Debian's packages (postgresql, rabbitmq-server); `make servers` installs them.
"""

from __future__ import annotations

import logging
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pika
import psycopg

logging.getLogger("pika").setLevel(logging.CRITICAL)  # it writes a traceback for each try while a broker starts

POSTGRES_VARIABLE = "RECAPITO_TEST_POSTGRES"
RABBITMQ_VARIABLE = "RECAPITO_TEST_RABBITMQ"


def free_ports(count: int) -> list[int]:
    """Return different ports that nobody listens on, below those that the system gives to outgoing connections.

    What is asked for here is bound a moment later, so no port is given twice: each worker of pytest-xdist has a range of its own.
    """
    return list(islice(filter(_is_free, _ports), count))


def _own_ports() -> Iterator[int]:
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw-1").removeprefix("gw")) + 1
    own = range(15_000 + worker % 8 * 2_000, 15_000 + (worker % 8 + 1) * 2_000)
    start = random.randrange(len(own))
    return cycle([*own[start:], *own[:start]])


_ports = _own_ports()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class PrivateServer:
    """A server with a folder of its own, which ends with this process, even after kill -9."""

    stop_signal = signal.SIGTERM

    def __init__(self, user: str | None = None) -> None:
        # Not under pytest's folder, which another user may not enter; short, because a socket's path ends at 107 bytes.
        self.root = Path(tempfile.mkdtemp(prefix="recapito-", dir="/tmp"))
        self._drop_root: dict[str, Any] = {}
        if user is not None and os.geteuid() == 0:
            entry = pwd.getpwnam(user)
            os.chown(self.root, entry.pw_uid, entry.pw_gid)
            self._drop_root = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        self._processes: list[subprocess.Popen[bytes]] = []

    def spawn(self, command: list[str], env: dict[str, str] | None = None) -> None:
        with (self.root / "server.log").open("ab") as log:
            self._processes.append(
                subprocess.Popen(
                    ["setpriv", "--pdeathsig", "KILL", *command],
                    env=env,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    cwd=self.root,
                    start_new_session=True,
                    **self._drop_root,
                )
            )

    def run(self, command: list[str]) -> None:
        subprocess.run(command, check=True, capture_output=True, cwd=self.root, **self._drop_root)

    def wait_until(self, ready: Callable[[], object], seconds: float) -> None:
        end = time.monotonic() + seconds
        while True:
            try:
                ready()
            except Exception as error:
                if self._processes[-1].poll() is not None or time.monotonic() > end:
                    tail = (self.root / "server.log").read_text(errors="replace")[-2000:]
                    self.close()
                    raise RuntimeError(f"{type(self).__name__} did not start: {error}\n{tail}") from error
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        for process in reversed(self._processes):
            if process.poll() is None:
                process.send_signal(self.stop_signal)
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
        self._processes.clear()

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.root, ignore_errors=True)

    def start(self) -> Self:
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class PrivatePostgres(PrivateServer):
    stop_signal = signal.SIGINT  # "fast" shutdown: does not wait for clients

    def __init__(self) -> None:
        super().__init__("postgres")
        (self.port,) = free_ports(1)

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def start(self) -> Self:
        programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
        folder = str(self.root / "data")
        self.run(
            [f"{programs}/initdb", "-D", folder, "-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"],
        )
        options = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "fsync": "off",
            "max_connections": 300,
            "shared_buffers": "128MB",
            "max_wal_size": "512MB",
            "timezone": "UTC",
        }
        self.spawn([f"{programs}/postgres", "-D", folder, *(part for key, value in options.items() for part in ("-c", f"{key}={value}"))])
        self.wait_until(lambda: psycopg.connect(self.url(), connect_timeout=1).close(), 30)
        return self


class PrivateRabbit(PrivateServer):
    """Runs as the caller, root or not: Debian's wrapper in PATH would change to the user rabbitmq."""

    programs = Path("/usr/lib/rabbitmq/bin")

    def __init__(self) -> None:
        super().__init__()
        self.port, distribution, epmd = free_ports(3)
        self.node = f"t{os.getpid()}x{self.port}@localhost"
        self._epmd = epmd
        self._env = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(self.root),  # the Erlang cookie is made here, so that no other node's cookie matters
            "ERL_EPMD_PORT": str(epmd),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": self.node,
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_MNESIA_BASE": str(self.root / "mnesia"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_LOG_BASE": str(self.root / "log"),
            "RABBITMQ_SCHEMA_DIR": str(self.root / "schema"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(self.root / "config"),
            "RABBITMQ_CONFIG_FILE": str(self.root / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.root / "plugins"),
            "RABBITMQ_CONF_ENV_FILE": str(self.root / "no-env.conf"),
            "RABBITMQ_ALLOW_INPUT": "1",  # makes the script exec the VM, so that our signal reaches it and nothing is left
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-noinput +S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none",
        }

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}/%2F"

    def start(self) -> Self:
        (self.root / "plugins").write_text("[].\n")
        limits = "disk_free_limit.absolute = 50MB\nvm_memory_high_watermark.absolute = 1GB\nlog.console.level = warning\n"
        (self.root / "rabbitmq.conf").write_text(limits)
        self.spawn(["epmd", "-port", str(self._epmd), "-address", "127.0.0.1"], self._env)  # ours, so that we end it
        self.spawn([f"{self.programs}/rabbitmq-server"], self._env)
        parameters = pika.URLParameters(f"{self.url}?connection_attempts=1&socket_timeout=2&blocked_connection_timeout=5")
        self.wait_until(lambda: pika.BlockingConnection(parameters).close(), 90)
        return self

    def restart(self) -> None:
        """Stop the broker as an operator would, and start it again on the same port and data."""
        self.stop()
        self.start()


def main() -> int:
    command = sys.argv[sys.argv.index("--") + 1 :]
    with PrivatePostgres() as postgres, PrivateRabbit() as rabbit:
        return subprocess.call(command, env=os.environ | {POSTGRES_VARIABLE: postgres.url(), RABBITMQ_VARIABLE: rabbit.url})


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())

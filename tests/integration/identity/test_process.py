"""identity as its own process: migrated, served, stopped by SIGTERM."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2
from recapito.identity.v1 import tokens_pb2, tokens_pb2_grpc

from tests.servers import free_ports

ROOT = Path(__file__).parents[3]


def test_it_starts_answers_and_drains(sqlite_url: str, tmp_path: Path, eventually: Callable[..., object]) -> None:
    port, admin_port = free_ports(2)
    environment = os.environ | {
        "RECAPITO_DATABASE_URL": sqlite_url,
        "RECAPITO_BUS_URL": f"sqlite:///{tmp_path}/bus.db",
        "RECAPITO_INTERNAL_SECRET": "an internal secret for tests only",
        "RECAPITO_IDENTITY_SECRET": "forty-two characters that only tests know.",
        "RECAPITO_LISTEN_ADDRESS": f"127.0.0.1:{port}",
        "RECAPITO_ADMIN_PORT": str(admin_port),
    }

    def run(*command: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "services.identity", *command], cwd=ROOT, env=environment, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    run("migrate", "--wait", "5")
    run("await-schema", "--wait", "1")
    invitation = run("create-administrator", "--email", "ada@studio.example")
    assert len(invitation) >= 43
    assert run("rotate-keys") == "done"
    assert run("audit-verify") == "the audit is intact"
    server = subprocess.Popen([sys.executable, "-m", "services.identity", "server"], cwd=ROOT, env=environment)
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            check = channel.unary_unary(
                "/grpc.health.v1.Health/Check",
                request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
                response_deserializer=health_pb2.HealthCheckResponse.FromString,
            )

            def serving() -> bool:
                try:
                    answer = check(health_pb2.HealthCheckRequest(), timeout=1)
                except grpc.RpcError:
                    return False
                return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)

            eventually(serving, 30)
            keys = tokens_pb2_grpc.TokensStub(channel).GetKeySet(tokens_pb2.GetKeySetRequest(), timeout=5)
            assert b'"kid"' in keys.data
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0


def test_every_missing_setting_is_named_at_once() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RECAPITO_")}
    done = subprocess.run(
        [sys.executable, "-m", "services.identity", "migrate"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    for name in ("RECAPITO_DATABASE_URL", "RECAPITO_BUS_URL", "RECAPITO_IDENTITY_SECRET"):
        assert name in done.stderr


def test_a_database_that_stays_away_is_given_up_with_a_sentence(tmp_path: Path) -> None:
    environment = os.environ | {
        "RECAPITO_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "RECAPITO_BUS_URL": f"sqlite:///{tmp_path}/bus.db",
        "RECAPITO_IDENTITY_SECRET": "forty-two characters that only tests know.",
    }
    for command in (["migrate"], ["await-schema", "--wait", "0"]):
        done = subprocess.run(
            [sys.executable, "-m", "services.identity", *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr.strip()) == (1, "the database is not ready: OperationalError")


@pytest.fixture(autouse=True)
def _no_leftovers(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("RECAPITO_") and not name.startswith("RECAPITO_TEST"):
            monkeypatch.delenv(name)

"""A gateway before servers that are real, with servicers that are not."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr

from services.gateway import __main__ as gateway
from services.gateway.settings import Settings
from tests.integration.gateway import backends
from tests.integration.gateway.backends import Backends


@pytest.fixture(scope="module")
def behind() -> Iterator[Backends]:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder, backends.running(folder) as running:  # a socket's path must be short
        yield running


@pytest.fixture(scope="module")
def settings(behind: Backends) -> Settings:
    addresses = {f"{name}_address": address for name, address in behind.addresses.items()}
    return Settings(
        environment="test",
        internal_secret=SecretStr(backends.SECRET),
        cors_origins=("https://app.example",),
        trusted_proxies=1,
        **addresses,  # type: ignore[arg-type] # pydantic checks them
    )


@pytest.fixture
def client(behind: Backends, settings: Settings) -> FlaskClient:
    behind.invoices.kept.clear()
    behind.invoices.calls.clear()
    behind.sessions.minted.clear()
    behind.sessions.created.clear()
    return gateway.app(settings).test_client()

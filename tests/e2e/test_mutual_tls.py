"""The one path with mutual TLS between all services, and no secret that they share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import grpc
import pytest

from deploy import demo
from tests import databases
from tests import stack as stacks
from tests.authority import Authority
from tests.mailbox import Mailbox
from tests.servers import PrivateRabbit
from tests.stack import Stack


@pytest.fixture
def secured(postgres_server: str, tmp_path: Path) -> Iterator[Stack]:
    mailbox = Mailbox()
    mailbox.start()
    smtp = (mailbox.host, mailbox.port)
    with (
        closing(mailbox),
        PrivateRabbit() as broker,
        databases.several(postgres_server) as new_database,
        stacks.processes(tmp_path, new_database, broker.url, smtp, Authority(tmp_path)) as running,
    ):
        yield running


def test_an_invoice_reaches_its_readers_and_a_stranger_reaches_nobody(secured: Stack) -> None:
    api = demo.Api(secured.base_url)
    api.sign_in(secured.operator_email, secured.operator_password)
    demo.configure(api)
    told = {decision["name"]: decision["told"] for decision in demo.invoice_story(api, domain="tls.example")["decisions"]}
    assert told == {"Mario Rossi": True, "Laura Bianchi": True, "Giuseppe Verdi": False}
    address = secured.commands["contacts-server"][1]["RECAPITO_LISTEN_ADDRESS"]
    with grpc.insecure_channel(address) as channel, pytest.raises(grpc.FutureTimeoutError):
        grpc.channel_ready_future(channel).result(timeout=2)

"""A platform on PostgreSQL and RabbitMQ is lost and restored by the commands of deploy/README.md: nobody erased comes back, nobody is
mailed twice."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from deploy import demo
from libs import database
from services.documents.repository.tables import customers
from tests import stack as stacks
from tests.e2e.test_erasure import PERSONAL, known_everywhere
from tests.everything import found
from tests.mailbox import Mailbox
from tests.servers import PrivateRabbit
from tests.stack import DATA_SERVICES, ROOT, Stack

Eventually = Callable[..., Any]
NEEDED = [f"{name}-{kind}" for name in DATA_SERVICES for kind in ("server", "worker")] + ["gateway-web"]  # all but the portal


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    sink = Mailbox()
    sink.start()
    yield sink
    sink.close()


def documented(heading: str) -> list[str]:
    """Return the commands of a section of the README, block by block."""
    section = (ROOT / "deploy/README.md").read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^```sh\n(.*?)^```", section, re.MULTILINE | re.DOTALL)


class Operator:
    """Types what the README says, with the settings that it asks for. Each process has its own, in a folder of files."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self._stack, self._folder = stack, folder
        self.variables = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "RECAPITO_EXEC": f"env RECAPITO_SECRETS={folder}/{{service}}-{{process}}",
            "BACKUP": str(folder / "backup"),
            "LEDGER": str(folder / "ledger.json"),
        }
        self.configure()

    def configure(self) -> None:
        for name, (_command, env) in self._stack.commands.items():
            place = self._folder / name
            place.mkdir(exist_ok=True)
            for key, value in env.items():
                (place / key.lower()).write_text(value)
            if name.endswith("-worker"):
                url = env["RECAPITO_DATABASE_URL"].replace("postgresql+psycopg:", "postgresql:")
                self.variables[f"{name.removesuffix('-worker').upper()}_DATABASE"] = url

    def types(self, commands: str, code: int = 0) -> str:
        script = f'recapito() {{ {sys.executable} -m deploy "$@"; }}\n{commands}'
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=ROOT,
            env=os.environ | self.variables,
            capture_output=True,
            text=True,
            timeout=180,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout


def lose_everything(stack: Stack, new_database: Callable[[], str], bus_url: str) -> None:
    """End all processes; the next start finds empty databases and an empty broker."""
    for name in stack.processes:
        stack.kill(name)
    stack.processes.clear()
    urls = {service: new_database() for service in DATA_SERVICES}
    for name, (command, env) in stack.commands.items():
        changed = {"RECAPITO_BUS_URL": bus_url}
        if (service := name.partition("-")[0]) in urls:
            changed["RECAPITO_DATABASE_URL"] = urls[service]
        stack.commands[name] = (command, env | changed)


def start(stack: Stack) -> None:
    for service in DATA_SERVICES:
        stacks.run(service, ["migrate"], stack.commands[f"{service}-worker"][1])
    for name in NEEDED:
        stack.start(name)
    for name in NEEDED:
        stack.wait_until_ready(name)


def engine(stack: Stack, service: str) -> sa.Engine:
    return database.connect(stack.commands[f"{service}-worker"][1]["RECAPITO_DATABASE_URL"], pool_size=1)


def rows(stack: Stack) -> list[Any]:
    """Return what documents keeps of customers."""
    columns = [column for column in customers.columns if not column.name.endswith("_time")]
    with engine(stack, "documents").connect() as connection:
        return list(connection.execute(sa.select(*columns).order_by(customers.c.id)))


def states(stack: Stack, invoice: str) -> set[tuple[str, str]]:
    query = sa.text("SELECT state, failure FROM messages WHERE subject = :subject AND to_address <> '' AND reason LIKE 'SEND%'")
    with engine(stack, "notifications").connect() as connection:
        return {tuple(row) for row in connection.execute(query, {"subject": invoice})}


def issue(api: demo.Api, customer: str) -> str:
    line = {"description": "Consulenza", "quantity": "1", "unitPrice": "100.00", "vatRatePercent": "22"}
    invoice = str(api.call("POST", "/v1/invoices", {"customer": customer, "lines": [line]})["name"])
    api.call("POST", f"/v1/{invoice}:issue", {})
    return invoice


@pytest.mark.req("R-DEL-09", "R-NOT-24")
def test_after_a_restore_nobody_comes_back_and_nobody_is_mailed_twice(
    mailbox: Mailbox, new_database: Callable[[], str], tmp_path: Path, eventually: Eventually
) -> None:
    """Security rules 63 and 65."""
    (back_up,), (restore, erase_again, release) = documented("Backups"), documented("Restoring")
    with PrivateRabbit() as broker, stacks.processes(tmp_path, new_database, broker.url, (mailbox.host, mailbox.port)) as stack:
        operator = Operator(stack, tmp_path)
        api, contact, _invoice = known_everywhere(stack, mailbox, eventually)
        customer = api.call("GET", "/v1/customers")["customers"][0]["name"]
        operator.types("recapito sender hold")
        waiting = issue(api, customer)
        eventually(lambda: states(stack, waiting) == {("QUEUED", "")}, 30)
        operator.types(back_up)
        operator.types(release)
        eventually(lambda: states(stack, waiting) == {("SENT", "")}, 30)
        erasure = api.call("POST", f"/v1/{contact}:anonymize", {})["name"]
        eventually(lambda: api.call("GET", f"/v1/{erasure}")["progress"]["state"] == "SUCCEEDED", 60)
        operator.types('recapito erasures list --json > "$LEDGER"')
        before = rows(stack)

        with PrivateRabbit() as empty:
            lose_everything(stack, new_database, empty.url)
            operator.configure()
            sent = len(mailbox.messages)
            operator.types(restore)
            start(stack)
            api.sign_in(stack.operator_email, stack.operator_password)
            assert found(PERSONAL, engine(stack, "contacts"))
            operator.types(erase_again)
            eventually(lambda: api.call("GET", f"/v1/{erasure}")["progress"]["state"] == "SUCCEEDED", 60)
            eventually(lambda: [line for service in DATA_SERVICES for line in found(PERSONAL, engine(stack, service))] == [], 30)
            assert rows(stack) == before
            eventually(lambda: states(stack, waiting) <= {("UNCERTAIN", "FAIL_RESTORED"), ("CANCELLED", "CANCEL_PERSON_GONE")}, 30)
            assert json.loads(operator.types("recapito sender status --json"))["held"] is True
            new = issue(api, customer)
            eventually(lambda: states(stack, new) == {("QUEUED", "")}, 30)
            assert len(mailbox.messages) == sent
            operator.types(release)
            eventually(lambda: states(stack, new) == {("SENT", "")}, 30)
            assert max(Counter(str(one.message["Message-ID"]) for one in mailbox.messages).values()) == 1
            assert ("UNCERTAIN", "FAIL_RESTORED") in states(stack, waiting)

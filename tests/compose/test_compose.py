"""The shipped images under the shipped Compose file, seen through the published ports; `make compose-test` runs it.

It needs a Docker engine, the images of `make images`, and COMPOSE, the command of Compose; it makes its own project and secrets.
"""

from __future__ import annotations

import os
import re
import secrets
import shlex
import subprocess
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from deploy import demo
from tests.e2e import next_version
from tests.load import Ask, Load, console_page
from tests.scriptless import Browser
from tests.servers import free_ports
from tests.stack import DATA_SERVICES, Stack, call

DEPLOY = Path(__file__).parent.parent.parent / "deploy"
SERVICES = [
    *(f"{name}-{kind}" for name in ("identity", "contacts", "documents", "notifications") for kind in ("server", "worker")),
    "portal-web",
    "gateway-web",
]
pytestmark = pytest.mark.skipif("COMPOSE" not in os.environ, reason="`make compose-test` runs it, with a Docker engine")


@dataclass(frozen=True)
class Host:
    """One host with the platform on it."""

    stack: Stack
    mail_url: str
    environment: dict[str, str] = field(repr=False)

    def compose(self, *arguments: str) -> str:
        """Run Compose to its end and return what it printed."""
        command = [*shlex.split(os.environ["COMPOSE"]), "-f", str(DEPLOY / "compose.yaml"), *arguments]
        done = subprocess.run(command, env=os.environ | self.environment, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, f"{arguments}: {done.stderr[-3000:]}"
        return done.stdout

    def containers(self, service: str) -> list[str]:
        return self.compose("ps", "-q", service).split()

    def mails(self) -> list[dict[str, Any]]:
        """Return what the mail catcher holds, the newest first."""
        _, answer = call(f"{self.mail_url}/api/v1/messages?limit=5000")
        return list(answer["messages"])

    def text_of(self, message: dict[str, Any]) -> str:
        _, answer = call(f"{self.mail_url}/api/v1/message/{message['ID']}")
        return str(answer["Text"])

    def restart(self, service: str) -> None:
        """Restart the containers of a service one after the other, each when the one before answers again."""
        docker = os.environ.get("DOCKER", "docker")
        for container in self.containers(service):
            subprocess.run([docker, "restart", container], check=True, capture_output=True, timeout=120)
            state = [docker, "inspect", "-f", "{{.State.Health.Status}}", container]
            end = time.monotonic() + 120
            while subprocess.run(state, check=True, capture_output=True, text=True, timeout=30).stdout.strip() != "healthy":
                assert time.monotonic() < end, f"{service} is not ready again"
                time.sleep(0.5)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    folder = tmp_path_factory.mktemp("compose")
    port, mail_port = free_ports(2)
    url = f"http://localhost:{port}"
    environment = {
        "COMPOSE_PROJECT_NAME": f"recapito-{secrets.token_hex(3)}",
        "RECAPITO_SECRETS_FOLDER": str(folder / "secrets"),
        "RECAPITO_PORT": str(port),
        "RECAPITO_MAIL_PORT": str(mail_port),
        "RECAPITO_PUBLIC_URL": url,
    }
    subprocess.run([DEPLOY / "compose-secrets.sh"], env=os.environ | environment, check=True)
    host = Host(Stack(url, url, folder, operator_password=secrets.token_urlsafe(15)), f"http://127.0.0.1:{mail_port}", environment)
    try:
        started = time.monotonic()
        host.compose("up", "-d", "--wait", "--wait-timeout", "300")
        print(f"up after {time.monotonic() - started:.0f} s")
        administrator(host)
        yield host
    except BaseException:
        print(host.compose("ps", "-a"), host.compose("logs", "--tail", "30"))
        raise
    finally:
        host.compose("down", "-v", "--timeout", "10")


def administrator(host: Host) -> None:
    command = ["exec", "-T", "identity-server", "python", "-m", "services.identity", "create-administrator"]
    invitation = host.compose(*command, "--email", host.stack.operator_email).strip()
    status, answer = host.stack.call("POST", "/v1/links:redeemPassword", {"token": invitation, "newPassword": host.stack.operator_password})
    assert status in {200, 204}, answer


@pytest.fixture(scope="module")
def told(host: Host) -> dict[str, Any]:
    """The story of the demo: customer, contacts, an invoice that is issued."""
    api = demo.Api(host.stack.base_url)
    api.sign_in(host.stack.operator_email, host.stack.operator_password)
    demo.configure(api)
    return demo.invoice_story(api, domain="abc.example")


def addressed(host: Host, number: str) -> list[str]:
    """Return who got a message about an invoice."""
    return [to["Address"] for message in host.mails() if number in message["Subject"] for to in message["To"]]


def test_the_one_path_leads_through_the_published_ports(host: Host, told: dict[str, Any]) -> None:
    number = told["invoice_number"]
    assert sorted(addressed(host, number)) == ["laura.bianchi@abc.example", "mario.rossi@abc.example"]
    (message,) = (one for one in host.mails() if number in one["Subject"] and one["To"][0]["Address"].startswith("mario"))
    link = re.search(rf"{re.escape(host.stack.portal_url)}/area/enter/\S+", host.text_of(message))
    assert link, "the message has no link"
    browser = Browser(host.stack.portal_url)
    browser.get(link[0])
    browser.submit("enter")
    browser.submit("privacy", answer="accept")
    assert number in browser.text
    browser.get(f"/area/{told['invoice']}/pdf")
    assert browser.body.startswith(b"%PDF-"), "the document comes from the S3 store"


def test_security_67_containers_have_no_rights(host: Host) -> None:
    """Read-only root, no capability, no new privileges, a user that is none of the host's, a limit of memory; secrets are files."""
    docker = os.environ.get("DOCKER", "docker")
    form = "{{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.HostConfig.SecurityOpt}} {{.Config.User}} {{gt .HostConfig.Memory 0}}"
    for service in SERVICES:
        for container in host.containers(service):
            shown = subprocess.run([docker, "inspect", "-f", form, container], check=True, capture_output=True, text=True).stdout.strip()
            assert shown == "true [ALL] [no-new-privileges:true] 65532:65532 true", service
    known = [
        (Path(host.environment["RECAPITO_SECRETS_FOLDER"]) / path).read_text().strip() for path in ("shared/internal", "postgres/contacts")
    ]
    seen = subprocess.run([docker, "inspect", *host.containers("contacts-server")], check=True, capture_output=True, text=True).stdout
    assert not [secret for secret in known if secret in seen]


def test_every_service_restarts_under_load_and_nothing_is_lost(host: Host, told: dict[str, Any]) -> None:
    token, issued = host.stack.operator(), []

    def issue() -> tuple[int, Any]:
        body = {"customer": told["customer"], "lines": list(demo.LINES)}
        status, draft = host.stack.call("POST", "/v1/invoices", body, token, Idempotency_Key=uuid.uuid4().hex)
        if status != 200:
            return status, draft
        status, invoice = host.stack.call("POST", f"/v1/{draft['name']}:issue", {}, token, Idempotency_Key=uuid.uuid4().hex)
        if status == 200:
            issued.append(invoice["number"])
        return status, invoice

    asks: list[Ask] = [issue, lambda: host.stack.call("GET", "/v1/customers", token=token), console_page(host.stack)]
    for service in DATA_SERVICES:  # a rollout has begun: the schema is that of a later version
        host.compose("exec", "-T", "postgres", "psql", "-q", "-U", "postgres", "-d", service, "-c", next_version.EXPAND)
    with Load(asks) as load, ThreadPoolExecutor(2) as threads:
        list(threads.map(host.restart, SERVICES))
    print(f"{load.answers.total()} requests, {len(issued)} invoices, slowest {load.slowest:.1f} s")
    assert [(status, str(answer)[:300]) for _, status, answer in load.failures] == []
    assert len(issued) > 20

    end = time.monotonic() + 90
    expected = dict.fromkeys(issued, 2)
    while (got := mails_by_invoice(host, issued)) != expected and time.monotonic() < end:
        time.sleep(0.5)
    assert got == expected, "each invoice is told to two people once"


def mails_by_invoice(host: Host, numbers: list[str]) -> Counter[str]:
    found: Counter[str] = Counter()
    for message in host.mails():
        found.update(number for number in numbers if re.search(rf"(?<!\d){re.escape(number)}(?!\d)", message["Subject"]))
    return found

"""A mail server for tests: takes every message over real SMTP and keeps it."""

from __future__ import annotations

import email
import email.policy
import threading
from dataclasses import dataclass
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.servers import free_ports


@dataclass(frozen=True)
class Received:
    sender: str
    recipients: list[str]
    content: bytes

    @property
    def message(self) -> EmailMessage:
        return email.message_from_bytes(self.content, policy=email.policy.default)

    def part(self, subtype: str) -> str:
        """Return the text/plain or text/html part."""
        body = self.message.get_body((subtype,))
        assert body is not None, f"no text/{subtype} part"
        return str(body.get_content())


class Mailbox:
    """`messages` in the order of acceptance. answers: SMTP replies by address, such as {"x@y.example": "550 no such user"}."""

    host = "127.0.0.1"

    def __init__(self) -> None:
        (self.port,) = free_ports(1)
        self.messages: list[Received] = []
        self.answers: dict[str, str] = {}
        self._lock = threading.Lock()
        self._controller = Controller(self, hostname=self.host, port=self.port, enable_SMTPUTF8=True)

    def start(self) -> None:
        self._controller.start()

    def close(self) -> None:
        self._controller.stop()

    def to(self, address: str) -> list[Received]:
        return [message for message in list(self.messages) if address in message.recipients]

    async def handle_RCPT(self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]) -> str:  # noqa: N802 - aiosmtpd's name
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        content = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        with self._lock:
            self.messages.append(Received(envelope.mail_from or "", list(envelope.rcpt_tos), content))
        return "250 accepted"

"""What the environment must give to notifications."""

from __future__ import annotations

import socket
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from libs.settings import ServiceSettings
from services.notifications.domain.kinds import KINDS
from services.notifications.domain.mime import ascii_address
from services.notifications.service import MailServer, Sender


class Settings(ServiceSettings):
    contacts_address: str = "localhost:50052"  # host:port or unix:path
    documents_address: str = "localhost:50053"
    public_url: str = "http://localhost:8080"  # where the customers' area and the console are; links lead there
    smtp_host: str
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"  # none: in clear, for a sink on this host
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_ca_file: str = ""  # further authority for the mail server's certificate
    smtp_timeout_seconds: float = Field(default=30.0, gt=0)
    smtp_connections: int = Field(default=16, ge=1, le=50)  # kept open; so many messages may be uncertain after a crash
    mail_from_name: str = ""  # empty: the organisation's name
    mail_from_address: str = ""  # empty: recapito@ the host of public_url
    mail_reply_to: str = ""
    organisation_email: str = ""  # where readers may write; empty: reply-to, else the sender's address
    organisation_legal: str = ""  # line with the legal details, under each message
    disabled_templates: tuple[str, ...] = ()  # kinds that are not sent, such as ["welcome"]
    sender_held: bool = False  # each start holds all mail; for the first start after a restore, see deploy/README.md
    delivery_lease_seconds: float = Field(default=120.0, gt=0)  # a claim whose sender died is given up after that; longer than a hand-over

    @field_validator("public_url")
    @classmethod
    def _whole(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("is no http(s) address")
        return value.rstrip("/")

    @field_validator("disabled_templates")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := sorted(set(value) - set(KINDS)):
            raise ValueError(f"{', '.join(unknown)}: no such kind of message")
        if fixed := sorted(name for name in value if KINDS[name].security):
            raise ValueError(f"{', '.join(fixed)}: cannot be disabled")
        return value

    @model_validator(mode="after")
    def _addresses(self) -> Self:
        for name in ("mail_from_address", "mail_reply_to", "organisation_email"):
            if value := getattr(self, name):
                try:
                    ascii_address(value)
                except Exception as error:
                    raise ValueError(f"{name} is not of the form name@domain") from error
        return self

    @property
    def sender(self) -> Sender:
        address = self.mail_from_address or f"recapito@{urlsplit(self.public_url).hostname}"
        return Sender(
            name=self.mail_from_name,
            address=address,
            reply_to=self.mail_reply_to,
            organisation_email=self.organisation_email or self.mail_reply_to or address,
            organisation_legal=self.organisation_legal,
            area_url=f"{self.public_url}/area/",
            console_url=f"{self.public_url}/console/",
            opens_url=f"{self.public_url}/o/",
            disabled=frozenset(self.disabled_templates),
            lease_seconds=self.delivery_lease_seconds,
        )

    @property
    def smtp(self) -> MailServer:
        return MailServer(
            self.smtp_host,
            self.smtp_port,
            self.smtp_security,
            self.smtp_user,
            self.smtp_password.get_secret_value(),
            self.smtp_ca_file,
            self.smtp_timeout_seconds,
            socket.gethostname(),
        )

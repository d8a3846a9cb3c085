"""The embedded way: everything in one data folder, and what the services' settings are then."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any, Literal

from libs.settings import Settings
from services.identity.settings import ProviderSettings

SERVICES = ("identity", "contacts", "documents", "notifications")  # those with a gRPC server and a database
HEADS = "audit-heads.jsonl"  # in the data folder; keep a copy elsewhere


class EmbeddedSettings(Settings):
    """data: folder of databases, files and generated secrets. port: the one HTTP port. public_url: how browsers reach it.

    administrator_email: of the one who gets the first start's link. identity_providers: see services/identity/README.md.
    """

    environment: str = "embedded"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "WARNING"  # the screen is for the story
    data: Path = Path(".recapito")
    port: int = 8080
    host: str = "127.0.0.1"
    public_url: str = ""
    administrator_email: str = "admin@recapito.example"
    identity_providers: tuple[ProviderSettings, ...] = ()
    admin_port: int = 0  # /metrics, /livez and /readyz are on the one port

    @property
    def url(self) -> str:
        return self.public_url or f"http://localhost:{self.port}"


def load_secrets(folder: Path) -> dict[str, str]:
    """Return the secrets of this installation; made at the first start, readable by their owner alone."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / "secrets.json"
    found: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    wanted = {name: secrets.token_urlsafe(32) for name in ("internal", "identity", "web")}
    if not wanted.keys() <= found.keys():
        found = wanted | found
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(found, file)
    return found


def database_url(settings: EmbeddedSettings, name: str) -> str:
    return f"sqlite:///{settings.data.resolve()}/{name}.db"


def running_file(settings: EmbeddedSettings) -> Path:
    """Return the file in which the running process says where it answers: its port, and the folder of its sockets, a short path."""
    return settings.data / "running.json"


def running() -> tuple[EmbeddedSettings, str]:
    """Return the settings of what runs in the data folder, with the port that it took, and the folder of its sockets.

    When nothing ever ran: the settings as they are, and "not-running".
    """
    settings = EmbeddedSettings.load()
    path = running_file(settings)
    if not path.exists():
        return settings, "not-running"
    said = json.loads(path.read_text())
    return settings.model_copy(update={"port": said["port"]}), said["sockets"]


def address(sockets: str, service: str) -> str:
    return f"unix:{sockets}/{service}.sock"


def values(settings: EmbeddedSettings, service: str, sockets: str) -> dict[str, Any]:
    """Return what the environment of this service's processes would hold. The mail sink's port is known to who starts it."""
    known = load_secrets(settings.data)
    common = {
        "environment": settings.environment,
        "log_level": settings.log_level,
        "otlp_endpoint": settings.otlp_endpoint,
        "admin_port": settings.port,
        "internal_secret": known["internal"],
        "public_url": settings.url,
        "identity_providers": settings.identity_providers,
        "listen_address": address(sockets, service),
        "database_url": database_url(settings, service),
        "bus_url": database_url(settings, "bus"),
        "storage_url": (settings.data / "files").resolve().as_uri(),
        "identity_secret": known["identity"],
        "audit_head_file": settings.data.resolve() / HEADS,
        "web_secret": known["web"],
        "smtp_host": "127.0.0.1",
        "smtp_security": "none",
    }
    return common | {f"{name}_address": address(sockets, name) for name in SERVICES}

"""The `recapito` command: all six services in one process, on SQLite, with a mail sink; nothing to install but Python packages.

recapito demo     with sample data, told step by step
recapito run      empty; the first start prints a link that makes the administrator
recapito audit verify    tells whether the audit is as it was written
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import click
import grpc
from flask import Flask, redirect
from gunicorn.app.base import BaseApplication
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from deploy import demo as story
from deploy.mail_sink import MailSink
from libs import database, telemetry
from libs.rpc.server import Server
from libs.settings import ServiceSettings, Settings
from services.contacts import __main__ as contacts
from services.contacts import settings as contacts_settings
from services.documents import __main__ as documents
from services.documents import settings as documents_settings
from services.gateway import __main__ as gateway
from services.gateway import settings as gateway_settings
from services.identity import __main__ as identity
from services.identity import settings as identity_settings
from services.notifications import __main__ as notifications
from services.notifications import settings as notifications_settings
from services.portal import __main__ as portal
from services.portal import settings as portal_settings

SERVICES: dict[str, tuple[Any, type[ServiceSettings]]] = {  # those with a gRPC server and a database: program and settings
    "identity": (identity, identity_settings.Settings),
    "contacts": (contacts, contacts_settings.Settings),
    "documents": (documents, documents_settings.Settings),
    "notifications": (notifications, notifications_settings.Settings),
}
DRAIN_SECONDS = 25
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
    identity_providers: tuple[identity_settings.ProviderSettings, ...] = ()
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


class Embedded:
    """Builds the same objects as each service's own processes do, and starts them in order."""

    def __init__(self, settings: EmbeddedSettings) -> None:
        self._settings = settings
        self._secrets = load_secrets(settings.data)
        self._sockets = tempfile.mkdtemp(prefix="recapito-", dir="/tmp")
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._servers: list[Server] = []
        self.mail_sink = MailSink(self._database("mail"))
        self.health = telemetry.Health({name: self._serving(name) for name in SERVICES})

    def _database(self, name: str) -> str:
        return f"sqlite:///{self._settings.data.resolve()}/{name}.db"

    def _address(self, service: str) -> str:
        return f"unix:{self._sockets}/{service}.sock"

    def _serving(self, service: str) -> Callable[[], None]:
        def check() -> None:
            with grpc.insecure_channel(self._address(service)) as channel:
                grpc.channel_ready_future(channel).result(timeout=1)

        return check

    def values(self, service: str) -> dict[str, Any]:
        """Return what the environment of this service's processes would hold."""
        common = {
            "environment": self._settings.environment,
            "log_level": self._settings.log_level,
            "otlp_endpoint": self._settings.otlp_endpoint,
            "admin_port": 0,
            "internal_secret": self._secrets["internal"],
            "public_url": self._settings.url,
            "identity_providers": self._settings.identity_providers,
            "listen_address": self._address(service),
            "database_url": self._database(service),
            "bus_url": self._database("bus"),
            "storage_url": (self._settings.data / "files").resolve().as_uri(),
            "identity_secret": self._secrets["identity"],
            "audit_head_file": self._settings.data / HEADS,
            "web_secret": self._secrets["web"],
            "smtp_host": "127.0.0.1",
            "smtp_port": self.mail_sink.port,
            "smtp_security": "none",
        }
        return common | {f"{name}_address": self._address(name) for name in SERVICES}

    def start(self) -> None:
        """Migrate, serve, work; returns when every gRPC server answers."""

        self.mail_sink.start()
        for name in SERVICES:
            engine = database.connect(self._database(name))
            database.migrate(engine, f"services.{name}")
            engine.dispose()
        for name, (program, settings) in SERVICES.items():
            server: Server = program.serve(settings.model_validate(self.values(name)))
            server.start()
            self._servers.append(server)
        for name, (program, settings) in SERVICES.items():
            self._run(name, program.work(settings.model_validate(self.values(name))))

    def _run(self, name: str, bodies: Sequence[Callable[[threading.Event], None]]) -> None:
        for number, body in enumerate(bodies):
            thread = threading.Thread(target=body, args=(self._stop,), name=f"{name}-{number}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def app(self) -> Any:
        """Return the one WSGI application: portal, gateway, mail and health on their paths."""

        root = Flask(__name__, static_folder=None)
        root.add_url_rule("/", "index", lambda: redirect("/area/"))
        web = portal.app(portal_settings.Settings(**self.values("portal")))
        api = gateway.app(gateway_settings.Settings(**self.values("gateway")))
        mounts = {path: _at(path, web) for path in ("/area", "/console", "/static")}
        mounts |= {path: _at(path, api) for path in ("/v1", "/openapi.json", "/docs", "/oauth2", "/.well-known")}
        mounts["/mail"] = self.mail_sink.app().wsgi_app
        mounts |= {path: _at(path, self.health.wsgi) for path in ("/livez", "/readyz", "/metrics")}
        return DispatcherMiddleware(root.wsgi_app, mounts)

    def bootstrap_administrator(self, email: str, display_name: str, password: str = "") -> str:
        """Make the administrator of an empty installation; return the token of an invitation when there is no password."""
        return identity.bootstrap_administrator(identity_settings.Settings(**self.values("identity")), email, display_name, password)

    def stop(self) -> None:
        self.health.draining = True
        self._stop.set()
        for server in self._servers:
            server.stop()
        for thread in self._threads:
            thread.join(5)
        shutil.rmtree(self._sockets, ignore_errors=True)


def _at(path: str, app: Callable[..., Any]) -> Callable[..., Any]:
    """Give an application its whole path back, of which the dispatcher has cut the first part."""

    def mounted(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        environ["PATH_INFO"] = path + environ["PATH_INFO"]
        environ["SCRIPT_NAME"] = environ["SCRIPT_NAME"].removesuffix(path)
        return app(environ, start_response)

    return mounted


class _Gunicorn(BaseApplication):
    """One worker process that holds everything; gRPC channels and threads are made in it, after the fork."""

    def __init__(self, settings: EmbeddedSettings, after_start: Callable[[EmbeddedSettings, Embedded], None]) -> None:
        self._settings, self._after_start = settings, after_start
        self._embedded: Embedded | None = None
        super().__init__()

    def load_config(self) -> None:
        options = {
            "bind": [f"{self._settings.host}:{self._settings.port}"],
            "workers": 1,
            "worker_class": "gthread",
            "threads": 16,
            "graceful_timeout": DRAIN_SECONDS,
            "timeout": 120,
            "loglevel": "warning",
            "control_socket_disable": True,
            "post_worker_init": self._started,
            "worker_exit": self._exit,
            "limit_request_line": 8190,  # a filter of 2,000 characters fits, escaped
            "limit_request_field_size": 8190,
        }
        for key, value in options.items():
            if key in self.cfg.settings:
                self.cfg.set(key, value)

    def load(self) -> Any:
        telemetry.setup("embedded", self._settings)
        self._embedded = Embedded(self._settings)
        self._embedded.start()
        return self._embedded.app()

    def _started(self, _worker: Any) -> None:
        threading.Thread(target=self._tell, name="start", daemon=True).start()

    def _tell(self) -> None:
        if self._embedded is None:
            return
        try:
            self._after_start(self._settings, self._embedded)
        except Exception as error:  # noqa: BLE001 - whatever it is, say it and stop
            click.echo(f"\n{error}", err=True)
            telemetry.logger(__name__).exception("the start failed")
            os.kill(os.getppid(), 15)

    def _exit(self, _arbiter: Any, _worker: Any) -> None:
        if self._embedded is not None:
            self._embedded.stop()


@click.group()
def main() -> None:
    """Recapito in one process. Settings: RECAPITO_DATA (folder), RECAPITO_PORT, RECAPITO_PUBLIC_URL."""


@main.command()
def demo() -> None:
    """Start with sample data and tell the story of one invoice."""
    _Gunicorn(EmbeddedSettings.load(), story.tell).run()


@main.command()
def run() -> None:
    """Start empty; the first start prints a one-time link that makes the administrator."""
    _Gunicorn(EmbeddedSettings.load(), story.welcome).run()


@main.group()
def audit() -> None:
    """Who did what, when, with what result."""


@audit.command()
def verify() -> None:
    """Recompute the audit and hold it against its signed heads; ends with 1 when something was changed."""
    settings = EmbeddedSettings.load()
    stored = settings.data.resolve() / "identity.db"
    if not stored.exists():
        raise click.ClickException(f"{settings.data} holds no installation: set RECAPITO_DATA to its folder")
    values = {
        "database_url": f"sqlite:///{stored}",
        "bus_url": "sqlite://",
        "identity_secret": load_secrets(settings.data)["identity"],
        "audit_head_file": settings.data / HEADS,
    }
    raise SystemExit(identity.report_audit(identity_settings.Settings.model_validate(values)))


if __name__ == "__main__":
    main()

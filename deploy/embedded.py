"""All six services in one process, on SQLite, with a mail sink; nothing to install but Python packages."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Sequence
from typing import Any

import click
import grpc
from flask import Flask, redirect
from gunicorn.app.base import BaseApplication
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from deploy.mail_sink import MailSink
from deploy.one_folder import EmbeddedSettings, address, database_url, load_secrets, running_file, values
from libs import database, telemetry
from libs.rpc.server import Server
from libs.settings import ServiceSettings
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


class Embedded:
    """Builds the same objects as each service's own processes do, and starts them in order."""

    def __init__(self, settings: EmbeddedSettings) -> None:
        self._settings = settings
        load_secrets(settings.data)
        self._sockets = tempfile.mkdtemp(prefix="recapito-", dir="/tmp")
        running_file(settings).write_text(json.dumps({"port": settings.port, "sockets": self._sockets}))
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._servers: list[Server] = []
        self.mail_sink = MailSink(self._database("mail"))
        self.health = telemetry.Health({name: self._serving(name) for name in SERVICES})

    def _database(self, name: str) -> str:
        return database_url(self._settings, name)

    def _address(self, service: str) -> str:
        return address(self._sockets, service)

    def _serving(self, service: str) -> Callable[[], None]:
        def check() -> None:
            with grpc.insecure_channel(self._address(service)) as channel:
                grpc.channel_ready_future(channel).result(timeout=1)

        return check

    def values(self, service: str) -> dict[str, Any]:
        """Return what the environment of this service's processes would hold."""
        return values(self._settings, service, self._sockets) | {"admin_port": 0, "smtp_port": self.mail_sink.port}

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
        mounts = {path: _at(path, web) for path in ("/area", "/console", "/static", "/o")}
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


def start(settings: EmbeddedSettings, after_start: Callable[[EmbeddedSettings, Embedded], None]) -> None:
    """Run everything until SIGTERM. after_start: called once all answers."""
    _Gunicorn(settings, after_start).run()

"""The portal's processes: `web` serves the pages."""

from __future__ import annotations

import click
import grpc
from flask import Flask

from libs import readiness, telemetry, web
from libs.rpc import client
from services.portal import clients, views
from services.portal.settings import Settings


def app(settings: Settings) -> Flask:
    """Return the pages as one WSGI application. It opens channels: call it in the process that serves, after a fork."""
    services = clients.connect(
        settings,
        contacts_address=settings.contacts_address,
        documents_address=settings.documents_address,
        notifications_address=settings.notifications_address,
    )
    return views.create_app(
        services,
        clients.connect_notes(settings, contacts_address=settings.contacts_address),
        secret=settings.web_secret.get_secret_value().encode(),
        public_url=settings.public_url,
        proxies=settings.trusted_proxies,
    )


def health(settings: Settings) -> telemetry.Health:
    """Ready when identity answers: without it nobody gets in. The others fail for themselves, with a page that says so."""
    connected: list[grpc.Channel] = []

    def identity() -> None:
        if not connected:  # made here, in the worker process
            connected.append(client.connect(settings.identity_address, service="portal", settings=settings))
        grpc.channel_ready_future(connected[0]).result(timeout=1)

    return telemetry.Health({"identity": identity})


@click.group()
def main() -> None:
    """The customers' area and the operators' console."""


@main.command("web")
def serve() -> None:
    """Serve the pages until SIGTERM."""
    settings = Settings.load()
    telemetry.setup("portal", settings)
    web.serve(
        lambda: app(settings),
        bind=settings.bind,
        threads=settings.threads,
        admin_port=settings.admin_port,
        health=health(settings),
        drain_delay_seconds=settings.drain_delay_seconds,
    )


main.add_command(readiness.command(Settings.load))

if __name__ == "__main__":
    main()

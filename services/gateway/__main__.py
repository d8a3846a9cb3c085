"""Builds the gateway's real objects; command: web."""

from __future__ import annotations

import click
import grpc
from flask import Flask

from libs import readiness, telemetry, web
from libs.rpc import client
from services.gateway import clients, views
from services.gateway.settings import Settings
from services.gateway.wire.contract import contract

SERVICE = "gateway"


def channels(settings: Settings) -> dict[str, grpc.Channel]:
    """Return a channel to each service, by its name. Make them after a fork, never before."""
    addresses = {
        "identity": settings.identity_address,
        "contacts": settings.contacts_address,
        "documents": settings.documents_address,
        "notifications": settings.notifications_address,
    }
    return {name: client.connect(address, service=SERVICE, settings=settings) for name, address in addresses.items()}


def app(settings: Settings) -> Flask:
    """Return the application; in embedded mode it is mounted beside the portal's."""
    connected = channels(settings)
    return views.app(
        contract(),
        identity=clients.GrpcIdentity(connected["identity"]),
        backends=clients.GrpcBackends(connected),
        public_url=settings.public_url,
        show_documents=settings.documents_shown,
        cors_origins=settings.cors_origins,
        proxies=settings.trusted_proxies,
    )


def health(settings: Settings) -> telemetry.Health:
    """Ready when identity answers: without it nobody can be told from anybody. The others fail for themselves, with 503."""
    connected: list[grpc.Channel] = []

    def identity() -> None:
        if not connected:  # made here, in the worker process
            connected.append(client.connect(settings.identity_address, service=SERVICE, settings=settings))
        grpc.channel_ready_future(connected[0]).result(timeout=1)

    return telemetry.Health({"identity": identity})


@click.group()
def main() -> None:
    """Gateway: REST+JSON in front of all services."""


@main.command("web")
def run_web() -> None:
    """Answer HTTP."""
    settings = Settings.load()
    telemetry.setup(SERVICE, settings)
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

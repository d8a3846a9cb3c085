"""What every service with a database runs as: the commands server, worker and migrate, and those of libs.operations."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

import click
from sqlalchemy.engine import Engine

from libs import database, operations, readiness, telemetry
from libs.messaging.bus import BusUnavailable
from libs.messaging.commands import parked
from libs.messaging.consumer import Consumer
from libs.rpc.server import Server
from libs.settings import ServiceSettings

MEASURE_SECONDS = 15.0  # between two looks at what the metrics say of a database: a scrape itself asks nobody and waits for nobody
Body = Callable[[threading.Event], None]  # of a thread; returns soon after the event is set
Settings = TypeVar("Settings", bound=ServiceSettings)

log = telemetry.logger(__name__)


def commands(
    service: str,
    settings_class: type[Settings],
    serve: Callable[[Settings], Server],
    work: Callable[[Settings], Sequence[Body]],
    further: operations.Further[Settings] | None = None,
) -> click.Group:
    """Return the command group of a service, to which its `__main__` adds its own.

    serve: returns the gRPC server, not started. work: returns the bodies of the worker's threads: relay, consumer, jobs.
    further: what `status` tells of this service alone.
    """

    @click.group()
    def main() -> None:
        pass

    def load() -> Settings:
        settings = settings_class.load()
        telemetry.setup(service, settings)
        return settings

    def serve_admin(settings: Settings, kind: str) -> telemetry.Health:
        health = telemetry.Health(
            {"database": partial(database.ready, database.connect(settings.database_url.get_secret_value(), pool_size=1))}
        )
        telemetry.serve_admin(settings.admin_port, health, kind)
        return health

    @main.command()
    def server() -> None:
        """Answer gRPC until SIGTERM, then drain."""
        settings, stop = load(), stop_on_signal()
        answering = serve(settings)
        answering.start()
        health = serve_admin(settings, "server")
        stop.wait()
        health.draining = True
        answering.stop()

    @main.command()
    def worker() -> None:
        """Publish and handle events and run the jobs until SIGTERM."""
        settings, stop = load(), stop_on_signal()
        bodies = work(settings)
        health = serve_admin(settings, "worker")
        failed = run(bodies, stop)
        health.draining = True
        if failed:
            raise SystemExit(1)

    _add_schema_commands(main, service, load, work)
    for command in (*operations.commands(service, settings_class.load, further), readiness.command(settings_class.load)):
        main.add_command(command)
    main.add_command(parked(service, settings_class.load))
    return main


def _add_schema_commands(main: click.Group, service: str, load: Callable[[], Settings], work: Callable[[Settings], Sequence[Body]]) -> None:
    @main.command()
    @click.option("--wait", "wait_seconds", default=0.0, help="Seconds to wait for a database that does not answer yet.")
    def migrate(wait_seconds: float) -> None:
        """Bring the database to the newest schema, and make the queue: from now on events are kept until the worker runs."""
        settings = load()
        engine = database.connect(settings.database_url.get_secret_value())
        wait_until(lambda: database.ready(engine), wait_seconds)
        database.migrate(engine, f"services.{service}")
        declare(work(settings))

    @main.command()
    @click.option("--wait", "wait_seconds", default=86_400.0, show_default=True, help="Seconds after which to give up.")
    def await_schema(wait_seconds: float) -> None:
        """Return once the database has the schema that this program needs, or a newer one: what a new process waits for."""
        engine = database.connect(load().database_url.get_secret_value(), pool_size=1)
        wait_until(lambda: database.require_schema(engine, f"services.{service}"), wait_seconds)


def wait_until(check: Callable[[], None], seconds: float) -> None:
    """Return when the check raises nothing; exit with 1 and say why when the time is over. A check that fails is made again each second."""
    deadline, told = time.monotonic() + seconds, ""
    while True:
        try:
            return check()
        except Exception as error:  # noqa: BLE001 - whatever it is, it may pass
            reason = str(error) if isinstance(error, database.SchemaBehind) else type(error).__name__
            if time.monotonic() >= deadline:
                raise SystemExit(f"the database is not ready: {reason}") from None
            if reason != told:
                log.info("waiting for the database", reason=reason)
                told = reason
        time.sleep(1)


def declare(bodies: Sequence[Body]) -> None:
    """Make the queues of the consumers among them."""
    try:
        for consumer in bodies:
            if isinstance(consumer, Consumer):
                consumer.declare()
    except BusUnavailable as error:
        raise SystemExit(f"the schema is the newest, the queue could not be made; run the command again: {error}") from error


def stop_on_signal() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set."""
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    return stop


def run(bodies: Sequence[Body], stop: threading.Event) -> bool:
    """Run each body in a thread until `stop`; when one fails, stop all and return True, so that the process can be started anew."""
    failed = threading.Event()

    def guarded(body: Body) -> None:
        try:
            body(stop)
        except Exception:
            log.exception("a thread of the worker failed")
            failed.set()
            stop.set()

    threads = [threading.Thread(target=guarded, args=[body], name=getattr(body, "__qualname__", type(body).__name__)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failed.is_set()


def every(seconds: float, job: Callable[[], None], *, component: str, task: str) -> Body:
    """Return the body of a thread that does a job at once and then every so many seconds; a failure is logged, the next turn comes.

    component, task: as its metrics name it.
    """

    def body(stop: threading.Event) -> None:
        measured = telemetry.Task(component, task, seconds)
        while not stop.is_set():
            try:
                job()
                measured.went_well()
            except Exception:
                measured.failed()
                log.exception("a timed job failed", task=task)
            stop.wait(seconds)

    return body


def sweep(engine: Engine, component: str) -> Body:
    """Return the body of a thread that forgets old request ids and handled events, once an hour."""
    return every(3600, lambda: database.sweep(engine, datetime.now(UTC)), component=component, task="sweep")

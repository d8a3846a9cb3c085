"""What the environment must give to contacts."""

from __future__ import annotations

from libs.settings import ServerSettings, WorkerSettings


class Settings(ServerSettings, WorkerSettings):
    """Server and worker share the database; the worker also needs the bus."""

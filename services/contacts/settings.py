"""What the environment must give to contacts."""

from __future__ import annotations

from libs.settings import ServiceSettings


class Settings(ServiceSettings):
    """Nothing but what every service needs."""

"""What the environment must give to documents."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import field_validator

from libs.settings import ServiceSettings


class Settings(ServiceSettings):
    contacts_address: str = "localhost:50052"  # host:port or unix:path
    storage_url: str  # file:///folder or s3://bucket/prefix
    font_folder: str = ""  # further fonts for the PDF; the system's and typst's own are always there
    time_zone: str = "Europe/Rome"  # of the organisation: day of issue, overdue

    @field_validator("time_zone")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"{name} is no time zone") from error
        return name

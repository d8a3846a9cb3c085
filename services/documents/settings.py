"""What the environment must give to documents."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import SecretStr, field_validator

from libs.settings import ServiceSettings
from libs.storage import S3


class Settings(ServiceSettings):
    contacts_address: str = "localhost:50052"  # host:port or unix:path
    storage_url: str  # file:///folder or s3://bucket/prefix
    # Of an S3 store; what is empty is found as every S3 client does: AWS_… variables, else the pod's own identity.
    storage_endpoint: str = ""  # such as http://storage:7070; empty: AWS
    storage_region: str = ""
    storage_access_key_id: SecretStr = SecretStr("")
    storage_secret_access_key: SecretStr = SecretStr("")
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

    @property
    def s3(self) -> S3:
        return S3(
            self.storage_endpoint,
            self.storage_region,
            self.storage_access_key_id.get_secret_value(),
            self.storage_secret_access_key.get_secret_value(),
        )

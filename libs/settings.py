"""The base of every Settings class: RECAPITO_* variables or mounted secret files, by pydantic-settings."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Literal, Self

import pydantic
from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError


class Settings(BaseSettings):
    """Each field is RECAPITO_<FIELD>, or a file recapito_<field> in the folder RECAPITO_SECRETS (default /run/secrets/recapito)."""

    model_config = SettingsConfigDict(env_prefix="RECAPITO_", env_nested_delimiter="__", extra="ignore", hide_input_in_errors=True)

    environment: str = "production"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    otlp_endpoint: str = ""  # such as http://collector:4317; empty: traces are not exported
    admin_port: int = 9090  # /metrics, /livez, /readyz; 0: not served

    @classmethod
    def load(cls) -> Self:
        """Read the environment; on any fault name every bad variable at once and exit with 2."""
        folder = Path(os.environ.get("RECAPITO_SECRETS", "/run/secrets/recapito"))
        try:
            return cls(_secrets_dir=folder if folder.is_dir() else None)  # type: ignore[call-arg] # an argument of pydantic-settings itself
        except pydantic.ValidationError as error:
            for fault in error.errors():
                name = "__".join(str(part) for part in fault["loc"]).upper()
                sys.stderr.write(f"RECAPITO_{name}: {fault['msg']}\n")
            raise SystemExit(2) from None
        except (
            SettingsError
        ) as error:  # a file that may not be read, or a list or an object that is no JSON; its text names the field and shows no value
            cause = error.__cause__
            unreadable = f": user {os.geteuid()} cannot read {cause.filename}: {cause.strerror}" if isinstance(cause, OSError) else ""
            sys.stderr.write(f"{error}{unreadable}\n")
            raise SystemExit(2) from None


class RpcSettings(Settings):
    """How a process calls other services, and proves which service it is.

    Mutual TLS when the three files are set; else the shared internal secret, for one host or a trusted network.
    """

    tls_certificate_file: str = ""
    tls_key_file: str = ""
    tls_ca_file: str = ""
    internal_secret: SecretStr = SecretStr("")
    identity_address: str = "localhost:50051"  # host:port or unix:path; every service fetches the passport keys there


class ServiceSettings(RpcSettings):
    """A service with a database: its server and its worker read the same."""

    listen_address: str = "[::]:50051"
    server_threads: int = 16
    database_url: SecretStr  # postgresql+psycopg://… or sqlite:///…
    database_pool_size: int = 10
    bus_url: SecretStr  # amqps://… or sqlite:///…

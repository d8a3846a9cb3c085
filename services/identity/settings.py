"""What the environment must give to identity."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, ValidationInfo, field_validator

from libs.settings import ServiceSettings
from services.identity.domain.accounts import fold
from services.identity.domain.providers import LinkRule, Provider, secure


class ProviderSettings(BaseModel):
    """An OpenID provider of the organisation, at which operators may sign in; README.md has an example."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    id: str = Field(pattern=r"^[a-z0-9-]{1,40}$")  # stands in the address that the provider sends people back to
    display_name: str = Field(min_length=1, max_length=60)  # on the button: "Entra con …"
    issuer: str = Field(max_length=500)  # as its discovery document says, to the letter
    client_id: str = Field(min_length=1)
    client_secret: SecretStr = SecretStr("")  # empty: a public client, whom PKCE protects alone
    email_domains: list[Annotated[str, StringConstraints(pattern=r"^[^@\s]+$")]] = Field(min_length=1)  # of whom it may speak
    link_rule: LinkRule = LinkRule.VERIFIED_EMAIL
    # Addresses beside /console/provider/<id> of the public URL, for a front of your own.
    redirect_uris: list[str] = []

    @field_validator("email_domains")
    @classmethod
    def _folded(cls, domains: list[str]) -> list[str]:
        return [fold(domain) for domain in domains]


class Settings(ServiceSettings):
    contacts_address: str = "localhost:50052"  # host:port or unix:path
    # At least 32 random characters. Links, sessions and refresh tokens are stored as HMACs under it, signing keys and the seeds of
    # one-time codes encrypted with it: a copy of the database alone opens nothing. Changing it ends all sessions and links, makes new
    # signing keys, and nobody's app or recovery codes fit any more (passkeys do).
    identity_secret: SecretStr = Field(min_length=32)
    # Where signed heads of the audit are appended too, on a disk that the database's administrators do not reach; they are always logged.
    audit_head_file: Path | None = None
    signing_key_days: int = Field(default=30, ge=1, le=365)
    # Where the pages are: providers send people back there, and passkeys work on this host and at this address only.
    public_url: str = "http://localhost:8080"
    api_url: str = ""  # where clients reach the API, which is also the issuer of ID tokens; by default where the pages are
    identity_providers: tuple[ProviderSettings, ...] = ()  # JSON; empty: operators sign in with their passwords alone

    @property
    def issuer(self) -> str:
        return (self.api_url or self.public_url).rstrip("/")

    @field_validator("identity_providers")
    @classmethod
    def _fit_together(cls, providers: tuple[ProviderSettings, ...], settings: ValidationInfo) -> tuple[ProviderSettings, ...]:
        ids = [provider.id for provider in providers]
        if len(set(ids)) < len(ids):
            raise ValueError("two of them have the same id")
        if not all(secure(provider.issuer, loopback=_on_trial(settings.data["environment"])) for provider in providers):
            raise ValueError("an issuer must be https")
        return providers

    @property
    def on_trial(self) -> bool:
        """Whether providers on this machine may be asked without https."""
        return _on_trial(self.environment)

    def providers(self) -> list[Provider]:
        """Return the configured providers; the console's own address is one that each may send people back to."""
        return [
            Provider(
                id=given.id,
                display_name=given.display_name,
                issuer=given.issuer,
                client_id=given.client_id,
                client_secret=given.client_secret.get_secret_value(),
                redirect_uris=frozenset({f"{self.public_url.rstrip('/')}/console/provider/{given.id}", *given.redirect_uris}),
                email_domains=frozenset(given.email_domains),
                link_rule=given.link_rule,
            )
            for given in self.identity_providers
        ]


def _on_trial(environment: str) -> bool:
    return environment != "production"

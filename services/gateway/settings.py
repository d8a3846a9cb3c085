"""What the environment must give to the gateway."""

from __future__ import annotations

from libs.settings import RpcSettings


class Settings(RpcSettings):
    """How HTTP is served, and where the other services answer (identity_address is inherited)."""

    bind: str = "[::]:8080"
    threads: int = 16
    drain_delay_seconds: float = 0  # after SIGTERM: so long /readyz says no while all is answered, for a balancer that asks
    public_url: str = "http://localhost:8080"  # as clients reach this API; it stands in the OpenAPI document
    trusted_proxies: int = 0  # how many proxies in front add to X-Forwarded-For
    cors_origins: tuple[str, ...] = ()  # JSON list of origins whose pages may call this API, such as ["https://app.example"]
    documents: bool | None = None  # serve /openapi.json and /docs; by default everywhere but in production
    contacts_address: str = "localhost:50052"
    documents_address: str = "localhost:50053"
    notifications_address: str = "localhost:50054"

    @property
    def documents_shown(self) -> bool:
        return self.environment != "production" if self.documents is None else self.documents

"""What the environment must give."""

from __future__ import annotations

from pydantic import SecretStr

from libs.settings import RpcSettings


class Settings(RpcSettings):
    """How the pages are served, and where the other services answer."""

    bind: str = "[::]:8080"
    threads: int = 12
    drain_delay_seconds: float = 0  # after SIGTERM: so long /readyz says no while all is answered, for a balancer that asks
    web_secret: SecretStr  # signs form tokens; the same in every replica
    public_url: str = "http://localhost:8080"  # as people type it; with https, cookies are Secure and HSTS is sent
    trusted_proxies: int = 0  # how many proxies in front add to X-Forwarded-For
    contacts_address: str = "localhost:50052"
    documents_address: str = "localhost:50053"
    notifications_address: str = "localhost:50054"

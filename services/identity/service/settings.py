"""The settings of signing in."""

from __future__ import annotations

from collections.abc import Callable

from libs.unit_of_work import Request
from services.identity import wire
from services.identity.domain.settings import IdentitySettings
from services.identity.service import UnitOfWork


def get_settings(*, uow: UnitOfWork) -> IdentitySettings:
    with uow:
        return uow.settings.current()


def update_settings(
    change: Callable[[IdentitySettings], IdentitySettings], etag: str, *, request: Request, uow: UnitOfWork
) -> IdentitySettings:
    """Change the settings; they count from the next sign-in and the next link."""
    with uow:
        if uow.requests.claim(request, "settings/identity") is not None:
            return uow.settings.current()
        settings = uow.settings.current()
        wire.check_etag(etag, settings.version)
        saved = uow.settings.save(change(settings).checked())
        uow.commit()
    return saved

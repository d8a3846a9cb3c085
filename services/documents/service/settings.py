"""Use cases of the settings."""

from __future__ import annotations

from collections.abc import Callable

from libs.errors import EtagMismatch
from libs.unit_of_work import Request
from services.documents.domain.settings import Settings
from services.documents.service import Reader, UnitOfWork


def get_settings(*, reader: Reader) -> Settings:
    with reader:
        return reader.settings.get()


def update_settings(change: Callable[[Settings], Settings], version: int | None, *, request: Request, uow: UnitOfWork) -> Settings:
    """Change how documents are issued from now on."""
    with uow:
        if uow.requests.claim(request, "settings") is not None:
            return uow.settings.get()
        settings = uow.settings.hold()
        if version is not None and version != settings.version:
            raise EtagMismatch("the settings have changed since they were read")
        changed = change(settings)
        changed.check()
        changed = uow.settings.save(changed)
        uow.commit()
    return changed

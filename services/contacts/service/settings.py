"""Use cases of the settings."""

from __future__ import annotations

from collections.abc import Callable

from libs.unit_of_work import Request
from services.contacts.domain import ContactsSettings
from services.contacts.service import UnitOfWork


def update_settings(change: Callable[[ContactsSettings], ContactsSettings], request: Request, *, uow: UnitOfWork) -> ContactsSettings:
    """Change the settings; defaults count for contacts created afterwards."""
    with uow:
        if uow.requests.claim(request, "settings/contacts") is not None:
            return uow.settings.get()
        settings = uow.settings.save(change(uow.settings.get(lock=True)).checked())
        uow.commit()
    return settings

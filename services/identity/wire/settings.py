"""The settings of signing in on the wire."""

from __future__ import annotations

from collections.abc import Iterable

from recapito.identity.v1 import settings_pb2

from services.identity.domain.providers import Provider
from services.identity.domain.settings import IdentitySettings
from services.identity.wire.names import etag


def settings(found: IdentitySettings, providers: Iterable[Provider] = ()) -> settings_pb2.IdentitySettings:
    return settings_pb2.IdentitySettings(
        name="settings/identity",
        self_service_reset=found.self_service_reset,
        magic_link_lifetime_days=found.magic_link_lifetime_days,
        administrators_need_second_factor=found.administrators_need_second_factor,
        contacts_may_use_second_factor=found.contacts_may_use_second_factor,
        etag=etag(found.version),
        providers=[settings_pb2.IdentitySettings.Provider(id=one.id, display_name=one.display_name) for one in providers],
    )

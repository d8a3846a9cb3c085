"""Permissions and preferences on the wire. The messages are kept and shared: whoever takes one copies it into its own."""

from __future__ import annotations

from functools import lru_cache

from recapito.contacts.v1 import permissions_pb2 as pb

from libs.errors import InvalidArgument
from services.contacts.domain import KINDS, Mode, Notification, Permissions, Preferences, Section, TicketScope


@lru_cache(4096)
def permissions(domain: Permissions) -> pb.Permissions:
    message = pb.Permissions()
    if domain.ticket_scope is not None:
        message.ticket_scope = pb.Permissions.TicketScope.Value(domain.ticket_scope.name)
    for section, mode in domain.modes.items():
        setattr(message, section.value, pb.Permissions.Mode.Value(mode.name))
    return message


def permissions_of(message: pb.Permissions) -> Permissions:
    modes = {section: Mode(value) for section in Section if (value := getattr(message, section.value))}
    return Permissions(modes, TicketScope(message.ticket_scope) if message.ticket_scope else None)


@lru_cache(4096)
def preferences(domain: Preferences) -> pb.Preferences:
    message = pb.Preferences(kinds={kind: _switch(on) for kind, on in domain.kinds.items()})
    for type_, on in domain.switches.items():
        setattr(message, type_.value, _switch(on))
    return message


def preferences_of(message: pb.Preferences, path: str) -> Preferences:
    """Read preferences; `path` names the field in the error about a kind that does not exist."""
    for kind, value in message.kinds.items():
        if kind not in KINDS:
            raise InvalidArgument.of(f"{path}.kinds", "names a kind of message that does not exist", "KIND_UNKNOWN")
        if value not in pb.Preferences.Switch.values():
            raise InvalidArgument.of(f"{path}.kinds", "is neither ON nor OFF", "ENUM_UNKNOWN")
    switches = {type_: value == pb.Preferences.ON for type_ in Notification if (value := getattr(message, type_.value))}
    return Preferences(switches, {kind: value == pb.Preferences.ON for kind, value in message.kinds.items() if value})


def _switch(on: bool) -> pb.Preferences.Switch.ValueType:
    return pb.Preferences.ON if on else pb.Preferences.OFF

"""Settings on the wire."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace

from google.protobuf.field_mask_pb2 import FieldMask
from recapito.contacts.v1 import fields_pb2
from recapito.contacts.v1 import settings_pb2 as pb
from recapito.type.v1 import type_pb2

from libs.errors import InvalidArgument
from services.contacts.domain import Block, ContactsSettings, Modules, Profile
from services.contacts.wire.names import check_etag, etag, merged
from services.contacts.wire.permissions import permissions, permissions_of, preferences, preferences_of

NAME = "settings/contacts"


def settings(domain: ContactsSettings) -> pb.ContactsSettings:
    return pb.ContactsSettings(
        name=NAME,
        organization_name=domain.organization_name,
        time_zone=domain.time_zone,
        language_code=domain.language_code,
        modules=pb.ContactsSettings.Modules(**asdict(domain.modules)),
        hidden_blocks=sorted(fields_pb2.Field.Block.Value(block.name) for block in domain.hidden_blocks),
        default_permissions=permissions(domain.default_permissions),
        default_preferences=preferences(domain.default_preferences),
        preference_profiles=[_profile(profile) for profile in domain.profiles],
        etag=etag(domain.version),
    )


def changed_settings(wanted: pb.ContactsSettings, mask: FieldMask) -> Callable[[ContactsSettings], ContactsSettings]:
    """What is unset inside the defaults stays as it is: a default always says yes or no."""

    def change(before: ContactsSettings) -> ContactsSettings:
        check_etag(wanted.etag, before.version)
        message = merged(settings(before), wanted, mask)
        chosen = preferences_of(message.default_preferences, "contacts_settings.default_preferences")
        return replace(
            before,
            organization_name=message.organization_name,
            time_zone=message.time_zone,
            language_code=message.language_code,
            modules=Modules(message.modules.membership, message.modules.reserved_area, message.modules.custom_fields),
            hidden_blocks=frozenset(_block_of(block) for block in message.hidden_blocks),
            default_permissions=before.default_permissions.changed_by(permissions_of(message.default_permissions)),
            default_preferences=replace(chosen, switches={**before.default_preferences.switches, **chosen.switches}),
            profiles=tuple(_profile_of(profile, index) for index, profile in enumerate(message.preference_profiles)),
        )

    return change


def _profile(domain: Profile) -> pb.ContactsSettings.PreferenceProfile:
    label = type_pb2.LocalizedText(it=domain.label_it, en=domain.label_en)
    return pb.ContactsSettings.PreferenceProfile(id=domain.id, label=label, preferences=preferences(domain.preferences))


def _profile_of(message: pb.ContactsSettings.PreferenceProfile, index: int) -> Profile:
    at = f"contacts_settings.preference_profiles[{index}].preferences"
    return Profile(message.id, message.label.it, message.label.en, preferences_of(message.preferences, at))


def _block_of(value: fields_pb2.Field.Block.ValueType) -> Block:
    if not value:
        raise InvalidArgument.of("contacts_settings.hidden_blocks", "names no block", "ENUM_UNKNOWN")
    return Block[fields_pb2.Field.Block.Name(value)]

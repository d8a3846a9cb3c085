"""The catalogue of profile fields, by the rules of the service itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.struct_pb2 import Struct
from recapito.contacts.v1.contacts_pb2 import Contact
from recapito.contacts.v1.fields_pb2 import CreateFieldRequest, Field, UpdateFieldRequest

from libs.errors import FailedPrecondition, NotFound
from libs.ids import new_id
from libs.rpc.validation import check
from services.contacts import domain, wire
from services.contacts.domain import Block, Catalogue
from services.contacts.domain.profile import checked_profile
from services.contacts.domain.values import Checks
from services.contacts.wire.profile import changed_profile, plain, struct
from tests.integration.portal.fakes.common import Requests
from tests.integration.portal.fakes.contacts import FakeContacts


@dataclass
class FakeFields:
    contacts: FakeContacts
    custom: dict[UUID, domain.Field] = field(default_factory=dict)
    requests: Requests = field(default_factory=Requests)

    def __post_init__(self) -> None:
        self.contacts.profiled = self.profiled

    def catalogue(self) -> Catalogue:
        settings = self.contacts.settings
        hidden = {Block[Field.Block.Name(block)] for block in settings.hidden_blocks}
        hidden |= {Block.MEMBERSHIP} if not settings.modules.membership else set()
        hidden |= {Block.CUSTOM} if not settings.modules.custom_fields else set()
        return Catalogue.of(domain.FIELDS, self.custom.values(), frozenset(hidden))

    def profiled(self, before: Contact | None, sent: Contact, paths: Sequence[str] = ("profile",)) -> Struct:
        """Return the profile that a contact has after a change."""
        stored: Mapping[str, Any] | None = None if before is None else plain(before.profile)
        with Checks("contact")() as checks:
            for index, point in enumerate(sent.contact_points):
                domain.ContactPoint(domain.PointKind(point.kind), point.value).checked(checks, index)
            given = changed_profile(stored or {}, sent.profile, FieldMask(paths=paths))
            return struct(checked_profile(given, stored, self.catalogue(), checks))

    def holders(self, key: str) -> list[Contact]:
        return [contact for contact in self.contacts.contacts.values() if key in contact.profile.fields]

    def list_fields(self) -> Sequence[Field]:
        catalogue = self.catalogue()
        return [wire.field(one, catalogue) for one in catalogue.fields]

    def _get(self, field_id: UUID) -> domain.Field:
        found = next((one for one in self.catalogue().fields if one.id == field_id), None)
        if found is None:
            raise NotFound(f"fields/{field_id} does not exist")
        return found

    def get_field(self, field_id: UUID) -> Field:
        found = self._get(field_id)
        return wire.field(found, self.catalogue(), len(self.holders(found.key)) if found.custom else 0)

    def create_field(self, field: Field, request_id: str) -> Field:
        check(CreateFieldRequest(field=field))

        def make() -> Field:
            made = wire.new_field(field)(new_id()).checked(self.catalogue().fields)
            self.custom[made.id] = made
            return self.get_field(made.id)

        return self.requests.once(request_id, make)

    def update_field(self, field: Field, paths: Sequence[str], request_id: str, *, force: bool = False) -> Field:
        mask = FieldMask(paths=paths)
        check(UpdateFieldRequest(field=field, update_mask=mask))
        before = self._get(UUID(field.name.split("/")[1]))
        others = [other for other in self.catalogue().fields if other.id != before.id]
        after = wire.changed_field(field, mask)(before).checked(others)
        if after.type is not before.type and self.holders(before.key):
            raise FailedPrecondition("it is in use", reason="FIELD_IN_USE")
        gone = before.gone(after)
        held = [one for one in self.holders(before.key) if one.profile[before.key] in gone]
        if held and not force:
            raise FailedPrecondition("an option is in use", reason="OPTION_IN_USE")
        for one in held:
            del one.profile.fields[before.key]
        self.custom[before.id] = replace(after, version=before.version + 1)
        return self.get_field(before.id)

    def delete_field(self, field_id: UUID, etag: str, request_id: str, *, force: bool = False) -> None:
        self.contacts.require_fresh()
        found = self._get(field_id)
        wire.check_field(etag)(found)
        if self.holders(found.key) and not force:
            raise FailedPrecondition("it is in use", reason="FIELD_IN_USE")
        for one in self.holders(found.key):
            del one.profile.fields[found.key]
        del self.custom[field_id]

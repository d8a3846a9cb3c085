"""The catalogue of profile fields on the wire."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from uuid import UUID

from google.protobuf.field_mask_pb2 import FieldMask
from recapito.contacts.v1 import fields_pb2 as pb
from recapito.type.v1.type_pb2 import LocalizedText

from services.contacts.domain import Catalogue, Field, Option, Type
from services.contacts.wire.names import check_etag, etag, merged


def field(domain: Field, catalogue: Catalogue, value_count: int = 0) -> pb.Field:
    message = _field(domain)
    message.hidden, message.value_count = not catalogue.shows(domain), value_count
    return message


def _field(domain: Field) -> pb.Field:
    return pb.Field(
        name=f"fields/{domain.id}",
        key=domain.key,
        label=LocalizedText(it=domain.label_it, en=domain.label_en),
        type=pb.Field.Type.Value(domain.type.name),
        options=_options(domain.options),
        block=pb.Field.Block.Value(domain.block.name),
        required=domain.required,
        filterable=domain.filterable,
        columns=[
            pb.Field.Column(
                id=column.key,
                label=LocalizedText(it=column.label_it, en=column.label_en),
                type=pb.Field.Type.Value(column.type.name),
                options=_options(column.options),
            )
            for column in domain.columns
        ],
        custom=domain.custom,
        position=domain.position,
        etag=etag(domain.version),
    )


def _options(options: Iterable[Option]) -> list[pb.Field.Option]:
    return [pb.Field.Option(id=one.id, label=LocalizedText(it=one.label_it, en=one.label_en)) for one in options]


def new_field(message: pb.Field) -> Callable[[UUID], Field]:
    return lambda id_: _with_values(Field(id_, message.key, "", ""), message)


def changed_field(wanted: pb.Field, mask: FieldMask) -> Callable[[Field], Field]:
    def change(before: Field) -> Field:
        check_etag(wanted.etag, before.version)
        return _with_values(before, merged(_field(before), wanted, mask))

    return change


def check_field(given: str) -> Callable[[Field], None]:
    return lambda field: check_etag(given, field.version)


def _with_values(domain: Field, message: pb.Field) -> Field:
    return replace(
        domain,
        label_it=message.label.it,
        label_en=message.label.en,
        type=Type[pb.Field.Type.Name(message.type)],
        options=tuple(Option(one.id, one.label.it, one.label.en) for one in message.options),
        required=message.required,
        filterable=message.filterable,
        position=message.position,
    )

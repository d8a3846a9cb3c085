"""The settings of documents on the wire."""

from __future__ import annotations

from collections.abc import Mapping

from google.protobuf.field_mask_pb2 import FieldMask
from recapito.documents.v1 import settings_pb2 as pb

from libs.errors import InvalidArgument
from services.documents.domain.settings import Kind, Settings
from services.documents.wire.customers import tax_identity, tax_identity_of
from services.documents.wire.values import etag, merge

SETTINGS_NAME = "settings/documents"


def settings(one: Settings) -> pb.DocumentsSettings:
    kinds = pb.DocumentsSettings.Series.Kind
    return pb.DocumentsSettings(
        name=SETTINGS_NAME,
        issuer=tax_identity(one.issuer),
        iban=one.iban,
        currency_code=one.currency_code,
        series=[
            pb.DocumentsSettings.Series(kind=kinds.Value(kind.value), format=form)
            for kind, form in sorted(one.series.items(), key=lambda item: item[0].value)
        ],
        payment_term_days=one.payment_term_days,
        etag=etag(one.version),
    )


def edited_settings(one: Settings, wanted: pb.DocumentsSettings, mask: FieldMask) -> Settings:
    message = settings(one)
    merge(message, wanted, mask)
    return Settings(
        issuer=tax_identity_of(message.issuer),
        iban=message.iban.replace(" ", "").upper(),
        currency_code=message.currency_code or one.currency_code,
        series=_series_of(message),
        payment_term_days=message.payment_term_days,
        version=one.version,
    )


def _series_of(message: pb.DocumentsSettings) -> Mapping[Kind, str]:
    kinds = pb.DocumentsSettings.Series.Kind
    found: dict[Kind, str] = {}
    for index, series in enumerate(message.series):
        path = f"documents_settings.series[{index}].kind"
        if series.kind not in kinds.values() or series.kind == pb.DocumentsSettings.Series.KIND_UNSPECIFIED:
            raise InvalidArgument.of(path, "is no kind of document", "KIND_UNKNOWN")
        kind = Kind(kinds.Name(series.kind))
        if kind in found:
            raise InvalidArgument.of(path, "is named twice", "KIND_NAMED_TWICE")
        found[kind] = series.format
    return found

"""Second factors on the wire."""

from __future__ import annotations

from recapito.identity.v1 import factors_pb2

from libs.errors import InvalidArgument
from services.identity.domain.factors import Factor
from services.identity.domain.factors import Kind as FactorKind
from services.identity.wire.names import time


def factor(found: Factor) -> factors_pb2.Factor:
    return factors_pb2.Factor(
        name=f"accounts/{found.account_id}/factors/{found.id}",
        kind=factors_pb2.Factor.Kind.Value(found.kind.value),
        display_name=found.display_name,
        confirmed=found.confirmed,
        create_time=time(found.create_time),
        last_use_time=time(found.last_use_time),
    )


def factor_kind_of(value: factors_pb2.Factor.Kind.ValueType) -> FactorKind:
    """Return the kind; InvalidArgument when it is none of ours."""
    try:
        return FactorKind(factors_pb2.Factor.Kind.Name(value))
    except ValueError:
        raise InvalidArgument.of("factor.kind", "must be TOTP or PASSKEY", "REQUIRED") from None

"""Answers of services, as they came over the wire -> ProtoJSON text in lowerCamelCase; fields without presence are always there.

By Buf's runtime, which protovalidate brings: it reads and writes in native code, where json_format takes ten times as long, and
on a list of 50 that would be more than all the rest of the call. A test holds its output beside json_format's.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from protobuf import Registry  # noqa: TID251 - for this file alone, see above
from protobuf.wkt import FileDescriptorSet  # noqa: TID251 - as above

from services.gateway.wire.contract import IMAGE


@functools.cache
def writer(message: str) -> Callable[[bytes], str]:
    """Return what turns serialized messages of this full name into JSON text."""
    described = _registry().message(message)
    if described is None:
        raise LookupError(f"{message} is not in the contract")
    kind = described.type
    return lambda data: kind.from_binary(data).to_json(always_emit_implicit=True)


@functools.cache
def _registry() -> Registry:
    return FileDescriptorSet.from_binary(IMAGE.read_bytes()).to_registry()

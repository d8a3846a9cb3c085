"""Makes up requests from the descriptors of the contract: some sound, some hostile, most in between. The same seed, the same requests."""

from __future__ import annotations

import random
import uuid
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from google.api import field_behavior_pb2, resource_pb2
from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from recapito.identity.v1 import accounts_pb2, audit_pb2, factors_pb2, links_pb2, policies_pb2, roles_pb2, sessions_pb2, settings_pb2

from tests.integration.identity.world import OTHER_PASSWORD, PASSWORD, USER_AGENT

HOSTILE = (
    "", " ", "\x00", "a\x00b", "\u202eevil", "ﷺ" * 300, "𝕏@𝕐.example", "x" * 5000, "é" * 254, "\ud7ff\ue000", "\r\nSet-Cookie: a=b",
    "' OR 1=1 --", '"; DROP TABLE accounts; --', "%_%", "../../etc/passwd", "${jndi:ldap://x}", "{{7*7}}", "<script>", "=cmd()",
    "accounts/", "accounts/me/me", "accounts/-", "accounts/00000000-0000-0000-0000-000000000000", "a@b" * 80, "null", "NaN", "1e999", "-1",
    'kind = "', 'kind = "OPERATOR" AND (', "create_time > 9999-99-99", "kind", "email = null", "x = 1", "display_name desc, x", "{}", "[]",
    '{"keys": [{"kty": "RSA"}]}', '{"keys": 1}', '{"id": "x", "response": {}}', "https://evil.example/#", "javascript:alert(1)", "//x",
    "eyJhbGciOiJub25lIn0.e30.", "9" * 400, "2026-02-30", "0001-01-01T00:00:00Z", '"1"', "*", "account.*", "a.b.c",
)  # fmt: skip
SOUND: dict[str, tuple[str, ...]] = {
    "email": ("ada@studio.example", "mario@acme.example", "nobody@acme.example", "new@studio.example"),
    "password": (PASSWORD, OTHER_PASSWORD),
    "new_password": (OTHER_PASSWORD, "una frase lunga e nuova", "short"),
    "current_password": (PASSWORD, OTHER_PASSWORD),
    "display_name": ("Ada", "Bruno Neri"),
    "language_code": ("it", "en", "en-US"),
    "ip_address": ("192.0.2.7", "2001:db8::1", "not an address"),
    "user_agent": (USER_AGENT,),
    "etag": ("", "", "", '"1"'),
    "filter": ("", 'kind = "OPERATOR"', 'state = "ACTIVE"', "create_time > 2026-01-01T00:00:00Z"),
    "order_by": ("", "create_time desc", "display_name"),
    "page_token": ("",),
    "query": ("", "ada", "mario rossi"),
    "grant_type": ("authorization_code", "refresh_token", "client_credentials", "urn:ietf:params:oauth:grant-type:device_code"),
    "scope": ("", "openid", "documents.read openid"),
    "response_type": ("code",),
    "code_challenge_method": ("S256", "plain"),
    "code_challenge": ("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",),
    "redirect_uri": ("https://client.example/back", "http://localhost:8000/"),
    "redirect_uris": ("https://client.example/back", "http://127.0.0.1/"),
    "key_set": ("", '{"keys": []}'),
    "code": ("123456", "000000", "ABCD-EFGH"),
    "version": ("2026-01", "9"),
    "it": ("# Informativa\n\nTesto.",),
    "en": ("# Policy\n\nText.",),
    "request_id": ("",),
    "audience": ("identity", "documents"),
    "capabilities": ("contacts.read", "identity.read", "documents.issue"),
    "roles": ("roles/administrator", "roles/operator", "roles/reader", "roles/nobody"),
    "landing": ("", f"invoices/{uuid.UUID(int=5)}"),
    "provider": ("entra", "google"),
}
_ID = str(uuid.UUID(int=9))
INTEGERS = (0, 1, 2, 50, 1000, 1001, -1, 2**31 - 1, -(2**31), 2**63 - 1, -(2**63))


def _patterns() -> dict[str, str]:
    """Return the pattern of the name of each resource of identity."""
    found: dict[str, str] = {}
    for file in (accounts_pb2, audit_pb2, factors_pb2, links_pb2, policies_pb2, roles_pb2, sessions_pb2, settings_pb2):
        for descriptor in file.DESCRIPTOR.message_types_by_name.values():
            resource = descriptor.GetOptions().Extensions[resource_pb2.resource]
            found |= {resource.type: resource.pattern[0]} if resource.pattern else {}
    return found


_PATTERNS = _patterns()


class MadeUp:
    """names: resource names seen so far, by type of resource, which requests then speak of; `learn` adds those of an answer."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.names: dict[str, list[str]] = defaultdict(list)
        self.tokens: list[str] = ["x" * 43]
        self._paths = ["name"]

    def request(self, descriptor: Descriptor) -> Message:
        hostility = self.random.choice((0.0, 0.0, 0.05, 0.3))
        changed = next(
            (field.message_type for field in descriptor.fields if field.number == 1 and field.message_type is not None), descriptor
        )
        self._paths = [field.name for field in changed.fields]
        return self._message(descriptor, hostility, 0)

    def learn(self, answer: Message) -> None:
        """Keep the names and secrets of an answer."""
        for field, value in answer.ListFields():
            for one in value if field.is_repeated else (value,):
                if isinstance(one, Message):
                    self.learn(one)
                elif isinstance(one, str) and field.name == "name":
                    kind = answer.DESCRIPTOR.GetOptions().Extensions[resource_pb2.resource].type
                    self.names[kind] = [*self.names[kind][-30:], one]
                elif isinstance(one, str) and field.name.endswith(("token", "secret", "passport", "code")):
                    self.tokens = [*self.tokens[-30:], one]

    # --- one message -------------------------------------------------------------------------------------------------------------
    def _message(self, descriptor: Descriptor, hostility: float, depth: int) -> Message:
        made: Any = message_factory.GetMessageClass(descriptor)()
        chosen = {oneof.name: self.random.choice([*oneof.fields, None] if hostility else oneof.fields) for oneof in descriptor.oneofs}
        for field in descriptor.fields:
            of_oneof = field.containing_oneof
            if of_oneof is not None and not _optional(field) and chosen[of_oneof.name] is not field:
                continue
            left_out = hostility if _required(field) else 0.3
            if (depth > 3 and field.message_type is not None) or self.random.random() < left_out:
                continue
            self._fill(made, field, hostility, depth)
        return made  # type: ignore[no-any-return] # GetMessageClass gives a class of messages

    def _fill(self, made: Any, field: FieldDescriptor, hostility: float, depth: int) -> None:
        if field.is_repeated:
            least = 1 if made.DESCRIPTOR.name == "FieldMask" else 0
            count = self.random.choice((least, 1, 2, 3)) if self.random.random() > hostility else self.random.choice((1, 101, 1200))
            for _ in range(count if field.message_type is None or count < 101 else 101):
                if field.message_type is not None:
                    getattr(made, field.name).append(self._message(field.message_type, hostility, depth + 1))
                else:
                    getattr(made, field.name).append(self._scalar(made, field, hostility))
        elif field.message_type is not None:
            getattr(made, field.name).CopyFrom(self._message(field.message_type, hostility, depth + 1))
        else:
            setattr(made, field.name, self._scalar(made, field, hostility))

    def _scalar(self, made: Message, field: FieldDescriptor, hostility: float) -> Any:
        match field.cpp_type:
            case FieldDescriptor.CPPTYPE_STRING if field.type == FieldDescriptor.TYPE_BYTES:
                return self.random.choice((b"", b"\xff\x00", b"{}"))
            case FieldDescriptor.CPPTYPE_STRING:
                return self.random.choice(HOSTILE) if self.random.random() < hostility else self._sound(made, field)
            case FieldDescriptor.CPPTYPE_BOOL:
                return self.random.random() < 0.5
            case FieldDescriptor.CPPTYPE_ENUM:
                return self.random.choice((*(value.number for value in field.enum_type.values), 99))  # type: ignore[union-attr] # of an enum
            case FieldDescriptor.CPPTYPE_DOUBLE | FieldDescriptor.CPPTYPE_FLOAT:
                return self.random.choice((0.0, 1.5, float("nan"), float("inf")))
            case _:
                return _fitting(field, self.random.choice(INTEGERS if self.random.random() < max(hostility, 0.1) else INTEGERS[:5]))

    def _sound(self, made: Message, field: FieldDescriptor) -> str:
        kind = field.GetOptions().Extensions[resource_pb2.resource_reference].type
        if made.DESCRIPTOR.name == "FieldMask":
            return self.random.choice(self._paths)
        if kind or field.name == "name":
            return self._name(kind or made.DESCRIPTOR.GetOptions().Extensions[resource_pb2.resource].type)
        if field.name in SOUND:
            return self.random.choice(SOUND[field.name])
        if field.name.endswith(("token", "secret", "code", "state", "verifier", "response", "assertion")):
            return self.random.choice(self.tokens)
        return self.random.choice(("", "x", *HOSTILE[-8:]))

    def _name(self, kind: str) -> str:
        plain: dict[str, Callable[[], str]] = {
            "recapito/Group": lambda: f"groups/{uuid.UUID(int=7)}",
            "recapito/Customer": lambda: f"customers/{uuid.UUID(int=8)}",
            "recapito/Message": lambda: f"messages/{uuid.UUID(int=self.random.randrange(99))}",
        }
        if kind in plain:
            return plain[kind]()
        if self.names.get(kind) and self.random.random() < 0.7:
            return self.random.choice(self.names[kind])
        alias = {"account": "me", "session": "current", "policy": "current"}
        return "/".join(alias.get(part.strip("{}"), _ID) if part.startswith("{") else part for part in _PATTERNS.get(kind, "x").split("/"))


def _required(field: FieldDescriptor) -> bool:
    return field.name == "update_mask" or field_behavior_pb2.REQUIRED in field.GetOptions().Extensions[field_behavior_pb2.field_behavior]


def _optional(field: FieldDescriptor) -> bool:
    """Tell whether the oneof is one that `optional` makes."""
    return field.containing_oneof is not None and field.containing_oneof.name.startswith("_")


def _fitting(field: FieldDescriptor, value: int) -> int:
    bits = 64 if field.cpp_type in {FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT64} else 32
    if field.cpp_type in {FieldDescriptor.CPPTYPE_UINT32, FieldDescriptor.CPPTYPE_UINT64}:
        return value % (1 << bits)
    return max(-(1 << bits - 1), min((1 << bits - 1) - 1, value))

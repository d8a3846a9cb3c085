"""Protobuf messages as JSON Schemas (2020-12) with the limits of protovalidate, for the OpenAPI document.

A message has up to three schemas: as answered (`documents.Invoice`), as created (`documents.Invoice.create`: what is required
stands in it, throughout) and as changed (`documents.Invoice.update`: all of it optional). The latter two take no unknown fields.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from buf.validate import validate_pb2
from google.api import field_behavior_pb2, resource_pb2
from google.protobuf.descriptor import FieldDescriptor

from services.gateway.wire.contract import Contract, Descriptor

Schema = dict[str, Any]
Use = Literal["answer", "create", "update"]

UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
SEGMENT = f"(?:{UUID}|me|current|-)"  # an id, or an alias of the contract
EXAMPLE_ID = "01890f3e-7c2a-7b51-9d3e-3f8a5b6c7d8e"
_SUCH_AS = re.compile(r'[Ss]uch as "([^"]{1,60})"')
_INTEGERS = {
    FieldDescriptor.TYPE_INT32: "int32",
    FieldDescriptor.TYPE_SINT32: "int32",
    FieldDescriptor.TYPE_UINT32: "int32",
    FieldDescriptor.TYPE_FIXED32: "int32",
    FieldDescriptor.TYPE_SFIXED32: "int32",
}
_WELL_KNOWN: dict[str, Schema] = {
    "Timestamp": {"type": "string", "format": "date-time", "examples": ["2026-01-31T09:00:00Z"]},
    "Duration": {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]{1,9})?s$", "examples": ["1.5s"]},
    "FieldMask": {"type": "string", "maxLength": 2000, "examples": ["displayName,email"]},
    "Struct": {"type": "object"},
}
_EXAMPLES = {  # by what the field's limits or name tell; a comment with 'such as "…"' wins
    "email": "mario.rossi@abc.example",
    "^[A-Z]{3}$": "EUR",
    "^[A-Z]{2}$": "IT",
    "^[a-z]{2}(-[A-Z]{2})?$": "it",
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}$": "2026-01-31",
    "^[+][0-9]{6,15}$": "+393451234567",
    "^-?[0-9]{1,13}([.][0-9]{1,6})?$": "100.00",
    "^[a-z][a-z0-9_]{0,62}$": "billing",
    "page_size": 50,
    "page_token": "",
    "order_by": "",
    "filter": "",
    "query": "rossi",
    "etag": "",
    "request_id": "",
    "password": "correct horse battery",
    "new_password": "correct horse battery",
    "current_password": "correct horse battery",
    "token": "…",
    "display_name": "ABC S.r.l.",
    "description": "Consulting",
    "quantity": "8",
    "discount_percent": "10",
    "vat_rate_percent": "22",
    "first_name": "Mario",
    "last_name": "Rossi",
}


def behaviors(described: Descriptor) -> Collection[int]:
    found: Collection[int] = described.GetOptions().Extensions[field_behavior_pb2.field_behavior]
    return found


def _rules(described: Descriptor) -> Any:
    return described.GetOptions().Extensions[validate_pb2.field]


@dataclass
class Schemas:
    """Collects the schemas that the document refers to."""

    contract: Contract
    found: dict[str, Schema] = field(default_factory=dict)

    def ref(self, message: Descriptor, use: Use) -> Schema:
        name = message.full_name.removeprefix("recapito.").replace(".v1.", ".") + ("" if use == "answer" else f".{use}")
        if name not in self.found:
            self.found[name] = {}  # a message may hold itself
            self.found[name] = self.message(message, use)
        return {"$ref": f"#/components/schemas/{name}"}

    def message(self, message: Descriptor, use: Use, *, needed: Collection[str] = (), without: Collection[str] = ()) -> Schema:
        """Return the schema of a message. needed, without: names of fields, beside what `use` says."""
        schema: Schema = {"type": "object"}
        if described := self.description(message):
            schema["description"] = described
        fields = [one for one in message.fields if one.name not in without]
        schema["properties"] = {one.json_name: self.property(one, use) for one in fields}
        if wanted := [one.json_name for one in fields if one.name in needed or (use == "create" and required(one))]:
            schema["required"] = wanted
        if use != "answer":
            schema["additionalProperties"] = False
        return schema

    def description(self, described: Descriptor) -> str:
        text = [self.contract.comments.get(described.full_name, "")]
        oneofs = [one for one in getattr(described, "oneofs", ()) if len(one.fields) > 1]
        text += [f"At most one of {', '.join(one.json_name for one in oneof.fields)}." for oneof in oneofs]
        return "\n".join(part for part in text if part)

    def property(self, described: Descriptor, use: Use) -> Schema:
        schema = self._value(described, use)
        if text := self.contract.comments.get(described.full_name):
            schema["description"] = text
        if field_behavior_pb2.OUTPUT_ONLY in behaviors(described) or field_behavior_pb2.IDENTIFIER in behaviors(described):
            schema["readOnly"] = True
        return schema

    def _value(self, described: Descriptor, use: Use) -> Schema:
        message = described.message_type
        if message is not None and message.GetOptions().map_entry:
            limits = _rules(described).map
            schema: Schema = {"type": "object", "additionalProperties": self._one(message.fields_by_name["value"], use, limits.values)}
            return schema | _pairs({"maxProperties": limits.max_pairs, "minProperties": limits.min_pairs})
        if described.is_repeated:
            many = _rules(described).repeated
            # A list is replaced whole, so what it holds is complete.
            items = self._one(described, "create" if use == "update" else use, many.items)
            schema = {"type": "array", "items": items} | _pairs({"maxItems": many.max_items, "minItems": many.min_items})
            return schema | ({"uniqueItems": True} if many.unique else {})
        return self._one(described, use, _rules(described))

    def _one(self, described: Descriptor, use: Use, rules: Any) -> Schema:
        message = described.message_type
        if message is not None and message.full_name.startswith("google.protobuf."):
            return dict(_WELL_KNOWN.get(message.name, {"type": "object"}))
        if message is not None:
            return self.ref(message, use)
        if described.enum_type is not None:
            return self._enum(described.enum_type)
        return self._scalar(described, use, rules)

    def _enum(self, described: Descriptor) -> Schema:
        said = {value.name: self.contract.comments.get(f"{described.full_name}.{value.name}", "") for value in described.values}
        listed = [f"- {name}: {text.replace(chr(10), ' ')}" for name, text in said.items() if text]
        text = "\n".join(line for line in (self.contract.comments.get(described.full_name, ""), *listed) if line)
        return {"type": "string", "enum": [value.name for value in described.values]} | ({"description": text} if text else {})

    def _scalar(self, described: Descriptor, use: Use, rules: Any) -> Schema:
        match described.type:
            case FieldDescriptor.TYPE_STRING:
                return self._text(described, use, rules)
            case FieldDescriptor.TYPE_BOOL:
                return {"type": "boolean"}
            case FieldDescriptor.TYPE_BYTES:
                return {"type": "string", "contentEncoding": "base64"} | _pairs({"maxLength": -(-rules.bytes.max_len // 3) * 4})
            case FieldDescriptor.TYPE_DOUBLE | FieldDescriptor.TYPE_FLOAT:
                return {"type": "number"} | dict(_bounds(rules.double))
            case kind if kind in _INTEGERS:
                return {"type": "integer", "format": "int32"} | dict(_bounds(rules.int32))
            case _:
                return {"type": "string", "format": "int64", "pattern": "^-?[0-9]{1,19}$"}

    def _text(self, described: Descriptor, use: Use, rules: Any) -> Schema:
        limits = rules.string
        schema: Schema = {"type": "string"} | _pairs({"maxLength": limits.max_len, "minLength": limits.min_len})
        empty = rules.ignore == validate_pb2.IGNORE_IF_ZERO_VALUE or use == "answer"
        if use != "answer" and limits.WhichOneof("well_known") in {"email", "uri", "uuid", "hostname", "ipv4", "ipv6"}:
            schema["format"] = limits.WhichOneof("well_known")
        if pattern := limits.pattern or self.name_pattern(described):
            schema["pattern"] = f"^$|{pattern}" if empty or not limits.pattern else pattern
        example = self._example(described, schema, limits.pattern)
        return schema | ({"examples": [example]} if example else {})

    def _example(self, described: Descriptor, schema: Schema, pattern: str) -> Any:
        if said := _SUCH_AS.search(self.contract.comments.get(described.full_name, "")):
            return said[1]
        if name := self._example_name(described):
            return name
        return next((_EXAMPLES[key] for key in (schema.get("format", ""), described.name, pattern) if key in _EXAMPLES), "")

    # --- resource names ----------------------------------------------------------------------------------------------------------
    def _forms(self, described: Descriptor) -> list[str]:
        options = described.GetOptions()
        if field_behavior_pb2.IDENTIFIER in behaviors(described):
            return list(described.containing_type.GetOptions().Extensions[resource_pb2.resource].pattern)
        reference = options.Extensions[resource_pb2.resource_reference].type
        return list(self.contract.patterns.get(reference, ()))

    def name_pattern(self, described: Descriptor) -> str:
        """The form of a resource name in this field; "" when it holds something else."""
        forms = [re.sub(r"\{[^}]+\}", lambda _: SEGMENT, form) for form in self._forms(described)]
        return f"^(?:{'|'.join(forms)})$" if forms else ""

    def _example_name(self, described: Descriptor) -> str:
        return next((re.sub(r"\{[^}]+\}", EXAMPLE_ID, form) for form in self._forms(described)), "")


def required(described: Descriptor) -> bool:
    return field_behavior_pb2.REQUIRED in behaviors(described)


def _pairs(limits: Mapping[str, int]) -> Schema:
    return {name: int(limit) for name, limit in limits.items() if limit}


def _bounds(rules: Any) -> Iterator[tuple[str, float]]:
    for name, keyword in (("gte", "minimum"), ("lte", "maximum"), ("gt", "exclusiveMinimum"), ("lt", "exclusiveMaximum")):
        if rules.HasField(name):
            yield keyword, getattr(rules, name)


# --- examples ------------------------------------------------------------------------------------------------------------------------
def example(schema: Schema, schemas: Mapping[str, Schema], depth: int = 0) -> Any:
    """Return a small example of a request: what is required, else the fields that have something to show; None for nothing."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rsplit("/", 1)[1]]
    if "examples" in schema:
        return schema["examples"][0] or None
    match schema.get("type"):
        case "object":
            return _object_example(schema, schemas, depth)
        case "array":
            one = example(schema["items"], schemas, depth + 1)
            return [one] if one is not None else []
        case "string":
            return next((name for name in schema["enum"] if not name.endswith("UNSPECIFIED")), None) if "enum" in schema else None
        case "integer" | "number":
            return schema.get("minimum", 1)
        case _:
            return None


def _object_example(schema: Schema, schemas: Mapping[str, Schema], depth: int) -> Any:
    deepest = 3
    needed = schema.get("required", ())
    found: dict[str, Any] = {}
    for name, one in schema.get("properties", {}).items():
        if one.get("readOnly") or (depth >= deepest and name not in needed):
            continue
        value = example(one, schemas, depth + 1)
        if value not in (None, {}, []):
            found[name] = value
        elif name in needed:
            found[name] = "…"
    return found

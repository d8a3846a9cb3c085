"""Checks objects against the CustomResourceDefinitions in crds/, as strictly as an API server does with --validate=strict."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

CRDS = Path(__file__).parent / "crds"
_KEPT_OUT = {"default", "format"}


def faults(found: dict[str, Any]) -> list[str] | None:
    """Return what is wrong with a custom resource; None when its kind is none of these."""
    validator = _validators().get((found["apiVersion"], found["kind"]))
    if validator is None:
        return None
    return [f"{'.'.join(map(str, fault.absolute_path))}: {fault.message[:300]}" for fault in validator.iter_errors(found)]


@cache
def _validators() -> dict[tuple[str, str], Draft202012Validator]:
    definitions = [json.loads(path.read_text()) for path in CRDS.glob("*.json")]
    return {(given["apiVersion"], given["kind"]): Draft202012Validator(_root(given["schema"])) for given in definitions}


def _root(schema: dict[str, Any]) -> dict[str, Any]:
    properties = schema.get("properties", {}) | {"metadata": {}, "apiVersion": {"type": "string"}, "kind": {"type": "string"}}
    return _strict(schema | {"properties": properties})


def _strict(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a structural schema of Kubernetes as a JSON Schema that knows no unknown fields."""
    strict = {key: value for key, value in schema.items() if key not in _KEPT_OUT and not key.startswith("x-kubernetes-")}
    if schema.get("x-kubernetes-int-or-string"):
        strict.pop("type", None)
        strict["anyOf"] = [{"type": "integer"}, {"type": "string"}]
    if "properties" in schema:
        strict["properties"] = {name: _strict(value) for name, value in schema["properties"].items()}
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            strict.setdefault("additionalProperties", False)
    if isinstance(schema.get("additionalProperties"), dict):
        strict["additionalProperties"] = _strict(schema["additionalProperties"])
    if "items" in schema:
        strict["items"] = _strict(schema["items"])
    if schema.get("nullable") and "type" in strict:
        strict["type"] = [strict["type"], "null"]
    return strict

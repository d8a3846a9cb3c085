"""The description of the API: /openapi.json for programs, /docs for people, made once from the contract."""

from __future__ import annotations

import functools
import gzip
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, render_template, request
from markupsafe import Markup, escape

from libs.web import API_HEADERS
from services.gateway.wire.contract import Contract
from services.gateway.wire.openapi import document

STYLE = Path(__file__).parents[1] / "static" / "docs.css"
_PAGE_HEADERS = {"Content-Security-Policy": API_HEADERS["Content-Security-Policy"] + "; style-src 'self'"}
_LIMITS = {"minLength": "at least {} characters", "maxLength": "at most {} characters", "minimum": "from {}", "maximum": "to {}"} | {
    "maxItems": "at most {} entries",
    "maxProperties": "at most {} keys",
    "format": "{}",
}
_LONGEST_PATTERN = 60


def blueprint(contract: Contract, url: str) -> Blueprint:
    area = Blueprint("documents", __name__)

    @functools.cache
    def described() -> dict[str, Any]:
        return document(contract, url)

    @functools.cache
    def openapi() -> bytes:
        return json.dumps(described(), ensure_ascii=False, separators=(",", ":")).encode()

    @functools.cache
    def page() -> bytes:
        return render_template("docs.html", document=described(), groups=list(_groups(described())), schemas=_schemas(described())).encode()

    area.add_app_template_filter(markup, "markup")
    area.add_url_rule("/openapi.json", "openapi", _kept(openapi, "application/json"))
    area.add_url_rule("/docs", "page", _kept(page, "text/html; charset=utf-8", _PAGE_HEADERS))
    area.add_url_rule("/docs/docs.css", "style", _kept(functools.cache(STYLE.read_bytes), "text/css; charset=utf-8"))
    return area


def _kept(make: Callable[[], bytes], content_type: str, headers: dict[str, str] | None = None) -> Callable[[], Response]:
    """A view of bytes that do not change while the process runs, with their ETag, compressed for who takes that."""
    compressed = functools.cache(lambda: gzip.compress(make(), mtime=0))

    def view() -> Response:
        answer = Response(make(), content_type=content_type, headers=headers)
        answer.headers["Cache-Control"] = "no-cache"
        answer.vary.add("Accept-Encoding")
        answer.set_etag(hashlib.sha256(make()).hexdigest()[:32], weak=True)
        if request.accept_encodings["gzip"]:
            answer.set_data(compressed())
            answer.headers["Content-Encoding"] = "gzip"
        answer.make_conditional(request)
        return answer

    return view


# --- what the page shows -------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Row:
    """A parameter or field in a table. kind: such as "text" or "list of Line". target: the schema it leads to, "" for none."""

    name: str
    kind: str
    target: str
    notes: str
    limits: str
    required: bool
    read_only: bool


@dataclass(frozen=True)
class Operation:
    id: str
    verb: str
    path: str
    summary: str
    description: str
    parameters: list[Row]
    body: list[Row]
    answer: str
    answer_kind: str
    statuses: list[tuple[str, str]]
    curl: str


@dataclass(frozen=True)
class Group:
    name: str
    id: str
    description: str
    operations: list[Operation]


def _groups(described: dict[str, Any]) -> Iterator[Group]:
    for tag in described["tags"]:
        operations = [
            _operation(described, path, verb, one)
            for path, verbs in described["paths"].items()
            for verb, one in verbs.items()
            if tag["name"] in one["tags"]
        ]
        yield Group(tag["name"], tag["name"].replace(" ", "-"), tag["description"], operations)


def _operation(described: dict[str, Any], path: str, verb: str, one: dict[str, Any]) -> Operation:
    parameters = [_row(entry["name"], entry["schema"], entry, required=entry.get("required", False)) for entry in one.get("parameters", ())]
    body = one.get("requestBody", {}).get("content", {}).get("application/json", {})
    done = next(answer for status, answer in one["responses"].items() if status.startswith("2"))
    kind, target = _kind(done.get("content", {}).get("application/json", {}).get("schema", {}))
    statuses = [
        (status, described["components"]["responses"][answer["$ref"].rsplit("/", 1)[1]]["description"])
        for status, answer in one["responses"].items()
        if "$ref" in answer
    ]
    return Operation(
        id=one["operationId"],
        verb=verb.upper(),
        path=path,
        summary=one["summary"],
        description=_after(one["summary"], one["description"]),
        parameters=parameters,
        body=[row for row in _fields(described, body["schema"]) if not row.read_only] if "schema" in body else [],
        answer=target,
        answer_kind=kind or done["description"],
        statuses=statuses,
        curl=_curl(described["servers"][0]["url"], path, verb, one, body.get("example")),
    )


def _after(summary: str, description: str) -> str:
    """The description less its first sentence, which is the title already."""
    first = description[: len(summary)]
    return description[len(summary) :].lstrip(". ") if first.replace("\n", " ") == summary else description


def _curl(url: str, path: str, verb: str, one: dict[str, Any], example: Any) -> str:
    for entry in one.get("parameters", ()):
        if entry["in"] == "path":
            path = path.replace(f"{{{entry['name']}}}", entry["schema"]["examples"][0])
    lines = [f"curl -X {verb.upper()} '{url}{path}'"]
    if one.get("security") != []:
        lines.append('-H "Authorization: Bearer $TOKEN"')
    if any(entry["name"] == "Idempotency-Key" for entry in one.get("parameters", ())):
        lines.append('-H "Idempotency-Key: $(uuidgen)"')
    if "requestBody" in one:
        lines += ["-H 'Content-Type: application/json'", f"-d '{json.dumps(example or {}, ensure_ascii=False, indent=2)}'"]
    return " \\\n  ".join(lines)


def _schemas(described: dict[str, Any]) -> dict[str, tuple[str, list[Row]]]:
    """Description and fields of each message, once: as it is answered, else as it is sent."""
    schemas: dict[str, dict[str, Any]] = described["components"]["schemas"]
    preferred_last = sorted(schemas, key=lambda name: (name == _plain(name), name.endswith(".create")))
    shown = {_plain(name): schemas[name] for name in preferred_last}
    return {name: (schema.get("description", ""), _fields(described, schema)) for name, schema in sorted(shown.items())}


def _plain(name: str) -> str:
    return name.removesuffix(".update").removesuffix(".create")


def _fields(described: dict[str, Any], schema: dict[str, Any]) -> list[Row]:
    if "$ref" in schema:
        schema = described["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    needed = schema.get("required", ())
    return [_row(name, one, one, required=name in needed) for name, one in schema.get("properties", {}).items()]


def _row(name: str, schema: dict[str, Any], notes: dict[str, Any], *, required: bool) -> Row:
    kind, target = _kind(schema)
    said = [text.format(schema[key]) for key, text in _LIMITS.items() if key in schema]
    if examples := schema.get("examples"):
        said.append(f"such as {examples[0]}")
    pattern = schema.get("pattern", "").removeprefix("^$|")
    if pattern and not examples and len(pattern) <= _LONGEST_PATTERN:
        said.append(f"matches {pattern}")
    return Row(name, kind, target, notes.get("description", ""), ", ".join(said), required, bool(schema.get("readOnly")))


def _kind(schema: dict[str, Any]) -> tuple[str, str]:
    """Return what a value is, in words, and the schema that tells more."""
    if "$ref" in schema:
        target = _plain(schema["$ref"].rsplit("/", 1)[1])
        return target.split(".", 1)[-1], target
    if "enum" in schema:
        return " · ".join(name for name in schema["enum"] if not name.endswith("UNSPECIFIED")), ""
    match schema.get("type"):
        case "array":
            kind, target = _kind(schema["items"])
            return f"list of {kind}", target
        case "object" if "additionalProperties" in schema:
            kind, target = _kind(schema["additionalProperties"] or {})
            return f"object of {kind}", target
        case "string":
            return "instant" if schema.get("format") == "date-time" else "text", ""
        case "boolean":
            return "true or false", ""
        case "integer":
            return "whole number", ""
        case kind:
            return str(kind or ""), ""


def markup(text: str) -> Markup:
    """Show a comment: paragraphs, lists by "- ", `code` and **strong**. Everything else is text."""
    shown = str(escape(text))
    shown = re.sub(r"`([^`\n]+)`", r"<code>\1</code>", shown)
    shown = re.sub(r"\*\*([^*\n]+)\*\*", r"<strong>\1</strong>", shown)
    shown = re.sub(r"(?m)^Errors: ", "<strong>Errors</strong> ", shown)
    return Markup("".join(_block(block) for block in re.split(r"\n{2,}", shown)))  # noqa: S704 - escaped above


def _block(block: str) -> str:
    before, *items = re.split(r"(?m)^- ", block)
    listed = "".join(f"<li>{item.strip()}</li>" for item in items)
    lines = re.sub(r"\n(?=<strong>Errors|Filter: |Order: )", "<br>", before.strip())
    return (f"<p>{lines}</p>" if lines else "") + (f"<ul>{listed}</ul>" if listed else "")

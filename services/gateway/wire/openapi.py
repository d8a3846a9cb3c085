"""The contract as an OpenAPI 3.1 document: comments as descriptions, limits in the schemas, every status that may be answered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from recapito.access.v1 import access_pb2

from services.gateway.wire.contract import Contract, Descriptor, Method, Route
from services.gateway.wire.schemas import EXAMPLE_ID, SEGMENT, Schema, Schemas, Use, example, required

VERSION = "1"
PROBLEM = "application/problem+json"
_OAUTH = "/oauth2/"
JSON = "application/json"
_STREAMED = (
    "application/pdf",
    "application/jsonl",
    "application/octet-stream",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "text/csv",
    "text/vcard",
)
ABOUT = """\
Who acts for each customer, what each of them may see, which e-mails they get, and why.

**Signing in.** `POST /v1/sessions` gives a session token, `POST /oauth2/token` changes it for an access token of 5 minutes. Send
either as `Authorization: Bearer <token>`. Methods say who may call them; what a caller may not know of answers 404.

**Names.** A resource is its name: `invoices/{uuid}`. `accounts/me`, `contacts/me` and `…/sessions/current` are the caller's own;
`-` as a parent means all.

**Fields** are lowerCamelCase; `display_name` is taken for `displayName` too. Unknown fields and parameters are refused. Fields marked
read-only are ignored when they come in. Instants are RFC 3339 in UTC, days `2026-01-31`, money a decimal text with its currency.

**Changing.** `PATCH` changes the fields that `updateMask` names. Without it, those that the body names, as a JSON merge patch: null
clears a field, a list is replaced whole. With the `etag` that was read, a change that came between is refused with 412.

**Trying again.** Send an `Idempotency-Key` with what changes something: the same key and body give the same answer for 24 hours, the
same key with another body 422.

**Lists** give `nextPageToken`, empty on the last page; send it as `pageToken` with the same filter and order. Filters are those of
AIP-160: `customer = "customers/…" AND (state = PAID OR dueDate < 2026-01-31)`, by the fields that each method names.

**Errors** are problem documents (RFC 9457) with a `code` for programs, the fields that are wrong in `errors`, named as in the request
message, and a `trace_id` to tell us. 429 and 503 say in `Retry-After` when to come back."""

_STATUSES = {
    400: ("BadRequest", "Something in the request is wrong; `errors` names it."),
    401: ("Unauthenticated", "No token, or one that is not valid any more; or wrong credentials."),
    403: ("Forbidden", "The caller may not do this, or must first finish or renew its sign-in."),
    404: ("NotFound", "It does not exist, or the caller may not know of it."),
    409: ("Conflict", "The state of the resource is in the way, or what must be unique is taken; `code` says which."),
    412: ("Changed", "The resource has changed since its `etag` was read."),
    413: ("TooLarge", "The body is larger than 1 MiB, or a file larger than 15 MiB."),
    414: ("LineTooLong", "The address with its query is longer than 8,190 bytes."),
    415: ("MediaType", "The body is not JSON."),
    422: ("Unprocessable", "The Idempotency-Key came with another body before; or the body is nested too deep or has too many entries."),
    429: ("TooMany", "Too many attempts; come back after `Retry-After`."),
    500: ("Defect", "A defect of ours; tell us the `trace_id`."),
    503: ("Unavailable", "Something that is needed does not answer now; come back after `Retry-After`."),
    504: ("Late", "No answer within 15 seconds; it is not known whether the call had an effect."),
}
_LINE_TOO_LONG = {"description": _STATUSES[414][1], "content": {"text/html": {}}}  # the HTTP server answers before we see anything
_OAUTH_REFUSED = {
    "description": "Refused; `error` says why, as in RFC 6749, section 5.2.",
    "content": {media: {"schema": {"$ref": "#/components/schemas/Problem"}} for media in (JSON, PROBLEM)},
}
_PROBLEM: Schema = {
    "type": "object",
    "description": "What went wrong, RFC 9457.",
    "required": ["type", "title", "status", "detail", "code", "trace_id"],
    "properties": {
        "type": {"type": "string", "examples": ["urn:recapito:problem:INVOICE_NOT_DRAFT"]},
        "title": {"type": "string", "examples": ["Conflict"]},
        "status": {"type": "integer", "examples": [409]},
        "detail": {"type": "string", "description": "For developers, in English. No personal data."},
        "code": {"type": "string", "description": "For programs, such as INVOICE_NOT_DRAFT.", "examples": ["INVOICE_NOT_DRAFT"]},
        "trace_id": {"type": "string"},
        "errors": {"type": "array", "items": {"$ref": "#/components/schemas/FieldError"}},
        "params": {"type": "object", "additionalProperties": {"type": "string"}, "description": "Values that a sentence about it needs."},
        "error": {"type": "string", "description": "Of /oauth2: as RFC 6749 names it."},
        "error_description": {"type": "string"},
    },
}
_FIELD_ERROR: Schema = {
    "type": "object",
    "description": "What is wrong with one field.",
    "required": ["field", "detail", "reason"],
    "properties": {
        "field": {"type": "string", "description": "Its path in the request message.", "examples": ["invoice.lines[2].quantity"]},
        "detail": {"type": "string"},
        "reason": {"type": "string", "examples": ["REQUIRED"]},
    },
}
_KEY_PARAMETER: Schema = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Makes trying again safe for 24 hours: the same key and body give the same answer.",
    "schema": {"type": "string", "maxLength": 64, "pattern": "^[!-~]+$"},
}


def document(contract: Contract, url: str) -> dict[str, Any]:
    """Return the whole document. url: where this API is reached."""
    schemas = Schemas(contract)
    paths: dict[str, dict[str, Any]] = {}
    seen: set[str] = set()
    for route in contract.routes:
        path, parameters = route.path.openapi(contract.singular)
        operation = _operation(contract, schemas, route, parameters)
        if route.method.full_name in seen:
            operation["operationId"] += f"_{parameters[0]}"  # a further binding of the method
        seen.add(route.method.full_name)
        paths.setdefault(path, {})[route.verb.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "Recapito", "version": VERSION, "description": ABOUT},
        "servers": [{"url": url}],
        "security": [{"bearer": []}],
        "tags": list(_tags(contract)),
        "paths": paths,
        "components": {
            "schemas": {"Problem": _PROBLEM, "FieldError": _FIELD_ERROR} | dict(sorted(schemas.found.items())),
            "responses": {name: _problem_response(text) for name, text in _STATUSES.values()}
            | {"LineTooLong": _LINE_TOO_LONG, "OAuthRefused": _OAUTH_REFUSED},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "description": "A session token or an access token."}},
        },
    }


def _tag(contract: Contract, method: Method) -> str:
    """The gRPC service; with its owner when two services have one of that name."""
    owners = {route.method.service for route in contract.routes if route.method.group == method.group}
    return method.group if len(owners) == 1 else f"{method.group} of {method.service}"


def _tags(contract: Contract) -> Iterator[dict[str, str]]:
    seen: set[str] = set()
    for route in contract.routes:
        tag = _tag(contract, route.method)
        if tag not in seen:
            seen.add(tag)
            yield {"name": tag, "description": contract.comments.get(route.method.full_name.rsplit(".", 1)[0], "")}


# --- one operation -------------------------------------------------------------------------------------------------------------------
def _operation(contract: Contract, schemas: Schemas, route: Route, path_parameters: list[str]) -> dict[str, Any]:
    method = route.method
    comment = contract.comments.get(method.full_name, method.name)
    operation: dict[str, Any] = {
        "operationId": f"{_tag(contract, method).replace(' ', '')}_{method.name}",
        "tags": [_tag(contract, method)],
        "summary": re.split(r"\.\s", comment)[0].replace("\n", " ").rstrip("."),
        "description": f"{comment}\n\n{_who(method.rule)}",
    }
    parameters = [_path_parameter(name) for name in path_parameters]
    parameters += list(_query_parameters(schemas, route))
    if "request_id" in method.input.DESCRIPTOR.fields_by_name:
        parameters.append(_KEY_PARAMETER)
    if parameters:
        operation["parameters"] = parameters
    if route.body:
        operation["requestBody"] = _request_body(schemas, route)
    operation["responses"] = _answer(schemas, method) | {
        str(status): {"$ref": f"#/components/responses/{_STATUSES[status][0]}"} for status in _possible(route)
    }
    if route.path.text.startswith(_OAUTH):
        operation["responses"] |= {status: {"$ref": "#/components/responses/OAuthRefused"} for status in ("400", "401")}
    if method.public:
        operation["security"] = []
    return operation


def _who(rule: access_pb2.Rule) -> str:
    """The access rule in words."""
    if rule.public:
        return "Who: anyone."
    who = ["any account, on what is its own or common"] if rule.owner else []
    if rule.operator:
        who.append(f"operators with `{rule.operator}`")
    if rule.contact == access_pb2.MEMBER:
        who.append("contacts of the customer")
    elif rule.contact:
        who.append(f"contacts with {access_pb2.Contact.Name(rule.contact)}")
    text = f"Who: {'; '.join(who)}."
    if rule.assurance == access_pb2.FRESH:
        text += " Signed in by password within the last 10 minutes."
    elif rule.assurance == access_pb2.PENDING:
        text += " Also while the session waits for a new password or the privacy policy."
    elif rule.assurance == access_pb2.FIRST_FACTOR:
        text += " Also while the session waits for its second factor, a new password or the privacy policy."
    return text


def _path_parameter(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": f"The id in the name of the {name}.",
        "schema": {"type": "string", "pattern": f"^{SEGMENT}$", "examples": [EXAMPLE_ID]},
    }


def _query_parameters(schemas: Schemas, route: Route) -> Iterator[dict[str, Any]]:
    if route.body == "*":
        return
    taken = {variable.field.split(".")[0] for variable in route.path.variables()} | {route.body, "request_id"}
    for described in route.method.input.DESCRIPTOR.fields:
        if described.name in taken or not _fits_query(described):
            continue
        schema = schemas.property(described, "update")
        parameter: dict[str, Any] = {"name": described.json_name, "in": "query"}
        if "description" in schema:
            parameter["description"] = schema.pop("description")
        yield parameter | {"schema": schema}


def _fits_query(described: Descriptor) -> bool:
    message = described.message_type
    return message is None or (message.full_name.startswith("google.protobuf.") and not message.GetOptions().map_entry)


def _request_body(schemas: Schemas, route: Route) -> dict[str, Any]:
    if route.takes_bytes:
        return {"required": True, "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
    fields = route.method.input.DESCRIPTOR.fields_by_name
    use: Use = "create" if route.method.name.startswith("Create") else "update"
    schema = _whole_body(schemas, route, use) if route.body == "*" else schemas.ref(fields[route.body].message_type, use)
    media: dict[str, Any] = {"schema": schema}
    shown = example(schema, schemas.found)
    if shown:
        media["example"] = shown
    content = {JSON: media}
    if route.path.text.startswith(_OAUTH):
        content["application/x-www-form-urlencoded"] = {"schema": schema}
    resolved = schemas.found[schema["$ref"].rsplit("/", 1)[1]]
    return {"required": route.body != "*" or bool(resolved.get("required")), "content": content}


def _whole_body(schemas: Schemas, route: Route, use: Use) -> Schema:
    """The request message as a body, less what the path gives and what the gateway fills in."""
    message = route.method.input.DESCRIPTOR
    given = {variable.field for variable in route.path.variables()} | {"client_info"}
    needed = [one.name for one in message.fields if required(one) and one.name not in given]
    name = f"{route.method.service}.{message.name}"
    schemas.found[name] = schemas.message(message, use, needed=needed, without=given)
    return {"$ref": f"#/components/schemas/{name}"}


def _answer(schemas: Schemas, method: Method) -> dict[str, Any]:
    if method.answers_nothing:
        return {"204": {"description": "Done."}}
    if method.answers_bytes:
        media: tuple[str, ...] = (
            ("application/zip",) if method.of_all else _STREAMED if method.streams else ("application/json", "application/jwk-set+json")
        )
        text = "The bytes, as an attachment." if method.streams else "The document."
        return {"200": {"description": text, "content": {kind: {} for kind in media}}}
    return {"200": {"description": "Done.", "content": {JSON: {"schema": schemas.ref(method.output.DESCRIPTOR, "answer")}}}}


def _possible(route: Route) -> list[int]:
    """The statuses of failure that the method may answer."""
    found = [400, 401, 403, 404, 409, 414, 429, 500, 503, 504]
    if route.verb != "GET":
        found += [412, 422]
    if route.body:
        found += [413, 415]
    return sorted(found)


def _problem_response(text: str) -> dict[str, Any]:
    return {"description": text, "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}}

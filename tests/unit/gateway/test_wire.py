"""The contract, JSON <-> protobuf beside json_format, and the OpenAPI document."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from google.api.httpbody_pb2 import HttpBody
from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st
from openapi_spec_validator import validate
from recapito.contacts.v1 import contacts_pb2, customers_pb2
from recapito.documents.v1 import invoices_pb2
from recapito.identity.v1 import sessions_pb2
from recapito.notifications.v1 import dispatches_pb2

from libs.errors import InvalidArgument
from services.gateway.wire import reading, requests, writing
from services.gateway.wire.contract import Contract, Route, contract
from services.gateway.wire.openapi import document
from services.gateway.wire.requests import Sent

CUSTOMER = "customers/01890000-0000-7000-8000-0000000000d1"


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    return document(contract(), "https://api.example")


def route(name: str) -> Route:
    return next(route for route in contract().routes if route.method.full_name.endswith(f".{name}"))


# --- the contract --------------------------------------------------------------------------------------------------------------------
def test_every_method_with_a_route_is_found_with_its_comment() -> None:
    found: Contract = contract()
    assert len(found.routes) >= 70
    assert not [route.method.full_name for route in found.routes if not found.comments.get(route.method.full_name)]


def test_methods_for_services_alone_have_no_route() -> None:
    assert not {"CreatePassport", "BatchGetCandidates", "MintLinks"} & {route.method.name for route in contract().routes}


def test_no_route_trusts_the_gateway_itself() -> None:
    assert not [route.method.full_name for route in contract().routes if "gateway" in route.method.rule.services]


# --- JSON and protobuf ---------------------------------------------------------------------------------------------------------------
MESSAGES: list[type[Message]] = [
    invoices_pb2.Invoice,
    customers_pb2.Customer,
    contacts_pb2.Contact,
    dispatches_pb2.Dispatch,
    sessions_pb2.CreateSessionRequest,
    invoices_pb2.UpdateInvoiceRequest,
]
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
INTS = {FieldDescriptor.TYPE_INT32: st.integers(-(2**31), 2**31 - 1), FieldDescriptor.TYPE_INT64: st.integers(-(2**63), 2**63 - 1)}


def values(field: Any, depth: int) -> st.SearchStrategy[Any]:
    if field.message_type is not None:
        return messages(field.message_type, depth + 1)
    if field.enum_type is not None:
        return st.sampled_from([value.number for value in field.enum_type.values])
    if field.type == FieldDescriptor.TYPE_BOOL:
        return st.booleans()
    if field.type == FieldDescriptor.TYPE_BYTES:
        return st.binary(max_size=8)
    return INTS.get(field.type, TEXT)


def messages(descriptor: Any, depth: int = 0) -> st.SearchStrategy[Any]:
    """Values for a message's constructor."""
    match descriptor.name:
        case "Timestamp":
            return st.fixed_dictionaries({"seconds": st.integers(0, 2**32), "nanos": st.sampled_from([0, 5_000_000, 123_456_789])})
        case "FieldMask":
            return st.just({"paths": ["notes", "due_date"]})
        case "Struct":
            one = st.fixed_dictionaries({"string_value": TEXT}) | st.fixed_dictionaries({"bool_value": st.booleans()})
            return st.fixed_dictionaries({"fields": st.dictionaries(TEXT, one, max_size=2)})
    if depth > 2:
        return st.just({})
    fields: dict[str, st.SearchStrategy[Any]] = {}
    for field in descriptor.fields:
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            entry = field.message_type.fields_by_name
            fields[field.name] = st.dictionaries(TEXT, values(entry["value"], depth), max_size=2)
        elif field.is_repeated:
            fields[field.name] = st.lists(values(field, depth), max_size=2)
        elif field.containing_oneof is None:
            fields[field.name] = values(field, depth)
    return st.fixed_dictionaries({}, optional=fields)


def built(kind: type[Message], content: dict[str, Any]) -> Message:
    """Fill a message; maps of messages cannot be given to a constructor."""
    message = kind()
    for name, value in content.items():
        field = kind.DESCRIPTOR.fields_by_name[name]
        entry = field.message_type if field.message_type is not None and field.message_type.GetOptions().map_entry else None
        if entry is None and field.message_type is not None and not field.is_repeated:
            getattr(message, name).CopyFrom(built(type(getattr(message, name)), value))
        elif entry is None and field.message_type is not None:
            for one in value:
                target = getattr(message, name).add()
                target.CopyFrom(built(type(target), one))
        elif entry is not None and entry.fields_by_name["value"].message_type is not None:
            for key, one in value.items():
                target = getattr(message, name)[key]
                target.CopyFrom(built(type(target), one))
        elif entry is not None:
            getattr(message, name).update(value)
        elif field.is_repeated:
            getattr(message, name).extend(value)
        else:
            setattr(message, name, value)
    return message


@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.DESCRIPTOR.name)
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_messages_are_written_as_json_format_writes_them_and_read_back(kind: type[Message], data: st.DataObject) -> None:
    message = built(kind, data.draw(messages(kind.DESCRIPTOR)))
    text = writing.writer(kind.DESCRIPTOR.full_name)(message.SerializeToString())
    assert json.loads(text) == json.loads(json_format.MessageToJson(message, always_print_fields_with_no_presence=True))
    back, faults = kind(), reading.Faults()
    reading.fill(back, json.loads(text), "", faults)
    assert not faults.found
    assert back == message


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["lines", "dueDate", "total", "vat", "state", "issueTime", "billTo", "overdue", "x"]), inner, max_size=4
        )
    ),
    max_leaves=15,
)


@given(ANY_JSON)
@settings(deadline=None)
def test_any_json_is_taken_or_refused_by_field(value: Any) -> None:
    faults = reading.Faults()
    reading.fill(invoices_pb2.Invoice(), value, "invoice", faults)
    assert all(fault.field.startswith("invoice") and fault.reason for fault in faults.found)


def test_a_changed_profile_names_the_fields_that_were_sent() -> None:
    body = {"profile": {"tax_code": None, "source": "fiera"}, "firstName": "Laura"}
    request: Any = requests.message(route("UpdateContact"), Sent({"contact.name": "contacts/x"}, body=body))
    assert sorted(request.update_mask.paths) == ["first_name", "profile.source", "profile.tax_code"]


def test_a_oneof_takes_one_of_its_fields() -> None:
    body = {"password": {"email": "a@b.example", "password": "x"}, "link": {"token": "y"}}
    with pytest.raises(InvalidArgument) as caught:
        requests.message(route("CreateSession"), Sent({}, body=body))
    assert [fault.reason for fault in caught.value.violations] == ["ONEOF_TWICE"]


@pytest.mark.parametrize("value", ["12", 12, 12.0])
def test_whole_numbers_come_as_numbers_or_text(value: Any) -> None:
    request: Any = requests.message(route("ListInvoices"), Sent({}, query=[("pageSize", str(int(value)))]))
    assert request.page_size == 12


def test_what_the_path_gives_is_in_the_request() -> None:
    request: Any = requests.message(route("MakePrimary"), Sent({"name": f"{CUSTOMER}/affiliations/x"}, body={}))
    assert request.name == f"{CUSTOMER}/affiliations/x"


def test_parameters_of_a_method_with_a_whole_body_are_refused() -> None:
    with pytest.raises(InvalidArgument) as caught:
        requests.message(route("IssueInvoice"), Sent({"name": "invoices/x"}, query=[("skipNotification", "true")], body={}))
    assert caught.value.violations[0].field == "skipNotification"


# --- OpenAPI -------------------------------------------------------------------------------------------------------------------------
def test_the_document_is_valid_openapi(described: dict[str, Any]) -> None:
    validate(described)


def test_the_document_holds_every_route_once(described: dict[str, Any]) -> None:
    ids = [operation["operationId"] for verbs in described["paths"].values() for operation in verbs.values()]
    assert len(ids) == len(set(ids)) == len(contract().routes)


def test_every_operation_says_what_it_does_and_how_it_fails(described: dict[str, Any]) -> None:
    for verbs in described["paths"].values():
        for operation in verbs.values():
            assert operation["summary"]
            assert "Who: " in operation["description"]
            assert {"400", "401", "403", "404", "429", "500", "503", "504"} <= operation["responses"].keys()


def schema(described: dict[str, Any], name: str) -> dict[str, Any]:
    return described["components"]["schemas"][name]  # type: ignore[no-any-return] # a schema is a dict


def test_limits_of_the_contract_stand_in_the_schemas(described: dict[str, Any]) -> None:
    made = schema(described, "documents.Invoice.create")
    assert made["required"] == ["customer"]
    assert made["additionalProperties"] is False
    assert made["properties"]["notes"]["maxLength"] == 2000
    assert made["properties"]["lines"]["maxItems"] == 1000
    assert made["properties"]["state"]["readOnly"] is True
    assert "[0-9a-f]{8}" in made["properties"]["customer"]["pattern"]
    assert schema(described, "documents.Line.create")["required"] == ["description"]
    assert "required" not in schema(described, "documents.Invoice.update")
    size = next(one for one in described["paths"]["/v1/invoices"]["get"]["parameters"] if one["name"] == "pageSize")["schema"]
    assert (size["minimum"], size["maximum"]) == (0, 1000)
    assert schema(described, "identity.Account.create")["properties"]["email"]["format"] == "email"


def test_the_fields_that_the_gateway_fills_in_are_not_asked_for(described: dict[str, Any]) -> None:
    assert "clientInfo" not in schema(described, "identity.CreateSessionRequest")["properties"]


def test_every_example_fits_its_schema(described: dict[str, Any]) -> None:
    bodies = [
        operation["requestBody"]["content"]["application/json"]
        for verbs in described["paths"].values()
        for operation in verbs.values()
        if "application/json" in operation.get("requestBody", {}).get("content", {})  # the others take a file
    ]
    assert len(bodies) > 20
    for body in bodies:
        if "example" in body:
            jsonschema.validate(body["example"], body["schema"] | {"components": described["components"]})


def test_secrets_of_services_are_not_described(described: dict[str, Any]) -> None:
    assert "passport" not in json.dumps(described).lower()


def test_a_file_is_the_body_itself_and_what_describes_it_stands_in_the_query() -> None:
    route = next(route for route in contract().routes if route.method.name == "CreateImportJob")
    assert route.takes_bytes
    sent = requests.Sent(path={}, query=[("fileName", "a.csv")], body=HttpBody(data=b"Nome;Cognome"), idempotency_key="once")
    made: Any = requests.message(route, sent)
    assert (made.content.data, made.file_name, made.request_id) == (b"Nome;Cognome", "a.csv", "once")

"""REST+JSON as clients see it: over a real gateway and real gRPC."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from services.gateway import clients
from tests.integration.gateway.backends import ACCESS_TOKEN, CONTACT_TOKEN, CUSTOMER, OPERATOR, OPERATOR_TOKEN, PDF, Backends

OPERATOR_HEADERS = {"Authorization": f"Bearer {OPERATOR_TOKEN}"}
DRAFT = {"customer": f"customers/{CUSTOMER}", "lines": [{"description": "Consulting", "quantity": "8", "unitPrice": "100.00"}]}
MISSING = "/v1/invoices/01890000-0000-7000-8000-00000000ffff"


def create(client: FlaskClient, body: Any = DRAFT, **headers: str) -> TestResponse:
    return client.post("/v1/invoices", json=body, headers=OPERATOR_HEADERS | headers)


def problem(response: TestResponse, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.content_type == "application/problem+json"
    found: dict[str, Any] = json.loads(response.text)
    assert found["status"] == status
    assert found["type"] == f"urn:recapito:problem:{found['code']}"
    assert found["trace_id"]
    return found


def fields(found: dict[str, Any]) -> list[str]:
    return sorted(error["field"] for error in found["errors"])


# --- the way through -----------------------------------------------------------------------------------------------------------------
def test_a_resource_is_created_read_changed_and_deleted(client: FlaskClient) -> None:
    made = create(client).json
    assert made is not None
    assert made["state"] == "DRAFT"
    assert made["createTime"] == "2026-01-31T09:00:00Z"
    assert made["lines"][0]["unitPrice"] == "100.00"
    assert made["number"] == ""
    path = f"/v1/{made['name']}"
    assert client.get(path, headers=OPERATOR_HEADERS).json == made
    changed = client.patch(path, json={"notes": "thanks"}, headers=OPERATOR_HEADERS)
    assert changed.json == made | {"notes": "thanks"}
    gone = client.delete(path, headers=OPERATOR_HEADERS)
    assert (gone.status_code, gone.data) == (204, b"")
    assert problem(client.get(path, headers=OPERATOR_HEADERS), 404)["code"] == "INVOICE_NOT_FOUND"


def test_a_verb_is_part_of_the_path(client: FlaskClient) -> None:
    name = create(client).json["name"]  # type: ignore[index] # a made invoice
    assert client.post(f"/v1/{name}:issue", headers=OPERATOR_HEADERS).json["state"] == "ISSUED"  # type: ignore[index] # as above


def test_query_parameters_fill_the_request_in_both_spellings(client: FlaskClient, behind: Backends) -> None:
    query = "pageSize=7&order_by=due_date%20desc&filter=state%20%3D%20PAID&query=caff%C3%A8"
    assert client.get(f"/v1/invoices?{query}", headers=OPERATOR_HEADERS).status_code == 200
    request: Any = behind.invoices.calls[0][1]
    assert (request.page_size, request.order_by, request.filter, request.query) == (7, "due_date desc", "state = PAID", "caffè")


def test_the_caller_and_the_language_reach_the_service(client: FlaskClient, behind: Backends) -> None:
    client.get("/v1/invoices", headers=OPERATOR_HEADERS | {"Accept-Language": "en-GB,en;q=0.8"})
    _, _, caller, language = behind.invoices.calls[0]
    assert caller.account_id == OPERATOR
    assert language == "en"


def test_identity_headers_from_outside_mean_nothing(client: FlaskClient, behind: Backends) -> None:
    forged = {"recapito-passport": "x", "Recapito-Service": "notifications.1.x", "X-User": "admin"}
    assert problem(client.get("/v1/invoices", headers=forged), 401)
    client.get("/v1/invoices", headers=OPERATOR_HEADERS | forged)
    assert [caller.account_id for _, _, caller, _ in behind.invoices.calls] == [OPERATOR]


def test_a_download_streams_bytes_as_an_attachment(client: FlaskClient) -> None:
    name = create(client).json["name"]  # type: ignore[index] # a made invoice
    assert problem(client.get(f"/v1/{name}:download", headers=OPERATOR_HEADERS), 409)["code"] == "INVOICE_DRAFT"
    client.post(f"/v1/{name}:issue", headers=OPERATOR_HEADERS)
    answer = client.get(f"/v1/{name}:download", headers=OPERATOR_HEADERS)
    assert answer.data == PDF
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="INV-1.pdf"'
    assert answer.headers["Content-Length"] == str(len(PDF))
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"


# --- who asks ------------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "authorization", ["", "Basic dXNlcjpwYXNz", "Bearer", "Bearer a b", "Bearer wrong", "Bearer " + "x" * 5000, "Bearer é"]
)
def test_without_a_good_token_nobody_gets_in(client: FlaskClient, behind: Backends, authorization: str) -> None:
    answer = client.get("/v1/invoices", headers={"Authorization": authorization})
    problem(answer, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert behind.invoices.calls == []


def test_an_operators_passport_is_used_for_a_second_and_a_contacts_once(client: FlaskClient, behind: Backends) -> None:
    for token in (OPERATOR_TOKEN, OPERATOR_TOKEN, CONTACT_TOKEN, CONTACT_TOKEN):
        assert client.get("/v1/invoices", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    assert behind.sessions.minted == [OPERATOR_TOKEN, CONTACT_TOKEN, CONTACT_TOKEN]


def test_an_access_token_is_taken_too(client: FlaskClient, behind: Backends) -> None:
    assert client.get("/v1/invoices", headers={"Authorization": f"bearer {ACCESS_TOKEN}"}).status_code == 200
    assert behind.sessions.minted == [ACCESS_TOKEN]


def test_a_contact_may_not_do_what_is_for_operators(client: FlaskClient) -> None:
    answer = client.post("/v1/invoices", json=DRAFT, headers={"Authorization": f"Bearer {CONTACT_TOKEN}"})
    assert problem(answer, 403)["code"] == "NOT_ALLOWED"


def test_signing_in_needs_no_token_and_a_stale_one_does_not_hinder(client: FlaskClient, behind: Backends) -> None:
    body = {"password": {"email": "a@b.example", "password": "secret"}, "clientInfo": {"ipAddress": "10.0.0.1", "userAgent": "forged"}}
    headers = {"Authorization": "Bearer stale", "X-Forwarded-For": "203.0.113.7, 198.51.100.9", "User-Agent": "Firefox é"}
    assert client.post("/v1/sessions", json=body, headers=headers).json["sessionToken"] == OPERATOR_TOKEN  # type: ignore[index] # signed in
    seen = behind.sessions.created[0].client_info
    assert (seen.ip_address, seen.user_agent) == ("198.51.100.9", "Firefox ")


def test_too_many_attempts_say_when_to_come_back(client: FlaskClient) -> None:
    answer = client.post("/v1/sessions", json={"password": {"email": "a@b.example", "password": "too often"}})
    assert problem(answer, 429)["code"] == "TOO_MANY_ATTEMPTS"
    assert answer.headers["Retry-After"] == "30"


def test_the_token_endpoint_takes_forms_and_answers_as_oauth_does(client: FlaskClient) -> None:
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "subject_token": OPERATOR_TOKEN}
    good = client.post("/oauth2/token", data=form)
    assert good.json == {"access_token": ACCESS_TOKEN, "token_type": "Bearer", "expires_in": 300, "refresh_token": ""}
    assert (good.headers["Cache-Control"], good.headers["Pragma"]) == ("no-store", "no-cache")
    bad = client.post("/oauth2/token", data=form | {"subject_token": "old"})
    assert (bad.status_code, bad.content_type, bad.json and bad.json["error"]) == (400, "application/json", "invalid_grant")
    assert client.post("/oauth2/token", data=form | {"colour": "red"}).status_code == 200  # section 3.2: passed over
    twice = client.post("/oauth2/token", data="grant_type=a&grant_type=b", content_type="application/x-www-form-urlencoded")
    assert (twice.status_code, twice.json and twice.json["error"]) == (400, "invalid_request")
    assert problem(client.post("/v1/sessions", data=form), 415)


def basic(text: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(text.encode()).decode()}"}


def test_a_client_may_say_who_it_is_in_a_basic_header(client: FlaskClient, behind: Backends) -> None:
    form = {"grant_type": "client_credentials", "subject_token": OPERATOR_TOKEN}
    assert client.post("/oauth2/token", data=form, headers=basic("the%3Aid:a%2Bsecret")).status_code == 200
    assert (behind.tokens.asked[-1].client_id, behind.tokens.asked[-1].client_secret) == ("the:id", "a+secret")
    assert client.post("/oauth2/revoke", data={"token": "x"}, headers=basic("id:secret")).status_code == 204
    assert client.post("/oauth2/token", json=form, headers={"Authorization": "Bearer stale"}).status_code == 200


@pytest.mark.parametrize(
    ("more", "header", "status", "error"),
    [
        ({"client_secret": "s"}, "id:secret", 400, "invalid_request"),
        ({"client_assertion": "a.b.c"}, "id:secret", 400, "invalid_request"),
        ({"client_id": "other"}, "id:secret", 400, "invalid_request"),
        ({}, "nobody", 401, "invalid_client"),
        ({}, "é:x", 401, "invalid_client"),
    ],
)
def test_a_client_that_says_it_twice_or_badly_is_refused(
    client: FlaskClient, more: dict[str, str], header: str, status: int, error: str
) -> None:
    answer = client.post("/oauth2/token", data={"grant_type": "client_credentials"} | more, headers=basic(header))
    assert (answer.status_code, answer.json and answer.json["error"]) == (status, error)
    assert (answer.headers.get("WWW-Authenticate") == 'Basic realm="recapito"') == (status == 401)


def test_the_key_set_is_served_as_it_is(client: FlaskClient) -> None:
    answer = client.get("/.well-known/jwks.json")
    assert (answer.content_type, answer.data) == ("application/json", b'{"keys":[]}')


# --- trying again --------------------------------------------------------------------------------------------------------------------
def test_the_idempotency_key_becomes_the_request_id(client: FlaskClient, behind: Backends) -> None:
    create(client, **{"Idempotency-Key": "one"})
    request: Any = behind.invoices.calls[0][1]
    assert request.request_id == "one"


def test_a_key_that_differs_or_is_too_long_is_refused(client: FlaskClient) -> None:
    name = create(client).json["name"]  # type: ignore[index] # a made invoice
    for key, body in (("one", {"requestId": "two"}), ("x" * 65, {}), ("with space", {})):
        answer = client.post(f"/v1/{name}:issue", json=body, headers=OPERATOR_HEADERS | {"Idempotency-Key": key})
        assert problem(answer, 422)["errors"][0]["field"] in {"request_id", "Idempotency-Key"}


def test_a_stale_etag_is_a_failed_precondition(client: FlaskClient) -> None:
    name = create(client).json["name"]  # type: ignore[index] # a made invoice
    answer = client.patch(f"/v1/{name}", json={"notes": "x", "etag": "old"}, headers=OPERATOR_HEADERS)
    assert problem(answer, 412)["code"] == "ETAG_MISMATCH"


# --- what is changed -----------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("query", "body", "mask"),
    [
        ("", {"notes": "a", "dueDate": None}, ["notes", "due_date"]),
        ("", {"notes": "a", "name": "", "etag": "", "state": "DRAFT", "total": {"netAmount": "1"}}, ["notes"]),
        ("", {"lines": [{"description": "x"}]}, ["lines"]),
        ("?updateMask=notes", {"notes": "a", "dueDate": "2026-01-31"}, ["notes"]),
        ("?update_mask=notes,dueDate", {"notes": "a"}, ["notes", "due_date"]),
    ],
)
def test_a_patch_changes_what_it_names(client: FlaskClient, behind: Backends, query: str, body: Any, mask: list[str]) -> None:
    name = create(client).json["name"]  # type: ignore[index] # a made invoice
    answer = client.patch(f"/v1/{name}{query}", json=body, headers=OPERATOR_HEADERS)
    assert answer.status_code == 200, answer.text
    request: Any = behind.invoices.calls[-1][1]
    assert sorted(request.update_mask.paths) == sorted(mask)


def test_a_patch_that_names_nothing_or_what_cannot_change_is_refused(client: FlaskClient) -> None:
    name = create(client).json["name"]  # type: ignore[index] # a made invoice
    for query, body in (
        ("", {}),
        ("", {"customer": f"customers/{CUSTOMER}"}),
        ("?updateMask=state", {"state": "PAID"}),
        ("?updateMask=zebra", {}),
    ):
        answer = client.patch(f"/v1/{name}{query}", json=body, headers=OPERATOR_HEADERS)
        assert fields(problem(answer, 400)) == ["update_mask"]


def test_a_name_in_the_body_must_be_that_of_the_path(client: FlaskClient) -> None:
    name = create(client).json["name"]  # type: ignore[index] # a made invoice
    answer = client.patch(f"/v1/{name}", json={"name": MISSING[4:], "notes": "x"}, headers=OPERATOR_HEADERS)
    assert fields(problem(answer, 400)) == ["invoice.name"]


# --- bad input -----------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"customer": 5}, ["invoice.customer"]),
        ({"colour": "red", "lines": 3}, ["invoice.colour", "invoice.lines"]),
        ({"lines": [{"description": "x"}, {"quantity": 8, "netto": "1"}]}, ["invoice.lines[1].netto", "invoice.lines[1].quantity"]),
        ({"lines": [None]}, ["invoice.lines[0]"]),
        ({"dueDate": "2026-01-31", "due_date": "2026-01-31"}, ["invoice.due_date"]),
        ({"issueTime": "yesterday"}, ["invoice.issue_time"]),
        ({"state": "NOWHERE"}, ["invoice.state"]),
        ({"state": 1}, ["invoice.state"]),
        ({"overdue": "true"}, ["invoice.overdue"]),
        ([], ["invoice"]),
        ("text", ["invoice"]),
        (DRAFT | {"customer": "customers/me-too"}, ["invoice.customer"]),
        (DRAFT | {"dueDate": "31/01/2026"}, ["invoice.due_date"]),
        (DRAFT | {"notes": "a\x00b"}, ["invoice.notes"]),
        (DRAFT | {"notes": "x" * 2001}, ["invoice.notes"]),
        ({}, ["invoice.customer"]),
    ],
)
def test_what_does_not_fit_is_refused_with_its_field(client: FlaskClient, behind: Backends, body: Any, wrong: list[str]) -> None:
    assert fields(problem(create(client, body), 400)) == wrong
    assert behind.invoices.calls == []


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"{", 400),
        (b"\xff\xfe{}", 400),
        (b"\xef\xbb\xbf{}", 400),
        (b'{"notes": "a", "notes": "b"}', 400),
        (b'{"notes": NaN}', 400),
        (b'{"notes": 1e999}', 400),
        (b'{"notes": "\\ud800"}', 400),
        (b'{"\\udc00": 1}', 400),
        (b'{"notes": ' + b"9" * 5000 + b"}", 400),
        (b"[" * 33 + b"]" * 33, 422),
        (b"[" * 200_000, 422),
        (b'{"lines": [' + b"{}," * 10_000 + b"{}]}", 422),
        (b'{"notes": "' + b"x" * 1_100_000 + b'"}', 413),
    ],
)
def test_hostile_json_is_refused(client: FlaskClient, raw: bytes, status: int) -> None:
    answer = client.post("/v1/invoices", data=raw, headers=OPERATOR_HEADERS | {"Content-Type": "application/json"})
    problem(answer, status)


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml", ""]
)
def test_only_json_is_taken(client: FlaskClient, kind: str) -> None:
    answer = client.post("/v1/invoices", data=b"{}", headers=OPERATOR_HEADERS | {"Content-Type": kind})
    assert problem(answer, 415)["code"] == "MEDIA_TYPE_UNSUPPORTED"


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("colour=red", "colour"),
        ("pageSize=many", "page_size"),
        ("pageSize=1001", "page_size"),
        ("pageSize=-1", "page_size"),
        ("pageSize=1&pageSize=2", "page_size"),
        ("pageSize=1.5", "page_size"),
        ("filter.x=1", "filter.x"),
        ("query=%FF", "query"),
        ("&".join(["query=x"] * 101), "query"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(client: FlaskClient, query: str, wrong: str) -> None:
    assert fields(problem(client.get(f"/v1/invoices?{query}", headers=OPERATOR_HEADERS), 400)) == [wrong]


@pytest.mark.parametrize(
    "path", ["/v1/invoices/1", "/v1/invoices/" + "x" * 300, "/v1/invoices/%00", "/v1/invoices/..%2f..", "/v1/invoices/%FF"]
)
def test_an_id_of_another_form_is_refused(client: FlaskClient, path: str) -> None:
    assert client.get(path, headers=OPERATOR_HEADERS).status_code in {400, 404}


def test_an_unknown_path_and_method_are_problems_too(client: FlaskClient) -> None:
    assert problem(client.get("/v1/nothing"), 404)["code"] == "ROUTE_NOT_FOUND"
    answer = client.put("/v1/invoices", json={})
    assert problem(answer, 405)["code"] == "METHOD_NOT_ALLOWED"
    assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))
    assert client.get("//v1//invoices").status_code == 404


# --- what goes wrong behind ----------------------------------------------------------------------------------------------------------
def test_a_defect_is_answered_without_detail(client: FlaskClient) -> None:
    found = problem(client.get(f"/v1/contacts/{CUSTOMER}", headers=OPERATOR_HEADERS), 500)
    assert found["code"] == "INTERNAL"
    assert "secret" not in json.dumps(found)


def test_the_faults_a_service_finds_are_passed_on(client: FlaskClient) -> None:
    found = problem(client.get("/v1/contacts", headers=OPERATOR_HEADERS), 400)
    assert found["errors"] == [{"field": "filter", "detail": "is not one", "reason": "FILTER_INVALID"}]


def test_a_reason_and_its_values_are_passed_on(client: FlaskClient) -> None:
    name = create(client, {"customer": f"customers/{CUSTOMER}"}).json["name"]  # type: ignore[index] # a made invoice
    found = problem(client.post(f"/v1/{name}:issue", json={}, headers=OPERATOR_HEADERS), 409)
    assert (found["code"], found["params"]) == ("INVOICE_EMPTY", {"invoice": name})


def test_a_service_that_is_not_there_is_unavailable(client: FlaskClient) -> None:
    found = problem(client.get("/v1/dispatches", headers=OPERATOR_HEADERS), 503)
    assert found["detail"] == "a service that this needs does not answer"  # and not where it was looked for


def test_a_service_that_is_late_is_not_waited_for(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "CALL_SECONDS", 0.2)
    problem(client.get(f"/v1/contacts/{CUSTOMER}/activities", headers=OPERATOR_HEADERS), 504)


def test_an_error_that_says_too_much_still_arrives(client: FlaskClient) -> None:
    name = create(client).json["name"]  # type: ignore[index] # a made invoice
    mask = ",".join(f"{number}{'d' * 180}" for number in range(40))
    found = problem(client.patch(f"/v1/{name}?updateMask={mask}", json={"notes": "x"}, headers=OPERATOR_HEADERS), 400)
    assert len(found["errors"]) == 20


# --- every answer --------------------------------------------------------------------------------------------------------------------
def test_a_request_id_comes_back_and_a_bad_one_is_replaced(client: FlaskClient) -> None:
    assert client.get("/v1/invoices", headers={"X-Request-Id": "abc-1"}).headers["X-Request-Id"] == "abc-1"
    assert client.get("/v1/invoices", headers={"X-Request-Id": "a b\t<script>"}).headers["X-Request-Id"] != "a b\t<script>"


def test_every_answer_forbids_sniffing_and_caching(client: FlaskClient) -> None:
    for answer in (client.get("/v1/invoices", headers=OPERATOR_HEADERS), client.get("/v1/nothing")):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_pages_of_configured_origins_may_call(client: FlaskClient) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    allowed = client.options("/v1/invoices", headers=asked | {"Origin": "https://app.example"})
    assert allowed.headers["Access-Control-Allow-Origin"] == "https://app.example"
    assert "Authorization" in allowed.headers["Access-Control-Allow-Headers"]
    refused = client.options("/v1/invoices", headers=asked | {"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in refused.headers
    assert "Access-Control-Allow-Credentials" not in allowed.headers


def test_the_documents_are_kept_by_their_etag_and_compressed(client: FlaskClient) -> None:
    for path in ("/openapi.json", "/docs", "/docs/docs.css"):
        plain = client.get(path)
        small = client.get(path, headers={"Accept-Encoding": "gzip"})
        assert gzip.decompress(small.data) == plain.data
        assert client.get(path, headers={"If-None-Match": plain.headers["ETag"]}).status_code == 304

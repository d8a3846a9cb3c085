"""Asks an installation, from inside, whether its parts work together; run by `helm test` with nothing but the standard library.

Environment: GATEWAY and PORTAL, their addresses; CLIENT_ID and CLIENT_SECRET of a service account, to also read from every service;
ISSUE=true to also issue an invoice and wait until the right person, and nobody else, has been sent its e-mail.
"""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from typing import Any

GATEWAY, PORTAL = os.environ["GATEWAY"], os.environ["PORTAL"]
RUN = uuid.uuid4().hex[:12]
TAX_IDENTITY = {  # what an invoice must show of its customer
    "legalName": "Helm test",
    "vatNumber": "IT12345670017",
    "address": {"street": "Via di prova 1", "city": "Torino", "province": "TO", "postalCode": "10122", "regionCode": "IT"},
}


def fetch(url: str, verb: str = "GET", body: Any = None, form: dict[str, str] | None = None, token: str = "") -> tuple[int, bytes]:
    headers = {"Accept-Language": "en", "X-Forwarded-Proto": "https", "Idempotency-Key": str(uuid.uuid4())}
    data = None
    if form is not None:
        data, headers["Content-Type"] = urllib.parse.urlencode(form).encode(), "application/x-www-form-urlencoded"
    elif body is not None:
        data, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
    if token:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(url, data, headers, method=verb)
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def expect(what: str, wanted: int, answer: tuple[int, bytes]) -> Any:
    """Print what was checked; end the test when the status is another one."""
    status, raw = answer
    if status != wanted:
        sys.exit(f"FAILED  {what}: {status} instead of {wanted}\n{raw.decode(errors='replace')[:2000]}")
    print(f"ok      {what}", flush=True)
    try:
        return json.loads(raw)
    except ValueError:
        return raw


def strangers_are_refused() -> None:
    expect("portal: the sign-in page", 200, fetch(f"{PORTAL}/area/sign-in"))
    keys = expect("gateway and identity: the public keys", 200, fetch(f"{GATEWAY}/.well-known/jwks.json"))
    if not keys["keys"]:
        sys.exit("FAILED  identity has no signing key")
    form = {"grant_type": "client_credentials", "client_id": str(uuid.uuid4()), "client_secret": "wrong"}
    expect("identity and its database: an unknown client is refused", 401, fetch(f"{GATEWAY}/oauth2/token", "POST", form=form))
    expect("gateway: nobody reads customers without a token", 401, fetch(f"{GATEWAY}/v1/customers"))


def token() -> str:
    form = {"grant_type": "client_credentials", "client_id": os.environ["CLIENT_ID"], "client_secret": os.environ["CLIENT_SECRET"]}
    answer = expect("identity: the service account gets a token", 200, fetch(f"{GATEWAY}/oauth2/token", "POST", form=form))
    return str(answer["access_token"])


def every_service_reads(bearer: str) -> None:
    for service, path in {"contacts": "customers", "documents": "invoices", "notifications": "messages"}.items():
        expect(f"{service} and its database: a list", 200, fetch(f"{GATEWAY}/v1/{path}?page_size=1", token=bearer))


def an_invoice_reaches_the_right_person(bearer: str) -> None:
    def create(what: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return dict(expect(what, 200, fetch(f"{GATEWAY}/v1/{path}", "POST", body, token=bearer)))

    company = {"kind": "COMPANY", "displayName": f"Helm test {RUN}", "taxIdentity": TAX_IDENTITY}
    customer = create("contacts: a customer", "customers", company)["name"]
    wants, other = (
        create(f"contacts: a person who {word} invoices", "contacts", person(customer, first, switch))["name"]
        for first, word, switch in (("Mario", "wants", "ON"), ("Giuseppe", "does not want", "OFF"))
    )
    line = {"description": "Helm test", "quantity": "1", "unitPrice": "1.00", "vatRatePercent": "22"}
    invoice = create("documents: a draft", "invoices", {"customer": customer, "lines": [line]})["name"]
    number = create("documents: it is issued", f"{invoice}:issue", {})["number"]
    states = {message["contact"]: message["state"] for message in messages_about(invoice, bearer)}
    if states != {wants: "SENT", other: "SUPPRESSED"}:
        sys.exit(f"FAILED  the e-mails about invoice {number}: {sorted(states.values())}")
    print(f"ok      events, notifications and mail: invoice {number} was sent to the one person who wants it")


def person(customer: str, first: str, invoices: str) -> dict[str, Any]:
    affiliation = {"permissions": {"invoices": "ALLOW"}, "preferences": {"invoice": invoices}}
    names = {"firstName": first, "lastName": "Helm", "email": f"{first.lower()}.{RUN}@{os.environ.get('DOMAIN', 'example.com')}"}
    return names | {"customer": customer, "languageCode": "it", "access": {"enabled": True}, "affiliations": [affiliation]}


def messages_about(invoice: str, bearer: str) -> list[dict[str, Any]]:
    """Wait up to two minutes until every message about it has come to its end."""
    query = urllib.parse.urlencode({"filter": f'subject_resource = "{invoice}"'})
    end = time.monotonic() + 120
    while True:
        status, raw = fetch(f"{GATEWAY}/v1/messages?{query}", token=bearer)
        found = list(json.loads(raw).get("messages", [])) if status == 200 else []
        ended = len(found) == 2 and all(one["state"] in {"SENT", "SUPPRESSED", "FAILED", "UNCERTAIN", "CANCELLED"} for one in found)
        if ended or time.monotonic() > end:
            return found
        time.sleep(0.5)


def main() -> None:
    strangers_are_refused()
    if not os.environ.get("CLIENT_ID"):
        print("        (tests.existingSecret names no service account: nothing behind the sign-in was asked)")
        return
    bearer = token()
    every_service_reads(bearer)
    if os.environ.get("ISSUE") == "true":
        an_invoice_reaches_the_right_person(bearer)


if __name__ == "__main__":
    main()

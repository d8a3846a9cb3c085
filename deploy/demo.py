"""What embedded mode does after its start: the sample story of one invoice, or the welcome to an empty installation.

The story uses the REST API as any client does; its Idempotency-Keys make a second run after a crash go on where it stopped.
"""

from __future__ import annotations

import json
import secrets
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from deploy.embedded import Embedded
    from deploy.one_folder import EmbeddedSettings

OPERATOR = ("francesca.riva@recapito.example", "Francesca Riva")
ISSUER = {
    "legalName": "Studio Verdi S.r.l.",
    "vatNumber": "IT01533800122",
    "taxCode": "01533800122",
    "certifiedEmail": "studioverdi@pec.example",
    "address": {"street": "Via Toledo 210", "city": "Napoli", "province": "NA", "postalCode": "80132", "regionCode": "IT"},
}
CUSTOMER = {
    "kind": "COMPANY",
    "categories": ["CLIENT"],
    "displayName": "ABC S.r.l.",
    "email": "info@abc.example",
    "phone": "+390289012345",
    "languageCode": "it",
    "taxIdentity": {
        "legalName": "ABC S.r.l.",
        "vatNumber": "IT12345670017",
        "taxCode": "12345670017",
        "sdiRecipientCode": "M5UXCR1",
        "certifiedEmail": "abc@pec.example",
        "address": {"street": "Via Garibaldi 12", "city": "Torino", "province": "TO", "postalCode": "10122", "regionCode": "IT"},
    },
}
PERMISSIONS = ("invoices", "estimates", "contracts", "proposals", "support", "projects")
PREFERENCES = ("invoice", "creditNote", "estimate", "proposal", "contract", "ticket", "project", "task")
PEOPLE = (  # name, position, what it may open, what it is told about
    ("Mario", "Rossi", "CEO", {"invoices", "estimates", "contracts", "proposals", "projects"}, set(PREFERENCES) - {"ticket", "task"}),
    ("Laura", "Bianchi", "CFO", {"invoices", "estimates", "contracts"}, {"invoice", "creditNote", "estimate", "contract"}),
    ("Giuseppe", "Verdi", "IT manager", {"support", "projects"}, {"ticket", "project", "task"}),
)
LINES = (
    {"description": "Consulenza organizzativa, novembre", "quantity": "10", "unit": "h", "unitPrice": "80.00", "vatRatePercent": "22"},
    {"description": "Licenza annuale del gestionale", "quantity": "1", "unitPrice": "450.00", "vatRatePercent": "22"},
)


class Api:
    """A client of the REST API, with nothing but the standard library."""

    def __init__(self, base_url: str, token: str = "") -> None:
        self._base_url, self._token = base_url, token

    @property
    def signed_in(self) -> bool:
        return bool(self._token)

    def sign_in(self, email: str, password: str) -> None:
        self._token = self.call("POST", "/v1/sessions", {"password": {"email": email, "password": password}})["sessionToken"]

    def call(self, verb: str, path: str, body: dict[str, Any] | None = None, *, key: str = "", **query: str) -> dict[str, Any]:
        """Return the answer's JSON; key: what makes a repetition harmless. Raises RuntimeError with the problem's text."""
        url = f"{self._base_url}{path}" + (f"?{urllib.parse.urlencode(query)}" if query else "")
        headers = {"Content-Type": "application/json", "Accept-Language": "en"}
        headers |= {"Authorization": f"Bearer {self._token}"} if self._token else {}
        headers |= {"Idempotency-Key": key} if key else {}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, headers, method=verb)  # noqa: S310 - our own address
        try:
            with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310 - our own address
                return dict(json.load(response))
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{verb} {path}: {error.code} {error.read().decode(errors='replace')}") from None


def tell(settings: EmbeddedSettings, embedded: Embedded) -> None:
    """Play the story once, then print where to look; a later start only prints."""
    path = settings.data / "demo.json"
    facts = json.loads(path.read_text()) if path.exists() else _play(settings, embedded)
    facts["base_url"] = settings.url
    whole = path.with_suffix(".new")  # whoever sees demo.json sees all of it
    whole.touch(mode=0o600)
    whole.write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
    whole.replace(path)
    _print(facts, path)


def _play(settings: EmbeddedSettings, embedded: Embedded) -> dict[str, Any]:
    password = _operator(settings.data, embedded)
    api = Api(f"http://{settings.host}:{settings.port}")
    api.sign_in(OPERATOR[0], password)
    click.echo(f"1. {OPERATOR[1]} signs in as administrator.")
    configure(api)
    return {"operator_email": OPERATOR[0], "operator_password": password} | invoice_story(api, domain="abc.example", tell=click.echo)


def invoice_story(api: Api, *, domain: str, tell: Callable[[str], object] = lambda _line: None) -> dict[str, Any]:
    """Create customer, contacts and invoice, issue it, and return who was told and why; repeating it for a domain makes nothing new."""
    customer = api.call("POST", "/v1/customers", CUSTOMER, key=f"{domain}-customer")["name"]
    tell(f"2. Customer {CUSTOMER['displayName']} is created, with three contacts:")
    people = [_contact(api, customer, domain, *person) for person in PEOPLE]
    for person in people:
        tell(f"   {person['name']} ({person['position']}): {person['email']}")
    invoice = api.call("POST", "/v1/invoices", {"customer": customer, "lines": list(LINES)}, key=f"{domain}-invoice")["name"]
    issued = api.call("POST", f"/v1/{invoice}:issue", {}, key=f"{domain}-issue")
    tell(f"3. Invoice {issued['number']} is issued: {issued['total']['grossAmount']} EUR, of which VAT {issued['total']['vatAmount']} EUR.")
    decisions = _decisions(api, invoice, people)
    tell("4. Who is told, and why:")
    for decision in decisions:
        tell(f"   {decision['name']}: {'told' if decision['told'] else 'not told'}. {decision['reason_text']} ({decision['reason']})")
    return {
        "contacts": people,
        "customer": customer,
        "customer_name": CUSTOMER["displayName"],
        "invoice": invoice,
        "invoice_number": issued["number"],
        "decisions": decisions,
    }


def _operator(folder: Path, embedded: Embedded) -> str:
    """Make the administrator with a generated password, which is kept until the story is told."""
    path = folder / "demo-operator"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(15))
    password = path.read_text()
    embedded.bootstrap_administrator(*OPERATOR, password)
    return password


def configure(api: Api) -> None:
    organization = {"name": "settings/contacts", "organizationName": "Studio Verdi"}
    api.call("PATCH", "/v1/settings/contacts", organization, key="demo-organization")
    issuer = {"name": "settings/documents", "issuer": ISSUER, "iban": "IT60X0542811101000000123456"}
    api.call("PATCH", "/v1/settings/documents", issuer, key="demo-issuer")


def _contact(
    api: Api, customer: str, domain: str, first: str, last: str, position: str, allowed: set[str], told: set[str]
) -> dict[str, str]:
    email = f"{first}.{last}@{domain}".lower()
    affiliation = {
        "position": position,
        "permissions": {name: "ALLOW" if name in allowed else "DENY" for name in PERMISSIONS},
        "preferences": {name: "ON" if name in told else "OFF" for name in PREFERENCES},
    }
    contact = {
        "firstName": first,
        "lastName": last,
        "email": email,
        "languageCode": "it",
        "customer": customer,
        "access": {"enabled": True},
        "affiliations": [affiliation],
    }
    name = api.call("POST", "/v1/contacts", contact, key=f"{domain}-{first}", skip_welcome="true")["name"]
    return {"contact": name, "name": f"{first} {last}", "position": position, "email": email}


def _decisions(api: Api, invoice: str, people: list[dict[str, str]]) -> list[dict[str, Any]]:
    """Wait until every message about the invoice is sent or suppressed, and return one decision for each contact."""
    end = time.monotonic() + 60
    while True:
        messages = api.call("GET", "/v1/messages", filter=f'subject_resource = "{invoice}"').get("messages", [])
        if len(messages) >= len(people) and all(message["state"] in {"SENT", "SUPPRESSED"} for message in messages):
            break
        if time.monotonic() > end:
            raise RuntimeError(f"the e-mails about {invoice} did not leave within a minute: {[m['state'] for m in messages]}")
        time.sleep(0.1)
    by_contact = {message["contact"]: message for message in messages}
    return [
        {
            "contact": person["contact"],
            "name": person["name"],
            "email": person["email"],
            "told": by_contact[person["contact"]]["decision"]["outcome"] == "SEND",
            "reason": by_contact[person["contact"]]["decision"]["reason"],
            "reason_text": by_contact[person["contact"]]["decision"]["label"],
        }
        for person in people
    ]


def _print(facts: dict[str, Any], path: Path) -> None:
    url = facts["base_url"]
    click.echo(f"""
Recapito is running. Ctrl-C stops it.

  Mail           {url}/mail/      open Mario's message and follow its link into the customers' area
  Customers      {url}/area/      or ask there for a link by e-mail: {", ".join(person["email"] for person in facts["contacts"])}
  Console        {url}/console/   {facts["operator_email"]}   {facts["operator_password"]}
  API            {url}/docs

These facts are in {path}.""")


def welcome(settings: EmbeddedSettings, embedded: Embedded) -> None:
    """Print where to look, and at the first start the link that makes the administrator."""
    token = embedded.bootstrap_administrator(settings.administrator_email, "Administrator")
    if token:
        click.echo(f"""
Make yourself the administrator: set the password of {settings.administrator_email}. The link works once, for 48 hours.

  {settings.url}/console/password/{token}""")
    click.echo(f"""
Recapito is running. Ctrl-C stops it.

  Customers      {settings.url}/area/
  Console        {settings.url}/console/
  API            {settings.url}/docs
  Mail           {settings.url}/mail/""")

"""Who may do what, worked out from the requirements alone: no code of the product is asked.

The rules of the methods are read from the text of the .proto files. Each verdict is a word: "yes" and "found"; "sign in" without
a session; "no" when nothing allows it; "not open" and "confirm" while a step is missing; "hidden" when there is no such thing to see.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from uuid import UUID

PROTOS = Path(__file__).parents[3] / "protos" / "recapito"
MODULES = ("INVOICES", "ESTIMATES", "CONTRACTS", "PROPOSALS", "SUPPORT", "PROJECTS")

# The roles of operators, in the words of the requirements.
_READER = {"contacts.read", "contacts.notes", "documents.read", "notifications.read"}
_ACCOUNTANT = _READER | {"contacts.notes.write", "documents.write", "documents.issue", "documents.payments"}
_OPERATOR = _ACCOUNTANT | {"contacts.write", "contacts.delete", "identity.read", "identity.access", "notifications.send"}
_SETTINGS = {"contacts.settings", "documents.settings", "notifications.settings", "identity.accounts", "identity.policies"}
_SETTINGS |= {"identity.audit", "identity.settings"}
_BULK = {"contacts.anonymize", "contacts.import", "contacts.export"}  # what takes out, brings in or ends the data of many at once
ROLES: Mapping[str, frozenset[str]] = {
    "roles/administrator": frozenset(_OPERATOR | _SETTINGS | _BULK | {"contacts.notes.others", "contacts.see_all"}),
    "roles/operator": frozenset(_OPERATOR),
    "roles/accountant": frozenset(_ACCOUNTANT),
    "roles/reader": frozenset(_READER),
    "roles/sees-all": frozenset({"contacts.see_all"}),
}


# --- the rules of the methods --------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Rule:
    public: bool
    owner: bool
    operator: str
    contact: str
    assurance: str


def rules() -> dict[str, Rule]:
    """Return the rule of every method, by its path in gRPC, as the .proto files have it in writing."""
    found = {}
    for path in sorted(PROTOS.rglob("*.proto")):
        text = re.sub(r"//.*", "", path.read_text(encoding="utf-8"))
        package = re.findall(r"^package ([\w.]+);", text, re.MULTILINE)[0]
        service = method = ""
        for kind, name, rule in re.findall(r"\b(service|rpc) (\w+)|\(recapito\.access\.v1\.rule\) = \{(.*?)\};", text, re.DOTALL):
            if kind == "service":
                service = name
            elif kind == "rpc":
                method = name
            else:
                found[f"/{package}.{service}/{method}"] = _rule(rule)
    return found


def _rule(text: str) -> Rule:
    def word(name: str) -> str:
        given = re.search(rf'\b{name}: "?([\w.]+)', text)
        return given[1] if given else ""

    return Rule(word("public") == "true", word("owner") == "true", word("operator"), word("contact"), word("assurance"))


# --- people --------------------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class Person:
    """temporary: somebody else typed the password, which must be changed. idle: the session was not used for half an hour.

    fresh: signed in by password within ten minutes.
    """

    id: UUID
    disabled: bool
    temporary: bool
    idle: bool
    method: str = "PASSWORD"
    fresh: bool
    token: str


@dataclass(frozen=True, kw_only=True)
class Operator(Person):
    """own: what roles of the organisation's own allow it."""

    roles: tuple[str, ...]
    own: frozenset[str]
    groups: frozenset[UUID]

    @property
    def capabilities(self) -> frozenset[str]:
        return self.own.union(*(ROLES[role] for role in self.roles if role in ROLES))

    def sees(self, groups: frozenset[UUID]) -> bool:
        """R-GRP-05, R-GRP-11: by a common group; what has no group only who sees all."""
        return "contacts.see_all" in self.capabilities or bool(self.groups & groups)


@dataclass(frozen=True, kw_only=True)
class Customer:
    """modes: of each module, ALLOW, DENY or INHERIT, which is the default of the organisation."""

    id: UUID
    groups: frozenset[UUID]
    modes: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Contact(Person):
    """acts: for whom, the home customer first, with the contact's own modes there. primary: of these customers."""

    groups: frozenset[UUID]
    acts: Mapping[UUID, Mapping[str, str]]
    primary: frozenset[UUID] = frozenset()
    email: str
    enabled: bool
    start: date | None
    end: date | None
    accepted: bool

    @property
    def home(self) -> UUID:
        return next(iter(self.acts))


@dataclass(frozen=True)
class World:
    today: date  # in the organisation's zone
    customers: Mapping[UUID, Customer]
    defaults: Mapping[str, str]
    rules: Mapping[str, Rule] = field(default_factory=rules)

    def inside(self, person: Person) -> bool:
        """Whether the session still opens anything: R-IDN-15, R-IDN-26, rule 18."""
        if person.disabled or person.idle:
            return False
        if isinstance(person, Contact):
            begun = person.start is None or person.start <= self.today
            over = person.end is not None and person.end < self.today
            return person.enabled and bool(person.email) and begun and not over
        return True

    def waits(self, person: Person) -> bool:
        """Whether a new password or the privacy policy is asked first."""
        if person.temporary and person.method == "PASSWORD":
            return True
        return isinstance(person, Contact) and not person.accepted

    def allowed(self, contact: Contact, customer: UUID, wanted: str) -> bool:
        """Rule 28: contact, else customer, else the organisation's default; a primary contact never gets more by that."""
        if wanted == "MEMBER":
            return True
        if wanted == "PRIMARY":
            return customer in contact.primary
        for modes in (contact.acts[customer], self.customers[customer].modes, self.defaults):
            if modes[wanted] != "INHERIT":
                return modes[wanted] == "ALLOW"
        return False

    def may(self, person: Person, method: str, customer: UUID | None = None) -> str:
        """Say whether a person may call a method at all. customer: for whom a contact says that it acts."""
        rule = self.rules[method]
        if rule.public:
            return "yes"
        if not self.inside(person):
            return "sign in"
        if isinstance(person, Operator):
            fits = bool(rule.operator) and rule.operator in person.capabilities
        elif isinstance(person, Contact):
            acting = customer if customer in person.acts and customer is not None else person.home
            fits = bool(rule.contact) and self.allowed(person, acting, rule.contact)
        else:
            fits = False
        if not (rule.owner or fits):
            return "no"
        if self.waits(person) and rule.assurance not in {"PENDING", "FIRST_FACTOR"}:
            return "not open"
        return "confirm" if rule.assurance == "FRESH" and not person.fresh else "yes"

    def finds(self, person: Person, method: str, capability: str, thing: Operator | Contact | Customer) -> str:
        """Say whether a person finds one thing by a Get method that a capability opens to operators."""
        asked = self.may(person, method)
        if asked != "yes":
            return asked
        own = thing.id == person.id or (isinstance(person, Contact) and isinstance(thing, Customer) and thing.id in person.acts)
        if isinstance(person, Operator) and capability in person.capabilities:
            own = own or isinstance(thing, Operator) or person.sees(thing.groups)
        return "found" if own else "hidden"

"""What a list of contacts is asked for: the values of its address, the filter that they make, and the way back from a saved filter.

Each value makes one part of the filter, so that a view saved from an address opens as that address again; parts that the page does
not know stay a filter of their own (`filter`). Days that are counted from today are counted anew whenever the page is opened.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from uuid import UUID

from flask import request

from services.portal.views.console import words
from services.portal.views.console.lists import argument, condition, quoted
from services.portal.views.formats import today, zone

NONE = "none"  # of the groups and contact roles: who has none
ORDERS = {
    "name": "last_name",
    "-name": "last_name desc",
    "access": "last_access_time",
    "-access": "last_access_time desc",
    "created": "create_time",
    "-created": "create_time desc",
}
_OPEN = 'access.enabled = true AND NOT access.end_date < "{today}" AND NOT access.start_date > "{today}"'
PORTAL = {
    "active": f"({_OPEN} AND never_entered = false)",
    "invited": f"({_OPEN} AND never_entered = true)",
    "future": '(access.enabled = true AND access.start_date > "{today}")',
    "expired": '(access.enabled = true AND access.end_date < "{today}")',
    "off": "access.enabled = false",
}
SEEN = {
    "never": "never_entered = true",
    "recent": '(last_access_time >= "{month_ago}")',  # in parentheses, unlike the filters of others: they mean a day of their own
    "old": '(last_access_time < "{quarter_ago}")',
}
_YES_NO = {"yes": "true", "no": "false"}


def _group(value: str) -> str:
    return "group = null" if value == NONE else condition(group=_named("groups", value))


def _role(value: str) -> str:
    return "contact_role = null" if value == NONE else condition(contact_role=_named("contactRoles", value))


def _named(collection: str, value: str) -> str:
    try:
        return f"{collection}/{UUID(value)}"
    except ValueError:
        return ""


def _since(value: str) -> str:
    return f'create_time >= "{_midnight(day)}"' if (day := _day(value)) else ""


def _until(value: str) -> str:
    day = _day(value)
    return f'create_time < "{_midnight(day + timedelta(days=1))}"' if day and day < date.max else ""


def _of(choices: Mapping[str, str]) -> Callable[[str], str]:
    return lambda value: _dated(choices[value]) if value in choices else ""


CONDITIONS: dict[str, Callable[[str], str]] = {
    "group": _group,
    "role": _role,
    "customer": lambda value: condition(customer=_named("customers", value)),
    "firm": lambda value: f"customer.display_name:{quoted(value)}" if value else "",
    "portal": _of(PORTAL),
    "seen": _of(SEEN),
    "language": lambda value: condition(language_code=value if value in words.LANGUAGES else ""),
    "tag": lambda value: condition(tag=value),
    "newsletter": lambda value: condition(newsletter=_YES_NO.get(value, "")),
    "email": lambda value: condition(has_email=_YES_NO.get(value, "")),
    "from": _since,
    "to": _until,
}


_PROFILE = re.compile(r"p-([a-z][a-z0-9_]{0,62})")  # a value of the profile, by the key of its field


def condition_of(name: str, value: str) -> str:
    """Return the part of the filter that a value of the address makes; "" for one that means nothing."""
    if name in CONDITIONS:
        return CONDITIONS[name](value)
    found = _PROFILE.fullmatch(name)
    return f"profile.{found[1]}:{quoted(value)}" if found and value else ""


def filter_names() -> list[str]:
    """Return the names of filters that this address may have."""
    return [*CONDITIONS, *(name for name in request.args if _PROFILE.fullmatch(name))]


@dataclass(frozen=True)
class Asked:
    """values: of the address, those that mean something. rest: parts of a filter that no value stands for."""

    values: Mapping[str, str] = field(default_factory=dict)
    query: str = ""
    rest: str = ""
    sort: str = "name"

    @property
    def filter(self) -> str:
        parts = [condition_of(name, value) for name, value in self.values.items()]
        return " AND ".join([*parts, *([f"({self.rest})"] if self.rest else [])])

    @property
    def order_by(self) -> str:
        return ORDERS[self.sort]

    @property
    def narrowed(self) -> bool:
        return bool(self.values or self.query or self.rest)


def asked_by_address() -> Asked:
    values = {name: value for name in filter_names() if (value := argument(name)) and condition_of(name, value)}
    if argument("portal") == "never":  # as this address was written once
        values["seen"] = "never"
    rest = request.args.get("filter", "").strip()[:1000]
    return Asked(values, argument("q"), rest, argument("sort", ORDERS) or "name")


def read_back(wanted: str) -> tuple[dict[str, str], str]:
    """Return the values that make a filter, and the parts for which there are none."""
    values: dict[str, str] = {}
    rest = []
    for part in _parts(wanted):
        found = next(((name, value) for name, value in _readings(part) if name not in values), None)
        if found is None:
            rest.append(part.removeprefix("(").removesuffix(")") if part.startswith("(") and part.count("(") == 1 else part)
        else:
            values[found[0]] = found[1]
    return values, " AND ".join(rest)


_DAY = re.compile(r'"\d{4}-\d\d-\d\d(?:T[^"]*)?"')
_READ = {
    "group": re.compile(r'group = "groups/([0-9a-f-]{36})"'),
    "role": re.compile(r'contact_role = "contactRoles/([0-9a-f-]{36})"'),
    "customer": re.compile(r'customer = "customers/([0-9a-f-]{36})"'),
    "firm": re.compile(r'customer\.display_name:"((?:[^"\\]|\\.)*)"'),
    "language": re.compile(r'language_code = "(\w+)"'),
    "tag": re.compile(r'tag = "((?:[^"\\]|\\.)*)"'),
    "from": re.compile(r'create_time >= "(\d{4}-\d\d-\d\d)T[^"]*"'),
    "to": re.compile(r'create_time < "(\d{4}-\d\d-\d\d)T[^"]*"'),
}
_FIXED = {
    "group": {NONE: "group = null"},
    "role": {NONE: "contact_role = null"},
    "seen": SEEN,
    "portal": PORTAL,
    "newsletter": {name: f"newsletter = {value}" for name, value in _YES_NO.items()},
    "email": {name: f"has_email = {value}" for name, value in _YES_NO.items()},
}


def _readings(part: str) -> Iterator[tuple[str, str]]:
    """Give each value that makes this very part."""
    yield from _reading_of_profile(part)
    for name, choices in _FIXED.items():
        yield from ((name, value) for value, text in choices.items() if _DAY.sub("", _dated(text)) == _DAY.sub("", part))
    for name, pattern in _READ.items():
        if found := pattern.fullmatch(part):
            value = re.sub(r"\\(.)", r"\1", found[1])
            if name == "to":
                value = (date.fromisoformat(value) - timedelta(days=1)).isoformat()
            if CONDITIONS[name](value) == part:
                yield name, value


def _reading_of_profile(part: str) -> Iterator[tuple[str, str]]:
    if found := re.fullmatch(r'profile\.([a-z][a-z0-9_]{0,62}):"((?:[^"\\]|\\.)*)"', part):
        yield f"p-{found[1]}", re.sub(r"\\(.)", r"\1", found[2])


def _parts(wanted: str) -> Iterator[str]:
    """Give the parts that AND joins outside parentheses and quotes."""
    depth, start = 0, 0
    for found in re.finditer(r'"(?:[^"\\]|\\.)*"|\(|\)| AND ', wanted):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if found[0] == " AND " and depth == 0:
            yield wanted[start : found.start()].strip()
            start = found.end()
    if wanted[start:].strip():
        yield wanted[start:].strip()


# --- days ----------------------------------------------------------------------------------------------------------------------------
def _dated(text: str) -> str:
    now = today()
    days = {"month_ago": _midnight(now - timedelta(days=30)), "quarter_ago": _midnight(now - timedelta(days=90))}
    return text.format(today=now.isoformat(), **days)


def _day(value: str) -> date | None:
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def _midnight(day: date) -> str:
    return datetime.combine(day, time(), zone()).isoformat()

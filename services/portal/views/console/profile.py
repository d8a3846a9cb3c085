"""The profile of a contact in a form and on its card: the blocks that are on, with the fields of the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import phonenumbers
from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct
from recapito.contacts.v1.contacts_pb2 import Contact
from recapito.contacts.v1.fields_pb2 import Field
from recapito.contacts.v1.settings_pb2 import ContactsSettings

from services.portal.views.console import words
from services.portal.views.console.forms import Form, Value, decimal, typed
from services.portal.views.formats import short_day
from services.portal.views.i18n import LOCALES, language
from services.portal.views.i18n import gettext as _

FIELDS = {  # path of the request -> field of the form
    r"contact\.profile\.([a-z0-9_]+)": r"p-\1",
    r"contact\.profile\.([a-z0-9_]+)\[(\d+)\]\.([a-z0-9_]+)": r"p-\1-\2-\3",
    r"contact\.profile\.([a-z0-9_]+)\[(\d+)\]": r"p-\1",
}
OPEN = frozenset({"ORGANIZE", "REGISTRY", "CONTACT_POINTS"})  # blocks that most people fill in
MOST_ROWS = 50
_NUMBERS = (Field.NUMBER, Field.MONEY)


@dataclass(frozen=True)
class Block:
    """One section of the form or the card. hidden: switched off in the settings."""

    id: str
    fields: Sequence[Field] = field(default_factory=list)
    hidden: bool = False

    @property
    def title(self) -> str:
        return words.BLOCKS[self.id]


def blocks(fields: Iterable[Field], settings: ContactsSettings) -> list[Block]:
    """Return the blocks in the order of the form, each with its fields."""
    hidden = {Field.Block.Name(block) for block in settings.hidden_blocks}
    shown: dict[str, list[Field]] = {name: [] for name in words.BLOCKS}
    for one in fields:
        if not one.hidden:
            shown[Field.Block.Name(one.block)].append(one)
    return [Block(name, own, name in hidden) for name, own in shown.items()]


# --- the form ------------------------------------------------------------------------------------------------------------------------
def form_values(contact: Contact, fields: Iterable[Field]) -> dict[str, Value]:
    """Return what the inputs show of a profile."""
    profile, values = plain(contact.profile), dict[str, Value]()
    for one in fields:
        value = profile.get(one.key)
        if one.type == Field.TABLE:
            rows = value or []
            values[f"p-{one.key}-rows"] = str(len(rows) or 1)
            for index, row in enumerate(rows):
                values.update({f"p-{one.key}-{index}-{column.id}": _input(column, row.get(column.id)) for column in one.columns})
        else:
            values[f"p-{one.key}"] = _input(one, value)
    return values


def _input(one: Field | Field.Column, value: Any) -> Value:
    match one.type, value:
        case _, None:
            return ""
        case Field.YES_NO, bool():
            return "1" if value else "0"
        case Field.CHOICES, list():
            return [str(each) for each in value]
        case ((Field.NUMBER | Field.MONEY), str()):
            return typed(value)
        case Field.REGION, str():
            return countries().get(value, value)
    return str(value)


def rows_added(form: Form) -> bool:
    """Give a table one more row when its button was pressed; nothing is saved."""
    name = form["add_row"]
    if not name:
        return False
    form.values[f"{name}-rows"] = str(min(row_count(form, name) + 1, MOST_ROWS))
    return True


def row_count(form: Form, name: str) -> int:
    asked = form[f"{name}-rows"]
    return min(int(asked), MOST_ROWS) if asked.isascii() and asked.isdigit() and len(asked) < 4 else 1


def sent_profile(form: Form, fields: Iterable[Field]) -> tuple[Struct, list[str]]:
    """Return what was typed, and the paths of the fields that the form had: others stay as they are."""
    values, paths = Struct(), list[str]()
    for one in fields:
        name = f"p-{one.key}"
        if f"{name}-rows" in form.values or f"{name}-shown" in form.values or name in form.values:
            paths.append(f"profile.{one.key}")
            if (value := _sent(form, one, name)) not in (None, "", []):
                values.update({one.key: value})
    return values, paths


def _sent(form: Form, one: Field | Field.Column, name: str) -> Any:
    """Return a value as the contract has it; what is no such value goes on as it is, to be refused by name."""
    match one.type:
        case Field.TABLE if isinstance(one, Field):
            return _sent_rows(form, one, name)
        case Field.CHOICES:
            return form.many(name)
        case Field.YES_NO:
            return {"1": True, "0": False}.get(form[name])
        case Field.NUMBER | Field.MONEY:
            return decimal(form[name])
        case Field.REGION:
            return _region_code(form[name])
    return form[name]


def _sent_rows(form: Form, one: Field, name: str) -> list[dict[str, Any]]:
    """Return the rows; empty ones too when others follow, so that a fault is found where it was typed."""
    rows = []
    for index in range(row_count(form, name)):
        row = {column.id: _sent(form, column, f"{name}-{index}-{column.id}") for column in one.columns}
        rows.append({key: value for key, value in row.items() if value not in (None, "")})
    while rows and not rows[-1]:
        rows.pop()
    return rows


def labels(fields: Iterable[Field], form: Form) -> dict[str, str]:
    """Return the words of each input, for the summary of what is wrong."""
    found = {}
    for one in fields:
        name, said = f"p-{one.key}", words.label(one.label)
        found[name] = said
        for index in range(row_count(form, name) if one.columns else 0):
            found |= {f"{name}-{index}-{column.id}": f"{said} {index + 1}, {words.label(column.label)}" for column in one.columns}
    return found


def type_name(one: Field | Field.Column) -> str:
    return Field.Type.Name(one.type)


def options(one: Field | Field.Column) -> dict[str, str]:
    return {option.id: words.label(option.label) for option in one.options}


def filter_options(one: Field) -> dict[str, str]:
    """Return the choices of a filter; none of a field that is typed into."""
    return {"true": words.yes_or_no(yes=True), "false": words.yes_or_no(yes=False)} if one.type == Field.YES_NO else options(one)


# --- countries -----------------------------------------------------------------------------------------------------------------------
def countries() -> Mapping[str, str]:
    return _countries(language())


@cache
def _countries(of: str) -> Mapping[str, str]:
    """Return the countries that a contact may be of: two letters -> name, by name."""
    names = {code: str(LOCALES[of].territories.get(code, code)) for code in phonenumbers.SUPPORTED_REGIONS}
    return dict(sorted(names.items(), key=lambda pair: pair[1]))


def _region_code(text: str) -> str:
    named = [code for code, name in countries().items() if name.casefold() == text.casefold()]
    return named[0] if named else text.upper()


# --- the card ------------------------------------------------------------------------------------------------------------------------
def plain(profile: Struct) -> dict[str, Any]:
    return json_format.MessageToDict(profile)


def facts(contact: Contact, fields: Iterable[Field]) -> list[tuple[Field, Any]]:
    """Return the fields that hold something, with their value."""
    profile = plain(contact.profile)
    return [(one, profile[one.key]) for one in fields if one.key in profile]


def shown(one: Field | Field.Column, value: Any) -> str:
    """Return a value in words; "" for none."""
    match one.type, value:
        case Field.DATE, str():
            return short_day(value)
        case _, bool():
            return _("Sì") if value else _("No")
        case Field.CHOICE, str():
            return options(one).get(value, value)
        case Field.CHOICES, list():
            return ", ".join(options(one).get(str(each), str(each)) for each in value)
        case Field.REGION, str():
            return countries().get(value, value)
        case kind, str() if kind in _NUMBERS:
            return typed(value)
    return "" if value is None else str(value)

"""The values of a contact's profile: each checked by the type of its field and brought to one form, on every way in."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import phonenumbers
from stdnum import iban
from stdnum.exceptions import ValidationError

from services.contacts.domain.built_in import KIND, PERSON
from services.contacts.domain.fields import Catalogue, Column, Field, Type
from services.contacts.domain.values import Checks, Malformed, email_address, phone_number, plain_text, sdi_code, tax_code, vat_number

Profile = Mapping[str, Any]  # as JSON: texts, true and false, lists of texts, lists of objects

_LONGEST = {Type.LONG_TEXT: 5000, Type.LINK: 2000}
_LONGEST_LINE = 200
MOST_ROWS = 50
_MOST_DIGITS = 15  # what a spreadsheet and a double still hold exactly
_KEY = re.compile(r"[a-z][a-z0-9_]{0,62}")
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,6})?", re.ASCII)
_AMOUNT = re.compile(r"-?\d{1,13}(?:\.\d{1,2})?", re.ASCII)
_LINK = re.compile(r"https?://[^\s/?#@\\\"<>]+(?:[/?#][^\s\\\"<>]*)?", re.IGNORECASE)
_REGIONS = frozenset(phonenumbers.SUPPORTED_REGIONS)  # ISO 3166-1 without places where nobody lives
_FIRST_YEAR, _LAST_YEAR = 1800, 2200


def checked_profile(given: Profile, before: Profile | None, catalogue: Catalogue, checks: Checks) -> Profile:
    """Return the values in their one form; a fault for each that cannot be, named "profile.<key>".

    before: the stored ones, None of a new contact. What is as it was stands. What is not given is cleared, but not where the block
    is switched off; None clears in any case.
    """
    stored = before or {}
    if before is not None and given == before:
        return before
    found: dict[str, Any] = {}
    for key, value in given.items():
        if key in stored and stored[key] == value:
            found[key] = value
        elif (field := catalogue.by_key.get(key)) is None:
            checks.fault(f"profile.{key}" if _KEY.fullmatch(key) else "profile", "is no field of the catalogue", "FIELD_UNKNOWN")
        elif (read := _read(field, value, checks, f"profile.{key}")) is not None:
            found[key] = read
    for field in catalogue.fields:
        if field.key in stored and field.key not in given and not catalogue.shows(field):
            found[field.key] = stored[field.key]
    found.setdefault(KIND, stored.get(KIND, PERSON))
    _check_whole(found, catalogue, checks)
    return found


def _check_whole(found: dict[str, Any], catalogue: Catalogue, checks: Checks) -> None:
    for field in catalogue.fields:
        if field.required and catalogue.shows(field) and field.key not in found:
            checks.fault(f"profile.{field.key}", "is required", "REQUIRED")
    for block in ("residence", "domicile"):
        _check_address(found, block, checks)
    _check_days(found, "permit_issue_date", "permit_expire_date", checks, "profile")
    for key in ("identity_documents", "membership_cards"):
        for index, row in enumerate(found.get(key, ())):
            _check_days(row, "issue_date", "expire_date", checks, f"profile.{key}[{index}]")


def _check_address(found: dict[str, Any], block: str, checks: Checks) -> None:
    """Hold an Italian address to five digits and two letters; without a country it is one."""
    if found.get(f"{block}_country", "IT") != "IT":
        return
    postal_code, province = found.get(f"{block}_postal_code"), found.get(f"{block}_province")
    if postal_code and not re.fullmatch(r"\d{5}", postal_code, re.ASCII):
        checks.fault(f"profile.{block}_postal_code", "has five digits", "POSTAL_CODE_INVALID")
    if province and not re.fullmatch(r"[A-Za-z]{2}", province):
        checks.fault(f"profile.{block}_province", "has two letters", "PROVINCE_INVALID")
    elif province:
        found[f"{block}_province"] = province.upper()


def _check_days(row: Mapping[str, Any], first: str, last: str, checks: Checks, at: str) -> None:
    if row.get(first) and row.get(last) and row[last] < row[first]:
        checks.fault(f"{at}.{last}", "lies before the first day", "DATES_REVERSED")


# --- one value -----------------------------------------------------------------------------------------------------------------------
def _read(field: Field | Column, value: Any, checks: Checks, at: str) -> Any:
    """Return the value in its one form, None when it is empty or was found wrong."""
    match field.type, value:
        case _, None | "":
            return None
        case Type.YES_NO, bool():
            return value
        case Type.CHOICES, list():
            return _choices(field, value, checks, at)
        case Type.TABLE, list() if isinstance(field, Field):
            return _rows(field, value, checks, at)
        case ((Type.YES_NO | Type.CHOICES | Type.TABLE), _):
            checks.fault(at, "is not of the type of its field", "TYPE_INVALID")
        case _, str():
            return _text(field, value, checks, at)
        case _:
            checks.fault(at, "must be a text; decimals and days are texts too", "TYPE_INVALID")
    return None


def _text(field: Field | Column, value: str, checks: Checks, at: str) -> str | None:
    try:
        return _typed(field, plain_text(value, lines=field.type is Type.LONG_TEXT)) or None
    except Malformed as fault:
        checks.fault(at, str(fault), fault.reason)
        return None


def _typed(field: Field | Column, text: str) -> str:
    if len(text) > _LONGEST.get(field.type, _LONGEST_LINE):
        raise Malformed("STRING_MAX_LEN", "is too long")
    if field.type is Type.CHOICE and text and text not in {option.id for option in field.options}:
        raise Malformed("OPTION_UNKNOWN", "is none of the options")
    read = _RULES.get(field.key) or _READERS.get(field.type)
    return read(text) if read and text else text


def _choices(field: Field | Column, chosen: list[Any], checks: Checks, at: str) -> list[str] | None:
    """Return what was chosen, in the order of the options."""
    known = [option.id for option in field.options]
    if any(one not in known for one in chosen):
        checks.fault(at, "names what is none of the options", "OPTION_UNKNOWN")
        return None
    return [one for one in known if one in chosen] or None


def _rows(field: Field, rows: list[Any], checks: Checks, at: str) -> list[dict[str, Any]] | None:
    """Return the rows that hold something."""
    if len(rows) > MOST_ROWS:
        checks.fault(at, f"has more than {MOST_ROWS} rows", "TOO_MANY_ROWS")
        return None
    read = (_row(field, row, checks, f"{at}[{index}]") for index, row in enumerate(rows))
    return [row for row in read if row] or None


def _row(field: Field, row: Any, checks: Checks, at: str) -> dict[str, Any]:
    if not isinstance(row, Mapping):
        checks.fault(at, "is not an object", "TYPE_INVALID")
        return {}
    columns = {column.key: column for column in field.columns}
    if row.keys() - columns.keys():
        checks.fault(at, f"has no columns but {', '.join(columns)}", "FIELD_UNKNOWN")
    read = {key: _read(column, row.get(key), checks, f"{at}.{key}") for key, column in columns.items()}
    return {key: value for key, value in read.items() if value is not None}


# --- texts of each type --------------------------------------------------------------------------------------------------------------
def _number(text: str) -> str:
    if not _NUMBER.fullmatch(text) or sum(letter.isdigit() for letter in text) > _MOST_DIGITS:
        raise Malformed("NUMBER_INVALID", f'is not a decimal of at most {_MOST_DIGITS} digits, such as "12.5"')
    number = f"{Decimal(text):f}"
    number = number.rstrip("0").rstrip(".") if "." in number else number
    return "0" if number == "-0" else number


def _money(text: str) -> str:
    if not _AMOUNT.fullmatch(text):
        raise Malformed("NUMBER_INVALID", 'is not an amount, such as "12.50"')
    return f"{Decimal(text).quantize(Decimal('0.01')) + 0:f}"  # + 0: no "-0.00"


def _date(text: str) -> str:
    try:
        day = date.fromisoformat(text if _DAY.fullmatch(text) else "")
    except ValueError:
        raise Malformed("DATE_INVALID", "is not a day of the calendar, such as 2026-01-31") from None
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise Malformed("DATE_INVALID", f"lies outside the years {_FIRST_YEAR} to {_LAST_YEAR}")
    return text


def _link(text: str) -> str:
    if not _LINK.fullmatch(text):
        raise Malformed("LINK_INVALID", "is not an address that begins with http:// or https://")
    return text


def _region(text: str) -> str:
    if text.upper() not in _REGIONS:
        raise Malformed("REGION_UNKNOWN", "is not the two letters of a country")
    return text.upper()


def _iban(text: str) -> str:
    try:
        return str(iban.validate(unicodedata.normalize("NFKC", text)))
    except ValidationError:
        raise Malformed("IBAN_INVALID", "is not a valid IBAN") from None


_READERS: Mapping[Type, Callable[[str], str]] = {
    Type.NUMBER: _number,
    Type.DATE: _date,
    Type.EMAIL: email_address,
    Type.PHONE: phone_number,
    Type.LINK: _link,
    Type.REGION: _region,
    Type.MONEY: _money,
    Type.TAX_CODE: lambda text: tax_code(text, "IT"),
    Type.VAT_NUMBER: lambda text: vat_number(text, ""),
    Type.IBAN: _iban,
}
_RULES: Mapping[str, Callable[[str], str]] = {"sdi_recipient_code": sdi_code}

"""Checked values: addresses, telephone numbers, tax ids and lines of text, each brought to one form."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TypeVar
from zoneinfo import available_timezones

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from stdnum import get_cc_module
from stdnum.eu import vat as eu_vat
from stdnum.exceptions import ValidationError
from stdnum.it import codicefiscale, iva

from libs.errors import FieldViolation, InvalidArgument

_DIRECTION_MARKS = re.compile("[\u202a-\u202e\u2066-\u2069]")  # they make a text look like another one
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_TAX_ID = re.compile(r"[A-Z0-9][A-Z0-9./]{1,27}")
_ITALIAN = ("", "IT")
_LONGEST_KEY = 300  # some characters unfold to eighteen: what an index holds has an end, whatever was typed
T = TypeVar("T")


class Malformed(ValueError):
    """A value that cannot be what its field says; the text never repeats the value, which may be personal."""

    def __init__(self, reason: str, description: str) -> None:
        super().__init__(description)
        self.reason = reason


class Checks:
    """Collects every fault of one resource, so that a person can mend them all at once.

    with checks():                    raises InvalidArgument at the end when a fault was found
        email = checks.value("email", email_address, email)
    """

    def __init__(self, resource: str) -> None:
        self._resource = resource
        self._found: list[FieldViolation] = []

    @contextmanager
    def __call__(self) -> Iterator[Checks]:
        yield self
        if self._found:
            text = "; ".join(f"{fault.field}: {fault.description}" for fault in self._found)
            raise InvalidArgument(text, reason=self._found[0].reason, violations=self._found)

    def value(self, field: str, read: Callable[[str], T], text: str) -> T | str:
        """Return the value in its one form; an empty text needs no check and stays empty."""
        try:
            return read(text) if text.strip() else ""
        except Malformed as fault:
            self.fault(field, str(fault), fault.reason)
            return ""

    def line(self, field: str, text: str, *, required: bool = False) -> str:
        """Return one line of text: NFC, without outer or doubled spaces."""
        clean = " ".join(unicodedata.normalize("NFC", text).split())
        if _DIRECTION_MARKS.search(clean):
            self.fault(field, "holds a mark that turns the direction of text", "CONTROL_CHARACTER")
        if required and not clean:
            self.fault(field, "is required", "REQUIRED")
        return clean

    def fault(self, field: str, description: str, reason: str) -> None:
        self._found.append(FieldViolation(f"{self._resource}.{field}", description, reason))


def plain_text(text: str, *, lines: bool = False) -> str:
    """Return the text in NFC, without spaces around it and without what cannot be seen. lines: it may have several."""
    clean = unicodedata.normalize("NFC", text)
    if lines:
        clean = "\n".join(line.rstrip() for line in clean.replace("\r\n", "\n").replace("\r", "\n").split("\n")).strip()
    else:
        clean = " ".join(clean.split())
    if _DIRECTION_MARKS.search(clean) or _CONTROL.search(clean):
        raise Malformed("CONTROL_CHARACTER", "holds a character that cannot be seen")
    return clean


def folded(text: str) -> str:
    """Return the text as searches and orders compare it: no case, no accents, single spaces."""
    if text.isascii():
        return " ".join(text.lower().split())
    apart = unicodedata.normalize("NFKD", text)
    bare = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return " ".join(bare.casefold().split())


def key_of(text: str) -> str:
    """Return the beginning of the folded text, by which names are ordered and compared."""
    return folded(text)[:_LONGEST_KEY]


def searchable(*texts: str) -> str:
    """Return what a search looks through: the folded texts, and their words without the marks inside them ("s.r.l." is also "srl").

    A space stands before each word, so that its beginning can be found.
    """
    words = folded(" ".join(texts)).split()
    bare = [plain for word in words if (plain := re.sub(r"[^\w@]", "", word)) != word and plain]
    return "".join(f" {word}" for word in [*words, *bare])


def email_address(text: str) -> str:
    """Return the address without outer spaces, its domain in small letters; reserved test domains are welcome."""
    try:
        address = str(validate_email(text.strip(), check_deliverability=False, test_environment=True).normalized)
    except EmailNotValidError:
        raise Malformed("EMAIL_MALFORMED", "is not an e-mail address") from None
    if len(email_key(address) or "") > _LONGEST_KEY:
        raise Malformed("EMAIL_MALFORMED", "is too long for an e-mail address")
    return address


@lru_cache(4096)  # most addresses share a few domains
def _ascii_domain(domain: str) -> str:
    try:
        return str(validate_email(f"x@{domain}", check_deliverability=False, test_environment=True).ascii_domain)
    except EmailNotValidError:
        return domain


@lru_cache(1024)  # an import asks for each of a chunk several times
def email_key(address: str) -> str | None:
    """Return what two spellings of one address share, and what the database keeps unique; None without an address.

    Case is ignored in the whole address, compatibility forms (fullwidth letters, ligatures) are one with their letters, and a domain
    is its IDNA form however it was typed.
    """
    if not address:
        return None
    local, _, domain = unicodedata.normalize("NFKC", address.strip()).casefold().rpartition("@")
    return f"{local}@{_ascii_domain(domain)}"


@lru_cache(1024)  # an import asks for each of a chunk twice
def phone_number(text: str) -> str:
    """Return the number as E.164; it must begin with + and the country's prefix."""
    try:
        number = phonenumbers.parse(text.strip(), None)
    except phonenumbers.NumberParseException:
        raise Malformed("PHONE_INVALID", "is not a telephone number with its international prefix") from None
    if not phonenumbers.is_possible_number(number):
        raise Malformed("PHONE_INVALID", "is too short or too long for a telephone number")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _compact(text: str) -> str:
    return re.sub(r"[\s.\-/]", "", unicodedata.normalize("NFKC", text)).upper()


def vat_number(text: str, region: str) -> str:
    """Return a VAT number with the prefix of its country; check digits are verified wherever the country is known.

    region: ISO code of the billing address. Eleven digits are an Italian partita IVA unless the region is another country.
    """
    compact = _compact(text)
    try:
        if re.fullmatch(r"\d{11}", compact) and region in _ITALIAN:
            return "IT" + str(iva.validate(compact))
        prefix = compact[:2].lower()
        if prefix == "el" or prefix in eu_vat.MEMBER_STATES:
            return str(eu_vat.validate(compact))
        if region not in _ITALIAN:
            module = get_cc_module(region.lower(), "vat")
            number = str(module.validate(compact.removeprefix(region))) if module is not None else compact
            if _TAX_ID.fullmatch(number):
                return number if number.startswith(region) else region + number
    except ValidationError:
        pass
    raise Malformed("VAT_NUMBER_INVALID", "is not a valid VAT number")


def tax_code(text: str, region: str) -> str:
    """Return a codice fiscale (16 characters, omocodia included, or 11 digits), or a foreign TIN when the region is another country."""
    if region in _ITALIAN:
        try:
            return str(codicefiscale.validate(_compact(text)))
        except ValidationError:
            raise Malformed("TAX_CODE_INVALID", "is not a valid codice fiscale") from None
    foreign = re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).replace("-", "").upper()
    if not _TAX_ID.fullmatch(foreign):
        raise Malformed("FOREIGN_TAX_ID_INVALID", "is not a tax id of that country")
    return foreign


def sdi_code(text: str) -> str:
    code = text.strip().upper()
    if not re.fullmatch(r"[A-Z0-9]{6,7}", code):
        raise Malformed("SDI_CODE_INVALID", "has six or seven letters and digits")
    return code


def time_zone(text: str) -> str:
    if text not in available_timezones():
        raise Malformed("TIME_ZONE_UNKNOWN", "is not an IANA time zone")
    return text

"""Who issues documents, and how they are numbered."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from libs.errors import InvalidArgument
from services.documents.domain.document import TaxIdentity

INVOICE_FORMAT = "INV-{year}-{number:6}"
_PLACE = re.compile(r"\{(?P<name>year|number)(?::(?P<digits>[1-9]|1[0-2]))?\}")


class Kind(enum.Enum):
    """Documents with a series of numbers of their own."""

    INVOICE = "INVOICE"


@dataclass(frozen=True)
class Settings:
    """series: format by kind. payment_term_days: from the day of issue to the due date, where a draft names none."""

    issuer: TaxIdentity = field(default_factory=TaxIdentity)
    iban: str = ""
    currency_code: str = "EUR"
    series: Mapping[Kind, str] = field(default_factory=lambda: {Kind.INVOICE: INVOICE_FORMAT})
    payment_term_days: int = 30
    version: int = 1

    def number(self, kind: Kind, year: int, number: int) -> str:
        """Write a number as its series does: "INV-{year}-{number:6}" makes "INV-2026-000001"."""

        def written(place: re.Match[str]) -> str:
            value = year if place["name"] == "year" else number
            return str(value).zfill(int(place["digits"] or 0))

        return _PLACE.sub(written, self.series.get(kind, INVOICE_FORMAT))

    def check(self) -> None:
        """Raise InvalidArgument naming what is wrong."""
        for index, form in enumerate(self.series.values()):
            check_format(form, f"documents_settings.series[{index}].format")
        if self.iban:
            check_iban(self.iban, "documents_settings.iban")


def check_format(form: str, path: str) -> None:
    """A format needs year and number once each: without the year, the numbers of two years would be the same."""
    places = sorted(place["name"] for place in _PLACE.finditer(form))
    if places != ["number", "year"] or set(_PLACE.sub("", form)) & set("{}"):
        raise InvalidArgument.of(path, "must hold {year} and {number} or {number:6} once each, and no other braces", "FORMAT_INVALID")


def check_iban(iban: str, path: str) -> None:
    """ISO 13616: country, two check digits, up to 30 letters and digits; the whole, rearranged, is 1 modulo 97."""
    moved = iban[4:] + iban[:4]
    if not re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", iban, re.ASCII) or int("".join(str(int(sign, 36)) for sign in moved)) % 97 != 1:
        raise InvalidArgument.of(path, "is not an IBAN", "IBAN_INVALID")

"""What all business documents share: lines, their sums by EN 16931, and the tax identities of both sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext

from libs.errors import FieldViolation, InvalidArgument

CENT = Decimal("0.01")
LARGEST_AMOUNT = Decimal(10) ** 13  # what the contract can write
_EXACT = Context(prec=80, rounding=ROUND_HALF_UP)  # three factors of 19 digits each, exactly; ROUND_HALF_UP is half away from zero


# --- tax identities ------------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class PostalAddress:
    """region_code: ISO 3166-1 alpha-2. All parts may be empty while a document is a draft."""

    street: str = ""
    city: str = ""
    province: str = ""
    postal_code: str = ""
    region_code: str = ""


@dataclass(frozen=True)
class TaxIdentity:
    """The side that a document is made out to, or issued by."""

    legal_name: str = ""
    vat_number: str = ""
    tax_code: str = ""
    sdi_recipient_code: str = ""
    certified_email: str = ""
    address: PostalAddress = field(default_factory=PostalAddress)

    def missing(self, *, tax_number_required: bool = False) -> list[str]:
        """Return the fields without which no invoice may bear this identity, as paths such as "address.street".

        In Italy a postal code and a VAT number or tax code are always needed (DPR 633/1972, art. 21); abroad the number is when
        `tax_number_required`: persons elsewhere may have none.
        """
        address = self.address
        wanted = {"legal_name": self.legal_name, "address.street": address.street, "address.city": address.city}
        wanted["address.region_code"] = address.region_code
        if address.region_code == "IT":
            wanted["address.postal_code"] = address.postal_code
        if address.region_code == "IT" or tax_number_required:
            wanted["vat_number"] = self.vat_number or self.tax_code
        return [path for path, value in wanted.items() if not value.strip()]


# --- lines and sums ------------------------------------------------------------------------------------------------------------------
def rounded(amount: Decimal) -> Decimal:
    """Return the amount to the cent, half away from zero."""
    return amount.quantize(CENT, ROUND_HALF_UP, _EXACT)


@dataclass(frozen=True)
class Line:
    """unit_price: net, in the currency of the document. Percentages: 22 means 22 %. vat_exemption_code: Natura of FatturaPA."""

    description: str
    quantity: Decimal = Decimal(1)
    unit: str = ""
    unit_price: Decimal = Decimal(0)
    discount_percent: Decimal = Decimal(0)
    vat_rate_percent: Decimal = Decimal(0)
    vat_exemption_code: str = ""

    @property
    def net_amount(self) -> Decimal:
        """Quantity times price less discount, to the cent (EN 16931-1, BT-131)."""
        with localcontext(_EXACT):
            return rounded(self.quantity * self.unit_price * (100 - self.discount_percent) / 100)


@dataclass(frozen=True)
class Vat:
    """One VAT category: all lines of one rate and exemption code."""

    vat_rate_percent: Decimal
    vat_exemption_code: str
    net_amount: Decimal
    vat_amount: Decimal


@dataclass(frozen=True)
class Totals:
    currency_code: str
    net_amount: Decimal = Decimal("0.00")
    vat_amount: Decimal = Decimal("0.00")
    gross_amount: Decimal = Decimal("0.00")
    vat: tuple[Vat, ...] = ()


def vat(net: Sequence[Decimal], rate_percent: Decimal) -> Decimal:
    """Return the VAT of one tax category, in the currency of `net`, to the cent.

    net: one amount per line, any order, negative on a credit; empty gives 0.
    rate_percent: 22 means 22 %; outside 0 to 100 raises InvalidArgument.
    Rounded once, on the sum, half away from zero. Source: EN 16931-1, rule BR-CO-17.
    """
    if not 0 <= rate_percent <= 100:
        raise InvalidArgument(f"a VAT rate of {rate_percent} % is outside 0 to 100")
    with localcontext(_EXACT):
        return rounded(sum(net, Decimal(0)) * rate_percent / 100)


def totals(lines: Sequence[Line], currency_code: str) -> Totals:
    """Return the sums of a document: net of the lines (BR-CO-10), VAT by category (BR-CO-14, 17), gross (BR-CO-15)."""
    categories: dict[tuple[Decimal, str], list[Decimal]] = {}
    for line in lines:
        categories.setdefault((line.vat_rate_percent, line.vat_exemption_code), []).append(line.net_amount)
    by_category = tuple(
        Vat(rate, code, sum(net, Decimal("0.00")), vat(net, rate)) for (rate, code), net in sorted(categories.items(), reverse=True)
    )
    net_amount = sum((category.net_amount for category in by_category), Decimal("0.00"))
    vat_amount = sum((category.vat_amount for category in by_category), Decimal("0.00"))
    return Totals(currency_code, net_amount, vat_amount, net_amount + vat_amount, by_category)


def check_lines(lines: Sequence[Line], path: str) -> None:
    """Raise InvalidArgument with everything that is wrong in the lines of `path`, such as "invoice.lines"."""
    faults = [
        FieldViolation(f"{path}[{index}].{name}", text, reason)
        for index, line in enumerate(lines)
        for name, text, reason in _line_faults(line)
    ]
    if not faults and abs(totals(lines, "").gross_amount) >= LARGEST_AMOUNT:
        faults.append(FieldViolation(path, "their sum has more than 13 digits before the point", "AMOUNT_TOO_LARGE"))
    if faults:
        raise InvalidArgument("; ".join(f"{fault.field}: {fault.description}" for fault in faults), violations=faults)


def _line_faults(line: Line) -> list[tuple[str, str, str]]:
    faults = []
    if not 0 <= line.discount_percent <= 100:
        faults.append(("discount_percent", "must be 0 to 100", "PERCENT_INVALID"))
    if not 0 <= line.vat_rate_percent <= 100:
        faults.append(("vat_rate_percent", "must be 0 to 100", "PERCENT_INVALID"))
    elif line.vat_rate_percent == 0 and not line.vat_exemption_code:
        faults.append(("vat_exemption_code", "is needed where the VAT rate is 0", "VAT_EXEMPTION_CODE_MISSING"))
    elif line.vat_rate_percent != 0 and line.vat_exemption_code:
        faults.append(("vat_exemption_code", "fits only a VAT rate of 0", "VAT_EXEMPTION_CODE_UNEXPECTED"))
    if not faults and abs(line.net_amount) >= LARGEST_AMOUNT:
        faults.append(("unit_price", "makes a sum of more than 13 digits before the point", "AMOUNT_TOO_LARGE"))
    return faults

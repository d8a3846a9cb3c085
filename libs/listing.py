"""What a List call asks for: page, filter (AIP-160), order (AIP-132) and words; read from the request and typed, without SQL.

A filter is `customer = "customers/…" AND (state = PAID OR due_date < 2026-01-31) AND NOT overdue = true`. As in AIP-160, OR binds
closer than AND. `:` asks whether a text contains a value, regardless of case, or whether a field of another kind has it;
`field:*` whether it is set at all, which `field != null` says too. `!=` and NOT hold for rows without a value.
"""

from __future__ import annotations

import base64
import binascii
import enum
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn
from uuid import UUID

from google.protobuf.message import Message

from libs.errors import InvalidArgument

DEFAULT_SIZE = 50
LARGEST_SIZE = 1000
LONGEST_FILTER = 2000
DEEPEST_FILTER = 10
MOST_COMPARISONS = 50

Value = None | bool | int | str | Decimal | date | datetime | UUID | enum.Enum
FieldType = Any  # bool, int, str, Decimal, date, datetime, UUID, an Enum class, or an enum of a .proto, whose values stay names


@dataclass(frozen=True)
class Comparison:
    """One condition. operator: = != < <= > >= or `:`. value: of the field's type; None for null, and for `:*`."""

    field: str
    operator: str
    value: Value


@dataclass(frozen=True)
class Not:
    term: Filter


@dataclass(frozen=True)
class AllOf:
    terms: tuple[Filter, ...]


@dataclass(frozen=True)
class AnyOf:
    terms: tuple[Filter, ...]


Filter = Comparison | Not | AllOf | AnyOf


@dataclass(frozen=True)
class Order:
    field: str
    descending: bool = False


@dataclass(frozen=True)
class Position:
    """The last row of the page before: its value in the order's field, and its id."""

    value: Value
    id: UUID


@dataclass(frozen=True)
class Listing:
    """One page asked for. after: None on the first page. query: words to search for, as typed; "" for none.

    stage: 1 in a list that goes on with other rows when the first ones are used up; `after` is then a position among those.
    """

    size: int = DEFAULT_SIZE
    after: Position | None = None
    filter: Filter | None = None
    order: Order = Order("id")
    query: str = ""
    binding: str = ""
    stage: int = 0

    def behind(self, token: str) -> Listing:
        """Return what goes on where a page of this listing ended."""
        after, stage = _position(token, self.binding)
        return replace(self, after=after, stage=stage)

    def token(self, value: Value, id: UUID) -> str:  # noqa: A002 - it is the row's id
        """Return the page token that goes on behind the row with this value in the order's field."""
        return self._written([*_tagged(value), str(id)])

    def beginning(self) -> str:
        """Return the page token that goes on with the first row of the stage."""
        return self._written([])

    def _written(self, position: list[Any]) -> str:
        stage = [self.stage] if self.stage else []
        written = json.dumps([self.binding, *position, *stage], separators=(",", ":"), ensure_ascii=False)
        return base64.urlsafe_b64encode(written.encode()).decode().rstrip("=")


def listing(request: Message, *, fields: Mapping[str, FieldType], orders: Sequence[str], default_order: str) -> Listing:
    """Read page_size, page_token, filter, order_by and query of a List request, as far as it has them.

    fields: what a filter may name, with its type. orders: what order_by may name; default_order such as "issue_date desc".
    Raises InvalidArgument that names the field of the request. A page token belongs to one request: the same parent, filter,
    order and words; only the page size may change.
    """
    size: int = getattr(request, "page_size", 0)
    if not 0 <= size <= LARGEST_SIZE:
        raise InvalidArgument.of("page_size", f"must be 0 to {LARGEST_SIZE}", "PAGE_SIZE_INVALID")
    binding = _binding(request)
    token: str = getattr(request, "page_token", "")
    wanted: str = getattr(request, "filter", "")
    after, stage = _position(token, binding) if token else (None, 0)
    return Listing(
        size=size or DEFAULT_SIZE,
        after=after,
        filter=_Parser(wanted, fields).parse() if wanted.strip() else None,
        order=_order(getattr(request, "order_by", "") or default_order, orders),
        query=getattr(request, "query", "").strip(),
        binding=binding,
        stage=stage,
    )


def snake(text: str) -> str:
    """Take `dueDate`, as JSON spells it, for `due_date`."""
    return re.sub(r"(?<=[a-z0-9])[A-Z]", lambda found: f"_{found[0].lower()}", text)


# --- order ---------------------------------------------------------------------------------------------------------------------------
def _order(text: str, orders: Sequence[str]) -> Order:
    match snake(text).split():
        case [field] | [field, "asc"] if field in orders:
            return Order(field)
        case [field, "desc"] if field in orders:
            return Order(field, descending=True)
    raise InvalidArgument.of("order_by", f'must be one of {", ".join(orders)}, with or without " desc"', "ORDER_INVALID")


# --- page tokens ---------------------------------------------------------------------------------------------------------------------
def _binding(request: Message) -> str:
    asked = type(request)()
    asked.CopyFrom(request)
    for field in ("page_size", "page_token"):
        if field in asked.DESCRIPTOR.fields_by_name:
            asked.ClearField(field)
    digest = hashlib.sha256(asked.DESCRIPTOR.full_name.encode() + asked.SerializeToString(deterministic=True)).digest()
    return base64.b64encode(digest[:9]).decode()


def _tagged(value: Value) -> tuple[str, Any]:
    match value:
        case None:
            return "null", None
        case bool() | int() | str():
            return type(value).__name__, value
        case datetime() | date():
            return type(value).__name__, value.isoformat()
        case Decimal() | UUID():
            return type(value).__name__, str(value)
        case _:
            raise TypeError(f"rows cannot be ordered by {type(value).__name__}")


def _position(token: str, binding: str) -> tuple[Position | None, int]:
    """Read a page token as an enemy may have written it: where it goes on, and in which stage."""
    try:
        bound, *written = json.loads(base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4)))
        position, stage = _behind(written)
    except (ValueError, TypeError, AttributeError, RecursionError, binascii.Error):
        raise InvalidArgument.of("page_token", "is not a token of this list", "PAGE_TOKEN_INVALID") from None
    if bound != binding:
        raise InvalidArgument.of("page_token", "belongs to another filter, order or parent", "PAGE_TOKEN_INVALID")
    return position, stage


def _behind(written: list[Any]) -> tuple[Position | None, int]:
    match written:
        case [1 as stage]:
            return None, stage
        case [tag, value, id_]:
            return Position(_untagged(tag, value), UUID(id_)), 0
        case [tag, value, id_, 1 as stage]:
            return Position(_untagged(tag, value), UUID(id_)), stage
        case _:
            raise ValueError("no position")


def _untagged(tag: str, value: Any) -> Value:
    match tag, value:
        case ("null", None) | ("bool", bool()):
            return value  # type: ignore[no-any-return] # None or a bool, as the pattern says
        case "int", int():
            return _int(str(value))
        case "str", str():
            return _str(value)
        case "datetime", str():
            return _datetime(value)
        case "date", str():
            return _date(value)
        case "Decimal", str():
            return _exact(value)
        case "UUID", str():
            return UUID(value)
        case _:
            raise ValueError(tag)


# --- values --------------------------------------------------------------------------------------------------------------------------
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII)
_WHOLE = re.compile(r"-?\d{1,19}", re.ASCII)
_AMOUNT = re.compile(r"-?\d{1,15}(?:\.\d{1,2})?", re.ASCII)
_NAME_AND_ID = re.compile(r"(?:[A-Za-z]+/(?:[\w-]+/[A-Za-z]+/)*)?([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def _str(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("a text without control characters")
    return text


def _bool(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError("true or false")
    return text == "true"


def _int(text: str) -> int:
    if not _WHOLE.fullmatch(text) or not -(2**63) <= int(text) < 2**63:
        raise ValueError("a whole number")
    return int(text)


def _decimal(text: str) -> Decimal:
    if not _AMOUNT.fullmatch(text):
        raise ValueError('a decimal number such as "100.00"')
    return Decimal(text)


def _exact(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError("a number") from None
    if not value.is_finite() or abs(value) >= Decimal(10) ** 15 or int(value.as_tuple().exponent) < -9:
        raise ValueError("a number")
    return value


def _date(text: str) -> date:
    try:
        return date.fromisoformat(_matching(_DAY, text))
    except ValueError:
        raise ValueError("a day such as 2026-01-31") from None


def _datetime(text: str) -> datetime:
    try:
        return datetime.fromisoformat(_matching(_INSTANT, text).upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError('an instant such as "2026-01-31T09:00:00Z"') from None


def _uuid(text: str) -> UUID:
    found = _NAME_AND_ID.fullmatch(text)
    if found is None:
        raise ValueError("a resource name or an id")
    return UUID(found[1])


def _matching(form: re.Pattern[str], text: str) -> str:
    if not form.fullmatch(text):
        raise ValueError(text)
    return text


_READERS: dict[FieldType, Callable[[str], Value]] = {
    str: _str,
    bool: _bool,
    int: _int,
    Decimal: _decimal,
    date: _date,
    datetime: _datetime,
    UUID: _uuid,
}
_ORDERED = (int, Decimal, date, datetime, str)


def _value(kind: FieldType, text: str) -> Value:
    if kind in _READERS:
        return _READERS[kind](text)
    names = list(kind.__members__) if isinstance(kind, enum.EnumMeta) else list(kind.keys())[1:]  # the first is UNSPECIFIED
    if text not in names:
        raise ValueError(f"one of {', '.join(names)}")
    member: Value = kind[text] if isinstance(kind, enum.EnumMeta) else text
    return member


# --- the filter's grammar ------------------------------------------------------------------------------------------------------------
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<open>\() | (?P<close>\)) | (?P<operator>!=|<=|>=|=|<|>|:)
    | (?P<word>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*) | (?P<minus>-)
    )""",
    re.VERBOSE,
)
_LITERAL = re.compile(r"""\s*(?:"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>(?:[^'\\]|\\.)*)'|(?P<bare>[^\s()"'<>=!,\\]+))""")


class _Parser:
    """expression = sequence of factors by AND; factor = terms by OR; term = [NOT | -] ( "(" expression ")" | comparison )."""

    def __init__(self, text: str, fields: Mapping[str, FieldType]) -> None:
        self._text, self._fields = text, fields
        self._at = self._depth = self._comparisons = 0

    def parse(self) -> Filter:
        if len(self._text) > LONGEST_FILTER:
            self._fail(f"is longer than {LONGEST_FILTER} characters")
        found = self._expression()
        if self._text[self._at :].strip():
            self._fail(f"AND, OR or the end was expected at character {self._at + 1}")
        return found

    def _expression(self) -> Filter:
        terms = list(self._joined(self._factor, "AND"))
        return terms[0] if len(terms) == 1 else AllOf(tuple(terms))

    def _factor(self) -> Filter:
        terms = list(self._joined(self._term, "OR"))
        return terms[0] if len(terms) == 1 else AnyOf(tuple(terms))

    def _joined(self, read: Callable[[], Filter], word: str) -> Iterator[Filter]:
        yield read()
        while self._take("word", word):
            yield read()

    def _term(self) -> Filter:
        if self._take("word", "NOT") or self._take("minus"):
            return Not(self._nested(self._term))
        if self._take("open"):
            inside = self._nested(self._expression)
            if not self._take("close"):
                self._fail(f'")" was expected at character {self._at + 1}')
            return inside
        return self._comparison()

    def _nested(self, read: Callable[[], Filter]) -> Filter:
        self._depth += 1
        if self._depth > DEEPEST_FILTER:
            self._fail(f"is nested deeper than {DEEPEST_FILTER} levels")
        inside = read()
        self._depth -= 1
        return inside

    def _comparison(self) -> Comparison:
        self._comparisons += 1
        if self._comparisons > MOST_COMPARISONS:
            self._fail(f"has more than {MOST_COMPARISONS} comparisons")
        field = self._take("word")
        if not field:
            self._fail(f"a field was expected at character {self._at + 1}")
        field = snake(field)
        if field not in self._fields:
            self._fail(f'"{field}" is none of {", ".join(self._fields)}', "FILTER_FIELD_UNKNOWN")
        operator = self._take("operator")
        if not operator:
            self._fail(f"a comparison was expected at character {self._at + 1}")
        return Comparison(field, *self._compared(field, operator))

    def _compared(self, field: str, operator: str) -> tuple[str, Value]:
        text, quoted = self._literal()
        if not quoted and text == "*" and operator == ":":
            return "!=", None
        if not quoted and text == "null":
            if operator not in {"=", "!=", ":"}:
                self._fail(f"null cannot be compared with {operator}")
            return "=" if operator == ":" else operator, None
        if operator in {"<", "<=", ">", ">="} and self._fields[field] not in _ORDERED:
            self._fail(f"{field} has no order, so {operator} does not fit it")
        try:
            value = _value(self._fields[field], text)
        except ValueError as expected:
            self._fail(f"{field} must be compared with {expected}", "FILTER_VALUE_INVALID")
        return "=" if operator == ":" and self._fields[field] is not str else operator, value

    def _literal(self) -> tuple[str, bool]:
        found = _LITERAL.match(self._text, self._at)
        if found is None:
            self._fail(f"a value was expected at character {self._at + 1}")
        self._at = found.end()
        if (bare := found["bare"]) is not None:
            return bare, False
        return re.sub(r"\\(.)", r"\1", found["double"] if found["double"] is not None else found["single"]), True

    def _take(self, kind: str, text: str = "") -> str:
        """Return the next token when it is of this kind and, if given, this text; else "" and stay."""
        found = _TOKEN.match(self._text, self._at)
        if found is None or found.lastgroup != kind or (text and found[kind] != text):
            return ""
        self._at = found.end()
        return found[kind]

    @staticmethod
    def _fail(description: str, reason: str = "FILTER_INVALID") -> NoReturn:
        raise InvalidArgument.of("filter", description, reason)

"""What the fakes share: lists, masks, etags, requests made before."""

from __future__ import annotations

import functools
import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from operator import eq, ge, lt, ne
from typing import Any, TypeVar

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message as Proto
from google.protobuf.timestamp_pb2 import Timestamp

from libs.errors import EtagMismatch, FieldViolation, InvalidArgument
from services.identity.domain.roles import ADMINISTRATOR, ROLES
from services.portal.service import Page

P = TypeVar("P", bound=Proto)
SECTIONS = ("INVOICES", "ESTIMATES", "CONTRACTS", "PROPOSALS", "SUPPORT", "PROJECTS")
PASSWORD = "una frase lunga per entrare"
CAPABILITIES = ROLES[ADMINISTRATOR]


def stamp(moment: datetime) -> Timestamp:
    found = Timestamp()
    found.FromDatetime(moment)
    return found


def now() -> Timestamp:
    return stamp(datetime.now(UTC))


# --- lists ---------------------------------------------------------------------------------------------------------------------------
def found_page(items: Iterable[P], page: Page, values: Callable[[P, str], str], words: Callable[[P], str] = str) -> tuple[list[P], str]:
    """Filter, search and cut a list as the real ones do, as far as the pages ask. values: the field of an item, as its filter writes it."""
    kept = [item for item in items if _matches(page.filter, functools.partial(values, item))]
    if page.query:
        kept = [item for item in kept if page.query.casefold() in words(item).casefold()]
    if page.token and not page.token.isdigit():
        raise InvalidArgument.of("page_token", "was not made by this list", "PAGE_TOKEN_INVALID")
    start = int(page.token or 0)
    following = str(start + page.size) if start + page.size < len(kept) else ""
    return kept[start : start + page.size], following


def _matches(wanted: str, value: Callable[[str], str]) -> bool:
    for condition in wanted.split(" AND ") if wanted else ():
        parsed = re.fullmatch(r'\(?([\w.]+) ?(=|!=|>=|<|:) ?"?([^"]*?)"?\)?', condition)
        if parsed is None:
            raise InvalidArgument.of("filter", f"{condition} is not understood", "FILTER_INVALID")
        name, operator, text = parsed.groups()
        if (operator in {">=", "<"} and not value(name)) or not _OPERATORS[operator](*map(_instant, (value(name), text))):
            return False
    return True


_OPERATORS: dict[str, Callable[[str, str], bool]] = {"=": eq, ":": eq, "!=": ne, ">=": ge, "<": lt}


def _instant(text: str) -> str:
    """Return an instant in the one form in which instants compare; any other text as it is."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC).isoformat() if "T" in text else text
    except ValueError:
        return text


def merged(stored: P, changed: P, paths: Sequence[str]) -> P:
    """Apply an update_mask; a stale etag is refused."""
    current(stored, getattr(changed, "etag", ""))
    result = type(stored)()
    result.CopyFrom(stored)
    for path in paths:
        result.ClearField(path.partition(".")[0]) if "." not in path else None
    FieldMask(paths=list(paths)).MergeMessage(changed, result, replace_message_field=True, replace_repeated_field=True)
    return touched(result)


def current(stored: Proto, etag: str) -> None:
    """Refuse a stale etag."""
    if etag and etag != getattr(stored, "etag", ""):
        raise EtagMismatch("it was changed by someone else")


def touched(message: P) -> P:
    message.etag = f'"{secrets.token_hex(4)}"'  # type: ignore[attr-defined] # every resource that the pages write has one
    return message


def taken(name: str, reason: str) -> FieldViolation:
    return FieldViolation(name, "is taken", reason)


class Requests:
    """Answers to requests that were made before: the same request_id gives the same resource."""

    def __init__(self) -> None:
        self._seen: dict[str, Any] = {}

    def once(self, request_id: str, make: Callable[[], P]) -> P:
        if not request_id:
            return make()
        if request_id not in self._seen:
            self._seen[request_id] = make()
        found: P = self._seen[request_id]
        return found

"""JSON read strictly: UTF-8, no key twice, no NaN, no half characters, bounded in depth and length."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from libs.errors import InvalidArgument
from services.gateway.domain import Unprocessable

DEEPEST = 32
LONGEST_LIST = 10_000


class _KeyTwice(ValueError):
    pass


def read(body: bytes) -> Any:
    """Return the value that a body holds. Raises InvalidArgument that says where it is wrong."""
    try:
        text = body.decode()
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
    except UnicodeDecodeError as error:
        raise _invalid(f"is not UTF-8 at byte {error.start + 1}") from None
    except json.JSONDecodeError as error:
        raise _invalid(f"is not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise Unprocessable.of("body", f"is nested deeper than {DEEPEST} levels", "BODY_LIMIT") from None
    except _KeyTwice as key:
        raise _invalid(f"has the key {key} twice in one object") from None
    except ValueError as error:  # Python's own limit on the digits of a number
        raise _invalid(f"holds a number that is not one of JSON: {error}") from None
    _check(value, "body", 1)
    return value


def _invalid(description: str) -> InvalidArgument:
    return InvalidArgument.of("body", description, "BODY_INVALID")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise _KeyTwice(json.dumps(next(key for key in keys if keys.count(key) > 1))[:100])
    return found


def _constant(name: str) -> NoReturn:
    raise ValueError(name)


def _check(value: Any, at: str, depth: int) -> None:
    match value:
        case str():
            _check_text(value, at)
        case dict():
            _check_size(len(value), at, depth)
            for key, item in value.items():
                _check_text(key, at)
                _check(item, f"{at}.{key}", depth + 1)
        case list():
            _check_size(len(value), at, depth)
            for index, item in enumerate(value):
                _check(item, f"{at}[{index}]", depth + 1)
        case float() if value in (float("inf"), float("-inf")):
            raise InvalidArgument.of(at, "is too large a number", "BODY_INVALID")


def _check_size(length: int, at: str, depth: int) -> None:
    if depth > DEEPEST:
        raise Unprocessable.of(at[:200], f"is nested deeper than {DEEPEST} levels", "BODY_LIMIT")
    if length > LONGEST_LIST:
        raise Unprocessable.of(at[:200], f"has more than {LONGEST_LIST} entries", "BODY_LIMIT")


def _check_text(text: str, at: str) -> None:
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidArgument.of(at.encode("utf-8", "replace").decode()[:200], "holds half of a surrogate pair", "BODY_INVALID")

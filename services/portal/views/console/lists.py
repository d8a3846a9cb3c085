"""Lists of the console: the filter in the address, the page of 25, and the links to the next."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from flask import request, url_for

from services.portal.service import Page
from services.portal.views.formats import zone

ALL = 1000  # of things that are few: groups, contacts of one customer


def condition(**fields: str) -> str:
    """Return the filter of a list: every field that has a value, all together. Values are quoted, so that they stay values."""
    return " AND ".join(f"{name} = {quoted(value)}" for name, value in fields.items() if value)


def quoted(value: str) -> str:
    if value in {"true", "false"}:
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def argument(name: str, allowed: Mapping[str, Any] | None = None) -> str:
    """Return a value of the address; empty when it is not one of `allowed`."""
    value = request.args.get(name, "").strip()[:200]
    return value if allowed is None or value in allowed else ""


def here(**changes: str | list[str] | None) -> str:
    """Return this address with some values changed; None takes one out. A change of filter goes back to the first page."""
    values: dict[str, Any] = {**(request.view_args or {}), **request.args.to_dict(flat=False)}
    if "page" not in changes:
        values.pop("page", None)
    for name, value in changes.items():
        if value is None:
            values.pop(name, None)
        else:
            values[name] = value
    return url_for(request.endpoint or "", **values)


def period() -> str:
    """Return the condition of the days that the address names (from, to), both included, in the organisation's zone."""
    first, last = _day("from"), _day("to")
    bounds = (
        first and f'create_time >= "{_midnight(first)}"',
        last and last < date.max and f'create_time < "{_midnight(last + timedelta(days=1))}"',
    )
    return " AND ".join(bound for bound in bounds if bound)


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(argument(name))
    except ValueError:
        return None


def _midnight(day: date) -> str:
    return datetime.combine(day, time(), zone()).isoformat()


def asked(filter_: str, order_by: str = "") -> Page:
    """Return what this address asks of a list: its words (q) and its page."""
    return Page(token=request.args.get("page", "")[:2000], filter=filter_, query=argument("q"), order_by=order_by)

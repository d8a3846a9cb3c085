"""A word for a state, and small helps of the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from google.protobuf.message import Message

from services.portal.views.i18n import gettext as _


@dataclass(frozen=True)
class State:
    """A word and the class of its colour; the word alone must say it."""

    text: str
    tone: str = ""

    @property
    def label(self) -> str:
        return _(self.text)


def translated(choices: Mapping[str, str]) -> dict[str, str]:
    return {value: _(text) for value, text in choices.items()}


def part(message: Message, name: str) -> Any:
    """Return a field by its name."""
    return getattr(message, name)


def positive(amount: str) -> bool:
    return decimal_of(amount) > 0


def share(portion: str, whole: str) -> Decimal:
    """Return a share in whole percent; 0 of nothing."""
    total = decimal_of(whole)
    return (decimal_of(portion) * 100 / total).quantize(Decimal(1)) if total else Decimal(0)


def decimal_of(amount: str) -> Decimal:
    try:
        return Decimal(amount or 0)
    except InvalidOperation:
        return Decimal(0)

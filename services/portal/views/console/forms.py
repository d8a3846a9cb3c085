"""What an operator typed and what is wrong with it: a form that comes back with its words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from types import TracebackType
from uuid import UUID

from flask import g, request
from werkzeug.datastructures import MultiDict

from libs.errors import Aborted, AlreadyExists, FailedPrecondition, InvalidArgument, PermissionDenied, ResourceExhausted, ServiceError
from libs.ids import new_id
from services.portal.views.console import words
from services.portal.views.i18n import language

Value = str | Iterable[str]


class Form:
    """Values by the names of the fields; an error stands under its field, a note above the form.

    A form gets a new request_id each time it is shown: a second press of the same page is harmless, and corrected
    words are another request. saved: what somebody else has saved meanwhile, by field, after a conflict.
    """

    def __init__(self, values: MultiDict[str, str]) -> None:
        self.values = values
        self.errors: dict[str, str] = {}
        self.note = ""
        self.reason = ""  # of the refusal
        self.facts: Mapping[str, str] = {}  # that came with it
        self.saved: dict[str, str] = {}
        self.needs_password = False
        self.request_id = str(new_id())

    @classmethod
    def sent(cls) -> Form:
        """Return the form of this request."""
        form = cls(MultiDict(request.form))
        form.request_id = _uuid(request.form.get("request_id", "")) or str(new_id())
        return form

    @classmethod
    def filled(cls, values: Mapping[str, Value]) -> Form:
        """Return a form that shows `values`."""
        form = cls(MultiDict())
        for name, value in values.items():
            form.values.update({name: [value] if isinstance(value, str) else list(value)})  # an empty list leaves the name out
        return form

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "").strip()

    def many(self, name: str) -> list[str]:
        return self.values.getlist(name)

    def on(self, name: str) -> bool:
        return self.values.get(name, "") in {"1", "on", "true"}

    @property
    def kinds_chosen(self) -> frozenset[str]:
        """Return the kinds of message that have a choice of their own, below their type."""
        return frozenset(
            name.removeprefix("kind_") for name, value in self.values.items() if name.startswith("kind_") and value in {"ON", "OFF"}
        )

    def decimal(self, name: str) -> str:
        """Return the number of a field as the contract writes it; what is not a number goes on as it is, to be refused by name."""
        return decimal(self[name])

    @property
    def failed(self) -> bool:
        return bool(self.errors or self.note)

    @property
    def code(self) -> int:
        """The HTTP status of the page that shows this form."""
        if self.saved or self.note == words.error("ETAG_MISMATCH"):
            return 409
        return 422 if self.failed else 200

    def again(self) -> Form:
        """Return the same words under a new request_id, to be shown."""
        self.request_id = str(new_id())
        return self

    def refuse(self, error: ServiceError, fields: Mapping[str, str]) -> None:
        """Put each violation under its field; what no field of the form can mend becomes the note.

        fields: pattern of a path of the request -> name of the field; \\1 is a group of it.
        """
        self.reason, self.facts = error.reason, error.metadata
        for violation in error.violations:
            name = _field_of(violation.field, fields)
            if name:
                self.errors.setdefault(name, words.error(violation.reason or error.reason, name))
            else:
                self.note = self.note or words.error(error.reason or violation.reason)
        if not error.violations:
            self.note = words.error(error.reason)

    def compare(self, now: Mapping[str, Value]) -> None:
        """After a conflict, show what is stored now beside each field that differs, and take its etag: saving again means it."""
        if self.note != words.error("ETAG_MISMATCH"):
            return
        for name, value in now.items():
            stored = [value] if isinstance(value, str) else list(value)
            if name.endswith("etag"):
                self.values[name] = stored[0]
            elif stored != self.values.getlist(name) and (any(stored) or any(self.values.getlist(name))):
                self.saved[name] = ", ".join(stored)

    def sending(self, fields: Mapping[str, str]) -> _Sending:
        """Return a context: a refusal inside it becomes errors of this form, and what follows the block shows them."""
        return _Sending(self, fields)


_BEYOND = {"MORE_CAPABILITIES", "MORE_GROUPS"}  # what was chosen is beyond the operator, not the page


class _Sending:
    def __init__(self, form: Form, fields: Mapping[str, str]) -> None:
        self._form, self._fields = form, fields

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        if isinstance(error, PermissionDenied) and error.reason == "NOT_FRESH":
            self._form.needs_password = True
            self._form.note = words.error("WRONG_PASSWORD" if g.get("wrong_password") else "NOT_FRESH")
        elif isinstance(error, InvalidArgument | AlreadyExists | FailedPrecondition | Aborted | ResourceExhausted) or (
            isinstance(error, PermissionDenied) and error.reason in _BEYOND
        ):
            self._form.refuse(error, self._fields)
        else:
            return False
        return True


def decimal(typed: str) -> str:
    """Return what a person typed as a decimal with a point: "1.234,50" and "1234,5" in Italian, "1,234.50" in English."""
    point, group = (".", ",") if language() == "en" else (",", ".")
    plain = re.sub(r"\s", "", typed)
    whole, _, fraction = plain.partition(point)
    if group in whole and not re.fullmatch(rf"-?\d{{1,3}}(?:{re.escape(group)}\d{{3}})+", whole):
        return typed
    number = whole.replace(group, "") + (f".{fraction}" if fraction else "")
    try:
        return str(Decimal(number)) if number else ""
    except InvalidOperation:
        return typed


def typed(amount: str) -> str:
    """Return a decimal of the contract as a field shows it, without grouping."""
    try:
        number = f"{Decimal(amount):f}"
    except InvalidOperation:
        return amount
    if "." in number:
        whole, fraction = number.split(".")
        fraction = fraction.rstrip("0")
        number = f"{whole}.{fraction:0<2}" if fraction else whole
    return number if language() == "en" else number.replace(".", ",")


def _field_of(path: str, fields: Mapping[str, str]) -> str:
    for pattern, name in fields.items():
        if found := re.fullmatch(pattern, path):
            return found.expand(name)
    return ""


def _uuid(value: str) -> str:
    try:
        return str(UUID(value))
    except ValueError:
        return ""

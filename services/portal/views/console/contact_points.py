"""Telephones and addresses in the form of a contact: the first telephone has a field of its own, the others a row each."""

from __future__ import annotations

from collections.abc import Mapping

from recapito.contacts.v1.contacts_pb2 import Contact, ContactPoint

from services.portal.views.console import words
from services.portal.views.console.customers import phone
from services.portal.views.console.forms import Form
from services.portal.views.console.profile import row_count

ROWS = "point"
PHONES = (ContactPoint.PHONE, ContactPoint.MOBILE)


def point_values(contact: Contact) -> dict[str, str]:
    number, others = _apart(contact)
    values = {"phone": number.value if number else "", f"{ROWS}-rows": str(len(others) or 1)}
    for index, point in enumerate(others):
        kind = ContactPoint.Kind.Name(point.kind)
        values |= {f"{ROWS}-{index}-kind": kind, f"{ROWS}-{index}": point.value, f"{ROWS}-{index}-label": point.label}
    return values


def sent_points(form: Form, stored: Contact) -> dict[str, ContactPoint]:
    """Return what was typed, by the input that it was typed into, in the order in which it is stored."""
    number, _others = _apart(stored)
    points: dict[str, ContactPoint] = {}
    if value := phone(form["phone"]):
        points["phone"] = ContactPoint(kind=ContactPoint.PHONE, value=value)
        if number is not None:
            points["phone"].kind, points["phone"].label = number.kind, number.label
    for index in range(row_count(form, ROWS)):
        if value := form[f"{ROWS}-{index}"]:
            kind = _kind(form[f"{ROWS}-{index}-kind"])
            typed = phone(value) if kind in PHONES else value
            points[f"{ROWS}-{index}"] = ContactPoint(kind=kind, value=typed, label=form[f"{ROWS}-{index}-label"])
    return points


def _kind(name: str) -> ContactPoint.Kind.ValueType:
    return ContactPoint.Kind.Value(name) if name in words.POINT_KINDS else ContactPoint.PHONE


def point_fields(form: Form, stored: Contact) -> Mapping[str, str]:
    """Return which path of the request is which input."""
    names = enumerate(sent_points(form, stored))
    return {rf"contact\.contact_points\[{index}\].*": name for index, name in names} | {r"contact\.contact_points": "phone"}


def _apart(contact: Contact) -> tuple[ContactPoint | None, list[ContactPoint]]:
    """Return the telephone of the form, which is the first, and the other points."""
    number = next((point for point in contact.contact_points if point.kind in PHONES), None)
    return number, [point for point in contact.contact_points if point is not number]

"""vCard: 2.1 to 4.0 are read, 4.0 is written. vobject reads all of them but writes 3.0 only, hence our own few lines for the way out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import vobject

from services.contacts.domain.columns import header
from services.contacts.domain.contacts import Contact, PointKind
from services.contacts.wire.files.limits import MOST_ROWS, Row, too_big, unreadable

_FIELDS = (
    "first_name",
    "last_name",
    "email",
    "second_email",
    "mobile",
    "phone",
    "customer.display_name",
    "position",
    "language_code",
    "tags",
)


# --- in ------------------------------------------------------------------------------------------------------------------------------
def rows_of(text: str) -> Iterator[Row]:
    """Give the columns that a card has here, then a row for each card."""
    yield [header(field, "it") for field in _FIELDS]
    if len(re.findall(r"^BEGIN:VCARD", text, re.IGNORECASE | re.MULTILINE)) > MOST_ROWS:
        raise too_big(f"{MOST_ROWS} cards")
    try:
        for card in vobject.readComponents(_without_media(text), allowQP=True):
            yield _row(card)
    except Exception as error:  # vobject meets what is no card with errors of any kind
        raise unreadable() from error


_MEDIA = re.compile(r"^(?:item\d+\.)?(?:PHOTO|LOGO|SOUND|KEY)\b.*(?:\r?\n[ \t].*|\r?\n(?=\r?\n))*\r?\n", re.IGNORECASE | re.MULTILINE)


def _without_media(text: str) -> str:
    """Leave out pictures, which nobody imports and which are most of a file."""
    return _MEDIA.sub("", text)


def _row(card: Any) -> list[str]:
    first, last = _names(card)
    emails = _values(card, "email")
    telephones = [(_of_mobile(line), line.value.removeprefix("tel:").partition(";")[0]) for line in card.contents.get("tel", ())]
    said = {
        "first_name": first,
        "last_name": last,
        "email": emails[0] if emails else "",
        "second_email": ";".join(emails[1:]),
        "mobile": ";".join(number for mobile, number in telephones if mobile),
        "phone": ";".join(number for mobile, number in telephones if not mobile),
        "customer.display_name": _company(card),
        "position": next(iter(_values(card, "title")), ""),
        "language_code": next(iter(_values(card, "lang")), "")[:2],
        "tags": ";".join(tag for line in card.contents.get("categories", ()) for tag in _several(line.value)),
    }
    return [str(said[field]).strip() for field in _FIELDS]


def _names(card: Any) -> tuple[str, str]:
    """Return first and last name; a card that has only the whole name is parted at its last space."""
    for line in card.contents.get("n", ()):
        first, last = (" ".join(_several(part)) for part in (line.value.given, line.value.family))
        if first.strip() or last.strip():
            return first, last
    first, _, last = next(iter(_values(card, "fn")), "").rpartition(" ")
    return first, last


def _values(card: Any, name: str) -> list[str]:
    return [line.value.strip() for line in card.contents.get(name, ()) if isinstance(line.value, str) and line.value.strip()]


def _company(card: Any) -> str:
    return next((_several(line.value)[0] for line in card.contents.get("org", ()) if line.value and _several(line.value)), "")


def _several(value: Any) -> list[str]:
    return [str(part) for part in value] if isinstance(value, list | tuple) else [str(value)]


def _of_mobile(line: Any) -> bool:
    said = [*line.params, *(value for values in line.params.values() for value in values), *getattr(line, "singletonparams", ())]
    return any("cell" in str(word).lower() or "iphone" in str(word).lower() for word in said)


# --- out -----------------------------------------------------------------------------------------------------------------------------
_KINDS = {PointKind.PHONE: "voice", PointKind.MOBILE: "cell"}


def vcards(people: Iterable[tuple[Contact, str, str]]) -> bytes:
    """Return cards of contacts, each with its customer and its position there."""
    return "".join(_card(*person) for person in people).encode()


def _card(contact: Contact, customer: str, position: str) -> str:
    lines = [
        "BEGIN:VCARD",
        "VERSION:4.0",
        f"UID:urn:uuid:{contact.id}",
        f"FN:{_escaped(contact.display_name)}",
        f"N:{_escaped(contact.last_name)};{_escaped(contact.first_name)};;;",
        f"LANG:{_escaped(contact.language_code)}" if contact.language_code else "",
        f"EMAIL;PREF=1:{_escaped(contact.email)}" if contact.email else "",
        *(_point(point.kind, point.value) for point in contact.contact_points),
        f"ORG:{_escaped(customer)}" if customer else "",
        f"TITLE:{_escaped(position)}" if position else "",
        f"CATEGORIES:{','.join(_escaped(tag) for tag in contact.tags)}" if contact.tags else "",
        f"REV:{contact.update_time:%Y%m%dT%H%M%SZ}",
        "END:VCARD",
    ]
    return "".join(f"{_folded(line)}\r\n" for line in lines if line)


def _point(kind: PointKind, value: str) -> str:
    return f"TEL;VALUE=uri;TYPE={_KINDS[kind]}:tel:{value}" if kind in _KINDS else f"EMAIL:{_escaped(value)}"


def _escaped(text: str) -> str:
    return re.sub(r"([\\,;])", r"\\\1", text.replace("\r\n", "\n")).replace("\n", "\\n").replace("\r", "")


def _folded(line: str) -> str:
    """Break a line after 75 bytes at most, never inside a letter (RFC 6350, section 3.2)."""
    pieces, piece, size = [], "", 0
    for letter in line:
        width = len(letter.encode())
        if size + width > 75:
            pieces.append(piece)
            piece, size = " ", 1
        piece, size = piece + letter, size + width
    return "\r\n".join([*pieces, piece])

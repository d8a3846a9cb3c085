"""The organisation's own fields in SQL, the values that contacts hold of them, and filters by a profile."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect, Row
from sqlalchemy.sql import ColumnElement

from libs.database import insert, without_key
from libs.database.listing import Condition
from libs.errors import Aborted
from libs.listing import Value
from services.contacts.domain import FIELDS, Field, FieldNameTaken, Option, Sight, Type
from services.contacts.repository.tables import contacts, fields
from services.contacts.repository.visible import contact_visible

_PREFIX = "profile."


@dataclass(frozen=True)
class SqlFields:
    connection: Connection

    def custom(self, *, lock: bool = False) -> list[Field]:
        """Return the organisation's own fields; lock: none of them changes or goes before the commit."""
        query = sa.select(fields).order_by(fields.c.id)
        return [_field(row) for row in self.connection.execute(query.with_for_update(read=True) if lock else query)]

    def change(self, field_id: UUID) -> None:
        """Let nobody write a profile before the commit that the field might not fit."""
        self.connection.execute(sa.select(fields.c.id).where(fields.c.id == field_id).with_for_update())

    def add(self, field: Field) -> None:
        new = insert(self.connection, fields).values(_row(field)).on_conflict_do_nothing()
        if self.connection.execute(new.returning(fields.c.id)).first() is None:
            raise FieldNameTaken("label.it")

    def save(self, field: Field) -> Field:
        saved = replace(field, version=field.version + 1)
        unchanged = (fields.c.id == field.id, fields.c.version == field.version)
        try:
            changed = self.connection.execute(sa.update(fields).where(*unchanged).values(_row(saved))).rowcount
        except sa.exc.IntegrityError as error:
            raise FieldNameTaken("label.it" if "key_it" in str(error.orig) else "label.en") from error
        if changed != 1:
            raise Aborted(f"field {field.id} was changed by someone else")
        return saved

    def delete(self, field: Field) -> None:
        self.connection.execute(sa.delete(fields).where(fields.c.id == field.id))

    # --- values ---
    def value_count(self, field: Field, sight: Sight, options: Collection[str] = ()) -> int:
        """Return how many contacts hold a value; options: one of these."""
        held = sa.select(sa.func.count()).select_from(contacts).where(_holds(field, options), contact_visible(sight))
        return self.connection.execute(held).scalar_one()

    def clear(self, field: Field, options: Collection[str] = ()) -> None:
        """Take the values from all contacts; options: these alone."""
        if options and field.type is Type.CHOICES:
            self._take_out(field, options)
            return
        values = {"profile": without_key(contacts.c.profile, field.key), "version": contacts.c.version + 1}
        self.connection.execute(sa.update(contacts).where(_holds(field, options)).values(values))

    def _take_out(self, field: Field, options: Collection[str]) -> None:
        held = self.connection.execute(sa.select(contacts.c.id, contacts.c.profile).where(_holds(field, options)).with_for_update()).all()
        for id_, profile in held:
            kept = [one for one in profile[field.key] if one not in options]
            changed = {**profile, field.key: kept} if kept else {key: value for key, value in profile.items() if key != field.key}
            one = sa.update(contacts).where(contacts.c.id == id_)
            self.connection.execute(one.values(profile=changed, version=contacts.c.version + 1))


def _holds(field: Field, options: Collection[str]) -> ColumnElement[bool]:
    value: ColumnElement[str] = contacts.c.profile[field.key].as_string()
    if not options:
        return value.is_not(None)
    return sa.or_(*(_chosen(value, one) if field.type is Type.CHOICES else value == one for one in sorted(options)))


def _chosen(value: ColumnElement[str], option: str) -> ColumnElement[bool]:
    """Say whether a list of options, as JSON text, has one: an id needs no escape, so its quotes bound it."""
    return value.contains(f'"{option}"', autoescape=True)


# --- filters -------------------------------------------------------------------------------------------------------------------------
class ProfileColumns(dict[str, Any]):
    """The columns of a list of contacts with "profile.<key>" of each field, read when a filter names the first."""

    def __init__(self, columns: dict[str, Any], connection: Connection) -> None:
        super().__init__(columns)
        self._connection = connection

    def __missing__(self, name: str) -> Any:
        if not name.startswith(_PREFIX):
            raise KeyError(name)
        self.update({f"{_PREFIX}{field.key}": _column(field) for field in (*FIELDS, *SqlFields(self._connection).custom())})
        return dict.__getitem__(self, name)


class _Day(sa.TypeDecorator[date]):
    """A day as ISO 8601, which is ordered as days are."""

    impl = sa.String
    cache_ok = True

    def process_bind_param(self, value: date | None, dialect: Dialect) -> str | None:
        return None if value is None else value.isoformat()


def _column(field: Field) -> ColumnElement[Any] | Condition:
    value: Any = contacts.c.profile[field.key]
    text: ColumnElement[str] = value.as_string()
    match field.type:
        case Type.YES_NO:
            truth: ColumnElement[bool] = value.as_boolean()
            return truth
        case Type.NUMBER | Type.MONEY:
            return sa.cast(text, sa.Numeric(21, 6))
        case Type.DATE:
            return sa.type_coerce(text, _Day())
        case Type.CHOICE:
            return _choice(text)
        case Type.CHOICES:
            return _choices(text)
        case _:
            return text


def _choice(value: ColumnElement[str]) -> Condition:
    """Compare the id of an option; `:` too asks for the whole of it."""

    def condition(compared: str, wanted: Value) -> ColumnElement[bool]:
        if compared == "!=":
            return value.is_distinct_from(wanted)
        return value.is_(None) if wanted is None else value == wanted

    return condition


def _choices(value: ColumnElement[str]) -> Condition:
    def condition(compared: str, wanted: Value) -> ColumnElement[bool]:
        if wanted is None:
            return value.is_not(None) if compared == "!=" else value.is_(None)
        found = sa.func.coalesce(_chosen(value, str(wanted)), sa.false())
        return sa.not_(found) if compared == "!=" else found

    return condition


# --- rows ----------------------------------------------------------------------------------------------------------------------------
def _row(field: Field) -> dict[str, Any]:
    return {
        "id": field.id,
        "key": field.key,
        "label_it": field.label_it,
        "label_en": field.label_en,
        "key_it": field.key_it,
        "key_en": field.key_en,
        "type": field.type.name,
        "options": [[option.id, option.label_it, option.label_en] for option in field.options],
        "required": field.required,
        "filterable": field.filterable,
        "position": field.position,
        "version": field.version,
    }


def _field(row: Row[Any]) -> Field:
    return Field(
        id=row.id,
        key=row.key,
        label_it=row.label_it,
        label_en=row.label_en,
        type=Type[row.type],
        options=tuple(Option(*option) for option in row.options),
        required=row.required,
        filterable=row.filterable,
        position=row.position,
        version=row.version,
    )

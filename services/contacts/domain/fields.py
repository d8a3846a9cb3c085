"""The catalogue of the fields that a contact's profile may hold: their types and blocks, and the rules of the organisation's own."""

from __future__ import annotations

import enum
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from uuid import UUID, uuid5

from libs.errors import AlreadyExists, FailedPrecondition, FieldViolation
from services.contacts.domain.values import Checks, folded, key_of

_BUILT_IN = UUID("6f1d0c5e-6a86-4d0e-9d3c-0a5f0f2d7b11")  # the ids of built-in fields are made from it and their keys
_LONGEST_LABEL = 100
_LONGEST_KEY = 63
MOST_CUSTOM = 200


class FieldNameTaken(AlreadyExists):
    reason = "NAME_TAKEN"

    def __init__(self, field: str) -> None:
        """field: "label.it", "label.en" or "key"."""
        fault = FieldViolation(f"field.{field}", "is that of another field", self.reason)
        super().__init__(f"{fault.field}: {fault.description}", violations=[fault])


class FieldBuiltIn(FailedPrecondition):
    reason = "FIELD_BUILT_IN"


class FieldInUse(FailedPrecondition):
    reason = "FIELD_IN_USE"


class OptionInUse(FailedPrecondition):
    reason = "OPTION_IN_USE"


class CustomFieldsOff(FailedPrecondition):
    reason = "CUSTOM_FIELDS_OFF"


class TooManyFields(FailedPrecondition):
    reason = "TOO_MANY_FIELDS"


class Type(enum.Enum):
    TEXT = 1
    LONG_TEXT = 2
    NUMBER = 3
    DATE = 4
    YES_NO = 5
    CHOICE = 6
    CHOICES = 7
    EMAIL = 8
    PHONE = 9
    LINK = 10
    REGION = 11
    MONEY = 12
    TAX_CODE = 13
    VAT_NUMBER = 14
    IBAN = 15
    TABLE = 16


WITH_OPTIONS = frozenset({Type.CHOICE, Type.CHOICES})


class Block(enum.Enum):
    """The sections of a contact's form, in their order."""

    ORGANIZE = 1
    REGISTRY = 2
    MEMBERSHIP = 3
    FISCAL = 4
    RESIDENCE = 5
    DOMICILE = 6
    IMMIGRATION = 7
    CONTACT_POINTS = 8
    IDENTITY_DOCUMENT = 9
    FAMILY = 10
    EMPLOYMENT = 11
    PENSION = 12
    ACCESS = 13
    OTHER = 14
    PRIVACY = 15
    CUSTOM = 16


@dataclass(frozen=True)
class Option:
    id: str
    label_it: str
    label_en: str = ""


@dataclass(frozen=True)
class Column:
    """One column of a table."""

    key: str
    label_it: str
    label_en: str
    type: Type = Type.TEXT
    options: tuple[Option, ...] = ()


@dataclass(frozen=True)
class Field:
    """key: in `profile`; "" until it is made from the label. label_en: empty when it is as in Italian. position: among custom fields."""

    id: UUID
    key: str
    label_it: str
    label_en: str
    type: Type = Type.TEXT
    block: Block = Block.CUSTOM
    options: tuple[Option, ...] = ()
    columns: tuple[Column, ...] = ()
    required: bool = False
    filterable: bool = False
    position: int = 0
    version: int = 1

    @classmethod
    def built_in(cls, block: Block, column: Column, columns: tuple[Column, ...] = (), *, filterable: bool = False) -> Field:
        id_ = uuid5(_BUILT_IN, column.key)
        return cls(id_, column.key, column.label_it, column.label_en, column.type, block, column.options, columns, filterable=filterable)

    @property
    def custom(self) -> bool:
        return self.block is Block.CUSTOM

    @property
    def key_it(self) -> str:
        return key_of(self.label_it)

    @property
    def key_en(self) -> str:
        return key_of(self.label_en or self.label_it)

    @cached_property
    def named_options(self) -> dict[str, str]:
        """The id of each option by its labels, folded."""
        return {key_of(label): one.id for one in self.options for label in (one.label_en, one.label_it) if label}

    @property
    def sort_key(self) -> str:
        return f"{self.position:03} {self.key_it}"

    def checked(self, others: Collection[Field]) -> Field:
        """Return a custom field with its labels in their one form and its key. others: the rest of the catalogue; FieldNameTaken."""
        with Checks("field")() as checks:
            field = replace(
                self,
                label_it=_label(checks, "label.it", self.label_it, required=True),
                label_en=_label(checks, "label.en", self.label_en),
                options=_options(checks, self),
            )
            if field.type is Type.TABLE:
                checks.fault("type", "belongs to built-in fields alone", "TYPE_NOT_CUSTOM")
        if any(field.key_it in {other.key_it, other.key_en} for other in others):
            raise FieldNameTaken("label.it")
        if any(field.key_en in {other.key_it, other.key_en} for other in others):
            raise FieldNameTaken("label.en")
        taken = {other.key for other in others}
        if field.key in taken:
            raise FieldNameTaken("key")
        return replace(field, key=field.key or key_from(field.label_it, taken))

    def gone(self, after: Field) -> frozenset[str]:
        """Return the options that `after` has no more; none when it is of another type, which no value survives."""
        return frozenset(one.id for one in self.options) - {one.id for one in after.options} if self.type is after.type else frozenset()


def _label(checks: Checks, at: str, text: str, *, required: bool = False) -> str:
    label = checks.line(at, text, required=required)
    if len(label) > _LONGEST_LABEL:
        checks.fault(at, f"is longer than {_LONGEST_LABEL} characters", "STRING_MAX_LEN")
    return label


def _options(checks: Checks, field: Field) -> tuple[Option, ...]:
    """Return the options with their ids; two of one name could not be told apart."""
    if field.type not in WITH_OPTIONS:
        return ()
    if not field.options:
        checks.fault("options", "needs at least one", "OPTIONS_MISSING")
    made: list[Option] = []
    for index, option in enumerate(field.options):
        at = f"options[{index}]"
        it, en = _label(checks, f"{at}.label.it", option.label_it, required=True), _label(checks, f"{at}.label.en", option.label_en)
        if any(folded(it) == folded(one.label_it) for one in made) or (option.id and option.id in {one.id for one in made}):
            checks.fault(f"{at}.label.it", "is that of another option", "DUPLICATE")
        taken = {one.id for one in (*field.options, *made)}
        made.append(Option(option.id or key_from(it, taken), it, en))
    return tuple(made)


def key_from(label: str, taken: Collection[str]) -> str:
    """Return a key made from a label, such as "codice_interno"; with a number behind it when it is taken."""
    plain = re.sub(r"[^a-z0-9]+", "_", folded(label)).strip("_")
    stem = (plain if plain[:1].isalpha() else f"f_{plain}".rstrip("_"))[: _LONGEST_KEY - 4]
    return next(key for number in range(1, 1000) if (key := stem if number == 1 else f"{stem}_{number}") not in taken)


@dataclass(frozen=True)
class Catalogue:
    """fields: in the order of the form. hidden: blocks that are switched off; what they hold stays as it is."""

    fields: tuple[Field, ...]
    hidden: frozenset[Block] = frozenset()

    @classmethod
    def of(cls, built_in: Iterable[Field], custom: Iterable[Field], hidden: frozenset[Block]) -> Catalogue:
        fields = [*sorted(built_in, key=lambda field: field.block.value), *sorted(custom, key=lambda field: field.sort_key)]
        return cls(tuple(fields), hidden)

    @cached_property
    def by_key(self) -> dict[str, Field]:
        return {field.key: field for field in self.fields}

    @property
    def without_required(self) -> Catalogue:
        """Return the catalogue for contacts that are made without a form, of what is known of them."""
        return replace(self, fields=tuple(replace(field, required=False) for field in self.fields))

    def shows(self, field: Field) -> bool:
        return field.block not in self.hidden

    @property
    def filterable(self) -> list[Field]:
        return [field for field in self.fields if field.filterable and self.shows(field)]

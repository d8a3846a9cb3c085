"""What a file says of a profile is what an import reads from it: for any values, in both formats and languages."""

from __future__ import annotations

import string
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.errors import InvalidArgument
from services.contacts.domain import FIELDS, Block, Catalogue, Contact, Field, Option, Type, read_row
from services.contacts.domain.columns import PROFILE, guess, importable
from services.contacts.domain.imports import Column
from services.contacts.domain.listed import Listed, Names, columns_of
from services.contacts.domain.profile import checked_profile
from services.contacts.domain.values import Checks
from services.contacts.wire import files

OPTIONS = (Option("due", "Tre", "Two"), Option("uno", "Due; tre", "One|other"), Option("quattro", "Sì, certo"), Option("five", "'=5", "+5"))
OWN = [
    Field(
        uuid4(), f"own_{type_.name.lower()}", f"Nostro {type_.name}", "", type_, options=OPTIONS if type_.name.startswith("CHOICE") else ()
    )
    for type_ in Type
    if type_ is not Type.TABLE
]
CATALOGUE = Catalogue.of(FIELDS, [*OWN, Field(uuid4(), "nome", "Nome", "E-mail")], frozenset({Block.PENSION}))
BY_KEY = {field.key: field for field in importable(CATALOGUE)}
NOW = datetime(2026, 1, 1, tzinfo=UTC)

TEXTS = st.text(st.characters(codec="utf-8"), max_size=40) | st.text("'=+-@;|,\"\n a1", max_size=8)
DECIMALS = st.decimals(-10_000, 10_000, places=2, allow_nan=False).map(str)
KNOWN: Mapping[Type, st.SearchStrategy[Any]] = {
    Type.TEXT: TEXTS,
    Type.LONG_TEXT: TEXTS,
    Type.NUMBER: DECIMALS,
    Type.MONEY: DECIMALS,
    Type.DATE: st.dates(date(1800, 1, 1), date(2200, 1, 1)).map(date.isoformat),
    Type.YES_NO: st.booleans(),
    Type.EMAIL: st.just("anna@x.example"),
    Type.PHONE: st.just("+393451234567"),
    Type.LINK: st.text(string.ascii_letters + "/=;|", max_size=10).map("https://x.example/".__add__),
    Type.REGION: st.sampled_from(["IT", "FR"]),
    Type.TAX_CODE: st.just("RSSMRA85T10A562S"),
    Type.VAT_NUMBER: st.just("IT00743110157"),
    Type.IBAN: st.just("IT60X0542811101000000123456"),
}


def values_of(field: Field) -> st.SearchStrategy[Any]:
    if not field.options:
        return KNOWN[field.type]
    ids = st.sampled_from([option.id for option in field.options])
    return ids if field.type is Type.CHOICE else st.lists(ids, min_size=1, max_size=3)


PROFILES = st.lists(st.sampled_from(sorted(BY_KEY)), unique=True, max_size=8).flatmap(
    lambda keys: st.fixed_dictionaries({key: values_of(BY_KEY[key]) for key in keys})
)


def stored(profile: Mapping[str, Any]) -> dict[str, Any]:
    """What of it can be stored."""
    found: dict[str, Any] = {}
    for key, value in profile.items():
        with suppress(InvalidArgument), Checks("contact")() as checks:
            read = checked_profile({key: value}, None, CATALOGUE, checks)
            found |= read
    return found


@pytest.mark.req("R-FLD-10")
@settings(max_examples=60, deadline=None)
@given(PROFILES, st.sampled_from(["it", "en"]), st.booleans())
def test_an_import_reads_the_profile_that_an_export_wrote(profile: Mapping[str, Any], language: str, as_csv: bool) -> None:
    person = Contact(uuid4(), uuid4(), "Anna", "Neri", NOW, NOW, profile=stored(profile))
    columns = columns_of([PROFILE + key for key in BY_KEY], CATALOGUE, language)
    table = [
        ["Cognome", *(column.header for column in columns)],
        ["Neri", *(column.cell(Listed(person, None, None, Names({}, {}))) for column in columns)],
    ]
    content = files.csv_lines(table, start=True) if as_csv else b"".join(files.workbook([table]))
    sheet = files.read(content)
    meant = guess(sheet.headers, CATALOGUE)
    assert meant == ["last_name", *(PROFILE + key for key in BY_KEY)]
    (row,) = sheet.rows
    draft = read_row([Column(header, name) for header, name in zip(sheet.headers, meant, strict=True)], row)
    again = draft.applied_to(replace(person, profile={}), CATALOGUE)
    assert again.profile == person.profile


def test_only_what_is_shown_and_fits_a_cell_is_a_column() -> None:
    assert not {"pension_kind", "family_members"} & BY_KEY.keys()
    assert {"citizenship", "nome", "own_choices"} <= BY_KEY.keys()

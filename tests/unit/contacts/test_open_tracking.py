"""The consent to open tracking in files, in a merge and after an erasure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.contacts.domain import columns, listed
from services.contacts.domain.drafts import Draft, RowRefused
from services.contacts.domain.listed import Listed, Names
from services.contacts.domain.merges import TAKEABLE
from tests.unit.contacts.builders import CATALOGUE, NOON, contact


@pytest.mark.req("R-ACT-11", "R-DEL-12")
@pytest.mark.parametrize(("cell", "expected"), [("Sì", True), ("no", False), ("", False)])
def test_a_file_says_it_and_says_nothing_with_an_empty_cell(cell: str, expected: bool) -> None:
    before = contact(newsletter=True, do_not_call=True)
    after = Draft({"open_tracking": cell} if cell else {}).applied_to(before, CATALOGUE)
    assert after.open_tracking is expected
    assert replace(after, open_tracking=False, language_code="") == replace(before, language_code="")


def test_a_file_that_says_neither_yes_nor_no_is_refused() -> None:
    with pytest.raises(RowRefused, match="open_tracking: YES_OR_NO"):
        Draft({"open_tracking": "forse"}).applied_to(contact(), CATALOGUE)


@pytest.mark.parametrize("language", ["it", "en"])
def test_what_is_exported_is_understood_again(language: str) -> None:
    (column,) = listed.columns_of(["open_tracking"], CATALOGUE, language)
    assert columns.guess([column.header], CATALOGUE) == ["open_tracking"]
    cell = column.cell(Listed(contact(open_tracking=True), None, None, Names({}, {})))
    assert Draft({"open_tracking": cell}).applied_to(contact(), CATALOGUE).open_tracking


@pytest.mark.req("R-DEL-09")
def test_who_is_erased_consents_to_nothing() -> None:
    """Security rules 50 and 63."""
    assert not contact(open_tracking=True).anonymized(NOON, "it").open_tracking


def test_a_merge_takes_it_only_when_it_is_chosen() -> None:
    assert "open_tracking" in TAKEABLE

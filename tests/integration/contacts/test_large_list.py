"""The list stays quick with thousands of contacts: a small form of tests/bench/contacts.py, with a generous bound."""

from __future__ import annotations

import pytest

from tests.bench import contacts

SLOWEST_MS = 1_500  # many times what it takes, because what runs the tests is often busy


@pytest.mark.req("R-LST-04")
def test_the_first_page_of_five_thousand_comes_quickly_whatever_is_asked(postgres_url: str) -> None:
    found = contacts.measure_in(postgres_url, 5_000, times=3)
    slow = {name: figures for name, figures in found.items() if figures["p50"] > SLOWEST_MS}
    assert not slow
    assert found["all"]["total"] == 5_000
    assert found["common word"]["total"] > found["common word, small office"]["total"] > 0

"""Ids that sort by time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from libs.ids import first_id, new_id


def test_the_first_id_of_a_moment_parts_earlier_ids_from_later_ones() -> None:
    before = datetime.now(UTC)
    made = new_id()
    after = datetime.now(UTC) + timedelta(milliseconds=1)
    assert first_id(before) <= made < first_id(after)
    assert first_id(datetime(2026, 11, 22, tzinfo=UTC)).hex.startswith(f"{1795305600000:012x}")

"""What ASVS.md claims: every named test exists, every row has a state and a reason, the numbers are those of the code."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

from services.identity.domain import sessions, tokens

TESTS = Path(__file__).parents[2]
TEXT = (TESTS.parent / "services" / "identity" / "ASVS.md").read_text()
ROWS = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in TEXT.splitlines() if re.match(r"\| \d+\.\d+\.\d+ \|", line)]
NAMED = re.compile(r"`([\w/]+\.py)::(test_\w+)`")


def test_every_test_that_is_named_exists() -> None:
    named = NAMED.findall(TEXT)
    assert len(named) > 100
    missing = [f"{file}::{name}" for file, name in named if not _has(TESTS / file, name)]
    assert not missing


def _has(file: Path, name: str) -> bool:
    return file.exists() and re.search(rf"^def {name}\(", file.read_text(), re.MULTILINE) is not None


def test_every_requirement_stands_once_with_a_state_and_what_shows_it() -> None:
    ids = [row[0] for row in ROWS]
    assert len(ids) == len(set(ids)) == 89
    for id_, _words, state, reason in ROWS:
        assert state in {"met", "not met", "not applicable"}, id_
        assert NAMED.search(reason) if state == "met" else len(reason) > 10, id_


def test_the_numbers_written_down_are_those_of_the_code() -> None:
    def waits(limit: tokens.Limit) -> str:
        return ", ".join(map(str, limit.waits))

    account, network = tokens.PASSWORD_OF_ACCOUNT, tokens.PASSWORD_OF_NETWORK
    assert f"| {account.free} | {waits(account)}; after {account.window_seconds} quiet seconds" in TEXT
    assert f"within {network.window_seconds} seconds | {network.free} | {waits(network)};" in TEXT
    address, of_network = tokens.LINK_OF_ADDRESS, tokens.LINK_OF_NETWORK
    assert address.free == 0
    pause, _pause, last = address.waits
    assert f"within {address.window_seconds} seconds | {len(address.waits)} | {pause} between two, then {last} |" in TEXT
    assert f"within {of_network.window_seconds} seconds | {of_network.free} | {waits(of_network)} |" in TEXT
    assert f"Idle {sessions.IDLE // timedelta(minutes=1)} minutes, absolute {sessions.ABSOLUTE // timedelta(hours=1)} hours" in TEXT
    assert f"{sessions.ABSOLUTE_BY_LINK // timedelta(hours=1)} hour from a mailed link" in TEXT
    assert f"one of the last {sessions.FRESH // timedelta(minutes=1)} minutes" in TEXT

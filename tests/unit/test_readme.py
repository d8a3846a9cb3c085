"""What the README says is there, is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\b(?:services|libs|protos|tests|deploy)/[\w/.-]*\w", README))))
def test_every_path_it_names_exists(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("target", sorted(set(re.findall(r"`?make ([a-z-]+)", README))))
def test_every_command_it_names_exists(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_the_one_path_names_what_the_files_hold() -> None:
    for path, name in re.findall(
        r"^    (services/\S+\.py)\s+(on_\w+|select_recipients|show_invoice|issue_invoice|IssueInvoice)\b", README, re.MULTILINE
    ):
        assert f"def {name}" in (ROOT / path).read_text(), f"{path}: {name}"

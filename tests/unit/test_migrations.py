"""The migrations of each service follow one another in one line, each under the number of its file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

SERVICES = Path(__file__).parents[2] / "services"
FOLDERS = sorted(SERVICES.glob("*/migrations/versions"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parents[1].name)
def test_migrations_stand_in_one_line(folder: Path) -> None:
    before: str | None = None
    for path in sorted(folder.glob("[0-9]*.py")):
        text = path.read_text()
        found = {name: re.search(rf'^{name}(?::[^=]*)? = (?:"(\d+)"|None)$', text, re.MULTILINE) for name in ("revision", "down_revision")}
        revision, down_revision = found["revision"], found["down_revision"]
        assert revision is not None, path.name
        assert down_revision is not None, path.name
        assert revision[1] == path.name[:4], path.name
        assert down_revision[1] == before, path.name
        before = revision[1]

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


@pytest.mark.parametrize(
    "path", [path for folder in FOLDERS for path in folder.glob("[0-9]*.py")], ids=lambda path: f"{path.parents[2].name}-{path.stem}"
)
def test_a_migration_takes_nothing_away_from_the_version_before(path: Path) -> None:
    """Old processes serve on beside the new schema. What no released version uses may go; helm/recapito/UPGRADING.md says how."""
    text = path.read_text()
    taken = re.findall(r"(?:drop_(?:column|table|constraint)|rename_table|alter_column)\(|\b(?:DROP (?:COLUMN|TABLE)|RENAME)\b", text)
    assert not taken or re.search(r"^# Contracts: .+ is not used since \d+\.\d+\.\d+", text, re.MULTILINE), taken

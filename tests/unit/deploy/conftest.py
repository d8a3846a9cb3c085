from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.deploy.told import Told, told_in


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Told:
    """An installation that runs elsewhere, in which all is well."""
    return told_in(tmp_path, monkeypatch)

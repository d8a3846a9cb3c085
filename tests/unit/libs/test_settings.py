"""Settings and secrets as a container gets them: files, their newlines, and what cannot be read."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from libs.settings import ServiceSettings


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("RECAPITO_SECRETS", str(tmp_path))
    for name in ("database_url", "bus_url"):
        (tmp_path / f"recapito_{name}").write_text("sqlite:///x.db\n")
    return tmp_path


def test_the_newline_at_the_end_of_a_secret_is_not_part_of_it(secrets: Path) -> None:
    (secrets / "recapito_internal_secret").write_text("only the two of us know\r\n")
    assert ServiceSettings.load().internal_secret.get_secret_value() == "only the two of us know"


def test_a_secret_that_a_cluster_mounts_through_links_is_read(secrets: Path) -> None:
    (secrets / "..data").mkdir()
    (secrets / "..data" / "recapito_internal_secret").write_text("linked")
    (secrets / "recapito_internal_secret").symlink_to("..data/recapito_internal_secret")
    assert ServiceSettings.load().internal_secret.get_secret_value() == "linked"


def test_a_secret_that_may_not_be_read_is_named_and_ends_the_start(
    secrets: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    read = Path.read_text

    def refuse(path: Path, encoding: str | None = None) -> str:  # the tests may run as root, who reads everything
        if path.name == "recapito_bus_url":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return read(path, encoding)

    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(SystemExit) as ended:
        ServiceSettings.load()
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert f"cannot read {secrets}/recapito_bus_url: Permission denied" in said

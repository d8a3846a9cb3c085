"""Files in a folder and in memory: the same behaviour."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from libs import storage
from libs.errors import AlreadyExists, InvalidArgument, NotFound, Unavailable


@pytest.fixture(params=["file", "memory"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> storage.Files:
    return storage.connect(f"file://{tmp_path}/new/folder" if request.param == "file" else "memory:///")


def read(files: storage.Files, key: str, start: int = 0, end: int | None = None) -> bytes:
    return b"".join(files.get(key, start=start, end=end).chunks)


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7", os.urandom(3_000_000)])
def test_what_is_put_is_got(files: storage.Files, content: bytes) -> None:
    files.put("invoices/one.pdf", content)
    assert read(files, "invoices/one.pdf") == content
    assert files.get("invoices/one.pdf").size == len(content)


def test_content_may_come_in_pieces(files: storage.Files) -> None:
    files.put("pieces", (bytes([n]) * 1000 for n in range(3)))
    assert read(files, "pieces") == b"\x00" * 1000 + b"\x01" * 1000 + b"\x02" * 1000


def test_a_taken_key_is_not_overwritten(files: storage.Files) -> None:
    files.put("one", b"first")
    with pytest.raises(AlreadyExists):
        files.put("one", b"second")
    assert read(files, "one") == b"first"


@pytest.mark.parametrize(
    ("start", "end", "expected"), [(0, 4, b"0123"), (4, None, b"456789"), (8, 100, b"89"), (10, None, b""), (3, 3, b"")]
)
def test_a_range_is_its_part(files: storage.Files, start: int, end: int | None, expected: bytes) -> None:
    files.put("digits", b"0123456789")
    assert read(files, "digits", start, end) == expected


@pytest.mark.parametrize(("start", "end"), [(11, None), (5, 4), (-1, None)])
def test_a_range_outside_the_file_is_refused(files: storage.Files, start: int, end: int | None) -> None:
    files.put("digits", b"0123456789")
    with pytest.raises(InvalidArgument):
        files.get("digits", start=start, end=end)


def test_a_deleted_file_is_gone(files: storage.Files) -> None:
    files.put("one", b"x")
    assert files.exists("one")
    files.delete("one")
    files.delete("one")
    assert not files.exists("one")
    with pytest.raises(NotFound):
        files.get("one")


@pytest.mark.parametrize("key", ["", "../passwd", "/etc/passwd", "a//b", "a/../b", "Mario Rossi.pdf", "a\x00b", "a/"])
def test_a_key_that_could_be_a_path_or_a_name_is_refused(files: storage.Files, key: str) -> None:
    with pytest.raises(ValueError, match="key"):
        files.put(key, b"x")


def test_a_store_that_cannot_write_is_unavailable(tmp_path: Path) -> None:
    files = storage.connect(f"file://{tmp_path}/folder")
    (tmp_path / "folder" / "taken").write_bytes(b"a file where a folder is needed")
    with pytest.raises(Unavailable):
        files.put("taken/one", b"x")

"""Files in a folder, in memory and in an S3 store: the same behaviour."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from libs import storage
from libs.errors import AlreadyExists, InvalidArgument, NotFound, Unavailable
from tests.s3_server import ACCESS_KEY_ID, BUCKET, SECRET_ACCESS_KEY, S3Server


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    serving = S3Server()
    yield serving
    serving.close()


@pytest.fixture
def s3(server: S3Server) -> S3Server:
    server.objects.clear()
    server.away = False
    return server


def in_s3(server: S3Server, key_id: str = ACCESS_KEY_ID) -> storage.Files:
    return storage.connect(f"s3://{BUCKET}/documents", storage.S3(server.url, "eu-south-1", key_id, SECRET_ACCESS_KEY))


@pytest.fixture(params=["file", "memory", "s3"])
def files(request: pytest.FixtureRequest, tmp_path: Path, s3: S3Server) -> storage.Files:
    if request.param == "s3":
        return in_s3(s3)
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


def test_of_writers_at_the_same_time_one_wins(files: storage.Files) -> None:
    def put(number: int) -> int | None:
        try:
            files.put("one", bytes([number]))
        except AlreadyExists:
            return None
        return number

    with ThreadPoolExecutor(8) as threads:
        winners = [number for number in threads.map(put, range(8)) if number is not None]
    assert [bytes([number]) for number in winners] == [read(files, "one")]


def test_an_s3_store_keeps_files_below_the_prefix_of_its_url(s3: S3Server) -> None:
    in_s3(s3).put("invoices/one.pdf", b"%PDF")
    assert s3.objects == {"documents/invoices/one.pdf": b"%PDF"}


def test_an_s3_store_that_is_away_or_refuses_us_is_unavailable(s3: S3Server) -> None:
    with pytest.raises(Unavailable) as refused:
        in_s3(s3, "somebody else").put("one", b"x")
    assert SECRET_ACCESS_KEY not in str(refused.value)
    s3.away = True
    with pytest.raises(Unavailable):
        in_s3(s3).get("one")


def test_a_folder_that_cannot_be_written_ends_the_start_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where the folder should be")
    with pytest.raises(SystemExit, match=r"RECAPITO_STORAGE_URL: nothing can be written in .*taken"):
        storage.connect(f"file://{tmp_path}/taken")


def test_an_unknown_kind_of_store_ends_the_start_with_a_sentence() -> None:
    with pytest.raises(SystemExit, match="RECAPITO_STORAGE_URL"):
        storage.connect("ftp://host/folder")

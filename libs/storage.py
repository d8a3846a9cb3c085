"""Files: a folder or an S3-compatible store, chosen by URL; written once, never overwritten."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Protocol, cast

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, MemoryStore, S3Store

from libs.errors import AlreadyExists, InvalidArgument, NotFound, Unavailable

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig, S3Config  # only its stubs know them

CHUNK_BYTES = 256 * 1024
_RETRIES: RetryConfig = {"max_retries": 2, "retry_timeout": timedelta(seconds=8)}  # the caller waits; the copy of a document is tried again
_KEY = re.compile(r"[A-Za-z0-9_-]+(?:/[A-Za-z0-9_-]+)*(?:\.[A-Za-z0-9]+)?")  # no name that a person gave, and no way out of the folder


@dataclass(frozen=True)
class Content:
    """The bytes of a file, or of a range of it; size is the whole file's. Read `chunks` once."""

    size: int
    chunks: Iterator[bytes]


class Files(Protocol):
    """Where a service keeps its files. Keys are random and hold nothing personal; what a file is called stands in the database."""

    def put(self, key: str, content: bytes | Iterable[bytes]) -> None: ...  # whole or not at all; AlreadyExists if the key is taken
    def get(self, key: str, *, start: int = 0, end: int | None = None) -> Content: ...  # [start, end); or NotFound
    def exists(self, key: str) -> bool: ...
    def delete(self, key: str) -> None: ...  # no error when it is not there


@dataclass(frozen=True)
class S3:
    """Where a store is and how to get in. What is empty is found as every S3 client does: AWS_… variables, else the pod's own identity."""

    endpoint: str = ""  # of a store that is not AWS, such as http://storage:7070
    region: str = ""
    access_key_id: str = ""
    secret_access_key: str = field(default="", repr=False)

    def config(self) -> S3Config:
        """Return what is set, for the library."""
        return cast("S3Config", {name: value for name, value in asdict(self).items() if value})


def connect(url: str, s3: S3 = S3()) -> Files:
    """Return the files under "file:///folder" (made if missing), "s3://bucket/prefix", or "memory:///" for tests."""
    scheme, _, rest = url.partition("://")
    match scheme:
        case "file":
            return ObjectFiles(_folder(Path(rest)))
        case "s3":
            limits: ClientConfig = {"timeout": timedelta(seconds=30), "connect_timeout": timedelta(seconds=5)}
            limits["allow_http"] = s3.endpoint.startswith("http:")
            return ObjectFiles(S3Store.from_url(url, config=s3.config(), client_options=limits, retry_config=_RETRIES))
        case "memory":
            return ObjectFiles(MemoryStore())
        case _:
            raise SystemExit(f'RECAPITO_STORAGE_URL: files are kept at "file:///…" or "s3://…", not at "{scheme}://"')


def _folder(path: Path) -> LocalStore:
    """Return a folder as a store; one that cannot be written ends the process with a sentence, at its start and not at the first file."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=path):
            return LocalStore(path, automatic_cleanup=True)
    except OSError as error:
        raise SystemExit(f"RECAPITO_STORAGE_URL: nothing can be written in {path} by user {os.geteuid()}: {error.strerror}") from None


@dataclass(frozen=True)
class ObjectFiles:
    """Files in an object store; a folder is one too."""

    store: LocalStore | S3Store | MemoryStore

    def put(self, key: str, content: bytes | Iterable[bytes]) -> None:
        # Not in parts: an upload in parts cannot refuse a taken key, and what is aborted would stay in the bucket.
        try:
            obstore.put(self.store, _checked(key), content, mode="create", use_multipart=False)
        except AlreadyExistsError:
            raise AlreadyExists(f"file {key} exists", reason="FILE_EXISTS") from None
        except BaseError as error:
            raise _unavailable() from error

    def get(self, key: str, *, start: int = 0, end: int | None = None) -> Content:
        try:
            size = obstore.head(self.store, _checked(key))["size"]
            stop = size if end is None else min(end, size)
            if not 0 <= start <= stop:
                raise InvalidArgument.of("range", f"is not within the {size} bytes of the file", "RANGE_INVALID")
            return Content(size, self._chunks(key, start, stop))
        except FileNotFoundError:
            raise NotFound(f"file {key} does not exist", reason="FILE_MISSING") from None
        except BaseError as error:
            raise _unavailable() from error

    def _chunks(self, key: str, start: int, stop: int) -> Iterator[bytes]:
        if start == stop:
            return  # stores refuse an empty range
        try:
            for chunk in obstore.get(self.store, key, options={"range": (start, stop)}).stream(min_chunk_size=CHUNK_BYTES):
                yield bytes(chunk)
        except FileNotFoundError:
            raise NotFound(f"file {key} does not exist", reason="FILE_MISSING") from None
        except BaseError as error:
            raise _unavailable() from error

    def exists(self, key: str) -> bool:
        try:
            obstore.head(self.store, _checked(key))
        except FileNotFoundError:
            return False
        except BaseError as error:
            raise _unavailable() from error
        return True

    def delete(self, key: str) -> None:
        try:
            obstore.delete(self.store, _checked(key))
        except FileNotFoundError:
            return
        except BaseError as error:
            raise _unavailable() from error


def _checked(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise ValueError("a file's key is made of letters, digits, - and _, in folders by /")
    return key


def _unavailable() -> Unavailable:
    return Unavailable("the file store does not answer", reason="FILES_UNAVAILABLE", retry_after_seconds=5)

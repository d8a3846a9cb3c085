"""A small S3 store for tests: one bucket in memory, what libs/storage.py asks for, and who may ask.

What it answers follows Amazon's "API Reference" of PutObject, GetObject, HeadObject and DeleteObjects. It looks at the key id of a
request, not at its signature.
"""

from __future__ import annotations

import hashlib
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, bytes, dict[str, str]]
ACCESS_KEY_ID, SECRET_ACCESS_KEY, BUCKET = "recapito-test", "only this store knows it", "recapito"


class S3Server:
    """Serves until closed; `objects` by key, `away` makes it answer 503."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.away = False
        self.lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (_Handler,), {"store": self}))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    store: S3Server

    def log_message(self, *_: Any) -> None:
        """Tests need no access log."""

    def do_PUT(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self._send(*(self._refusal() or self._put(content)))

    def do_GET(self) -> None:
        self._send(*(self._refusal() or self._get()))

    do_HEAD = do_GET  # noqa: N815 - the base class's way

    def do_POST(self) -> None:
        """DeleteObjects: the library deletes even one file that way."""
        keys = re.findall(r"<Key>([^<]*)</Key>", self.rfile.read(int(self.headers["Content-Length"])).decode())
        refusal = self._refusal()
        for key in () if refusal else keys:
            self.store.objects.pop(key, None)
        done = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
        self._send(*(refusal or (200, f"<DeleteResult>{done}</DeleteResult>".encode(), {})))

    def _send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(content))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    @property
    def _key(self) -> str:
        return self.path.removeprefix(f"/{BUCKET}/").partition("?")[0]

    def _refusal(self) -> Answer | None:
        if self.store.away:
            return _error(503, "SlowDown")
        if f"Credential={ACCESS_KEY_ID}/" not in self.headers.get("Authorization", ""):
            return _error(403, "InvalidAccessKeyId")
        return None if self.path.startswith((f"/{BUCKET}/", f"/{BUCKET}?")) else _error(404, "NoSuchBucket")

    def _put(self, content: bytes) -> Answer:
        with self.store.lock:
            if self.headers.get("If-None-Match") == "*" and self._key in self.store.objects:
                return _error(412, "PreconditionFailed")
            self.store.objects[self._key] = content
        return 200, b"", {"ETag": _etag(content)}

    def _get(self) -> Answer:
        content = self.store.objects.get(self._key)
        if content is None:
            return _error(404, "NoSuchKey")
        facts = {"ETag": _etag(content), "Last-Modified": "Sun, 22 Nov 2026 10:00:00 GMT"}
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if asked is None:
            return 200, content, facts
        first, last = int(asked[1]), min(int(asked[2]), len(content) - 1)
        return 206, content[first : last + 1], facts | {"Content-Range": f"bytes {first}-{last}/{len(content)}"}


def _error(status: int, code: str) -> Answer:
    return status, f"<Error><Code>{code}</Code></Error>".encode(), {}


def _etag(content: bytes) -> str:
    return f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'

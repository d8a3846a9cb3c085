"""A small S3 store for tests: one bucket in memory, the five answers that libs/storage.py asks for, and who may ask.

What it answers follows Amazon's "API Reference" of PutObject, GetObject, HeadObject and DeleteObject. It looks at the key id of a
request, not at its signature.
"""

from __future__ import annotations

import hashlib
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

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

    def _key(self) -> str | None:
        """Return the key, or answer why not."""
        if self.store.away:
            self._answer(503, "SlowDown")
        elif f"Credential={ACCESS_KEY_ID}/" not in self.headers.get("Authorization", ""):
            self._answer(403, "InvalidAccessKeyId")
        elif not self.path.startswith(f"/{BUCKET}/"):
            self._answer(404, "NoSuchBucket")
        else:
            return self.path.removeprefix(f"/{BUCKET}/").partition("?")[0]
        return None

    def _answer(self, status: int, code: str = "", content: bytes = b"", **headers: str) -> None:
        body = f"<Error><Code>{code}</Code></Error>".encode() if code and self.command != "HEAD" else content
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body if self.command != "HEAD" else b"")

    def do_PUT(self) -> None:  # noqa: N802 - the base class's way
        content = self.rfile.read(int(self.headers["Content-Length"]))
        if (key := self._key()) is None:
            return
        with self.store.lock:
            if self.headers.get("If-None-Match") == "*" and key in self.store.objects:
                return self._answer(412, "PreconditionFailed")
            self.store.objects[key] = content
        self._answer(200, ETag=_etag(content))

    def do_GET(self) -> None:  # noqa: N802 - the base class's way
        if (key := self._key()) is None:
            return
        content = self.store.objects.get(key)
        if content is None:
            return self._answer(404, "NoSuchKey")
        facts = {"ETag": _etag(content), "Last_Modified": "Sun, 22 Nov 2026 10:00:00 GMT"}
        if self.command == "HEAD":
            return self._answer(200, **facts | {"Content-Length": str(len(content))})
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if asked is None:
            return self._answer(200, content=content, **facts)
        first, last = int(asked[1]), min(int(asked[2]), len(content) - 1)
        self._answer(206, content=content[first : last + 1], **facts | {"Content_Range": f"bytes {first}-{last}/{len(content)}"})

    do_HEAD = do_GET  # noqa: N815 - the base class's way

    def do_DELETE(self) -> None:  # noqa: N802 - the base class's way
        if (key := self._key()) is not None:
            self.store.objects.pop(key, None)
            self._answer(204)

    def do_POST(self) -> None:  # noqa: N802 - the base class's way
        """DeleteObjects: the library deletes even one key that way."""
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.store.away:
            return self._answer(503, "SlowDown")
        keys = re.findall(r"<Key>([^<]*)</Key>", body)
        for key in keys:
            self.store.objects.pop(key, None)
        done = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
        self._answer(200, content=f"<DeleteResult>{done}</DeleteResult>".encode())


def _etag(content: bytes) -> str:
    return f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'

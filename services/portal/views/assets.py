"""Style sheets, scripts, fonts and icons: served under names that hold their hash, so that a browser keeps them for a year."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from flask import Flask, Response, abort, request, url_for
from markupsafe import Markup

STATIC = Path(__file__).parent.parent / "static"
KEPT = "public, max-age=31536000, immutable"
SERVED = {".css", ".js", ".svg", ".woff2"}
_COMPRESSED = {".css", ".js", ".svg"}


@dataclass(frozen=True)
class Asset:
    """One file. name: as the templates call it. address: the last part of its URL."""

    name: str
    content: bytes

    @cached_property
    def address(self) -> str:
        stem, _, suffix = self.name.rpartition(".")
        return f"{stem}.{hashlib.sha256(self.content).hexdigest()[:12]}.{suffix}"

    @cached_property
    def compressed(self) -> bytes:
        return gzip.compress(self.content, 7, mtime=0)

    @property
    def media_type(self) -> str:
        return {".woff2": "font/woff2", ".js": "text/javascript"}.get(Path(self.name).suffix) or mimetypes.guess_type(self.name)[0] or ""


class Assets:
    """The files of static/, by name and by address. In a style sheet the names of fonts are replaced by their addresses."""

    def __init__(self, folder: Path = STATIC) -> None:
        paths = [path for path in sorted([*folder.iterdir(), *(folder / "vendor").iterdir()]) if path.suffix in SERVED]
        self._by_name = {path.name: Asset(path.name, path.read_bytes()) for path in paths}
        for name in [name for name in self._by_name if name.endswith(".css")]:
            self._by_name[name] = Asset(name, self._with_addresses(self._by_name[name].content))
        self._by_address = {asset.address: asset for asset in self._by_name.values()}

    def _with_addresses(self, css: bytes) -> bytes:
        return re.sub(rb'url\("\./(?:vendor/)?([\w.-]+)"\)', lambda found: b'url("%s")' % self[found[1].decode()].address.encode(), css)

    def __getitem__(self, name: str) -> Asset:
        return self._by_name[name]

    def serve(self, address: str) -> Response:
        asset = self._by_address.get(address) or abort(404)
        packed = Path(asset.name).suffix in _COMPRESSED and request.accept_encodings.quality("gzip") > 0
        answer = Response(asset.compressed if packed else asset.content, content_type=asset.media_type)
        if packed:
            answer.headers["Content-Encoding"] = "gzip"
        answer.headers["Cache-Control"] = KEPT
        answer.headers["Vary"] = "Accept-Encoding"
        return answer


def add_to(app: Flask) -> None:
    """Serve the files, and give the templates asset("app.js") and icon("mail")."""
    assets = Assets()

    @app.get("/static/<address>")
    def static_file(address: str) -> Response:
        return assets.serve(address)

    def asset(name: str) -> str:
        return url_for("static_file", address=assets[name].address)

    def icon(name: str, classes: str = "") -> Markup:
        """Return a decorative icon of the sprite; classes such as "rc-i-s" or "rc-flip"."""
        return Markup('<svg class="{}" aria-hidden="true"><use href="{}#i-{}"/></svg>').format(
            f"rc-i {classes}".strip(), asset("icons.svg"), name
        )

    app.jinja_env.globals.update(asset=asset, icon=icon)

"""Serves the pages over the fakes, for the browser tests and for whoever wants to look: python -m tests.integration.portal.serve 8099."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType

from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from recapito.identity.v1.links_pb2 import Link
from werkzeug.serving import make_server

from services.portal import views
from services.portal.service import Services
from services.portal.service.notes import Notes
from tests.integration.portal.builders import Story, story
from tests.integration.portal.fakes import PASSWORD


class Compiled(BytecodeCache):
    """Templates that an application of this process has compiled: hundreds are made here, and compiling is most of a first page."""

    def __init__(self) -> None:
        self.codes: dict[tuple[str, str], CodeType | None] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self.codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.codes[bucket.key, bucket.checksum] = bucket.code


COMPILED = Compiled()


def pages_over(services: Services, notes: Notes, public_url: str) -> Flask:
    made = views.create_app(services, notes, secret=b"a secret of the tests", public_url=public_url)
    made.jinja_env.bytecode_cache = COMPILED
    return made


def app(told: Story) -> Flask:
    return pages_over(told.backend.services, told.backend.notes, "http://localhost")


@contextmanager
def serving(told: Story, port: int = 0) -> Iterator[str]:
    """Serve in a thread; gives the base URL."""
    with serving_app(app(told), port) as url:
        yield url


@contextmanager
def serving_app(served: Flask, port: int = 0) -> Iterator[str]:
    server = make_server("localhost", port, served, threaded=False)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(5)


if __name__ == "__main__":
    shown = story()
    shown.accept_policy(shown.mario, shown.laura)
    token = shown.link(shown.giuseppe, Link.MAGIC)
    with serving(shown, int(sys.argv[1]) if len(sys.argv) > 1 else 8099) as url:
        print(f"{url}/area/  laura.bianchi@abc.example   {url}/console/  francesca@studio.example   password: {PASSWORD}")
        print(f"{url}/area/enter/{token}  (Giuseppe, who has not accepted the policy yet)")
        threading.Event().wait()

"""The barest Flask route and gRPC call, to read the gateway's figures against: python -m tests.bench.bare HTTP_PORT GRPC_PORT"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from flask import Flask
from gunicorn.app.base import BaseApplication

METHOD = "/bare.Echo/Echo"

app = Flask(__name__)


@app.get("/")
def hello() -> str:
    return "hello"


class _Gunicorn(BaseApplication):
    def load_config(self) -> None:
        options = {
            "bind": [f"127.0.0.1:{sys.argv[1]}"],
            "worker_class": "gthread",
            "threads": 16,
            "loglevel": "warning",
            "post_worker_init": serve_grpc,
        }
        for key, value in options.items():
            self.cfg.set(key, value)

    def load(self) -> Any:
        return app


def serve_grpc(_worker: Any) -> None:
    """Answer bytes with the same bytes, in the same process as Flask: made after the fork."""
    echo: Any = grpc.unary_unary_rpc_method_handler(lambda request, _context: request)
    server = grpc.server(ThreadPoolExecutor(16), handlers=[grpc.method_handlers_generic_handler("bare.Echo", {"Echo": echo})])
    server.add_insecure_port(f"127.0.0.1:{sys.argv[2]}")
    server.start()
    app.extensions["grpc"] = server  # kept, or it would end with this function


if __name__ == "__main__":
    _Gunicorn().run()

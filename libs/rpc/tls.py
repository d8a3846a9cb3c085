"""Mutual TLS between services: a channel that takes up renewed certificates. (A server reads its files at each handshake.)"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import grpc

from libs.rpc import certificates
from libs.settings import RpcSettings

LOOK_SECONDS = 30.0  # between two looks at the files
CLOSE_AFTER_SECONDS = 120.0  # calls in hand over the connection before end by themselves: no call lasts longer


def credentials(settings: RpcSettings) -> grpc.ChannelCredentials:
    ca, key, certificate = (Path(name).read_bytes() for name in _files(settings))
    certificates.loaded("client", certificate)
    return grpc.ssl_channel_credentials(ca, key, certificate)


def _files(settings: RpcSettings) -> Sequence[str]:
    return settings.tls_ca_file, settings.tls_key_file, settings.tls_certificate_file


class RenewingChannel(grpc.Channel):
    """Opens another connection once the certificate's files have changed, so that renewal asks for no restart.

    grpc reads the files of a client once. Used behind grpc.intercept_channel, which asks for the callable at each call.
    """

    def __init__(self, address: str, settings: RpcSettings, options: Sequence[tuple[str, Any]]) -> None:
        self._address, self._settings, self._options = address, settings, options
        self._lock = threading.Lock()
        self._seen = self._signature()
        self._channel = self._open()
        self._looked = time.monotonic()

    def _open(self) -> grpc.Channel:
        return grpc.secure_channel(self._address, credentials(self._settings), self._options)

    def _signature(self) -> Sequence[tuple[int, int]]:
        states = [Path(name).stat() for name in _files(self._settings)]
        return [(state.st_ino, state.st_mtime_ns) for state in states]

    def _current(self) -> grpc.Channel:
        if time.monotonic() - self._looked > LOOK_SECONDS:
            with self._lock:
                self._look()
        return self._channel

    def _look(self) -> None:
        """A failure to read, in the middle of a change, leaves the old connection until the next look."""
        self._looked = time.monotonic()
        try:
            signature = self._signature()
            if signature == self._seen:
                return
            renewed = self._open()
            if signature != self._signature():
                renewed.close()
                return
        except OSError:
            return
        self._seen, before, self._channel = signature, self._channel, renewed
        ending = threading.Timer(CLOSE_AFTER_SECONDS, before.close)
        ending.daemon = True
        ending.start()

    # --- grpc.Channel ----------------------------------------------------------------------------------------------------------------
    def unary_unary(self, *args: Any, **options: Any) -> Any:
        return self._current().unary_unary(*args, **options)

    def unary_stream(self, *args: Any, **options: Any) -> Any:
        return self._current().unary_stream(*args, **options)

    def stream_unary(self, *args: Any, **options: Any) -> Any:
        return self._current().stream_unary(*args, **options)

    def stream_stream(self, *args: Any, **options: Any) -> Any:
        return self._current().stream_stream(*args, **options)

    def subscribe(self, callback: Callable[[grpc.ChannelConnectivity], None], try_to_connect: bool = False) -> None:
        self._current().subscribe(callback, try_to_connect)

    def unsubscribe(self, callback: Callable[[grpc.ChannelConnectivity], None]) -> None:
        self._channel.unsubscribe(callback)

    def close(self) -> None:
        self._channel.close()

    def __enter__(self) -> RenewingChannel:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

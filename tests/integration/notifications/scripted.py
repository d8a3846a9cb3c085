"""A mail server that does what a test tells it: answers, falls silent or hangs up, at any step of the conversation."""

from __future__ import annotations

import socket
import ssl
import threading
from collections import defaultdict
from collections.abc import Callable

HANG_UP, SILENCE = "hang up", "silence"
_USUAL = {"CONNECT": "220 ready", "AUTH": "235 welcome", "DATA": "354 go on", "QUIT": "221 bye", "STARTTLS": "220 go on"}


class ScriptedServer:
    """script: for a step (CONNECT, EHLO, STARTTLS, AUTH, MAIL, RCPT, DATA, DOT, RSET) the answers to come, in order, then the usual.

    An answer is a reply, HANG_UP, or SILENCE, which waits for the client to give up. log: every command. texts: accepted messages.
    """

    def __init__(self, *extensions: str, context: ssl.SSLContext | None = None) -> None:
        self.extensions, self._context = extensions, context
        self.script: dict[str, list[str]] = defaultdict(list)
        self.on: dict[str, Callable[[], None]] = {}  # called before the answer to a step
        self.log: list[str] = []
        self.texts: list[bytes] = []
        self.connections = 0
        self._closing = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def close(self) -> None:
        self._closing.set()
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._listener.close()
        self._acceptor.join()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            self._converse(connection)
        except (OSError, _HungUp):
            pass
        finally:
            connection.close()

    def _converse(self, connection: socket.socket) -> None:
        stream = connection.makefile("rb")
        self._answer(connection, "CONNECT")
        while line := stream.readline():
            command = line.decode().strip()
            self.log.append(command)
            step = command.split(" ")[0].upper()
            if step == "EHLO":
                self._answer(connection, step, "".join(f"250-{name}\r\n" for name in ("test", *self.extensions)) + "250 OK")
                continue
            answer = self._answer(connection, step)
            if step == "STARTTLS" and self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
                stream = connection.makefile("rb")
            if step == "DATA" and answer.startswith("354"):
                text = b""
                while (part := stream.readline()) not in {b".\r\n", b""}:
                    text += part[1:] if part.startswith(b".") else part
                self._answer(connection, "DOT", text=text)

    def _answer(self, connection: socket.socket, step: str, usual: str = "", text: bytes | None = None) -> str:
        if step in self.on:
            self.on[step]()
        try:
            answer = self.script[step].pop(0)  # several connections may ask at once
        except IndexError:
            answer = usual or _USUAL.get(step, "250 OK")
        if answer == SILENCE:
            self._closing.wait(10)
        if answer in {SILENCE, HANG_UP}:
            raise _HungUp
        if text is not None and answer.startswith("2"):
            self.texts.append(text)
        connection.sendall(answer.encode() + b"\r\n")
        return answer


class _HungUp(Exception):
    """The script says so."""

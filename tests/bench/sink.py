"""An SMTP server that accepts and forgets, fast enough not to be what is measured: python -m tests.bench.sink PORT

It speaks PIPELINING, and writes to standard output one line when asked by the command XSTAT: the messages accepted so far.
"""

from __future__ import annotations

import asyncio
import sys


class Sink(asyncio.Protocol):
    accepted = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._buffer = b""
        self._in_data = False
        transport.write(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        replies: list[bytes] = []
        while self._take(replies):
            pass
        if replies:
            self._transport.write(b"".join(replies))

    def _take(self, replies: list[bytes]) -> bool:
        """Answer one command, or one message; False when more bytes are needed."""
        if self._in_data:
            end = self._buffer.find(b"\r\n.\r\n")
            if end < 0:
                return False
            self._buffer = self._buffer[end + 5 :]
            self._in_data = False
            Sink.accepted += 1
            replies.append(b"250 2.0.0 accepted\r\n")
            return True
        line, newline, rest = self._buffer.partition(b"\r\n")
        if not newline:
            return False
        self._buffer = rest
        replies.append(self._reply(line[:4].upper()))
        return True

    def _reply(self, verb: bytes) -> bytes:
        match verb:
            case b"EHLO":
                return b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"
            case b"DATA":
                self._in_data = True
                return b"354 go on\r\n"
            case b"XSTA":
                return f"250 {Sink.accepted}\r\n".encode()
            case b"QUIT":
                asyncio.get_running_loop().call_soon(self._transport.close)
                return b"221 bye\r\n"
            case _:
                return b"250 ok\r\n"


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))

"""The mail server, step by step, over connections that are kept.

Several connections go in step: recipients are offered on all, the caller commits once, then the texts follow on all. One commit thus
covers the few messages that enter DATA together, and every reply is known to belong to one message.
"""

from __future__ import annotations

import base64
import contextlib
import re
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO
from uuid import UUID

from libs import telemetry
from services.notifications import service
from services.notifications.domain.messages import Outcome, State

log = telemetry.logger(__name__)

_LONGEST_LINE = 4096
_ADDRESS = re.compile(r"[^\s<>\"',;:()]+@[^\s<>\"',;:()]+")
_ENHANCED = re.compile(r"^([245])\.(\d{1,3})\.(\d{1,3})\b")


class SmtpUnavailable(Exception):
    """No usable connection: nobody answers, the answer is no, or the line is not safe. failure: code of words/reasons.yaml."""

    def __init__(self, failure: str, reply: str = "") -> None:
        super().__init__(f"{failure} {reply}")
        self.failure, self.reply = failure, reply


@dataclass(frozen=True)
class Reply:
    code: int
    text: str

    @property
    def shown(self) -> str:
        """Code and text without addresses."""
        return f"{self.code} {_ADDRESS.sub('<address>', self.text)}"[:500].strip()


class Connection:
    """One SMTP conversation; any OSError or a reply that makes no sense ends it."""

    def __init__(self, server: service.MailServer) -> None:
        self._server = server
        try:
            self._socket: socket.socket = socket.create_connection((server.host, server.port), timeout=server.timeout_seconds)
        except OSError as error:
            raise SmtpUnavailable("FAIL_SERVER_UNREACHABLE", type(error).__name__) from error
        try:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._open()
        except SmtpUnavailable:
            self._socket.close()
            raise
        except OSError as error:
            self._socket.close()
            raise SmtpUnavailable(
                "FAIL_TLS" if isinstance(error, ssl.SSLError) else "FAIL_SERVER_UNREACHABLE", type(error).__name__
            ) from error

    def _open(self) -> None:
        if self._server.security == "tls":
            self._secure()
        self._reader: BinaryIO = self._socket.makefile("rb")
        self._expect(self.reply(), 220)
        self.extensions = self._greet()
        if self._server.security == "starttls":
            if "STARTTLS" not in self.extensions:
                raise SmtpUnavailable("FAIL_TLS", "STARTTLS is not offered")
            self._expect(self.ask("STARTTLS"), 220)
            self._secure()
            self._reader = self._socket.makefile("rb")  # what came before the handshake is forgotten
            self.extensions = self._greet()
        if self._server.user:
            self._sign_in()

    def _secure(self) -> None:
        context = ssl.create_default_context(cafile=self._server.ca_file or None)
        self._socket = context.wrap_socket(self._socket, server_hostname=self._server.host)

    def _greet(self) -> frozenset[str]:
        self.send(f"EHLO {self._server.helo}\r\n".encode())
        reply = self.reply()
        self._expect(reply, 250)
        return frozenset(line.strip().upper().partition(" ")[0] for line in reply.text.split("\n")[1:])

    def _sign_in(self) -> None:
        secret = base64.b64encode(f"\0{self._server.user}\0{self._server.password}".encode()).decode()
        reply = self.ask(f"AUTH PLAIN {secret}")
        if reply.code != 235:
            raise SmtpUnavailable("FAIL_SENDER_REFUSED", reply.shown)

    def _expect(self, reply: Reply, code: int) -> None:
        if reply.code != code:
            raise SmtpUnavailable("FAIL_SERVER_BUSY" if reply.code < 500 else "FAIL_SENDER_REFUSED", reply.shown)

    @property
    def pipelining(self) -> bool:
        return "PIPELINING" in self.extensions

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def ask(self, command: str) -> Reply:
        self.send(f"{command}\r\n".encode())
        return self.reply()

    def reply(self) -> Reply:
        """Read one reply, all its lines; OSError when the line breaks or what comes is no reply."""
        lines: list[str] = []
        while True:
            line = self._reader.readline(_LONGEST_LINE)
            if not line.endswith(b"\n") or not line[:3].isdigit() or len(lines) > 100:
                raise ConnectionError("the connection ended, or what came is no reply")
            lines.append(line[4:].decode(errors="replace").strip())
            if line[3:4] != b"-":
                return Reply(int(line[:3]), "\n".join(lines))

    def close(self) -> None:
        """End politely where possible; what the server says to it does not matter."""
        try:
            self._socket.settimeout(1)
            self._socket.sendall(b"QUIT\r\n")
        except OSError:
            pass
        finally:
            self._socket.close()


@dataclass
class _Lane:
    """A letter on its connection."""

    letter: service.Letter
    connection: Connection


class SmtpMailer:
    """Keeps up to `width` connections, fewer when the server takes fewer; for one thread."""

    def __init__(
        self, server: service.MailServer, width: int, open_connection: Callable[[service.MailServer], Connection] = Connection
    ) -> None:
        self.width = width
        self._server, self._open = server, open_connection
        self._idle: list[Connection] = []

    def hand_over(self, letters: Sequence[service.Letter], enter_data: service.EnterData) -> Mapping[UUID, Outcome]:
        outcomes: dict[UUID, Outcome] = {}
        lanes = self._lanes(letters, outcomes)
        for lane in lanes:
            _offer(lane)
        ready = [lane for lane in lanes if self._accepted(lane, outcomes)]
        if ready:
            try:
                allowed = enter_data([lane.letter for lane in ready])
            except BaseException:
                for lane in ready:
                    lane.connection.close()  # it holds an envelope that goes nowhere
                raise
            self._send([lane for lane in ready if lane.letter.message.id in allowed], outcomes)
            for lane in ready:
                if lane.letter.message.id not in allowed:
                    self._reset(lane.connection)
        return outcomes

    def close(self) -> None:
        for connection in self._idle:
            connection.close()
        self._idle.clear()

    # --- connections -----------------------------------------------------------------------------------------------------------------
    def _lanes(self, letters: Sequence[service.Letter], outcomes: dict[UUID, Outcome]) -> list[_Lane]:
        """Give each letter a connection; when no further one can be opened, the rest waits."""
        lanes: list[_Lane] = []
        fault: SmtpUnavailable | None = None
        for letter in letters:
            connection = self._idle.pop() if self._idle else None
            if connection is None and fault is None:
                try:
                    connection = self._open(self._server)
                except SmtpUnavailable as error:
                    fault = error
                    log.warning("no connection to the mail server", failure=error.failure, reply=error.reply, open=len(lanes))
            if connection is not None:
                lanes.append(_Lane(letter, connection))
            else:
                outcomes[letter.message.id] = Outcome(State.QUEUED, fault.reply if fault else "", fault.failure if fault else "")
        if fault is not None and lanes:
            self.width = len(lanes)  # the server takes no more of us
        return lanes

    def _keep(self, connection: Connection) -> None:
        self._idle.append(connection)

    def _reset(self, connection: Connection) -> None:
        """Forget the envelope that was offered, so that the connection can carry another letter."""
        try:
            if connection.ask("RSET").code == 250:
                self._keep(connection)
                return
        except OSError:
            pass
        connection.close()

    # --- envelope --------------------------------------------------------------------------------------------------------------------
    def _accepted(self, lane: _Lane, outcomes: dict[UUID, Outcome]) -> bool:
        """Read the replies to MAIL and RCPT. A kept connection may have died while it was idle: then a new one is tried, once."""
        id_ = lane.letter.message.id
        try:
            try:
                mail, rcpt = _read_envelope(lane)
            except OSError:
                lane.connection.close()
                lane.connection = self._open(self._server)
                _offer(lane)
                mail, rcpt = _read_envelope(lane)
        except OSError:
            lane.connection.close()
            outcomes[id_] = _not_sent()
        except SmtpUnavailable as error:
            outcomes[id_] = Outcome(State.QUEUED, error.reply, error.failure)
        except _NotRepresentable:
            outcomes[id_] = Outcome(State.FAILED, "SMTPUTF8 is not offered", "FAIL_ADDRESS_NOT_ACCEPTED")
            self._keep(lane.connection)
        else:
            if mail.code == 250 and rcpt.code in {250, 251}:
                return True
            outcomes[id_] = _refused_sender(mail) if mail.code != 250 else _refused_recipient(rcpt)
            self._reset(lane.connection)
        return False

    # --- data ------------------------------------------------------------------------------------------------------------------------
    def _send(self, lanes: Sequence[_Lane], outcomes: dict[UUID, Outcome]) -> None:
        """DATA on all, then the texts on all, then the replies of all: the reply to the final dot decides."""
        asked = [lane for lane in lanes if self._try(lane, outcomes, lambda lane: lane.connection.send(b"DATA\r\n"), _not_sent)]
        invited = [lane for lane in asked if self._invited(lane, outcomes)]
        given = [lane for lane in invited if self._try(lane, outcomes, _give_text, _lost)]
        for lane in given:
            self._take_reply(lane, outcomes)
        for lane in lanes:
            outcome = outcomes[lane.letter.message.id]
            if outcome.state is State.UNCERTAIN and lane.letter.insist:
                outcomes[lane.letter.message.id] = self._insist(lane.letter)

    def _try(self, lane: _Lane, outcomes: dict[UUID, Outcome], act: Callable[[_Lane], None], otherwise: Callable[[], Outcome]) -> bool:
        try:
            act(lane)
        except OSError:
            lane.connection.close()
            outcomes[lane.letter.message.id] = otherwise()
            return False
        return True

    def _invited(self, lane: _Lane, outcomes: dict[UUID, Outcome]) -> bool:
        try:
            reply = lane.connection.reply()
        except OSError:
            lane.connection.close()
            outcomes[lane.letter.message.id] = _not_sent()
            return False
        if reply.code == 354:
            return True
        outcomes[lane.letter.message.id] = _refused_text(reply)
        self._reset(lane.connection)
        return False

    def _take_reply(self, lane: _Lane, outcomes: dict[UUID, Outcome]) -> None:
        try:
            reply = lane.connection.reply()
        except OSError:
            lane.connection.close()
            outcomes[lane.letter.message.id] = _lost()
            return
        outcomes[lane.letter.message.id] = Outcome(State.SENT, reply.shown) if 200 <= reply.code < 300 else _refused_text(reply)
        if reply.code == 421:
            lane.connection.close()
        else:
            self._keep(lane.connection)

    def _insist(self, letter: service.Letter) -> Outcome:
        """Offer the same bytes once more on a connection of its own: of a security mail a second copy is better than none."""
        outcomes: dict[UUID, Outcome] = {}
        try:
            lane = _Lane(replace(letter, insist=False), self._open(self._server))
        except SmtpUnavailable:
            return _lost()
        _offer(lane)
        if self._accepted(lane, outcomes):
            self._send([lane], outcomes)
        answer = outcomes[letter.message.id]
        return answer if answer.state is State.SENT else _lost()


class _NotRepresentable(Exception):
    """The address needs SMTPUTF8, which the server does not offer."""


def _offer(lane: _Lane) -> None:
    """Send MAIL, and RCPT with it where the server takes both at once; a dead connection shows itself when the replies are read."""
    with contextlib.suppress(OSError, _NotRepresentable):
        lane.connection.send(b"".join(_envelope(lane)) if lane.connection.pipelining else _envelope(lane)[0])


def _read_envelope(lane: _Lane) -> tuple[Reply, Reply]:
    """Return the replies to MAIL and RCPT; after a refused MAIL, that refusal twice."""
    _, rcpt_command = _envelope(lane)
    mail = lane.connection.reply()
    if mail.code == 421:
        raise ConnectionError("the server closed the connection")
    if lane.connection.pipelining:
        return mail, lane.connection.reply()
    if mail.code != 250:
        return mail, mail
    lane.connection.send(rcpt_command)
    return mail, lane.connection.reply()


def _envelope(lane: _Lane) -> tuple[bytes, bytes]:
    letter = lane.letter
    international = not letter.to_address.isascii()
    if international and "SMTPUTF8" not in lane.connection.extensions:
        raise _NotRepresentable
    mail = f"MAIL FROM:<{letter.from_address}>{' SMTPUTF8' if international else ''}\r\n"
    return mail.encode(), f"RCPT TO:<{letter.to_address}>\r\n".encode()


def _give_text(lane: _Lane) -> None:
    content = lane.letter.content
    stuffed = content.replace(b"\r\n.", b"\r\n..")
    lane.connection.send((b"." if stuffed.startswith(b".") else b"") + stuffed + b".\r\n")


def _not_sent() -> Outcome:
    return Outcome(State.QUEUED, "", "FAIL_SERVER_UNREACHABLE")


def _lost() -> Outcome:
    return Outcome(State.UNCERTAIN)


def _enhanced(reply: Reply) -> str:
    found = _ENHANCED.match(reply.text)
    return f"{found[2]}.{found[3]}" if found else ""


_BY_STATUS = {  # RFC 3463, the class left out
    "1.1": "FAIL_ADDRESS_UNKNOWN",
    "1.2": "FAIL_DOMAIN_UNKNOWN",
    "1.3": "FAIL_ADDRESS_NOT_ACCEPTED",
    "1.10": "FAIL_DOMAIN_UNKNOWN",
    "2.1": "FAIL_MAILBOX_DISABLED",
    "2.2": "FAIL_MAILBOX_FULL",
    "2.3": "FAIL_TOO_BIG",
    "3.4": "FAIL_TOO_BIG",
    "6.7": "FAIL_ADDRESS_NOT_ACCEPTED",
    "7.1": "FAIL_JUDGED_SPAM",
}


def _refused_sender(reply: Reply) -> Outcome:
    """Our own address is not taken: to be mended here, so the message waits."""
    return Outcome(State.DEFERRED, reply.shown, "FAIL_SENDER_REFUSED" if reply.code >= 500 else "FAIL_SERVER_BUSY")


def _refused_recipient(reply: Reply) -> Outcome:
    failure = _BY_STATUS.get(_enhanced(reply), "")
    if reply.code < 500:
        return Outcome(State.DEFERRED, reply.shown, failure if failure == "FAIL_MAILBOX_FULL" else "FAIL_SERVER_BUSY")
    if not failure:
        failure = {550: "FAIL_ADDRESS_UNKNOWN", 553: "FAIL_ADDRESS_NOT_ACCEPTED", 552: "FAIL_MAILBOX_FULL"}.get(
            reply.code, "FAIL_REFUSED_OTHER"
        )
    # A bare 550 may as well be policy; without a status that says "no such mailbox" the address is not suspended.
    return Outcome(
        State.FAILED, reply.shown, failure, bad_address=_enhanced(reply) in {"1.1", "1.2", "1.10", "2.1"} or _says_unknown(reply)
    )


def _says_unknown(reply: Reply) -> bool:
    return reply.code == 550 and bool(
        re.search(r"no such (user|mailbox|recipient)|user unknown|unknown (user|recipient)", reply.text, re.IGNORECASE)
    )


def _refused_text(reply: Reply) -> Outcome:
    failure = _BY_STATUS.get(_enhanced(reply), "")
    if reply.code < 500:
        return Outcome(State.DEFERRED, reply.shown, failure if failure == "FAIL_MAILBOX_FULL" else "FAIL_SERVER_BUSY")
    return Outcome(State.FAILED, reply.shown, failure or {552: "FAIL_TOO_BIG"}.get(reply.code, "FAIL_REFUSED_OTHER"))

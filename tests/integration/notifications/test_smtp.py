"""The conversation with the mail server, step by step, also where it breaks."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from services.notifications import service
from services.notifications.clients.smtp import SmtpMailer
from services.notifications.domain.messages import Outcome, State
from tests.integration.notifications.scripted import HANG_UP, SILENCE, ScriptedServer
from tests.unit.notifications.builders import message

TEXT = b"Subject: x\r\n\r\n.one\r\n..two\r\nend\r\n"


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    server = ScriptedServer("PIPELINING", "SMTPUTF8")
    yield server
    server.close()


@pytest.fixture
def plain_server() -> Iterator[ScriptedServer]:
    server = ScriptedServer()
    yield server
    server.close()


@pytest.fixture
def mailer(server: ScriptedServer) -> Iterator[SmtpMailer]:
    mailer = mailer_for(server)
    yield mailer
    mailer.close()


def mailer_for(server: ScriptedServer, width: int = 4, **changes: Any) -> SmtpMailer:
    settings: dict[str, Any] = {"security": "none", "timeout_seconds": 1.0, **changes}
    return SmtpMailer(service.MailServer("127.0.0.1", server.port, **settings), width)


def letter(address: str = "mario@acme.example", *, insist: bool = False, content: bytes = TEXT) -> service.Letter:
    return service.Letter(message(to_address=address), "recapito@verdi.example", address, content, insist)


def everything(letters: Sequence[service.Letter]) -> Collection[UUID]:
    return {one.message.id for one in letters}


def outcome(mailer: SmtpMailer, one: service.Letter, enter_data: Callable[..., Collection[UUID]] = everything) -> Outcome:
    return mailer.hand_over([one], enter_data)[one.message.id]


def test_a_message_arrives_byte_for_byte(server: ScriptedServer, mailer: SmtpMailer) -> None:
    assert outcome(mailer, letter()) == Outcome(State.SENT, "250 OK")
    assert server.texts == [TEXT]
    assert outcome(mailer, letter(content=b"." + TEXT)).state is State.SENT
    assert server.texts[1] == b"." + TEXT


def test_connections_are_kept(server: ScriptedServer, mailer: SmtpMailer) -> None:
    for _ in range(3):
        letters = [letter(f"c{number}@acme.example") for number in range(4)]
        assert {one.state for one in mailer.hand_over(letters, everything).values()} == {State.SENT}
    assert server.connections == 4
    assert len(server.texts) == 12


def test_without_pipelining_each_command_waits_for_its_reply(plain_server: ScriptedServer) -> None:
    mailer = mailer_for(plain_server)
    assert outcome(mailer, letter()).state is State.SENT
    plain_server.script["MAIL"] = ["451 4.3.0 later"]
    assert outcome(mailer, letter()).state is State.DEFERRED
    assert outcome(mailer, letter()).state is State.SENT
    mailer.close()


def test_data_is_entered_after_the_recipient_and_before_the_text(server: ScriptedServer, mailer: SmtpMailer) -> None:
    seen: list[list[str]] = []

    def enter(letters: Sequence[service.Letter]) -> Collection[UUID]:
        seen.append([command.split(" ")[0] for command in server.log])
        return everything(letters)

    outcome(mailer, letter(), enter)
    assert seen == [["EHLO", "MAIL", "RCPT"]]
    assert [command.split(" ")[0] for command in server.log][:5] == ["EHLO", "MAIL", "RCPT", "DATA"]


def test_what_may_not_enter_data_is_not_sent_and_the_connection_serves_the_next(server: ScriptedServer, mailer: SmtpMailer) -> None:
    held, free = letter("held@acme.example"), letter()
    answers = mailer.hand_over([held, free], lambda _: {free.message.id})
    assert set(answers) == {free.message.id}
    assert len(server.texts) == 1
    assert outcome(mailer, letter()).state is State.SENT
    assert server.connections == 2


# --- refusals ------------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("step", "reply", "state", "failure", "bad_address"),
    [
        ("RCPT", "550 5.1.1 no such user", State.FAILED, "FAIL_ADDRESS_UNKNOWN", True),
        ("RCPT", "550 no such user here", State.FAILED, "FAIL_ADDRESS_UNKNOWN", True),
        ("RCPT", "550 5.7.1 blocked by policy", State.FAILED, "FAIL_JUDGED_SPAM", False),
        ("RCPT", "550 denied", State.FAILED, "FAIL_ADDRESS_UNKNOWN", False),
        ("RCPT", "550 5.1.2 no such domain", State.FAILED, "FAIL_DOMAIN_UNKNOWN", True),
        ("RCPT", "550 5.2.1 mailbox closed", State.FAILED, "FAIL_MAILBOX_DISABLED", True),
        ("RCPT", "452 4.2.2 mailbox full", State.DEFERRED, "FAIL_MAILBOX_FULL", False),
        ("RCPT", "450 4.2.0 greylisted", State.DEFERRED, "FAIL_SERVER_BUSY", False),
        ("MAIL", "550 5.7.1 sender refused", State.DEFERRED, "FAIL_SENDER_REFUSED", False),
        ("DATA", "451 4.3.0 later", State.DEFERRED, "FAIL_SERVER_BUSY", False),
        ("DOT", "554 5.7.1 spam", State.FAILED, "FAIL_JUDGED_SPAM", False),
        ("DOT", "552 5.3.4 too big", State.FAILED, "FAIL_TOO_BIG", False),
        ("DOT", "451 4.3.0 later", State.DEFERRED, "FAIL_SERVER_BUSY", False),
    ],
)
def test_each_refusal_has_its_class(
    server: ScriptedServer, mailer: SmtpMailer, step: str, reply: str, state: State, failure: str, bad_address: bool
) -> None:
    server.script[step] = [reply]
    assert outcome(mailer, letter()) == Outcome(state, reply, failure, bad_address)
    assert outcome(mailer, letter()).state is State.SENT, "the connection serves the next"
    assert server.connections == 1


def test_one_refused_recipient_stops_nobody_else(server: ScriptedServer, mailer: SmtpMailer) -> None:
    mailer.hand_over([letter(), letter(), letter()], everything)
    server.script["RCPT"] = ["550 5.1.1 no"]
    states = [one.state for one in mailer.hand_over([letter(), letter(), letter()], everything).values()]
    assert sorted(state.name for state in states) == ["FAILED", "SENT", "SENT"]


def test_a_reply_is_kept_without_addresses(server: ScriptedServer, mailer: SmtpMailer) -> None:
    server.script["RCPT"] = ["550 5.1.1 <mario@acme.example>: unknown, says mx.acme.example"]
    assert outcome(mailer, letter()).reply == "550 5.1.1 <<address>>: unknown, says mx.acme.example"


def test_letters_outside_ascii_need_a_server_that_takes_them(
    server: ScriptedServer, plain_server: ScriptedServer, mailer: SmtpMailer
) -> None:
    assert outcome(mailer, letter("maría@acme.example")).state is State.SENT
    assert "MAIL FROM:<recapito@verdi.example> SMTPUTF8" in server.log
    plain = mailer_for(plain_server)
    assert outcome(plain, letter("maría@acme.example")).failure == "FAIL_ADDRESS_NOT_ACCEPTED"
    assert outcome(plain, letter()).state is State.SENT
    plain.close()


# --- broken lines --------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("fault", [HANG_UP, SILENCE, "junk"])
def test_what_breaks_before_the_text_is_queued_again(server: ScriptedServer, mailer: SmtpMailer, step: str, fault: str) -> None:
    server.script[step] = [fault, fault]  # the second is met by the one further try on a new connection
    assert outcome(mailer, letter()).state is State.QUEUED
    assert server.texts == []


def test_a_connection_that_died_while_idle_is_renewed(server: ScriptedServer, mailer: SmtpMailer) -> None:
    outcome(mailer, letter())
    server.script["MAIL"] = ["421 4.4.2 idle too long"]
    assert outcome(mailer, letter()).state is State.SENT
    assert server.connections == 2


@pytest.mark.parametrize("fault", [HANG_UP, SILENCE])
def test_no_reply_to_the_final_dot_is_uncertain(server: ScriptedServer, mailer: SmtpMailer, fault: str) -> None:
    server.script["DOT"] = [fault]
    assert outcome(mailer, letter()).state is State.UNCERTAIN
    assert server.log.count("DATA") == 1, "never offered again by itself"


def test_a_security_message_without_reply_is_offered_once_more_with_the_same_bytes(server: ScriptedServer, mailer: SmtpMailer) -> None:
    server.script["DOT"] = [HANG_UP]
    assert outcome(mailer, letter(insist=True)).state is State.SENT
    assert server.texts == [TEXT]
    server.script["DOT"] = [HANG_UP, HANG_UP]
    assert outcome(mailer, letter(insist=True)).state is State.UNCERTAIN
    assert server.log.count("DATA") == 4, "once more, not for ever"


def test_nobody_there_leaves_all_queued() -> None:
    gone = ScriptedServer()
    gone.close()
    mailer = mailer_for(gone)
    letters = [letter(), letter()]
    assert {one.state for one in mailer.hand_over(letters, everything).values()} == {State.QUEUED}
    assert {one.failure for one in mailer.hand_over(letters, everything).values()} == {"FAIL_SERVER_UNREACHABLE"}


def test_a_server_that_takes_fewer_connections_still_takes_the_mail(server: ScriptedServer, mailer: SmtpMailer) -> None:
    server.script["CONNECT"] = ["220 ready", "421 4.7.0 too many connections"]
    states = sorted(one.state.name for one in mailer.hand_over([letter(), letter(), letter()], everything).values())
    assert states == ["QUEUED", "QUEUED", "SENT"]
    assert mailer.width == 1, "no more letters are taken than can travel"


def test_a_failed_commit_leaves_no_envelope_behind(server: ScriptedServer, mailer: SmtpMailer) -> None:
    def broken(_: Sequence[service.Letter]) -> Collection[UUID]:
        raise RuntimeError("the database is away")

    with pytest.raises(RuntimeError):
        mailer.hand_over([letter()], broken)
    assert server.texts == []
    assert outcome(mailer, letter()).state is State.SENT


# --- protection ----------------------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", certificate, *subject],
        check=True,
        capture_output=True,
    )
    return key, certificate


@pytest.fixture
def secure_server(certificate: tuple[Path, Path]) -> Iterator[ScriptedServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate[1], certificate[0])
    server = ScriptedServer("STARTTLS", "PIPELINING", "AUTH PLAIN", context=context)
    yield server
    server.close()


def test_the_line_is_protected_before_anything_is_said(secure_server: ScriptedServer, certificate: tuple[Path, Path]) -> None:
    mailer = mailer_for(secure_server, security="starttls", ca_file=str(certificate[1]), user="u", password="p")
    assert outcome(mailer, letter()).state is State.SENT
    assert [command.split(" ")[0] for command in secure_server.log][:5] == ["EHLO", "STARTTLS", "EHLO", "AUTH", "MAIL"]
    mailer.close()


def test_an_unknown_certificate_is_refused(secure_server: ScriptedServer) -> None:
    mailer = mailer_for(secure_server, security="starttls")
    assert outcome(mailer, letter()).failure == "FAIL_TLS"
    assert "MAIL" not in " ".join(secure_server.log)


def test_no_protection_offered_is_no_reason_to_go_without(server: ScriptedServer) -> None:
    mailer = mailer_for(server, security="starttls")
    assert outcome(mailer, letter()) == Outcome(State.QUEUED, "STARTTLS is not offered", "FAIL_TLS")
    assert server.log == ["EHLO localhost"]


def test_refused_credentials_leave_the_mail_queued(secure_server: ScriptedServer, certificate: tuple[Path, Path]) -> None:
    secure_server.script["AUTH"] = ["535 5.7.8 no"]
    mailer = mailer_for(secure_server, security="starttls", ca_file=str(certificate[1]), user="u", password="p")
    assert outcome(mailer, letter()).failure == "FAIL_SENDER_REFUSED"

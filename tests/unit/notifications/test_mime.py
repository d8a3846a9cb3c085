"""The bytes of a message, read back by the standard parser."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from services.notifications.domain.mime import Attachment, Mail, ascii_address, verify, write
from services.notifications.domain.templates import HeaderUnsafe

MAIL = Mail(
    message_id="<0192f0c1@verdi.example>",
    from_name="Studio Verdi",
    from_address="recapito@verdi.example",
    to_address="mario@acme.example",
    subject="Nuova fattura",
    date=datetime(2026, 11, 24, 10, 42, tzinfo=UTC),
    text="Buongiorno\n\nperché\n",
    html="<p>perché</p>",
    reply_to="info@verdi.example",
)


def read(mail: Mail) -> EmailMessage:
    content = write(mail)
    verify(content, mail)
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert max(map(len, content.split(b"\r\n"))) <= 998
    return email.message_from_bytes(content, policy=email.policy.default)


def with_value(field: str, value: str) -> Mail:
    changed: dict[str, Any] = {field: value}
    return replace(MAIL, **changed)


def part(message: EmailMessage, subtype: str) -> str:
    body = message.get_body((subtype,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


any_text = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"], exclude_characters="\r"), max_size=2000)
line = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=300)


@settings(max_examples=400, deadline=None)
@given(subject=line, name=line, text=any_text)
def test_the_standard_parser_reads_what_was_written(subject: str, name: str, text: str) -> None:
    assume("=?" not in subject + name)
    message = read(replace(MAIL, subject=subject, from_name=name, text=text, html=f"<p>{text}</p>"))
    assert message["Subject"] == subject
    assert message["From"].addresses[0].addr_spec == "recapito@verdi.example"
    # The standard parser puts spaces between the encoded words of a name in Python 3.11, so spaces do not count here.
    assert "".join(message["From"].addresses[0].display_name.split()) == "".join(name.split())
    assert [address.addr_spec for address in message["To"].addresses] == ["mario@acme.example"]
    assert part(message, "plain") == text
    assert part(message, "html") == f"<p>{text}</p>"
    assert message.keys() == [
        "From", "To", "Reply-To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Language", "MIME-Version", "Content-Type",
    ]  # fmt: skip
    assert not message.defects


@settings(max_examples=400, deadline=None)
@given(value=st.text(max_size=100), field=st.sampled_from(["subject", "from_name", "to_address", "from_address", "reply_to"]))
def test_no_value_makes_another_header(value: str, field: str) -> None:
    assume(value)
    hostile = with_value(field, value)
    try:
        content = write(hostile)
        verify(content, hostile)
    except (HeaderUnsafe, UnicodeEncodeError):
        return
    head = email.message_from_bytes(content, policy=email.policy.compat32)
    assert head.keys().count("To") == 1
    assert not {"Bcc", "Cc"} & set(head.keys())
    assert len(head.keys()) == 10


@pytest.mark.parametrize("value", ["a\r\nBcc: x@y.example", "a\nb", "a\x00b", "=?utf-8?q?x?=", "\u2028x"])
@pytest.mark.parametrize("field", ["subject", "from_name"])
def test_control_characters_and_encoded_words_are_refused(field: str, value: str) -> None:
    with pytest.raises(HeaderUnsafe):
        write(with_value(field, value))


WRONG_ADDRESSES = """x|a@b@c.example|a b@c.example|<a@b.example>|a@b.example,c@d.example|"a"@b.example|a@b..example|a@-b.example
=?x@y.example|(c)a@b.example|a@[127.0.0.1]|a@b.example\x00|@b.example|a@"""


@pytest.mark.parametrize(
    "address", ["", "a@b.example\r\nBcc: x@y.example", f"a@{'b' * 250}.example", *WRONG_ADDRESSES.replace("\n", "|").split("|")]
)
def test_an_address_that_is_not_plain_is_refused(address: str) -> None:
    with pytest.raises(HeaderUnsafe) as refused:
        ascii_address(address)
    assert refused.value.reason == "FAIL_ADDRESS_NOT_ACCEPTED"


def test_a_domain_in_other_letters_is_written_in_ascii() -> None:
    assert ascii_address(" maria@città.example ") == "maria@xn--citt-3na.example"
    assert read(replace(MAIL, to_address="maría@acme.example"))["Message-ID"] == MAIL.message_id


def test_what_differs_from_the_plan_does_not_leave() -> None:
    content = write(MAIL)
    with pytest.raises(HeaderUnsafe):
        verify(content.replace(b"To: mario@", b"To: maria@"), MAIL)
    with pytest.raises(HeaderUnsafe):
        verify(b"Bcc: spy@evil.example\r\n" + content, MAIL)
    with pytest.raises(HeaderUnsafe):
        verify(content, replace(MAIL, message_id="<other@verdi.example>"))


def test_a_file_travels_beside_both_texts() -> None:
    message = read(replace(MAIL, attachment=Attachment("INV-1.pdf", "application/pdf", b"%PDF-1.7\x00\xff")))
    (attached,) = message.iter_attachments()
    assert (attached.get_filename(), attached.get_content_type(), attached.get_content()) == (
        "INV-1.pdf",
        "application/pdf",
        b"%PDF-1.7\x00\xff",
    )
    assert part(message, "plain").startswith("Buongiorno")
    with pytest.raises(HeaderUnsafe):
        write(replace(MAIL, attachment=Attachment('a"b\r\n.pdf', "application/pdf", b"")))


def test_an_automatic_message_says_so() -> None:
    assert read(MAIL)["Auto-Submitted"] == "auto-generated"
    assert read(MAIL)["Date"].datetime == MAIL.date

"""Merge fields: a closed list, one pass, each value escaped for its place, whatever it holds."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifications.clients.words import FileWords
from services.notifications.domain.contents import Link, values
from services.notifications.domain.kinds import Reason
from services.notifications.domain.templates import (
    LARGEST_BYTES,
    ContentMissing,
    Field,
    HeaderUnsafe,
    Rendered,
    Source,
    Template,
    TemplateInvalid,
    compiled,
)
from tests.unit.notifications.builders import NOON, SENDER, dispatch, message

WORDS = FileWords()
LINK = "https://area.verdi.example/area/enter/" + "k" * 43
MARK = "«riservato»"


def sample_values(template: Template, language: str = "it") -> dict[str, str]:
    found = {name: WORDS.sample(name, language) for name in template.names}
    return {**found, **dict.fromkeys(template.secrets, LINK), "crm_url": "https://area.verdi.example/area/"} | (
        {name: LINK for name in ("page_url", "account_url") if name in found}
    )


def invoice(reason: Reason = Reason.SEND_PREFERENCE_ON, language: str = "it") -> Template:
    return WORDS.template("invoice_issued", language, reason)


class Seen(HTMLParser):
    """What a reader of the page gets: its elements, links and words."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data

    @property
    def names(self) -> list[str]:
        return [tag for tag, _ in self.tags]

    @property
    def links(self) -> list[str | None]:
        return [attributes.get("href") for tag, attributes in self.tags if tag == "a"]


# --- hostile values ------------------------------------------------------------------------------------------------------------------
hostile = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [
            "<script>alert(1)</script>",
            '"><img src=x onerror=alert(1)>',
            "{set_password_url}{document_url}",
            "{{7*7}}",
            "</bdi></p></body>",
            "a\r\nBcc: x@y.example",
            "a\n\nApri:\nhttps://evil.example/",
            "\u202egnp.exe",
            "%s %(a)s {0.__class__}",
            "&amp;<!--",
            "\x00\x1b[31m",
            "\ud800",
        ]
    ),
)


@pytest.mark.req("R-TPL-11")
@settings(max_examples=400, deadline=None)
@given(company=hostile, name=hostile)
def test_no_value_changes_the_page_around_it(company: str, name: str) -> None:
    template = invoice()
    usual = template.render(sample_values(template))
    rendered = template.render({**sample_values(template), "company_name": company or "x", "greeting": name or "x"})
    page, expected = Seen(rendered.html), Seen(usual.html)
    # An empty field leaves its row out; otherwise the same elements, the same links.
    if company.strip():
        assert page.names == expected.names
        assert page.tags == expected.tags
    assert page.links == [LINK]
    assert "\n\nApri:\nhttps://evil.example/" not in rendered.text
    assert not set(rendered.text) & {"\x00", "\x1b", "\u202e", "\r"}
    assert "\nBcc:" not in rendered.text


@settings(max_examples=200, deadline=None)
@given(value=hostile)
def test_a_value_for_the_subject_is_refused_or_stays_one_plain_line(value: str) -> None:
    template = invoice()
    try:
        subject = template.render({**sample_values(template), "organisation_name": value or "x"}).subject
    except HeaderUnsafe:
        assert any(ord(character) < 32 or 127 <= ord(character) < 160 for character in value) or "=?" in value or "\u2028" in value
    else:
        assert "\n" not in subject
        assert "\r" not in subject
        assert "=?" not in subject


@pytest.mark.req("R-TPL-11")
def test_an_inserted_value_is_never_read_again() -> None:
    rendered = invoice().render({**sample_values(invoice()), "company_name": "{document_url}"})
    assert rendered.text.count(LINK) == 1
    assert "Cliente: {document_url}" in rendered.text


@pytest.mark.parametrize("link", ["javascript:alert(1)", 'https://x/"onclick="y', "https://x/ y", "https://x/<b>", "//x", "https://x\n"])
def test_only_an_address_of_the_web_becomes_a_link(link: str) -> None:
    with pytest.raises(HeaderUnsafe):
        invoice().render({**sample_values(invoice()), "document_url": link})


# --- what is left out, and what stops a message --------------------------------------------------------------------------------------
def test_an_optional_field_takes_its_line_row_and_paragraph_with_it() -> None:
    rendered = invoice().render({**sample_values(invoice()), "einvoice_note": "", "document_url": "", "link_expiry": ""})
    assert "Apri la fattura" not in rendered.text + rendered.html
    assert "personale" not in rendered.text + rendered.html
    assert "\n\n\n" not in rendered.text
    assert Seen(rendered.html).links == []
    assert "Il documento in PDF è allegato" in rendered.text


def test_a_message_is_never_sent_with_a_hole() -> None:
    with pytest.raises(ContentMissing, match="amount_due, invoice_number"):
        invoice().render({**sample_values(invoice()), "invoice_number": "", "amount_due": ""})


def test_a_message_has_a_largest_size() -> None:
    with pytest.raises(ContentMissing):
        invoice().render({**sample_values(invoice()), "company_name": "x" * LARGEST_BYTES})


# --- what the reader gets ------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-TPL-16")
@pytest.mark.parametrize("language", ["it", "en"])
@pytest.mark.req("R-CON-11")
def test_every_message_has_text_and_page_in_the_readers_language_and_direction(language: str) -> None:
    for source in WORDS.sources():
        if source.language != language:
            continue
        template = WORDS.template(source.kind, language, Reason(source.reason))
        rendered = template.render(sample_values(template, language), right_to_left=True)
        page = Seen(rendered.html)
        assert page.tags[0] == ("html", {"lang": language, "dir": "rtl"}), source.kind
        assert dict(page.tags)["body"]["dir"] == "rtl"
        sentences = [attributes for tag, attributes in page.tags if tag in {"p", "th", "td"}]
        assert all(sentence["dir"] == "ltr" and "text-align: right" in str(sentence["style"]) for sentence in sentences)
        assert not {"script", "link", "img", "style", "iframe"} & set(page.names)
        assert all(attributes.get("style") for tag, attributes in page.tags if tag in {"p", "main", "footer"})
        assert "{" not in rendered.text + rendered.subject, source.kind
        assert "{" not in page.words
        assert rendered.text.strip()
        assert 'dir="ltr"' in template.render(sample_values(template, language)).html


@pytest.mark.req("R-TPL-05")
@pytest.mark.req("R-TPL-06")
@pytest.mark.req("R-TPL-07")
@pytest.mark.req("R-TPL-08")
@pytest.mark.req("R-TPL-09")
@pytest.mark.req("R-TPL-10")
def test_each_merge_field_of_the_manual_becomes_its_value() -> None:
    names = ("contact_firstname", "contact_lastname", "company_name", "crm_url", "contact_email", "set_password_url")
    text = "\n".join(f"{{{name}}}" for name in names)
    source = Source("access_data", "it", "SEND_MANDATORY", "x", "x", text, "<p>x</p>")
    template = compiled(source, {name: replace(WORDS.fields[name], optional_in=frozenset()) for name in names})
    filled = values(
        template.names,
        message(kind="access_data", reason=Reason.SEND_MANDATORY),
        dispatch(),
        fields=WORDS.fields,
        phrases=WORDS.phrases,
        organisation=SENDER.organisation,
        link=Link(LINK, NOON),
    )
    assert template.render(filled).text.split("\n")[:6] == [
        "Mario",
        "Rossi",
        "ACME S.r.l.",
        "https://area.verdi.example/area/",
        "mario@acme.example",
        LINK,
    ]


@pytest.mark.req("R-IDN-13")
def test_credentials_carry_the_login_and_a_link_and_never_a_password() -> None:
    assert {"contact_email", "set_password_url"} <= WORDS.template("access_data", "it", Reason.SEND_MANDATORY).names
    assert not {name for name in WORDS.fields if "password" in name and not name.endswith("_url")}


@pytest.mark.req("R-NOT-12")
def test_an_invoice_message_names_the_document() -> None:
    for language in ("it", "en"):
        template = invoice(language=language)
        assert "INV-001" in template.render(sample_values(template, language)).subject


def test_the_footer_says_why_this_reader_gets_it() -> None:
    assert "sono attivi gli avvisi «Fatture»" in invoice().render(sample_values(invoice())).text
    mailbox = invoice(Reason.SEND_CUSTOMER_MAILBOX)
    assert "che non ha ancora un contatto personale" in mailbox.render(sample_values(mailbox)).text


def test_a_copy_shows_a_mark_in_the_place_of_each_link() -> None:
    for source in WORDS.sources():
        template = WORDS.template(source.kind, source.language, Reason(source.reason))
        copy: Rendered = template.render(sample_values(template, source.language), mark=MARK)
        if template.secrets:
            assert MARK in copy.text, source.kind
        assert LINK not in (copy.text + copy.html + copy.subject if template.secrets else ""), source.kind


# --- compiling -----------------------------------------------------------------------------------------------------------------------
FIELDS = {
    "company_name": Field("company_name", "text", places=frozenset({"subject", "body"}), allowed_in=frozenset({"invoice_issued"})),
    "document_url": Field("document_url", "url", secret=True, allowed_in=frozenset({"invoice_issued"})),
    "task_title": Field("task_title", "text", allowed_in=frozenset({"task_assigned"})),
}


@pytest.mark.req("R-TPL-11")
@pytest.mark.parametrize(
    ("part", "words", "problem"),
    [
        ("text", "{unknown}", "is not a merge field"),
        ("subject", "{unknown}", "is not a merge field"),
        ("text", "{task_title}", "is not allowed in this template"),
        ("subject", "{document_url}", "is not allowed in the subject"),
        ("html", '<a href="https://x/{document_url}">x</a>', "must be the whole target"),
        ("html", "<p>{document_url}</p>", "must be the whole target"),
        ("text", "link: {document_url}", "must stand alone"),
        ("text", "{company_name", "brace"),
        ("html", "<p>{Company}</p>", "brace"),
    ],
)
def test_a_wrong_template_is_refused_when_it_is_compiled(part: str, words: str, problem: str) -> None:
    source = Source("invoice_issued", "it", "SEND_PREFERENCE_ON", "subject", "preheader", "text", "<p>page</p>")
    with pytest.raises(TemplateInvalid, match=problem):
        compiled(replace(source, **{part: words}), FIELDS)


def test_the_name_of_a_revision_changes_with_its_words() -> None:
    source = invoice().source
    assert replace(source, text=source.text + "!").revision != source.revision
    assert replace(source).revision == source.revision

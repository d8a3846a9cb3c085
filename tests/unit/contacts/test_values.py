"""Addresses, numbers and codes: one form each, and one key."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contacts.domain.values import Malformed, email_address, email_key, folded, phone_number, searchable, tax_code, vat_number


@pytest.mark.req("R-CON-07")
@pytest.mark.parametrize(
    "other",
    [
        "MARIO.ROSSI@ABC.EXAMPLE",
        "  mario.rossi@abc.example ",
        "Mario.Rossi@abc.Example",
        "ｍario.rossi@abc.example",
        "mario.rossi@ABC．example",
    ],
)
def test_spellings_of_one_address_share_their_key(other: str) -> None:
    assert email_key(other) == email_key("mario.rossi@abc.example")


@pytest.mark.parametrize(("one", "other"), [("a@münchen.example", "a@xn--mnchen-3ya.example"), ("a@straße.example", "a@STRASSE.example")])
def test_an_international_domain_is_one_however_it_is_written(one: str, other: str) -> None:
    assert email_key(one) == email_key(other)


@pytest.mark.parametrize(
    "other", ["mario.rossi@abc.example.com", "mariorossi@abc.example", "mario.rossi+x@abc.example", "màrio.rossi@abc.example"]
)
def test_different_addresses_keep_different_keys(other: str) -> None:
    assert email_key(other) != email_key("m.rossi@abc.example")


@given(st.emails())
def test_a_key_does_not_change_when_it_is_taken_again(address: str) -> None:
    key = email_key(address)
    assert key is not None
    assert email_key(key) == key
    assert email_key(f" {address.upper()} ".lower()) == email_key(address.lower())


def test_no_address_has_no_key_so_that_many_contacts_may_lack_one() -> None:
    assert email_key("") is None


@pytest.mark.parametrize(
    "bad", ["mario", "mario@", "@abc.example", "a b@abc.example", "mario@localhost", "a@[127.0.0.1]", "a@b..it", "a\r\nBcc: b@c.it@x.it"]
)
def test_what_is_no_address_is_refused(bad: str) -> None:
    with pytest.raises(Malformed):
        email_address(bad)


@pytest.mark.parametrize("good", ["mario@abc.example", "mario@abc.test", "mario@abc.it", "o'neil+tag@abc.co.uk"])
def test_addresses_of_the_reserved_test_domains_are_good(good: str) -> None:
    assert email_address(f" {good} ") == good


@pytest.mark.req("R-CON-08")
@pytest.mark.parametrize("text", ["+39 345 1234567", "+393451234567", " +39 345-123-4567", "+39 (345) 1234567"])
def test_a_telephone_number_is_taken_in_international_form(text: str) -> None:
    assert phone_number(text) == "+393451234567"


@pytest.mark.parametrize("text", ["345 1234567", "+39", "+39 345", "abc", "+999 123456789012345678"])
def test_what_is_no_international_number_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        phone_number(text)


@pytest.mark.req("R-CUS-01", "R-CUS-08")
@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [
        ("00743110157", "", "IT00743110157"),
        ("IT 00743110157", "IT", "IT00743110157"),
        ("it.007.431.10157", "IT", "IT00743110157"),
        ("DE136695976", "DE", "DE136695976"),
        ("DE 136 695 976", "", "DE136695976"),
        ("EL094259216", "GR", "EL094259216"),
        ("GB980780684", "GB", "GB980780684"),
        ("12-3456789", "US", "US123456789"),
    ],
)
def test_a_vat_number_is_kept_with_its_country(text: str, region: str, expected: str) -> None:
    assert vat_number(text, region) == expected


@pytest.mark.parametrize(
    ("text", "region"), [("00743110158", "IT"), ("12345", "IT"), ("DE136695975", "DE"), ("GB980780680", "GB"), ("<b>", "US"), ("IT", "")]
)
def test_a_vat_number_with_a_wrong_check_digit_is_refused(text: str, region: str) -> None:
    with pytest.raises(Malformed):
        vat_number(text, region)


@pytest.mark.req("R-CUS-08")
@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [
        ("rss mra 85t10 a562s", "IT", "RSSMRA85T10A562S"),
        ("RSSMRA85T10A56NH", "", "RSSMRA85T10A56NH"),  # omocodia: N stands for 2
        ("00743110157", "IT", "00743110157"),
        ("078-05-1120", "US", "078051120"),
        ("8504.12", "SI", "8504.12"),
    ],
)
def test_a_tax_code_is_italian_or_of_its_country(text: str, region: str, expected: str) -> None:
    assert tax_code(text, region) == expected


@pytest.mark.parametrize(
    ("text", "region"), [("RSSMRA85T10A562X", "IT"), ("RSSMRA85T10", ""), ("00743110158", "IT"), ("?", "US"), ("A" * 40, "US")]
)
def test_a_tax_code_that_cannot_be_is_refused(text: str, region: str) -> None:
    with pytest.raises(Malformed):
        tax_code(text, region)


def test_folding_forgets_case_accents_and_spaces() -> None:
    assert folded("  Niccolò   DÈ  Straße ") == "niccolo de strasse"


def test_a_search_finds_words_without_their_marks_and_their_beginnings() -> None:
    assert searchable("ABC S.r.l.", "O'Neil") == " abc s.r.l. o'neil srl oneil"
    assert searchable("") == ""

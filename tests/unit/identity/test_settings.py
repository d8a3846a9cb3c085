"""What the environment may say of identity providers, and what is refused before anything starts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.identity.domain.providers import LinkRule
from services.identity.settings import Settings

STUDIO = {
    "id": "studio",
    "display_name": "Studio",
    "issuer": "https://login.example/studio",
    "client_id": "recapito",
    "client_secret": "what only the two of us know",
    "email_domains": ["Studio.Example"],
}


def load(monkeypatch: pytest.MonkeyPatch, providers: str, **more: str) -> Settings:
    given = {"DATABASE_URL": "sqlite:///x.db", "BUS_URL": "sqlite:///x.db", "IDENTITY_SECRET": "x" * 32, "IDENTITY_PROVIDERS": providers}
    for name, value in (given | more).items():
        monkeypatch.setenv(f"RECAPITO_{name}", value)
    return Settings.load()


def test_a_provider_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    (provider,) = load(monkeypatch, json.dumps([STUDIO]), PUBLIC_URL="https://clienti.example/").providers()
    assert provider.redirect_uris == {"https://clienti.example/console/provider/studio"}
    assert provider.email_domains == {"studio.example"}
    assert provider.link_rule is LinkRule.VERIFIED_EMAIL
    assert "two of us" not in repr(provider)


def test_there_are_none_unless_given(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(monkeypatch, "[]").providers() == []


CHANGES: list[dict[str, Any]] = [
    {"id": "Studio"},
    {"id": "a/b"},
    {"issuer": "login.example"},
    {"issuer": "http://login.example/studio"},
    {"email_domains": []},
    {"email_domains": ["ada@studio.example"]},
    {"link_rule": "any"},
    {"emaildomains": ["studio.example"]},
    {"client_id": ""},
]
WRONG = ["not JSON but what only the two of us know", json.dumps([STUDIO, STUDIO]), *(json.dumps([STUDIO | change]) for change in CHANGES)]


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_named_without_its_secret(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], wrong: str) -> None:
    with pytest.raises(SystemExit) as ended:
        load(monkeypatch, wrong)
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "identity_providers" in said.lower()
    assert "two of us" not in said


def test_without_https_only_in_development_and_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    here = json.dumps([STUDIO | {"issuer": "http://localhost:9000/studio"}])
    assert load(monkeypatch, here, ENVIRONMENT="embedded").providers()
    with pytest.raises(SystemExit):
        load(monkeypatch, here, ENVIRONMENT="production")
    with pytest.raises(SystemExit):
        load(monkeypatch, json.dumps([STUDIO | {"issuer": "http://login.example"}]), ENVIRONMENT="embedded")

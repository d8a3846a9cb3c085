"""The sentences of explanations: one for every check, met and not met, in both languages."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from services.identity.clients.words import YamlSentences
from services.identity.domain import contacts, explanations
from services.identity.domain.accounts import Account, Kind
from services.identity.domain.contacts import Contact

MARIO = Contact(uuid.uuid4(), permissions={uuid.uuid4(): frozenset()})
ACCOUNT = Account(MARIO.id, Kind.CONTACT, "Mario", datetime(2026, 11, 22, tzinfo=UTC))


def codes() -> set[str]:
    checks = explanations.of_conditions(contacts.conditions(MARIO, disabled=False, area=contacts.Area(date(2026, 11, 22))), ACCOUNT)
    checks += explanations.of_sign_in(ACCOUNT, MARIO, held_until=None, accepted=False)
    checks += explanations.of_card(MARIO, MARIO.permissions) + explanations.of_sight(replace(ACCOUNT, kind=Kind.OPERATOR), ACCOUNT)
    return {check.code for check in checks}


@pytest.mark.req("R-DGN-02")
def test_every_check_says_in_both_languages_what_it_means_and_what_to_change() -> None:
    sentences = YamlSentences()
    for code in codes():
        said = {sentences.sentence(code, passed=passed, language=language) for passed in (True, False) for language in ("it", "en")}
        assert len(said) == 4, code
        assert all(text.endswith(".") for text in said), code

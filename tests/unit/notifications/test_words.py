"""Checks the words of this service: merge fields, templates, their frame, reasons, and that they fit each other."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from services.notifications.clients.words import FOLDER, FileWords
from services.notifications.domain.kinds import KINDS, Kind, Reason
from services.notifications.domain.messages import State
from tests.unit.notifications.words_checked import LANGUAGES, Words, problems

SHIPPED = FileWords()


@pytest.mark.req("R-TPL-02")
@pytest.mark.req("R-TPL-04")
def test_all_words_fit_each_other() -> None:
    words = Words.read(FOLDER)
    assert list(problems(words)) == []
    assert words.templates["welcome"]["title"]["en"] == "New Customer Added/Registered (Welcome Email)"
    assert words.templates["access_data"]["title"]["en"] == "Registration and access data"


def test_kinds_are_those_of_the_templates() -> None:
    words = Words.read(FOLDER)
    for kind in KINDS.values():
        template = words.templates[kind.name]
        assert template["notification_type"] == (kind.type.value if kind.type else None), kind.name
        if kind.security:
            assert not template["can_be_disabled"], kind.name
    assert set(words.templates) == set(KINDS)


def test_every_code_of_the_contract_has_words() -> None:
    for language in LANGUAGES:
        for code in (*(reason.name for reason in Reason), *(state.name for state in State)):
            label, text = SHIPPED.code(code, language)
            assert label
            assert text.endswith(".")


@pytest.mark.req("R-DGN-03")
@pytest.mark.parametrize("kind", [kind for kind in KINDS.values() if kind.type and kind.purpose], ids=lambda kind: kind.name)
def test_every_document_can_be_announced_without_its_link(kind: Kind) -> None:
    """There is none while the client area is off."""
    for language, reason in itertools.product(LANGUAGES, kind.send_reasons):
        assert not SHIPPED.template(kind.name, language, reason).needed & {"document_url", "link_expiry"}


def test_every_template_compiles() -> None:
    SHIPPED.check()


def test_a_problem_is_found(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    for path in (*FOLDER.glob("*.yaml"), *(FOLDER / "templates").glob("*.yaml")):
        target = tmp_path / path.relative_to(FOLDER)
        target.write_text(path.read_text().replace("{invoice_total}", "{total}") if path.stem == "invoice_issued" else path.read_text())
    assert any("total is not declared" in problem for problem in problems(Words.read(tmp_path)))

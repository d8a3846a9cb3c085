"""Which messages may be tracked, and what then stands in them."""

from __future__ import annotations

import pytest

from services.notifications.domain.kinds import KINDS, Kind
from services.notifications.domain.opens import Settings, digest, new_token, with_image
from services.notifications.domain.selection import NO_CIRCUMSTANCES, decide, snapshot
from tests.unit.notifications.builders import candidate, mailbox, message


@pytest.mark.req("R-ACT-11")
def test_tracking_is_off_until_somebody_switches_it_on() -> None:
    """Security rule 50."""
    assert not Settings().open_tracking
    assert not candidate().open_tracking
    assert not message().trackable


@pytest.mark.req("R-ACT-10")
@pytest.mark.parametrize("kind", KINDS.values(), ids=str)
def test_only_messages_about_documents_are_tracked(kind: Kind) -> None:
    seen = snapshot(kind, candidate(open_tracking=True), NO_CIRCUMSTANCES)
    about_documents = kind.type is not None and kind.type.value in {"invoice", "credit_note", "estimate", "proposal", "contract"}
    assert message(kind=kind.name, seen=seen).trackable == about_documents
    assert not message(kind=kind.name, seen=seen, contact_id=None, person=mailbox().person).trackable, "a mailbox consents to nothing"


@pytest.mark.req("R-ACT-11", "R-DEL-12")
@pytest.mark.parametrize("kind", KINDS.values(), ids=str)
def test_the_consent_decides_nothing_about_who_is_told(kind: Kind) -> None:
    with_it, without = (decide(kind, candidate(open_tracking=consents), NO_CIRCUMSTANCES) for consents in (True, False))
    assert with_it.reason is without.reason


def test_the_image_is_the_last_thing_and_says_nothing() -> None:
    html = with_image("<html><body><p>Buongiorno</p></body></html>", "https://a.example/o/x")
    assert html == '<html><body><p>Buongiorno</p><img src="https://a.example/o/x" width="1" height="1" alt=""></body></html>'


def test_a_token_cannot_be_told_from_what_is_kept_of_it() -> None:
    one, other = new_token(), new_token()
    assert one != other
    assert len(one) == 43
    assert one.encode() not in digest(one)
    assert len(digest(one)) == 32

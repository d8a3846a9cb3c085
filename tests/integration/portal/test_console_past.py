"""The time machine in the console: a contact as it was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from recapito.contacts.v1.contacts_pb2 import Contact
from recapito.contacts.v1.permissions_pb2 import Permissions, Preferences

from tests.integration.portal.builders import Story
from tests.integration.portal.fakes.common import stamp
from tests.integration.portal.pages import Operator
from tests.integration.portal.test_console_timeline import asked

THEN = datetime(2026, 3, 1, 9, tzinfo=UTC)  # ten o'clock in Italy


@pytest.fixture
def changed(told: Story) -> Story:
    """Laura could not open the invoices until the third of March, was told of none, and belonged to no group."""
    laura = told.backend.contacts.contacts[told.laura]
    laura.create_time.CopyFrom(stamp(THEN - timedelta(days=30)))
    then = Contact()
    then.CopyFrom(laura)
    then.access.enabled = False
    then.affiliations[0].primary = True
    then.affiliations[0].effective_permissions.invoices = Permissions.DENY
    then.affiliations[0].preferences.invoice = Preferences.OFF
    told.backend.contacts.past.append((THEN + timedelta(days=2), then))
    return told


def test_the_card_asks_for_a_moment_and_shows_what_was_true_then(changed: Story, console: Operator) -> None:
    console.open(f"/console/contacts/{changed.laura}")
    page = asked(console, f"/console/contacts/{changed.laura}/past", at="2026-03-01T10:00")
    assert console.answer.status_code == 200
    assert "Com’era: 1 mar 2026, 10:00:00" in page.text
    assert "Spento" in page.text
    assert "Principale" in page.text
    assert "Da allora è cambiato" in page.text
    page = asked(console, f"/console/contacts/{changed.laura}/past", at="2026-03-04T10:00")
    assert "Acceso" in page.text
    assert "Da allora è cambiato" not in page.text


@pytest.mark.parametrize("at", ["", "ieri", "2999-01-01T00:00", "0001-01-01T00:00:00+14:00", "2026-13-01T10:00"])
def test_what_is_no_moment_of_the_past_is_said_beside_the_field(changed: Story, console: Operator, at: str) -> None:
    page = console.open(f"/console/contacts/{changed.laura}/past?at={at.replace('+', '%2B')}")
    assert console.answer.status_code == 422
    assert page.errors == {"at-error": "Scegli un giorno e un’ora già passati."}
    assert next(form for form in page.forms if "at" in form.values).values["at"] == [at], "nothing that was typed is lost"


def test_before_it_was_created_there_was_no_contact(changed: Story, console: Operator) -> None:
    page = console.open(f"/console/contacts/{changed.laura}/past?at=2020-01-01T00:00")
    assert "Allora questo contatto non c’era ancora" in page.text
    assert "Scegli un momento dopo la sua creazione: 30 gen 2026, 10:00." in page.text


def test_from_a_decision_one_goes_to_what_was_true_then(changed: Story, console: Operator) -> None:
    dispatch = changed.backend.notifications.dispatches[changed.dispatch]
    dispatch.create_time.CopyFrom(stamp(THEN))
    console.open(f"/console/dispatches/{changed.dispatch}/why/{changed.laura}")
    page = console.follow("Com’era allora")
    assert "Com’era: 1 mar 2026, 10:00:00" in page.text

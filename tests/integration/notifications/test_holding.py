"""Mail is held: nothing leaves, nothing is lost, and after a restore nothing goes twice. On both databases."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner
from prometheus_client import REGISTRY

from libs.ids import first_id, new_id
from services.notifications import service
from services.notifications.__main__ import main
from services.notifications.domain.messages import Outcome
from services.notifications.service import holding
from tests.integration.notifications.looking import deliver, messages, states
from tests.unit.notifications.builders import ACME, NOON, candidate, invoice_issued
from tests.unit.notifications.fakes import FakeMailer


def issue(world: SimpleNamespace, at: datetime = NOON, invoice: str = "invoices/00000000-0000-0000-0000-000000000001") -> None:
    """Have an invoice announced that was issued at that time."""
    world.contacts.candidates[ACME] = (candidate(),)
    event_id = UUID(int=first_id(at).int | new_id().int & (1 << 80) - 1)
    world.listener.on_invoice_issued([invoice_issued(event_id, invoice=invoice)])


def hold(world: SimpleNamespace, *, restored: bool = False) -> None:
    holding.hold(restored=restored, uow=world.new_uow(), clock=lambda: world.now[0])


def release(world: SimpleNamespace) -> None:
    holding.release(uow=world.new_uow())


def test_while_mail_is_held_messages_wait_and_then_leave(world: SimpleNamespace) -> None:
    hold(world)
    issue(world)
    deliver(world)
    assert (states(world), world.mailer.letters) == ({"mario@acme.example": "QUEUED"}, [])
    assert REGISTRY.get_sample_value("recapito_sender_held") == 1
    release(world)
    deliver(world)
    assert states(world) == {"mario@acme.example": "SENT"}
    assert REGISTRY.get_sample_value("recapito_sender_held") == 0


def test_what_is_on_its_way_to_data_goes_back_and_leaves_later(world: SimpleNamespace) -> None:
    @dataclass
    class Interrupted(FakeMailer):
        """Somebody holds all mail just before DATA."""

        def hand_over(self, letters: Sequence[service.Letter], enter_data: service.EnterData) -> Mapping[UUID, Outcome]:
            hold(world)
            return super().hand_over(letters, enter_data)

    issue(world)
    replace(world.deliverer, mailer=Interrupted()).deliver_batch()
    assert states(world) == {"mario@acme.example": "QUEUED"}
    release(world)
    world.now[0] = NOON + timedelta(minutes=10)
    deliver(world)
    assert states(world) == {"mario@acme.example": "SENT"}
    assert len(world.mailer.letters) == 1


def test_after_a_restore_what_was_caused_before_it_is_uncertain_and_what_comes_after_leaves(world: SimpleNamespace) -> None:
    """Security rule 65: also what is decided late, because its event waited in an outbox that was restored too."""
    before, after = NOON - timedelta(hours=1), NOON + timedelta(milliseconds=1)
    issue(world, before, "invoices/00000000-0000-0000-0000-000000000001")
    hold(world, restored=True)
    issue(world, after, "invoices/00000000-0000-0000-0000-000000000002")
    deliver(world)
    release(world)
    issue(world, before, "invoices/00000000-0000-0000-0000-000000000003")
    deliver(world)
    found = {message.subject[-1]: (message.state.name, message.failure, message.due_time) for message in messages(world)}
    assert found == {"1": ("UNCERTAIN", "FAIL_RESTORED", None), "2": ("SENT", "", None), "3": ("UNCERTAIN", "FAIL_RESTORED", None)}
    assert [letter.message.subject[-1] for letter in world.mailer.letters] == ["2"]


def test_a_hold_without_a_restore_puts_nothing_in_doubt(world: SimpleNamespace) -> None:
    issue(world, NOON - timedelta(hours=1))
    hold(world)
    release(world)
    deliver(world)
    assert states(world) == {"mario@acme.example": "SENT"}


def test_a_second_start_in_held_state_takes_nothing_more_into_doubt(world: SimpleNamespace) -> None:
    holding.hold_at_start(uow=world.new_uow(), clock=lambda: NOON)
    holding.hold_at_start(uow=world.new_uow(), clock=lambda: NOON + timedelta(hours=1))
    with world.new_uow() as uow:
        held = uow.holding.get()
    assert (held.hold_time, held.restore_time) == (NOON, NOON)


@pytest.fixture
def environment(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "DATABASE_URL": url,
        "BUS_URL": f"sqlite:///{tmp_path}/bus.db",
        "SMTP_HOST": "localhost",
        "ADMIN_PORT": "0",
    }.items():
        monkeypatch.setenv(f"RECAPITO_{name}", value)


def run(*arguments: str) -> tuple[int, Any]:
    result = CliRunner().invoke(main, [*arguments, "--json"])
    return result.exit_code, json.loads(result.output)


def test_the_commands_hold_and_release_and_status_tells(environment: None, world: SimpleNamespace) -> None:
    issue(world)
    code, held = run("sender", "hold")
    assert (code, held["held"], held["restore_time"]) == (0, True, "")
    assert run("sender", "status") == (0, held)
    code, found = run("status")
    assert (code, found["sender"]) == (1, held)
    assert found["messages"]["waiting"] == 1
    assert found["messages"]["uncertain"] == 0
    assert "mail is held, nothing leaves: see sender" in found["faults"]
    assert run("sender", "release")[1]["held"] is False
    assert run("status")[0] == 0
    assert run("sender", "hold", "--restored")[1]["restore_time"]

"""Why a contact would or would not get a message of each kind, asked before there is any occasion for it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from libs.access import Caller, Kind
from services.notifications.domain.kinds import KINDS
from tests.integration.notifications.looking import messages
from tests.unit.notifications.builders import ACME, MARIO, candidate

EVERYTHING = Caller(Kind.OPERATOR, sees_all=True)
OF_OPERATORS = {"operator_invited", "access_reported"}


@pytest.mark.req("R-DGN-02")
def test_every_kind_is_explained_by_the_customer_or_by_the_contact_alone(world: SimpleNamespace) -> None:
    world.contacts.candidates[ACME] = (candidate(area_off=True),)
    decided = {}
    for kind in KINDS.values():
        if kind.name in OF_OPERATORS:
            continue
        subject = f"customers/{ACME}" if kind.type else f"contacts/{MARIO}"
        found = world.foresight.why(kind, subject, MARIO, caller=EVERYTHING)
        assert found.tried[-1].reason is found.decision.reason
        decided[kind.name] = found.decision.reason.name
    assert decided["invoice_issued"] == "SEND_PREFERENCE_ON"
    assert decided["task_assigned"] == "SKIP_PREFERENCE_OFF"
    assert {decided[name] for name in ("welcome", "access_data", "set_password", "sign_in_link")} == {"SKIP_AREA_OFF"}
    assert decided["password_changed"] == "SEND_MANDATORY"
    assert messages(world) == [], "asking sends nothing"

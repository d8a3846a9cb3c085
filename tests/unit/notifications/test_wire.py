"""Between domain and protobuf, and what the environment may say."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr, ValidationError
from recapito.contacts.v1 import affiliations_pb2, contacts_pb2, permissions_pb2
from recapito.documents.v1 import document_pb2, invoices_pb2
from recapito.notifications.v1 import dispatches_pb2, messages_pb2, templates_pb2

from services.notifications import wire
from services.notifications.domain.kinds import KINDS, Reason, Type
from services.notifications.domain.messages import State
from services.notifications.settings import Settings
from tests.unit.notifications.builders import ACME, MARIO, message

ON, OFF = permissions_pb2.Preferences.ON, permissions_pb2.Preferences.OFF


def test_reasons_states_and_types_are_those_of_the_contract() -> None:
    assert {reason.name for reason in Reason} == set(dispatches_pb2.Decision.Reason.keys()) - {"REASON_UNSPECIFIED"}
    assert {state.name for state in State} == set(messages_pb2.Message.State.keys()) - {"STATE_UNSPECIFIED"}
    assert {type_.name for type_ in Type} == set(templates_pb2.NotificationType.keys()) - {"NOTIFICATION_TYPE_UNSPECIFIED"}
    assert {type_.value for type_ in Type} == {field.name for field in permissions_pb2.Preferences.DESCRIPTOR.fields} - {"kinds"}


@pytest.mark.req("R-NOT-02")
def test_a_candidate_keeps_its_switches() -> None:
    preferences = permissions_pb2.Preferences(invoice=ON, ticket=OFF, kinds={"invoice_overdue": OFF, "task_assigned": ON})
    permissions = permissions_pb2.Permissions(invoices=permissions_pb2.Permissions.ALLOW, projects=permissions_pb2.Permissions.DENY)
    found = wire.candidate(
        affiliations_pb2.Candidate(
            contact=f"contacts/{MARIO}",
            state=contacts_pb2.Contact.ACTIVE,
            email="mario@acme.example",
            direction=contacts_pb2.Contact.RTL,
            preferences=preferences,
            effective_permissions=permissions,
        ),
        f"customers/{ACME}",
        "en",
    )
    assert found.preferences == {Type.INVOICE: True, Type.TICKET: False}
    assert found.kinds == {"invoice_overdue": False, "task_assigned": True}
    assert found.permissions == {"INVOICES"}
    assert (found.language, found.right_to_left, found.mailbox, found.anonymized) == ("en", True, False, False)


def test_a_candidate_without_a_contact_is_the_customers_mailbox() -> None:
    found = wire.candidate(affiliations_pb2.Candidate(email="info@acme.example"), f"customers/{ACME}", "it")
    assert (found.mailbox, found.person, found.contact_id) == (True, f"customers/{ACME}", None)


def test_only_what_waits_has_a_next_attempt() -> None:
    words = wire.MessageWords(("label", "text."), "state", "")
    for state in State:
        shown = wire.message(message(state=state, due_time=message().create_time), words, "a@b.example")
        assert shown.HasField("next_attempt_time") is (state in {State.QUEUED, State.DEFERRED}), state


def test_what_is_owed_on_a_draft_is_its_total() -> None:
    total = document_pb2.Totals(currency_code="EUR", gross_amount="122.00")
    draft = invoices_pb2.Invoice(customer=f"customers/{ACME}", state=invoices_pb2.Invoice.DRAFT, total=total)
    found = wire.invoice(draft)
    assert (found.draft, found.facts["amount_due"], found.facts["invoice_number"]) == (True, "122.00 EUR", "")


# --- settings ------------------------------------------------------------------------------------------------------------------------
def settings(**changes: Any) -> Settings:
    return Settings(database_url=SecretStr("sqlite://"), bus_url=SecretStr("sqlite://"), smtp_host="localhost", **changes)


def test_links_and_sender_follow_the_public_address() -> None:
    sender = settings(public_url="https://area.verdi.example/").sender
    assert (sender.address, sender.area_url) == ("recapito@area.verdi.example", "https://area.verdi.example/area/")
    assert settings(mail_from_address="a@b.example", mail_reply_to="info@b.example").sender.organisation_email == "info@b.example"


def test_mail_goes_protected_unless_it_is_said_otherwise() -> None:
    assert settings().smtp.security == "starttls"


@pytest.mark.req("R-TPL-03")
def test_only_what_may_be_missed_can_be_disabled() -> None:
    assert settings(disabled_templates=["welcome", "invoice_issued"]).sender.disabled == {"welcome", "invoice_issued"}
    for kind in ("set_password", "password_changed", "unheard_of"):
        with pytest.raises(ValidationError):
            settings(disabled_templates=[kind])
    assert [kind.name for kind in KINDS.values() if kind.type is None and not kind.security] == ["welcome"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"public_url": "ftp://x"},
        {"mail_from_address": "x"},
        {"mail_reply_to": "a@b\r\nBcc: c@d"},
        {"smtp_port": 0},
        {"smtp_security": "maybe"},
    ],
)
def test_wrong_settings_stop_the_start(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        settings(**wrong)

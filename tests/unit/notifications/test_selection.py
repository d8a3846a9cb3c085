"""Who is told, against an oracle written from the requirements, sharing no code with the rules."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifications.clients.words import FileWords
from services.notifications.domain.kinds import KINDS, Kind, Reason, Type
from services.notifications.domain.selection import (
    ACCOUNT,
    AUTOMATIC,
    Candidate,
    Circumstances,
    decide,
    explain,
    restore,
    select_recipients,
    snapshot,
    without_permission,
)
from tests.unit.notifications.builders import GIUSEPPE, LAURA, MARIO, candidate, mailbox

ORDER = FileWords().order

# --- the oracle ----------------------------------------------------------------------------------------------------------------------
# Ruling 14 with R-CUS-05, R-TPL-03, R-NOT-10 and ruling 2 and 3, as one table: the kinds a line is about, the situation, the answer.
# The first line that holds decides. A situation is a set of plain words, made by `situation` from the raw inputs.
ORACLE: tuple[tuple[str, str, str], ...] = (
    ("any", "deleted", "SKIP_CONTACT_DELETED"),
    ("any", "anonymized", "SKIP_CONTACT_ANONYMIZED"),
    ("any", "acts for somebody else", "SKIP_NOT_OF_CUSTOMER"),
    ("any", "told before", "SKIP_ALREADY_TOLD"),
    ("document or work", "mailbox of a customer with contacts", "SKIP_MAILBOX_NOT_NEEDED"),
    ("document or work", "mailbox, and neither invoice nor estimate", "SKIP_MAILBOX_NOT_FOR_TYPE"),
    ("any", "no address", "SKIP_NO_ADDRESS"),
    ("any", "address suppressed", "SKIP_ADDRESS_SUPPRESSED"),
    ("any", "template disabled", "SKIP_TEMPLATE_DISABLED"),
    ("welcome", "welcome not wanted", "SKIP_WELCOME_NOT_WANTED"),
    ("into the area", "area off", "SKIP_AREA_OFF"),
    ("link", "may not enter", "SKIP_ENTRY_CLOSED"),
    ("welcome", "", "SEND_WELCOME"),
    ("asked by operator", "", "SEND_OPERATOR_ACTION"),
    ("asked by person", "", "SEND_OWN_ACTION"),
    ("account", "", "SEND_MANDATORY"),
    ("task", "no project of the customer", "SKIP_TASK_WITHOUT_PROJECT"),
    ("document or work", "mailbox", "SEND_CUSTOMER_MAILBOX"),
    ("reply", "not on the ticket", "SKIP_NOT_ON_TICKET"),
    ("ticket", "ticket mail blocked", "SKIP_TICKET_BLOCK"),
    ("document or work", "this event off", "SKIP_EVENT_OFF"),
    ("document or work", "this event on", "SEND_EVENT_ON"),
    ("document or work", "type on", "SEND_PREFERENCE_ON"),
    ("document or work", "", "SKIP_PREFERENCE_OFF"),
)
GROUPS: dict[str, set[str]] = {
    "account": {
        "welcome",
        "access_data",
        "set_password",
        "password_reset_by_operator",
        "password_reset_requested",
        "sign_in_link",
        "operator_invited",
        "password_changed",
        "second_factor_changed",
        "new_sign_in",
        "access_reported",
    },
    "welcome": {"welcome"},
    "asked by operator": {"set_password", "password_reset_by_operator", "operator_invited"},
    "asked by person": {"password_reset_requested", "sign_in_link"},
    "link": {"access_data", "set_password", "password_reset_by_operator", "password_reset_requested", "sign_in_link", "operator_invited"},
    "task": {"task_assigned", "task_updated"},
    "reply": {"ticket_replied"},
    "ticket": {"ticket_opened", "ticket_replied", "ticket_updated", "ticket_closed"},
    "billing": {
        "invoice_issued",
        "invoice_due_reminder",
        "invoice_overdue",
        "invoice_payment_received",
        "estimate_available",
        "estimate_expiry_reminder",
    },
}
GROUPS["into the area"] = GROUPS["welcome"] | GROUPS["link"]
GROUPS["any"] = set(KINDS)
GROUPS["document or work"] = set(KINDS) - GROUPS["account"]


def situation(kind: str, person: Candidate, around: Circumstances) -> set[str]:
    switches: Mapping[str, bool] = {kind.value: on for kind, on in person.preferences.items()}
    type_name = next((name for name in sorted((t.value for t in Type), key=len, reverse=True) if kind.startswith(name + "_")), "")
    told = {
        "": True,
        "deleted": person.deleted,
        "anonymized": person.anonymized,
        "acts for somebody else": not person.of_customer,
        "told before": person.person in around.told,
        "mailbox": person.mailbox,
        "mailbox of a customer with contacts": person.mailbox and not person.needed,
        "mailbox, and neither invoice nor estimate": person.mailbox and kind not in GROUPS["billing"],
        "no address": person.email == "",
        "address suppressed": person.email.lower() in around.suppressed,
        "template disabled": kind in around.disabled,
        "welcome not wanted": around.skip_welcome,
        "area off": person.area_off,
        "may not enter": person.may_enter is False,
        "no project of the customer": not around.project,
        "not on the ticket": person.person not in around.on_ticket,
        "ticket mail blocked": person.block_ticket_email,
        "this event off": kind in person.kinds and not person.kinds[kind],
        "this event on": person.kinds.get(kind, False),
        "type on": switches.get(type_name, False),
    }
    return {words for words, holds in told.items() if holds}


def oracle(kind: str, person: Candidate, around: Circumstances) -> str:
    holds = situation(kind, person, around)
    return next(answer for group, words, answer in ORACLE if kind in GROUPS[group] and words in holds)


# Each fact that stops a message is rare, so that the later rules are reached as often as the first.
rarely = st.integers(0, 9).map(lambda number: number == 0)
people = st.builds(
    Candidate,
    person=st.sampled_from([f"contacts/{MARIO}", f"contacts/{LAURA}"]),
    email=st.sampled_from(["mario@acme.example"] * 6 + ["MARIO@acme.example", "blocked@acme.example", ""]),
    mailbox=rarely,
    needed=st.booleans(),
    deleted=rarely,
    anonymized=rarely,
    of_customer=rarely.map(lambda rare: not rare),
    preferences=st.dictionaries(st.sampled_from(list(Type)), st.booleans()),
    kinds=st.dictionaries(st.sampled_from(sorted(KINDS)), st.booleans(), max_size=12),
    block_ticket_email=st.booleans(),
    area_off=rarely,
    may_enter=st.sampled_from([None, True, False]),
)
surroundings = st.builds(
    Circumstances,
    disabled=st.frozensets(st.sampled_from(sorted(KINDS)), max_size=4),
    suppressed=st.sampled_from([frozenset(), frozenset({"blocked@acme.example"})]),
    told=st.sampled_from([frozenset()] * 8 + [frozenset({f"contacts/{MARIO}"})]),
    on_ticket=st.frozensets(st.sampled_from([f"contacts/{MARIO}", f"contacts/{LAURA}"])),
    project=st.booleans(),
    skip_welcome=st.booleans(),
)


@pytest.mark.req("R-NOT-11")
@pytest.mark.req("R-NOT-20")
@settings(max_examples=1500, deadline=None)
@given(kind=st.sampled_from(list(KINDS.values())), person=people, around=surroundings)
def test_every_decision_is_the_oracles(kind: Kind, person: Candidate, around: Circumstances) -> None:
    assert decide(kind, person, around).reason.name == oracle(kind.name, person, around)


@settings(max_examples=300, deadline=None)
@given(kind=st.sampled_from(list(KINDS.values())), person=people, around=surroundings)
def test_the_explanation_ends_with_the_rule_that_decided(kind: Kind, person: Candidate, around: Circumstances) -> None:
    tried = explain(kind, person, around)
    assert [one.decided for one in tried] == [False] * (len(tried) - 1) + [True]
    assert tried[-1].reason is decide(kind, person, around).reason
    assert all(one.looked_at and one.value for one in tried)
    assert "acme" not in str(tried), "an explanation names no address"


@settings(max_examples=300, deadline=None)
@given(kind=st.sampled_from(list(KINDS.values())), person=people, around=surroundings)
def test_what_a_decision_saw_explains_it_later(kind: Kind, person: Candidate, around: Circumstances) -> None:
    then = restore(kind, person.person, snapshot(kind, person, around))
    assert explain(kind, *then) == explain(kind, person, around)


def test_the_rules_stand_in_the_order_of_the_words() -> None:
    assert [rule.reason.name for rule in AUTOMATIC] == ORDER["automatic"]
    assert [rule.reason.name for rule in ACCOUNT] == ORDER["account_and_notices"]
    assert {rule.reason for rule in (*AUTOMATIC, *ACCOUNT)} == set(Reason)


# --- the requirements, one by one ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("kind", "type_"),
    [
        pytest.param(name, kind.type, marks=pytest.mark.req(requirement))
        for requirement, names in {
            "R-NOT-03": ("invoice_issued", "invoice_due_reminder", "invoice_overdue", "invoice_payment_received"),
            "R-NOT-04": ("credit_note_issued",),
            "R-NOT-05": ("estimate_available", "estimate_expiry_reminder"),
            "R-NOT-06": ("ticket_replied", "ticket_updated", "ticket_opened", "ticket_closed"),
            "R-NOT-07": ("project_assigned", "project_updated", "project_file_uploaded"),
            "R-NOT-08": ("contract_available", "contract_expiry_reminder", "contract_renewed"),
            "R-NOT-09": ("task_assigned", "task_updated"),
            "R-NOT-18": ("proposal_available",),
        }.items()
        for name in names
        if (kind := KINDS[name])
    ],
)
def test_each_kind_follows_the_switch_of_its_type_alone(kind: str, type_: Type) -> None:
    around = Circumstances(on_ticket=frozenset({f"contacts/{MARIO}"}))
    only_this = {each: each is type_ for each in Type}
    all_but_this = {each: each is not type_ for each in Type}
    assert decide(KINDS[kind], candidate(preferences=only_this), around).sends
    assert decide(KINDS[kind], candidate(preferences=all_but_this), around).reason is Reason.SKIP_PREFERENCE_OFF


@pytest.mark.req("R-NOT-01")
def test_one_event_can_be_switched_against_its_type() -> None:
    overdue_off = candidate(preferences={Type.INVOICE: True}, kinds={"invoice_overdue": False})
    only_overdue = candidate(preferences={Type.INVOICE: False}, kinds={"invoice_overdue": True})
    assert decide(KINDS["invoice_overdue"], overdue_off).reason is Reason.SKIP_EVENT_OFF
    assert decide(KINDS["invoice_issued"], overdue_off).reason is Reason.SEND_PREFERENCE_ON
    assert decide(KINDS["invoice_overdue"], only_overdue).reason is Reason.SEND_EVENT_ON
    assert decide(KINDS["invoice_issued"], only_overdue).reason is Reason.SKIP_PREFERENCE_OFF


@pytest.mark.req("R-NOT-10")
def test_a_task_without_a_project_tells_nobody() -> None:
    everybody = [candidate(id_, preferences=dict.fromkeys(Type, True), kinds={"task_assigned": True}) for id_ in (MARIO, LAURA)]
    decisions = select_recipients(KINDS["task_assigned"], everybody, Circumstances(project=False))
    assert {decision.reason for decision in decisions} == {Reason.SKIP_TASK_WITHOUT_PROJECT}


@pytest.mark.req("R-NOT-13")
@pytest.mark.req("R-NOT-15")
def test_a_sole_contact_with_everything_off_leaves_nobody_to_tell() -> None:
    (decision,) = select_recipients(KINDS["invoice_issued"], [candidate(preferences={})])
    assert decision.reason is Reason.SKIP_PREFERENCE_OFF


@pytest.mark.req("R-NOT-14")
@pytest.mark.req("R-NOT-21")
def test_permissions_neither_send_nor_stop_a_message() -> None:
    allowed = [candidate(id_, preferences={Type.PROJECT: id_ is MARIO}) for id_ in (MARIO, LAURA, GIUSEPPE)]
    assert [decision.sends for decision in select_recipients(KINDS["project_updated"], allowed)] == [True, False, False]
    without = candidate(permissions=frozenset())
    assert decide(KINDS["invoice_issued"], without).sends
    assert without_permission(KINDS["invoice_issued"], without)
    assert not without_permission(KINDS["invoice_issued"], candidate())


@pytest.mark.req("R-NOT-19")
@pytest.mark.req("R-NOT-20")
def test_the_ticket_block_stops_tickets_and_nothing_else() -> None:
    around = Circumstances(on_ticket=frozenset({f"contacts/{MARIO}"}))
    blocked = candidate(block_ticket_email=True, preferences=dict.fromkeys(Type, True), kinds={"ticket_opened": True})
    stopped = {kind.name for kind in KINDS.values() if decide(kind, blocked, around).reason is Reason.SKIP_TICKET_BLOCK}
    assert stopped == {"ticket_opened", "ticket_replied", "ticket_updated", "ticket_closed"}
    assert all(decide(kind, blocked, around).sends for kind in KINDS.values() if kind.name not in stopped)


@pytest.mark.req("R-NOT-06")
def test_a_reply_goes_to_those_on_the_ticket() -> None:
    around = Circumstances(on_ticket=frozenset({f"contacts/{MARIO}"}))
    decisions = select_recipients(
        KINDS["ticket_replied"], [candidate(id_, preferences={Type.TICKET: True}) for id_ in (MARIO, LAURA)], around
    )
    assert [decision.reason for decision in decisions] == [Reason.SEND_PREFERENCE_ON, Reason.SKIP_NOT_ON_TICKET]


@pytest.mark.req("R-NOT-23")
@pytest.mark.req("R-PRI-06", "R-PRI-07")
def test_account_messages_obey_no_preference_and_document_messages_do_for_the_primary_too() -> None:
    everything_off = candidate(preferences={}, kinds=dict.fromkeys(KINDS, False), block_ticket_email=True, primary=True)
    for kind in KINDS.values():
        assert decide(kind, everything_off).sends is (kind.type is None), kind.name


@pytest.mark.req("R-CUS-04")
@pytest.mark.req("R-CUS-05")
def test_the_customers_mailbox_takes_billing_mail_while_there_is_no_contact() -> None:
    sent = {kind.name for kind in KINDS.values() if kind.type and decide(kind, mailbox()).reason is Reason.SEND_CUSTOMER_MAILBOX}
    assert sent == GROUPS["billing"]
    assert decide(KINDS["invoice_issued"], mailbox(needed=False)).reason is Reason.SKIP_MAILBOX_NOT_NEEDED


@pytest.mark.req("R-TPL-03")
@pytest.mark.req("R-IDN-01")
def test_a_disabled_welcome_is_not_sent_even_when_it_is_wanted() -> None:
    welcome = KINDS["welcome"]
    disabled = Circumstances(disabled=frozenset({"welcome"}))
    assert decide(welcome, candidate()).reason is Reason.SEND_WELCOME
    assert decide(welcome, candidate(), disabled).reason is Reason.SKIP_TEMPLATE_DISABLED
    assert decide(welcome, candidate(), Circumstances(skip_welcome=True)).reason is Reason.SKIP_WELCOME_NOT_WANTED
    assert decide(KINDS["set_password"], candidate(), Circumstances(skip_welcome=True)).reason is Reason.SEND_OPERATOR_ACTION

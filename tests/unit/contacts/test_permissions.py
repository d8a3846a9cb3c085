"""What a contact may open and what it is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contacts.domain import (
    KINDS,
    SECTION_OF,
    ContactsSettings,
    Mode,
    Notification,
    Permissions,
    Preferences,
    Section,
    TicketScope,
    Warning,  # noqa: A004 - the contract's word
    effective,
    filled,
    warnings,
)

# --- permissions ---------------------------------------------------------------------------------------------------------------------
modes = st.dictionaries(st.sampled_from(Section), st.sampled_from(Mode))
sets = st.builds(Permissions, modes, st.none() | st.sampled_from(TicketScope))


@pytest.mark.req("R-PRM-08", "R-CUS-12")
@given(sets, sets, sets)
def test_what_counts_is_the_first_that_decides(own: Permissions, of_customer: Permissions, default: Permissions) -> None:
    counting = effective(own, of_customer, default)
    for section in Section:
        said = [one.modes.get(section) for one in (own, of_customer, default)]
        decisions = [mode for mode in said if mode in {Mode.ALLOW, Mode.DENY}]
        assert counting.modes[section] is (decisions[0] if decisions else Mode.DENY)
    scopes = [one.ticket_scope for one in (own, of_customer, default) if one.ticket_scope]
    assert counting.ticket_scope is (scopes[0] if scopes else TicketScope.OWN)


@pytest.mark.req("R-PRM-12", "R-CUS-12")
@given(sets, sets, sets)
def test_a_new_contact_gets_explicit_values_that_no_later_change_moves(
    own: Permissions, of_customer: Permissions, default: Permissions
) -> None:
    made = filled(own, of_customer, default)
    assert set(made.modes) == set(Section)
    for section in Section:
        if section in own.modes:
            assert made.modes[section] is own.modes[section]
        else:
            assert made.modes[section] is effective(of_customer, default).modes[section]
    others = Permissions(dict.fromkeys(Section, Mode.ALLOW), TicketScope.CUSTOMER)
    explicit = [section for section in Section if made.modes[section] is not Mode.INHERIT]
    before, after = effective(made, of_customer, default), effective(made, others, others)
    assert all(before.modes[section] is after.modes[section] for section in explicit)


@pytest.mark.req("R-PRM-15")
def test_the_worked_example_holds() -> None:
    allow = dict.fromkeys(Section, Mode.ALLOW)
    deny = dict.fromkeys(Section, Mode.DENY)
    ceo = Permissions({**allow, Section.SUPPORT: Mode.DENY})
    cfo = Permissions({**deny, Section.INVOICES: Mode.ALLOW, Section.ESTIMATES: Mode.ALLOW, Section.CONTRACTS: Mode.ALLOW})
    it = Permissions({**deny, Section.SUPPORT: Mode.ALLOW, Section.PROJECTS: Mode.ALLOW})
    seen = [
        {section.value for section in Section if effective(one, Permissions(), Permissions()).allows(section)} for one in (ceo, cfo, it)
    ]
    assert seen == [
        {"invoices", "estimates", "contracts", "proposals", "projects"},
        {"invoices", "estimates", "contracts"},
        {"support", "projects"},
    ]


@pytest.mark.req("R-PRM-01")
def test_there_are_six_permissions() -> None:
    assert [section.value for section in Section] == ["invoices", "estimates", "contracts", "proposals", "support", "projects"]


@pytest.mark.req("R-PRM-16")
def test_credit_notes_follow_invoices_and_tasks_follow_projects() -> None:
    assert SECTION_OF[Notification.CREDIT_NOTE] is Section.INVOICES
    assert SECTION_OF[Notification.TASK] is Section.PROJECTS


# --- preferences ---------------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-NOT-02", "R-NOT-03", "R-NOT-04", "R-NOT-05", "R-NOT-06", "R-NOT-07", "R-NOT-08", "R-NOT-09")
def test_each_type_covers_its_kinds() -> None:
    covered = {type_.value: {kind for kind, of in KINDS.items() if of is type_} for type_ in Notification}
    assert covered == {
        "invoice": {"invoice_issued", "invoice_due_reminder", "invoice_overdue", "invoice_payment_received"},
        "credit_note": {"credit_note_issued"},
        "estimate": {"estimate_available", "estimate_expiry_reminder"},
        "proposal": {"proposal_available"},
        "contract": {"contract_available", "contract_expiry_reminder", "contract_renewed"},
        "ticket": {"ticket_opened", "ticket_replied", "ticket_updated", "ticket_closed"},
        "project": {"project_assigned", "project_updated", "project_file_uploaded"},
        "task": {"task_assigned", "task_updated"},
    }


@pytest.mark.req("R-NOT-01")
def test_a_kind_may_differ_from_its_type() -> None:
    chosen = Preferences({Notification.INVOICE: True, Notification.TICKET: False}, {"invoice_overdue": False, "ticket_replied": True})
    assert chosen.on("invoice_issued")
    assert not chosen.on("invoice_overdue")
    assert chosen.on("ticket_replied")
    assert not chosen.on("ticket_opened")
    assert not chosen.on("task_assigned")


def test_an_unchosen_type_takes_the_default_with_its_overrides_and_a_chosen_one_takes_neither() -> None:
    default = Preferences({Notification.INVOICE: True, Notification.TASK: True}, {"invoice_overdue": False, "task_updated": False})
    made = Preferences({Notification.INVOICE: True}).filled(default)
    assert made.kinds == {"task_updated": False}
    assert made.switches[Notification.TASK]
    assert set(made.switches) == set(Notification)


@pytest.mark.req("R-NOT-17", "R-NOT-18")
def test_the_three_profiles_are_offered() -> None:
    wanted = {profile.id: {type_.value for type_ in profile.preferences.wanted()} for profile in ContactsSettings().profiles}
    assert wanted == {
        "finance": {"invoice", "credit_note", "contract"},
        "technical": {"project", "task", "ticket"},
        "management": {"estimate", "proposal", "contract"},
    }


@pytest.mark.req("R-NOT-21")
@pytest.mark.parametrize("type_", Notification)
def test_a_notification_without_its_permission_is_a_warning(type_: Notification) -> None:
    everything = Permissions(dict.fromkeys(Section, Mode.ALLOW))
    without = everything.changed_by(Permissions({SECTION_OF[type_]: Mode.DENY}))
    on = Preferences({type_: True})
    assert warnings(on, everything, "mario@abc.example") == ()
    assert warnings(on, without, "mario@abc.example") == (Warning.NOTIFICATION_WITHOUT_PERMISSION,)
    assert warnings(on, everything, "") == (Warning.NOTIFICATION_WITHOUT_EMAIL,)
    assert warnings(Preferences(), without, "") == ()


@pytest.mark.req("R-NOT-14")
def test_permissions_and_preferences_do_not_touch_each_other() -> None:
    everything = Permissions(dict.fromkeys(Section, Mode.ALLOW))
    assert [warnings(Preferences({Notification.PROJECT: on}), everything, "a@b.example") for on in (True, False)] == [(), ()]

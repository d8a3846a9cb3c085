"""The rules of contacts: values, permissions, preferences, groups."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.errors import InvalidArgument
from services.contacts import domain
from services.contacts.domain import (
    KINDS,
    SECTION_OF,
    Contact,
    ContactPoint,
    ContactRole,
    ContactRoleInUse,
    ContactsSettings,
    Group,
    Mode,
    Notification,
    NotYourNote,
    Permissions,
    PointKind,
    PortalAccess,
    Preferences,
    Section,
    Sight,
    Succession,
    TaxIdentity,
    TicketScope,
    Warning,  # noqa: A004 - the contract's word
    effective,
    filled,
    warnings,
)
from services.contacts.domain.values import Malformed, email_address, email_key, folded, phone_number, searchable, tax_code, vat_number
from tests.unit.contacts.builders import CATALOGUE, NOON, contact, customer, note

LATER = NOON + timedelta(hours=1)


def refused(changed: object) -> dict[str, str]:
    """Return reason by field of what `checked` refuses."""
    with pytest.raises(InvalidArgument) as error:
        changed.checked(CATALOGUE) if isinstance(changed, Contact) else changed.checked()  # type: ignore[attr-defined] # all resources have it
    return {fault.field: fault.reason for fault in error.value.violations}


# --- values --------------------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-CON-07")
@pytest.mark.parametrize(
    "other",
    [
        "MARIO.ROSSI@ABC.EXAMPLE",
        "  mario.rossi@abc.example ",
        "Mario.Rossi@abc.Example",
        "ｍario.rossi@abc.example",
        "mario.rossi@ABC．example",
    ],
)
def test_spellings_of_one_address_share_their_key(other: str) -> None:
    assert email_key(other) == email_key("mario.rossi@abc.example")


@pytest.mark.parametrize(("one", "other"), [("a@münchen.example", "a@xn--mnchen-3ya.example"), ("a@straße.example", "a@STRASSE.example")])
def test_an_international_domain_is_one_however_it_is_written(one: str, other: str) -> None:
    assert email_key(one) == email_key(other)


@pytest.mark.parametrize(
    "other", ["mario.rossi@abc.example.com", "mariorossi@abc.example", "mario.rossi+x@abc.example", "màrio.rossi@abc.example"]
)
def test_different_addresses_keep_different_keys(other: str) -> None:
    assert email_key(other) != email_key("m.rossi@abc.example")


@given(st.emails())
def test_a_key_does_not_change_when_it_is_taken_again(address: str) -> None:
    key = email_key(address)
    assert key is not None
    assert email_key(key) == key
    assert email_key(f" {address.upper()} ".lower()) == email_key(address.lower())


def test_no_address_has_no_key_so_that_many_contacts_may_lack_one() -> None:
    assert email_key("") is None


@pytest.mark.parametrize(
    "bad", ["mario", "mario@", "@abc.example", "a b@abc.example", "mario@localhost", "a@[127.0.0.1]", "a@b..it", "a\r\nBcc: b@c.it@x.it"]
)
def test_what_is_no_address_is_refused(bad: str) -> None:
    with pytest.raises(Malformed):
        email_address(bad)


@pytest.mark.parametrize("good", ["mario@abc.example", "mario@abc.test", "mario@abc.it", "o'neil+tag@abc.co.uk"])
def test_addresses_of_the_reserved_test_domains_are_good(good: str) -> None:
    assert email_address(f" {good} ") == good


@pytest.mark.req("R-CON-08")
@pytest.mark.parametrize("text", ["+39 345 1234567", "+393451234567", " +39 345-123-4567", "+39 (345) 1234567"])
def test_a_telephone_number_is_taken_in_international_form(text: str) -> None:
    assert phone_number(text) == "+393451234567"


@pytest.mark.parametrize("text", ["345 1234567", "+39", "+39 345", "abc", "+999 123456789012345678"])
def test_what_is_no_international_number_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        phone_number(text)


@pytest.mark.req("R-CUS-01", "R-CUS-08")
@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [
        ("00743110157", "", "IT00743110157"),
        ("IT 00743110157", "IT", "IT00743110157"),
        ("it.007.431.10157", "IT", "IT00743110157"),
        ("DE136695976", "DE", "DE136695976"),
        ("DE 136 695 976", "", "DE136695976"),
        ("EL094259216", "GR", "EL094259216"),
        ("GB980780684", "GB", "GB980780684"),
        ("12-3456789", "US", "US123456789"),
    ],
)
def test_a_vat_number_is_kept_with_its_country(text: str, region: str, expected: str) -> None:
    assert vat_number(text, region) == expected


@pytest.mark.parametrize(
    ("text", "region"), [("00743110158", "IT"), ("12345", "IT"), ("DE136695975", "DE"), ("GB980780680", "GB"), ("<b>", "US"), ("IT", "")]
)
def test_a_vat_number_with_a_wrong_check_digit_is_refused(text: str, region: str) -> None:
    with pytest.raises(Malformed):
        vat_number(text, region)


@pytest.mark.req("R-CUS-08")
@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [
        ("rss mra 85t10 a562s", "IT", "RSSMRA85T10A562S"),
        ("RSSMRA85T10A56NH", "", "RSSMRA85T10A56NH"),  # omocodia: N stands for 2
        ("00743110157", "IT", "00743110157"),
        ("078-05-1120", "US", "078051120"),
        ("8504.12", "SI", "8504.12"),
    ],
)
def test_a_tax_code_is_italian_or_of_its_country(text: str, region: str, expected: str) -> None:
    assert tax_code(text, region) == expected


@pytest.mark.parametrize(
    ("text", "region"), [("RSSMRA85T10A562X", "IT"), ("RSSMRA85T10", ""), ("00743110158", "IT"), ("?", "US"), ("A" * 40, "US")]
)
def test_a_tax_code_that_cannot_be_is_refused(text: str, region: str) -> None:
    with pytest.raises(Malformed):
        tax_code(text, region)


def test_folding_forgets_case_accents_and_spaces() -> None:
    assert folded("  Niccolò   DÈ  Straße ") == "niccolo de strasse"


def test_a_search_finds_words_without_their_marks_and_their_beginnings() -> None:
    assert searchable("ABC S.r.l.", "O'Neil") == " abc s.r.l. o'neil srl oneil"
    assert searchable("") == ""


# --- customers and contacts ----------------------------------------------------------------------------------------------------------
def test_every_fault_of_a_customer_is_named_at_once() -> None:
    tax = TaxIdentity(vat_number="1", tax_code="2", sdi_recipient_code="!", certified_email="x")
    assert refused(customer(display_name="  ", email="x", phone="1", tax_identity=tax)) == {
        "customer.display_name": "REQUIRED",
        "customer.email": "EMAIL_MALFORMED",
        "customer.phone": "PHONE_INVALID",
        "customer.tax_identity.vat_number": "VAT_NUMBER_INVALID",
        "customer.tax_identity.tax_code": "TAX_CODE_INVALID",
        "customer.tax_identity.sdi_recipient_code": "SDI_CODE_INVALID",
        "customer.tax_identity.certified_email": "EMAIL_MALFORMED",
    }


def test_no_text_of_a_refusal_repeats_what_was_typed() -> None:
    with pytest.raises(InvalidArgument) as error:
        contact(email="mario-secret", contact_points=(ContactPoint(PointKind.PHONE, "12-secret"),)).checked(CATALOGUE)
    assert "secret" not in str(error.value)
    assert {fault.field for fault in error.value.violations} == {"contact.email", "contact.contact_points[0].value"}


@pytest.mark.req("R-CON-02", "R-CON-03")
@pytest.mark.parametrize("name", ["first_name", "last_name"])
@pytest.mark.parametrize("value", ["", " ", "\u2003\u00a0"])
def test_a_contact_has_both_names(name: str, value: str) -> None:
    assert refused(contact(**{name: value})) == {f"contact.{name}": "REQUIRED"}


def test_a_name_is_one_line_that_cannot_turn_its_direction() -> None:
    assert contact(first_name=" Mario\r\n Maria\t").checked(CATALOGUE).first_name == "Mario Maria"
    assert refused(contact(last_name="\u202eissoR")) == {"contact.last_name": "CONTROL_CHARACTER"}


@pytest.mark.req("R-CON-08", "R-CON-22")
def test_a_contact_has_several_numbers_and_addresses_each_in_its_one_form() -> None:
    points = (
        ContactPoint(PointKind.MOBILE, "+39 345 1234567", " Ufficio "),
        ContactPoint(PointKind.EMAIL, " Mario@Altro.Example"),
        ContactPoint(PointKind.CERTIFIED_EMAIL, "mario@pec.example"),
    )
    kept = contact(contact_points=points).checked(CATALOGUE).contact_points
    assert [point.value for point in kept] == ["+393451234567", "Mario@altro.example", "mario@pec.example"]
    assert kept[0].label == "Ufficio"


def test_a_support_window_does_not_end_before_it_begins() -> None:
    day = date(2026, 1, 15)
    assert refused(contact(access=PortalAccess(True, day, date(2026, 1, 14)))) == {"contact.access.end_date": "DATES_REVERSED"}
    assert contact(access=PortalAccess(True, day, day)).checked(CATALOGUE).access.end_date == day


@pytest.mark.req("R-CON-21")
@pytest.mark.parametrize(
    ("fields", "on", "needed"),
    [
        ({}, False, False),
        ({}, True, True),
        ({"access": PortalAccess(True)}, False, True),
        ({"email": "mario@abc.example", "access": PortalAccess(True)}, True, False),
    ],
)
def test_an_address_is_needed_before_access_or_a_notification(fields: dict[str, Any], on: bool, needed: bool) -> None:
    preferences = Preferences({Notification.TASK: on})
    assert domain.needs_email(contact(**fields), [Preferences(), preferences]) is needed


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


# --- settings and groups -------------------------------------------------------------------------------------------------------------
def test_defaults_have_nothing_to_inherit_from() -> None:
    settings = ContactsSettings(default_permissions=Permissions({Section.SUPPORT: Mode.INHERIT}))
    assert refused(settings) == {"contacts_settings.default_permissions": "NOTHING_TO_INHERIT"}


def test_a_time_zone_must_exist() -> None:
    assert refused(ContactsSettings(time_zone="Europe/Atlantis")) == {"contacts_settings.time_zone": "TIME_ZONE_UNKNOWN"}


@pytest.mark.req("R-GRP-07")
def test_an_operator_of_some_groups_gives_and_takes_only_those() -> None:
    naples, rome, milan = uuid4(), uuid4(), uuid4()
    sight = Sight(groups=frozenset({naples, rome}))
    allowed = domain.allowed_groups(frozenset({rome, milan}), frozenset({naples, milan}), sight, "contact.groups")
    assert allowed == {rome, milan}
    for wanted, before in (({milan}, set()), ({naples}, {naples, milan}), ({milan}, {naples, milan}), (set(), {naples})):
        with pytest.raises(InvalidArgument) as error:
            domain.allowed_groups(frozenset(wanted), frozenset(before), sight, "contact.groups")
        assert error.value.violations[0].field == "contact.groups"
    assert domain.allowed_groups(frozenset(), frozenset({milan}), domain.EVERYTHING, "contact.groups") == frozenset()


@pytest.mark.req("R-GRP-13")
def test_groups_form_no_loop() -> None:
    head, office = uuid4(), uuid4()
    assert Group(office, "Napoli", head).below([head]).parent_id == head
    with pytest.raises(InvalidArgument) as error:
        Group(head, "Sede", office).below([office, head])
    assert error.value.reason == "GROUP_LOOP"


# --- notes ---------------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("typed", "kept"),
    [(" a\r\nb\rc \n\n", "a\nb\nc"), ("caffe\u0300", "caff\u00e8"), ("  rientro\n    del paragrafo", "rientro\n    del paragrafo")],
)
def test_the_text_of_a_note_has_one_form(typed: str, kept: str) -> None:
    assert note(text=typed).checked().text == kept


def test_a_note_without_words_is_none() -> None:
    with pytest.raises(InvalidArgument):
        note(text=" \n ").checked()


@pytest.mark.req("R-NTE-05")
def test_a_note_keeps_its_author_and_says_when_its_text_changed() -> None:
    before = note(text="Prima")
    changed = before.changed_by(replace(before, text="Dopo"), before.author_id, LATER, others=False)
    assert changed == replace(before, text="Dopo", update_time=LATER)
    assert before.changed_by(replace(before, pinned=True), uuid4(), LATER, others=True) == replace(before, pinned=True)
    with pytest.raises(NotYourNote):
        before.changed_by(before, uuid4(), LATER, others=False)


def test_pinned_notes_stand_above_newer_ones() -> None:
    old, new, pinned = note(), note(create_time=LATER), note(pinned=True)
    assert sorted([old, pinned, new], key=lambda one: one.sort_key, reverse=True) == [pinned, new, old]


# --- contact roles -------------------------------------------------------------------------------------------------------------------
def test_a_role_without_an_english_label_is_called_as_in_italian() -> None:
    role = ContactRole(uuid4(), " Perché  NO ").checked()
    assert (role.label_it, role.key_it, role.key_en) == ("Perché NO", "perche no", "perche no")


@pytest.mark.req("R-ROL-05")
def test_a_role_that_is_held_needs_a_succession() -> None:
    held, free = ContactRole(uuid4(), "Capo", holder_count=1), ContactRole(uuid4(), "Altro")
    Succession().check(free)
    Succession(clear=True).check(held)
    Succession(replacement_id=free.id).check(held)
    with pytest.raises(ContactRoleInUse):
        Succession().check(held)
    with pytest.raises(InvalidArgument):
        Succession(replacement_id=held.id).check(held)

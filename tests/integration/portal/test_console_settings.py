"""The console's settings: organisation, defaults, billing, groups, the privacy policy and the operators."""

from __future__ import annotations

import gzip
import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from recapito.contacts.v1.groups_pb2 import Group
from recapito.contacts.v1.permissions_pb2 import Permissions, Preferences
from recapito.identity.v1.accounts_pb2 import Account
from recapito.identity.v1.policies_pb2 import Policy

from tests.integration.portal.builders import Story
from tests.integration.portal.fakes import PASSWORD
from tests.integration.portal.pages import Operator


def group_named(told: Story, name: str) -> Group | None:
    return next((group for group in told.backend.contacts.groups.values() if group.display_name == name), None)


def test_what_the_operator_may_not_do_is_not_in_the_menu(told: Story, console: Operator) -> None:
    told.backend.identity.capabilities = frozenset({"contacts.read"})
    page = console.open("/console/customers")
    addresses = {address for _words, address in page.links}
    assert "/console/customers" in addresses
    assert not addresses & {"/console/invoices", "/console/messages", "/console/settings"}


def test_the_organisation_is_renamed(told: Story, console: Operator) -> None:
    console.open("/console/settings")
    console.follow("Organizzazione")
    page = console.press("Salva", organization_name="Studio Vesuvio", time_zone="Europe/Paris")
    assert told.backend.contacts.settings.organization_name == "Studio Vesuvio"
    assert told.backend.contacts.settings.time_zone == "Europe/Paris"
    assert "Impostazioni salvate" in page.text


def test_settings_ask_for_the_password_when_the_sign_in_is_old(told: Story, console: Operator) -> None:
    for session in told.backend.identity.sessions.values():
        session.fresh_until = datetime.now(UTC) - timedelta(seconds=1)
    console.open("/console/settings/organisation")
    page = console.press("Salva", organization_name="Studio Vesuvio")
    form, _button = page.form("Salva")
    assert form.values["organization_name"] == ["Studio Vesuvio"], "nothing that was typed is lost"
    console.press("Salva", confirm_password=PASSWORD)
    assert told.backend.contacts.settings.organization_name == "Studio Vesuvio"


@pytest.mark.req("R-PRM-11")
def test_the_defaults_are_set_once_for_all(told: Story, console: Operator) -> None:
    console.open("/console/settings/defaults")
    console.press("Amministrazione", permission_invoices="ALLOW")
    console.press("Salva")
    settings = told.backend.contacts.settings
    assert settings.default_permissions.invoices == Permissions.ALLOW
    assert settings.default_permissions.projects == Permissions.DENY
    assert settings.default_preferences.credit_note == Preferences.ON
    assert settings.default_preferences.ticket == Preferences.OFF


def test_the_issuer_of_invoices_is_described(told: Story, console: Operator) -> None:
    console.open("/console/settings/billing")
    console.press(
        "Salva", iban="IT60 X054 2811 1010 0000 0123 456", payment_term_days="60", legal_name="Studio S.r.l.", vat_number="IT01234567897"
    )
    settings = told.backend.documents.settings
    assert settings.iban == "IT60X0542811101000000123456"
    assert settings.payment_term_days == 60
    assert settings.issuer.legal_name == "Studio S.r.l."


@pytest.mark.req("R-GRP-02")
def test_groups_are_made_changed_and_deleted(told: Story, console: Operator) -> None:
    napoli = group_named(told, "Sede Napoli")
    assert napoli is not None
    console.open("/console/settings/groups")
    console.follow("Nuovo gruppo")
    console.press("Salva gruppo", display_name="Sportello Vomero", parent_group=napoli.name)
    vomero = group_named(told, "Sportello Vomero")
    assert vomero is not None
    assert vomero.parent_group == napoli.name
    console.follow("Modifica Sportello Vomero")
    console.press("Salva gruppo", display_name="Sportello Arenella")
    assert group_named(told, "Sportello Arenella")
    console.follow("Elimina Sportello Arenella")
    console.press("Elimina il gruppo")
    assert group_named(told, "Sportello Arenella") is None


def test_two_groups_do_not_share_a_name(console: Operator) -> None:
    console.open("/console/settings/groups/new")
    page = console.press("Salva gruppo", display_name="Sede Napoli")
    assert page.errors == {"display_name": "Questo nome è già usato"}


@pytest.mark.req("R-GRP-12")
def test_a_group_with_members_is_not_deleted(told: Story, console: Operator) -> None:
    napoli = group_named(told, "Sede Napoli")
    assert napoli is not None
    napoli.member_count = 3
    console.open("/console/settings/groups")
    page = console.follow("Elimina Sede Napoli")
    assert "Contiene ancora 3 tra clienti e contatti: spostali prima." in page.text
    page = console.press("Elimina il gruppo")
    assert console.answer.status_code == 422
    assert "Il gruppo contiene ancora clienti o contatti" in page.text
    assert group_named(told, "Sede Napoli")


@pytest.mark.req("R-PRV-09")
def test_a_new_version_of_the_policy_is_drafted_then_published(told: Story, console: Operator) -> None:
    console.open("/console/settings/privacy")
    console.follow("Nuova versione")
    page = console.press("Salva bozza", version="2026-12", text_it="# Chi siamo\n\n<b>x</b>", text_en="# Who we are")
    assert "Chi siamo" in page.text
    assert "<b>x</b>" not in page.markup, "the policy holds no HTML"
    console.follow("Pubblica")
    page = console.press("Pubblica la versione 2026-12")
    states = {policy.version: policy.state for policy in told.backend.identity.policies}
    assert states == {"2026-12": Policy.CURRENT, "2026-11": Policy.SUPERSEDED}
    assert "2026-12 In vigore" in page.text


def test_a_draft_is_deleted_after_a_question(told: Story, console: Operator) -> None:
    console.open("/console/settings/privacy")
    console.follow("Nuova versione")
    console.press("Salva bozza", version="9", text_it="# Prova", text_en="# Trial")
    console.follow("Elimina")
    assert "Eliminare la bozza 9?" in console.page.text
    console.press("Elimina la bozza")
    assert "Bozza eliminata" in console.page.text
    assert "9" not in [policy.version for policy in told.backend.identity.policies]


@pytest.mark.req("R-IDN-19")
@pytest.mark.req("R-IDN-20")
def test_how_people_sign_in_is_decided(told: Story, console: Operator) -> None:
    console.open("/console/settings")
    console.follow("Accesso")
    assert "Chi non l’ha ancora, te compreso, la imposta al prossimo accesso" in console.page.text
    console.press("Salva", self_service_reset=None, magic_link_lifetime_days="30", administrators_need_second_factor="1")
    assert "Impostazioni salvate" in console.page.text
    settings = told.backend.identity.settings
    assert (settings.self_service_reset, settings.magic_link_lifetime_days) == (False, 30)
    assert (settings.administrators_need_second_factor, settings.contacts_may_use_second_factor) == (True, True)


@pytest.mark.parametrize("days", ["31", "sette", "-1", "99999999999"])
def test_a_life_of_links_that_cannot_be_is_refused_under_its_field(told: Story, console: Operator, days: str) -> None:
    console.open("/console/settings/sign-in")
    page = console.press("Salva", magic_link_lifetime_days=days)
    assert console.answer.status_code == 422
    assert page.errors["magic_link_lifetime_days"] == "Scrivi un numero tra 1 e 30"
    assert told.backend.identity.settings.magic_link_lifetime_days == 7


@pytest.mark.req("R-GRP-04")
def test_an_operator_is_invited_with_roles_and_groups(told: Story, console: Operator) -> None:
    napoli = group_named(told, "Sede Napoli")
    assert napoli is not None
    console.open("/console/settings/operators")
    console.follow("Invita un operatore")
    page = console.press(
        "Invia l’invito", display_name="Ciro Esposito", email="ciro@studio.example", roles=["roles/accountant"], groups=[napoli.name]
    )
    account = next(one for one in told.backend.identity.accounts.values() if one.display_name == "Ciro Esposito")
    assert (list(account.roles), list(account.groups), account.state) == (["roles/accountant"], [napoli.name], Account.INVITED)
    assert "Contabile Sede Napoli Invitato" in page.text
    console.press("Invia di nuovo l’invito a Ciro Esposito")
    assert told.backend.identity.requested == [("INVITATION", "ciro@studio.example")]


def test_an_operator_is_deactivated_and_let_in_again(told: Story, console: Operator) -> None:
    id_ = UUID(int=9)
    told.backend.identity.accounts[id_] = Account(
        name=f"accounts/{id_}", kind=Account.OPERATOR, display_name="Ciro Esposito", email="ciro@studio.example", state=Account.ACTIVE
    )
    console.open("/console/settings/operators")
    console.follow("Disattiva Ciro Esposito")
    page = console.press("Disattiva Ciro Esposito")
    assert told.backend.identity.accounts[id_].state == Account.DISABLED
    assert "Disattivato" in page.text
    console.press("Riattiva Ciro Esposito")
    assert told.backend.identity.accounts[id_].state == Account.ACTIVE


PAGES = [
    "/console", "/console/customers", "/console/customers/new", "/console/customers/{abc}", "/console/customers/{abc}/contacts",
    "/console/customers/{abc}/billing", "/console/customers/{abc}/edit", "/console/contacts", "/console/contacts/{laura}",
    "/console/contacts/{laura}/edit", "/console/contacts/{laura}/messages", "/console/contacts/{laura}/activity",
    "/console/contacts/{laura}/why", "/console/contacts/{laura}/primary",
    "/console/contacts/{laura}/delete",
    "/console/contacts/{laura}/password", "/console/contacts/{laura}/link", "/console/contacts/new", "/console/invoices",
    "/console/invoices/new", "/console/invoices/{due}", "/console/invoices/{draft}", "/console/invoices/{draft}/edit",
    "/console/invoices/{draft}/issue", "/console/invoices/{draft}/delete", "/console/invoices/{due}/payments/new", "/console/dispatches",
    "/console/dispatches/{dispatch}", "/console/dispatches/{dispatch}/why/{giuseppe}", "/console/messages", "/console/settings",
    "/console/settings/organisation", "/console/settings/defaults", "/console/settings/billing", "/console/settings/groups",
    "/console/settings/sign-in", "/console/sessions",
    "/console/settings/groups/new", "/console/settings/privacy", "/console/settings/privacy/new", "/console/settings/operators",
    "/console/settings/operators/new", "/console/settings/roles", "/console/settings/roles/new", "/console/settings/roles/who",
    "/console/settings/applications", "/console/settings/applications/new",
]  # fmt: skip


@pytest.mark.req("R-POR-07")
@pytest.mark.parametrize("address", PAGES)
def test_each_page_is_whole_in_both_languages(told: Story, console: Operator, address: str) -> None:
    names = {name: getattr(told, name) for name in ("abc", "laura", "giuseppe", "due", "draft", "dispatch")}
    texts = set()
    for language in ("it", "en"):
        console._client.set_cookie("language", language)
        page = console.open(address.format(**names))
        assert console.answer.status_code == 200
        assert f'<html lang="{language}"' in page.markup
        assert page.markup.count("<h1") == 1
        assert len(gzip.compress(page.markup.encode())) <= 15_000, "what travels"
        for form in page.forms:
            assert form.method == "get" or form.values.get("csrf_token"), form.action
        texts.add(page.text)
    assert len(texts) == 2


READS = frozenset({"contacts.read", "documents.read", "notifications.read"})


@pytest.mark.parametrize("address", PAGES)
def test_who_only_reads_is_led_to_nothing_that_would_be_refused(told: Story, console: Operator, address: str) -> None:
    told.backend.identity.capabilities = READS
    names = {name: getattr(told, name) for name in ("abc", "laura", "giuseppe", "due", "draft", "dispatch")}
    page = console.open(address.format(**names))
    writes = [
        form.action
        for form in page.forms
        if form.method == "post" and not re.match("/console/(preferences/|sessions/|sign-out$)", form.action)  # of one's own
    ]
    if console.answer.status_code == 200:
        assert not writes
        changing = ("/new", "/edit", "/delete", "/primary", "/issue", "/password", "/link")
        own = {"/console/contacts/views/new"}  # a view of the list, which whoever reads it may keep
        assert not [path for _words, path in page.links if path.partition("?")[0].endswith(changing) and path.partition("?")[0] not in own]
    else:
        assert console.answer.status_code == 404


def test_an_operator_who_sees_all_keeps_that_when_edited(told: Story, console: Operator) -> None:
    account = told.backend.identity.accounts[told.operator]
    account.roles.append("roles/sees-all")
    console.open(f"/console/settings/operators/{told.operator}/edit")
    console.press("Salva operatore", display_name="Francesca R.")
    assert list(told.backend.identity.accounts[told.operator].roles) == ["roles/administrator", "roles/sees-all"]

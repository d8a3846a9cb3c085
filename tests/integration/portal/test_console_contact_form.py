"""One form for a new and a stored contact: what it may open, what it is told, who is primary."""

from __future__ import annotations

from uuid import UUID

import pytest
from recapito.contacts.v1.contacts_pb2 import Affiliation, Contact, ContactPoint
from recapito.contacts.v1.permissions_pb2 import Permissions, Preferences
from recapito.identity.v1.accounts_pb2 import ExplainAccessResponse

from services.portal.views.console import words
from tests.integration.portal.builders import Story
from tests.integration.portal.pages import Operator

Check = ExplainAccessResponse.Check


def affiliation(told: Story, contact_id: UUID) -> Affiliation:
    return told.backend.contacts.get_affiliation(told.abc, contact_id)


def made(told: Story, first_name: str) -> Contact:
    return next(contact for contact in told.backend.contacts.contacts.values() if contact.first_name == first_name)


# --- one form, empty or filled -------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-LST-06", "R-CON-12")
def test_adding_and_editing_open_the_same_form(told: Story, console: Operator) -> None:
    empty, _button = console.open(f"/console/contacts/new?customer={told.abc}").form("Crea contatto")
    console.open(f"/console/customers/{told.abc}/contacts")
    filled, _button = console.follow("Modifica Laura Bianchi").form("Salva contatto")
    only_new = {"password_choice", "skip_welcome"}
    assert (empty.values.keys() | empty.choices.keys()) - only_new == (filled.values.keys() | filled.choices.keys()) - {
        "etag",
        "affiliation_etag",
    }
    assert filled.values["first_name"] == ["Laura"]
    assert "first_name" in empty.values
    assert empty.values["first_name"] == [""]


@pytest.mark.req("R-CON-02", "R-CON-03")
def test_first_and_last_name_are_asked_for(told: Story, console: Operator) -> None:
    console.open(f"/console/contacts/new?customer={told.abc}")
    page = console.press("Crea contatto", email="anna@abc.example")
    assert console.answer.status_code == 422
    assert page.errors.keys() == {"first_name", "last_name"}


@pytest.mark.req("R-IDN-06", "R-IDN-16", "R-IDN-18")
def test_access_is_a_switch_beside_the_address_to_pass_on_and_a_link_is_proposed_before_a_typed_password(
    told: Story, console: Operator
) -> None:
    page = console.open(f"/console/contacts/new?customer={told.abc}")
    form, _button = page.form("Crea contatto")
    assert "http://localhost/area/" in page.text
    assert form.values["password_choice"] == ["link"]
    assert "non parte mai per email" in page.text
    console.press("Crea contatto", first_name="Anna", last_name="Neri", email="anna@abc.example", enabled="1")
    assert made(told, "Anna").access.enabled
    assert "http://localhost/area/" in console.page.text


@pytest.mark.req("R-CON-04", "R-CON-08", "R-CON-10", "R-IDN-01", "R-IDN-02")
def test_a_contact_is_made_with_all_it_needs(told: Story, console: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[bool, bool]] = []
    create = told.backend.contacts.create_contact

    def creating(contact: Contact, *, skip_welcome: bool, send_set_password: bool, request_id: str) -> Contact:
        asked.append((skip_welcome, send_set_password))
        return create(contact, skip_welcome=skip_welcome, send_set_password=send_set_password, request_id=request_id)

    monkeypatch.setattr(told.backend.contacts, "create_contact", creating)
    console.open(f"/console/contacts/new?customer={told.abc}")
    page = console.press(
        "Crea contatto", first_name="Amal", last_name="Haddad", email="amal@abc.example", phone="+39 345 123 4567", position="CTO",
        direction="RTL", language_code="en", skip_welcome="1", start_date="2026-01-01", end_date="2026-12-31", do_not_call="1",
    )  # fmt: skip
    contact = made(told, "Amal")
    assert asked == [(True, True)], "the link goes even without the welcome"
    assert contact.direction == Contact.RTL
    assert contact.contact_points[0].value == "+393451234567"
    assert contact.affiliations[0].position == "CTO"
    assert contact.access.end_date == "2026-12-31"
    assert contact.do_not_call
    assert "Non chiamare" in page.text
    assert list(contact.groups) == list(told.backend.contacts.customers[told.abc].groups), "the customer's groups are proposed"


@pytest.mark.req("R-PRM-12")
def test_a_new_contact_starts_from_the_defaults_and_each_can_be_changed(told: Story, console: Operator) -> None:
    settings = told.backend.contacts.settings
    settings.default_permissions.invoices = settings.default_permissions.support = Permissions.ALLOW
    settings.default_preferences.ticket = Preferences.ON
    page = console.open(f"/console/contacts/new?customer={told.abc}")
    form, _button = page.form("Crea contatto")
    assert form.values["permission_invoices"] == ["ALLOW"]
    assert form.values["permission_projects"] == ["DENY"]
    assert form.values["notify_ticket"] == ["1"]
    console.press("Crea contatto", first_name="Anna", last_name="Neri", email="anna@abc.example", permission_support="DENY")
    permissions = made(told, "Anna").affiliations[0].permissions
    assert (permissions.invoices, permissions.support) == (Permissions.ALLOW, Permissions.DENY)


@pytest.mark.req("R-CUS-12")
def test_the_form_shows_what_inheriting_means(told: Story, console: Operator) -> None:
    told.backend.contacts.customers[told.abc].permissions.estimates = Permissions.ALLOW
    page = console.open(f"/console/contacts/{told.laura}/edit")
    assert "Preventivi Eredita: Sì Sì No" in page.text
    assert "Proposte Eredita: No Sì No" in page.text
    console.press("Salva contatto", permission_estimates="INHERIT")
    assert affiliation(told, told.laura).permissions.estimates == Permissions.INHERIT


@pytest.mark.req("R-CON-06")
def test_a_taken_address_is_said_at_its_field(told: Story, console: Operator) -> None:
    console.open(f"/console/contacts/new?customer={told.abc}")
    page = console.press("Crea contatto", first_name="Anna", last_name="Neri", email="LAURA.bianchi@abc.example")
    assert page.errors["email"].startswith("L’email è già di un altro contatto")


@pytest.mark.req("R-CON-09")
def test_a_temporary_password_is_typed_on_a_page_of_its_own(told: Story, console: Operator) -> None:
    page = console.open(f"/console/contacts/{told.laura}")
    page = console.follow("Password temporanea")
    page = console.press("Imposta password", password="corta")
    assert page.errors == {"password": "Servono almeno 12 caratteri"}
    assert "corta" not in page.markup, "a password never comes back"
    console.press("Imposta password", password="una frase abbastanza lunga")
    assert told.laura in told.backend.identity.temporary


def test_the_other_contact_points_survive_an_edit(told: Story, console: Operator) -> None:
    contact = told.backend.contacts.contacts[told.laura]
    contact.contact_points.add(kind=ContactPoint.EMAIL, value="altra@abc.example")
    contact.contact_points.add(kind=ContactPoint.PHONE, value="+39081555")
    console.open(f"/console/contacts/{told.laura}/edit")
    console.press("Salva contatto", phone="+39 081 555 0142")
    points = [point.value for point in told.backend.contacts.contacts[told.laura].contact_points]
    assert points == ["+390815550142", "altra@abc.example"]


def test_tags_are_typed_with_commas_and_lead_to_everybody_who_holds_them(told: Story, console: Operator) -> None:
    console.open(f"/console/contacts/{told.laura}/edit")
    page = console.press("Salva contatto", tags=" fiera 2026, ,")
    assert told.backend.contacts.contacts[told.laura].tags == ["fiera 2026"]
    assert page.link("fiera 2026") == "/console/contacts?tag=fiera+2026"
    page = console.follow("fiera 2026")
    assert "Bianchi Laura" in page.text
    assert "Rossi Mario" not in page.text
    assert "Rossi Mario" in console.follow("Togli il filtro Etichetta: fiera 2026").text


def test_a_page_sent_twice_makes_one_contact(told: Story, console: Operator) -> None:
    console.open(f"/console/contacts/new?customer={told.abc}")
    console.press("Crea contatto", first_name="Anna", last_name="Neri", email="")
    console.send(*console.sent)
    assert [contact.first_name for contact in told.backend.contacts.contacts.values()].count("Anna") == 1


# --- primary -------------------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-PRI-02")
def test_the_first_contact_is_primary_and_the_box_cannot_be_switched_off(told: Story, console: Operator) -> None:
    page = console.open(f"/console/contacts/new?customer={told.gallo}")
    assert '<input class="form-check-input" type="checkbox" id="primary" checked disabled' in page.markup
    console.press("Crea contatto", first_name="Nunzia", last_name="Gallo", email="nunzia@gallo.example")
    assert made(told, "Nunzia").affiliations[0].primary


@pytest.mark.req("R-PRI-03")
def test_the_form_of_the_primary_has_no_way_to_take_the_flag_off(told: Story, console: Operator) -> None:
    page = console.open(f"/console/contacts/{told.mario}/edit")
    form, _button = page.form("Salva contatto")
    assert "primary" not in form.choices
    assert "È il contatto principale di ABC S.r.l." in page.text


@pytest.mark.req("R-PRI-04")
def test_marking_another_contact_and_saving_moves_the_flag(told: Story, console: Operator) -> None:
    console.open(f"/console/contacts/{told.laura}/edit")
    console.press("Salva contatto", primary="1")
    assert affiliation(told, told.laura).primary
    assert not affiliation(told, told.mario).primary


def test_making_somebody_primary_asks_first(told: Story, console: Operator) -> None:
    console.open(f"/console/contacts/{told.laura}")
    page = console.follow("Rendi principale")
    assert "Prende il posto di Mario Rossi, che resta un contatto." in page.text
    assert not affiliation(told, told.laura).primary
    page = console.press("Rendi principale Laura Bianchi")
    assert affiliation(told, told.laura).primary
    assert "Contatto principale: ora è Laura Bianchi" in page.text


# --- permissions and notifications ---------------------------------------------------------------------------------------------------
@pytest.mark.req("R-NOT-17", "R-NOT-18")
@pytest.mark.parametrize(
    ("button", "on"),
    [
        ("Amministrazione", {"invoice", "credit_note", "contract"}),
        ("Tecnico", {"project", "task", "ticket"}),
        ("Direzione", {"estimate", "proposal", "contract"}),
        ("Tutte spente", set()),
    ],
)
def test_a_profile_sets_the_switches_and_saves_nothing(told: Story, console: Operator, button: str, on: set[str]) -> None:
    before = affiliation(told, told.laura).preferences.SerializeToString()
    console.open(f"/console/contacts/{told.laura}/edit")
    page = console.press(button, position="Direttrice")
    form, _button = page.form("Salva contatto")
    assert {name for name in words.TYPES if form.values.get(f"notify_{name}") == ["1"]} == on
    assert form.values["position"] == ["Direttrice"], "what was typed stays"
    assert affiliation(told, told.laura).preferences.SerializeToString() == before
    console.press("Salva contatto")
    preferences = affiliation(told, told.laura).preferences
    assert {name for name in words.TYPES if getattr(preferences, name) == Preferences.ON} == on


@pytest.mark.req("R-NOT-01")
def test_each_message_below_a_type_has_a_choice_of_its_own(told: Story, console: Operator) -> None:
    console.open(f"/console/contacts/{told.laura}/edit")
    console.press("Salva contatto", kind_invoice_overdue="OFF", notify_ticket="1")
    preferences = affiliation(told, told.laura).preferences
    assert dict(preferences.kinds) == {"invoice_overdue": Preferences.OFF}
    assert preferences.ticket == Preferences.ON
    assert "1 eccezione" in console.page.text


@pytest.mark.req("R-NOT-21")
def test_a_notification_without_the_permission_is_pointed_out(told: Story, console: Operator) -> None:
    laura = affiliation(told, told.laura)
    laura.preferences.ticket = Preferences.ON
    laura.warnings.append(Affiliation.NOTIFICATION_WITHOUT_PERMISSION)
    page = console.open(f"/console/contacts/{told.laura}")
    assert "Assistenza Riceve email ma non può aprirle nel portale. No Sì Da verificare" in page.text
    page = console.open(f"/console/customers/{told.abc}")
    assert "Richiede attenzione" in page.text
    assert "Riceve email di una sezione che non può aprire nel portale." in page.text


@pytest.mark.req("R-NOT-19")
def test_the_flags_are_saved(told: Story, console: Operator) -> None:
    console.open(f"/console/contacts/{told.laura}/edit")
    page = console.press("Salva contatto", block_ticket_email="1", newsletter=None)
    contact = told.backend.contacts.contacts[told.laura]
    assert contact.block_ticket_email
    assert not contact.newsletter
    assert "Blocco email sui ticket" in page.text

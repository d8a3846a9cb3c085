"""The console's pages of customers and contacts: one form, what it may open, what it is told, who is primary."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from recapito.contacts.v1.contacts_pb2 import Affiliation, Contact, ContactPoint
from recapito.contacts.v1.customers_pb2 import Customer
from recapito.contacts.v1.permissions_pb2 import Permissions, Preferences
from recapito.identity.v1.accounts_pb2 import ExplainAccessResponse
from recapito.identity.v1.links_pb2 import Link
from recapito.identity.v1.policies_pb2 import Acceptance

from libs.errors import PermissionDenied
from services.portal.views.console import words
from tests.integration.portal.builders import Story
from tests.integration.portal.fakes import PASSWORD, StoredLink, stamp
from tests.integration.portal.pages import Operator

Check = ExplainAccessResponse.Check


def affiliation(told: Story, contact_id: UUID) -> Affiliation:
    return told.backend.contacts.get_affiliation(told.abc, contact_id)


def made(told: Story, first_name: str) -> Contact:
    return next(contact for contact in told.backend.contacts.contacts.values() if contact.first_name == first_name)


# --- the customer --------------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-DSH-01", "R-DSH-02", "R-DSH-03", "R-DSH-04")
def test_the_name_of_a_customer_leads_to_what_it_owes(told: Story, console: Operator) -> None:
    console.open("/console/customers")
    page = console.follow("ABC S.r.l.")
    assert console.answer.status_code == 200
    assert "Saldo dovuto 5.380,60 € 2.452,60 € già scaduti" in page.text
    assert "Totale fatturato 10.284,60 €" in page.text
    assert "Totale incassato 4.904,00 € 48 % del fatturato" in page.text


@pytest.mark.req("R-DSH-06", "R-DSH-07")
def test_the_dashboard_lists_the_invoices_of_this_customer_in_their_states(told: Story, console: Operator) -> None:
    page = console.open(f"/console/customers/{told.abc}")
    for state in ("Inviata", "Parziale, scaduta", "Scaduta", "Pagata", "Bozza"):
        assert state in page.text
    other = console.open(f"/console/customers/{told.gallo}")
    assert "INV-" not in other.text


def test_a_section_that_is_closed_to_the_operator_is_absent(told: Story, console: Operator) -> None:
    documents = told.backend.documents

    def refuse(*_arguments: object) -> None:
        raise PermissionDenied("this caller may not do this", reason="NOT_ALLOWED")

    documents.get_statement = documents.list_invoices = refuse  # type: ignore[method-assign,assignment] # closed for this test
    page = console.open(f"/console/customers/{told.abc}")
    assert console.answer.status_code == 200
    assert "Saldo dovuto" not in page.text
    assert "Mario Rossi" in page.text


@pytest.mark.req("R-CUS-11", "R-PRI-05")
def test_the_contacts_of_a_customer_are_listed_the_primary_first(told: Story, console: Operator) -> None:
    console.open(f"/console/customers/{told.abc}")
    page = console.follow("Contatti 3")
    names = [
        words
        for words, address in page.links
        if "/console/contacts/" in address and words in {"Mario Rossi", "Laura Bianchi", "Giuseppe Verdi"}
    ]
    assert names[0] == "Mario Rossi"
    assert set(names) == {"Mario Rossi", "Laura Bianchi", "Giuseppe Verdi"}
    assert "Laura Bianchi" in console.follow("Laura Bianchi").text


@pytest.mark.req("R-CUS-01", "R-CUS-03", "R-CUS-06")
def test_a_customer_is_made_from_the_form(told: Story, console: Operator) -> None:
    console.open("/console/customers/new")
    page = console.press(
        "Crea cliente", display_name="Il Porto APS", kind="ASSOCIATION", categories=["MEMBER", "CLIENT"], email="info@porto.example",
        phone="+39 081 555 0142", vat_number="IT01234567897", street="via Roma 1", city="Napoli", province="NA", postal_code="80133",
        permission_invoices="ALLOW",
    )  # fmt: skip
    assert "Il Porto APS" in page.text
    customer = next(one for one in told.backend.contacts.customers.values() if one.display_name == "Il Porto APS")
    assert customer.phone == "+390815550142"
    assert customer.tax_identity.address.postal_code == "80133"
    assert list(customer.categories) == [Customer.MEMBER, Customer.CLIENT]
    assert customer.permissions.invoices == Permissions.ALLOW
    assert customer.permissions.estimates == Permissions.MODE_UNSPECIFIED, "the third choice takes the defaults"


def test_an_error_keeps_what_was_typed_and_stands_under_its_field(console: Operator) -> None:
    console.open("/console/customers/new")
    page = console.press("Crea cliente", display_name="Porto", vat_number="IT1", street="via Roma 1")
    assert console.answer.status_code == 422
    assert page.errors == {"vat_number": "La partita IVA non è valida: servono 11 cifre con quella di controllo giusta"}
    assert ("Partita IVA: " + page.errors["vat_number"], "#vat_number") in page.links
    form, _button = page.form("Crea cliente")
    assert form.values["street"] == ["via Roma 1"]
    assert page.text.startswith("Errore: Nuovo cliente – Clienti – Recapito")


def test_a_customer_that_somebody_else_saved_shows_both_versions(told: Story, console: Operator) -> None:
    page = console.open(f"/console/customers/{told.abc}/edit")
    stored = told.backend.contacts.customers[told.abc]
    stored.email, stored.etag = "nuova@abc.example", '"9"'
    page = console.press("Salva cliente", email="mia@abc.example")
    assert console.answer.status_code == 409
    assert "Un’altra persona ha salvato nel frattempo" in page.text
    assert "Salvato da un’altra persona: nuova@abc.example" in page.text
    page = console.press("Salva cliente")
    assert told.backend.contacts.customers[told.abc].email == "mia@abc.example", "saving again, having seen it, is meant"


@pytest.mark.req("R-DSH-05")
def test_a_customer_without_invoices_owes_nothing(told: Story, console: Operator) -> None:
    assert "nessuna fattura emessa" in console.open(f"/console/customers/{told.gallo}").text


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


# --- deleting ------------------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-DEL-01")
def test_deleting_needs_a_confirmation(told: Story, console: Operator) -> None:
    console.open(f"/console/contacts/{told.laura}")
    page = console.follow("Elimina o spegni le notifiche")
    assert "Perde l’accesso subito e non si può recuperare." in page.text
    assert told.laura in told.backend.contacts.contacts
    console.press("Elimina Laura Bianchi")
    assert told.laura not in told.backend.contacts.contacts


@pytest.mark.req("R-NOT-16", "R-NOT-15")
def test_switching_all_notifications_off_is_offered_instead(told: Story, console: Operator) -> None:
    console.open(f"/console/contacts/{told.mario}/delete")
    page = console.press("Spegni tutte le notifiche")
    preferences = affiliation(told, told.mario).preferences
    assert {getattr(preferences, name) for name in words.TYPES} == {Preferences.OFF}
    assert told.backend.contacts.contacts[told.mario].access.enabled
    assert "L’accesso al portale resta" in page.text


@pytest.mark.req("R-PRI-08")
def test_the_primary_contact_is_not_deleted(told: Story, console: Operator) -> None:
    page = console.open(f"/console/contacts/{told.mario}/delete")
    assert "Scegli prima un altro contatto principale" in page.text
    page = console.press("Elimina Mario Rossi")
    assert console.answer.status_code == 422
    assert told.mario in told.backend.contacts.contacts


def test_an_old_sign_in_is_asked_for_the_password_again(told: Story, console: Operator) -> None:
    for session in told.backend.identity.sessions.values():
        session.fresh_until = datetime.now(UTC) - timedelta(seconds=1)
    console.open(f"/console/contacts/{told.laura}/delete")
    page = console.press("Elimina Laura Bianchi")
    assert console.answer.status_code == 422
    assert "Per sicurezza scrivi di nuovo la tua password" in page.text
    page = console.press("Elimina Laura Bianchi", confirm_password="sbagliata")
    assert "La password non è giusta" in page.text
    console.press("Elimina Laura Bianchi", confirm_password=PASSWORD)
    assert told.laura not in told.backend.contacts.contacts


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


# --- the card ------------------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-PRV-07", "R-PRV-08")
def test_the_evidence_of_the_acceptance_is_shown_and_cannot_be_written(told: Story, console: Operator) -> None:
    proof = Acceptance(
        version="2026-11", language_code="it", text_sha256="ab" * 32, accept_time=stamp(datetime(2026, 9, 4, 6, 57, 12, tzinfo=UTC)),
        ip_address="203.0.113.24", user_agent="Firefox 142 su Windows",
    )  # fmt: skip
    told.backend.identity.acceptances.append((told.laura, proof))
    page = console.open(f"/console/contacts/{told.laura}")
    for evidence in ("2026-11", "4 set 2026, 08:57:12", "203.0.113.24", "Firefox 142 su Windows", "Sola lettura"):
        assert evidence in page.text
    assert not [form for form in page.forms if "accept" in form.action]


@pytest.mark.req("R-PRV-07", "R-PRV-08")
def test_rule_56_the_evidence_is_downloaded_and_no_cell_is_a_formula(told: Story, console: Operator) -> None:
    for number, agent in enumerate(('=HYPERLINK("https://evil.example")', "+1", "-1", "@SUM(1)", "Firefox, su Windows"), start=1):
        proof = Acceptance(
            name=f"accounts/{told.laura}/acceptances/{number}", version=f"2026-{number}", language_code="it", text_sha256="ab" * 32,
            accept_time=stamp(datetime(2026, 9, 4, 6, 57, 12, tzinfo=UTC)), ip_address="203.0.113.24", user_agent=agent,
        )  # fmt: skip
        told.backend.identity.acceptances.append((told.laura, proof))
    console.open(f"/console/contacts/{told.laura}")
    console.follow("Scarica le prove")
    assert console.answer.headers["Content-Disposition"] == f'attachment; filename="acceptances-{told.laura}.csv"'
    assert console.answer.headers["X-Content-Type-Options"] == "nosniff"
    assert console.answer.headers["Cache-Control"] == "no-store"
    head, *rows = csv.reader(io.StringIO(console.answer.get_data().decode("utf-8-sig")))
    assert head[:2] == ["version", "accept_time"]
    assert [row[0] for row in rows] == [f"2026-{number}" for number in range(1, 6)]
    assert {row[1] for row in rows} == {"2026-09-04T06:57:12+00:00"}
    assert [row[5] for row in rows] == ['\'=HYPERLINK("https://evil.example")', "'+1", "'-1", "'@SUM(1)", "Firefox, su Windows"]


@pytest.mark.req("R-ACT-02", "R-ACT-05")
def test_the_card_shows_the_last_access_and_what_was_viewed(told: Story, console: Operator) -> None:
    told.backend.contacts.contacts[told.mario].last_access_time.CopyFrom(stamp(datetime(2026, 3, 3, 8, 12, tzinfo=UTC)))
    page = console.open(f"/console/contacts/{told.mario}")
    assert "ultimo accesso 3 mar 2026, 09:12" in page.text
    assert "Fattura INV-2026-000142 vista" in page.text
    assert page.link("Fattura INV-2026-000142 vista") == f"/console/invoices/{told.due}"


@pytest.mark.req("R-ACT-09")
def test_who_never_entered_is_a_filter_of_the_list(told: Story, console: Operator) -> None:
    told.backend.contacts.contacts[told.mario].last_access_time.GetCurrentTime()
    console.open("/console/contacts")
    page = console.follow("Nessun accesso finora")
    assert "Bianchi Laura" in page.text
    assert "Rossi Mario" not in page.text


@pytest.mark.req("R-IDN-09")
def test_a_link_for_the_password_is_sent_from_the_card_and_can_be_cancelled(told: Story, console: Operator) -> None:
    identity = told.backend.identity
    identity.links["t"] = StoredLink(told.laura, Link.SET_PASSWORD, name=f"accounts/{told.laura}/links/{told.abc}")
    console.open(f"/console/contacts/{told.laura}")
    console.press("Invia link per la password")
    assert identity.requested == [("SET_PASSWORD", "laura.bianchi@abc.example")]
    console.press("Annulla Link per creare la password")
    assert identity.links["t"].state == Link.CANCELLED


def test_a_person_may_act_for_a_further_customer(told: Story, console: Operator) -> None:
    console.open(f"/console/contacts/{told.laura}/link?q=Gallo")
    page = console.press("Collega", position="Consulente")
    assert "Qualifica, ruolo, permessi e notifiche qui sotto valgono per Gallo Fratelli S.n.c." in page.text
    assert told.backend.contacts.get_affiliation(told.gallo, told.laura).position == "Consulente"


@pytest.mark.parametrize("address", ["/console/contacts/new?customer=x", "/console/customers?page=x", f"/console/contacts/{UUID(int=7)}"])
def test_a_made_up_address_is_a_page_that_is_not_there(console: Operator, address: str) -> None:
    console.open(address)
    assert console.answer.status_code == 404


def test_typing_in_a_list_swaps_only_its_rows(console: Operator) -> None:
    console.open("/console/contacts?q=laura", **{"HX-Request-Type": "partial"})
    assert console.answer.headers["Vary"] == "HX-Request-Type"
    assert "<html" not in console.page.markup
    assert "Bianchi Laura" in console.page.text
    assert "Rossi Mario" not in console.page.text


# --- who sees a person, but not the home customer -----------------------------------------------------------------------------------
@pytest.mark.req("R-GRP-09")
def test_a_person_is_edited_for_a_customer_that_is_seen_when_the_home_customer_is_not(told: Story, console: Operator) -> None:
    contact = told.backend.contacts.contacts[told.laura]
    contact.affiliations[0].name = f"customers/{told.gallo}/affiliations/{told.laura}"
    contact.customer = ""
    console.open(f"/console/contacts/{told.laura}")
    page = console.follow("Modifica")
    assert "Gallo" in page.text
    console.press("Salva contatto", first_name="Laura Maria")
    assert told.backend.contacts.contacts[told.laura].first_name == "Laura Maria", page.text


@pytest.mark.req("R-GRP-09")
def test_a_person_seen_without_any_customer_is_shown_and_can_be_deleted(told: Story, console: Operator) -> None:
    contact = told.backend.contacts.contacts[told.laura]
    del contact.affiliations[:]
    contact.customer = ""
    page = console.open(f"/console/contacts/{told.laura}")
    assert f"/console/contacts/{told.laura}/edit" not in page.markup
    console.open(f"/console/contacts/{told.laura}/edit")
    assert console.answer.status_code == 404
    console.open(f"/console/contacts/{told.laura}/delete")
    console.press("Elimina Laura Bianchi")
    assert told.laura not in told.backend.contacts.contacts

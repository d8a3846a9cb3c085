"""The console in a real browser, over fakes: policy of the browser, accessibility, phones, keyboard, and work without script."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, ViewportSize
from recapito.contacts.v1.contact_roles_pb2 import ContactRole
from recapito.contacts.v1.contacts_pb2 import ContactPoint
from recapito.contacts.v1.fields_pb2 import Field
from recapito.contacts.v1.leads_pb2 import Lead
from recapito.contacts.v1.notes_pb2 import Note
from recapito.contacts.v1.settings_pb2 import ContactsSettings
from recapito.contacts.v1.sub_contacts_pb2 import SubContact
from recapito.contacts.v1.views_pb2 import View
from recapito.notifications.v1.messages_pb2 import Message
from recapito.type.v1.type_pb2 import LocalizedText

from services.portal.views.console.contact_list import COLUMNS
from tests.browser import DESKTOP, NARROWEST, PHONE, Window, window
from tests.integration.portal.builders import Story, story
from tests.integration.portal.fakes import PASSWORD
from tests.integration.portal.serve import serving

FRANCESCA = "francesca@studio.example"
UPDATE = "recapito.contacts.v1.Contacts.UpdateContact"
SIGN_IN = "recapito.identity.v1.Sessions.CreateSession"
ALL_COLUMNS = "&".join(f"col={name}" for name in COLUMNS)


@pytest.fixture
def told() -> Story:
    told = story()
    told.accept_policy(told.laura)
    told.backend.audit.record(UPDATE, f"contacts/{told.laura}", actor=f"accounts/{told.operator}", changed_fields=["email", "first_name"])
    told.backend.audit.record(SIGN_IN, f"accounts/{told.operator}", result="UNAUTHENTICATED WRONG_CREDENTIALS", ip_address="192.0.2.7")
    told.backend.audit.broken = {"documents": 3}
    next(iter(told.backend.notifications.messages.values())).state = Message.UNCERTAIN
    told.backend.contacts.similar = 1
    view = View(name=f"views/{told.operator}", display_name="Mai entrati", filter="never_entered = true", shared=True)
    told.backend.views.views[view.name] = (view, f"accounts/{told.operator}")
    role = told.backend.contacts.create_contact_role(ContactRole(label_it="Referente amministrativo", position=10), "")
    told.backend.contacts.contacts[told.laura].affiliations[0].contact_role = role.name
    told.backend.relations.create_sub_contact(told.mario, SubContact(contact=f"contacts/{told.laura}", relation="Dipendente"), "")
    for parent in (f"contacts/{told.laura}", f"customers/{told.abc}"):
        told.backend.notes.create_note(parent, Note(text="Chiede il preventivo entro venerdì.\n\nRichiamare.", pinned=True), "")
    lead = Lead(
        first_name="Anna", last_name="Verdi", company="Gallo S.r.l.", position="Titolare", email="anna@verdi.example", origin="fiera",
        contact_points=[ContactPoint(kind=ContactPoint.MOBILE, value="+393451234567")],
    )  # fmt: skip
    told.backend.leads.create_lead(lead, "")
    told.backend.transfers.some_imports()
    told.backend.contacts.settings.modules.MergeFrom(ContactsSettings.Modules(membership=True, custom_fields=True))
    options = [Field.Option(label=LocalizedText(it=name)) for name in ("Italiano", "Inglese")]
    told.backend.fields.create_field(Field(label=LocalizedText(it="Lingua preferita"), type=Field.CHOICE, options=options), "")
    members: list[dict[str, str | bool]] = [{"name": "Ada Verdi", "relation": "child", "dependant": True, "birth_date": "2011-02-03"}]
    told.backend.contacts.contacts[told.laura].profile.update(
        {"kind": "person", "categories": ["client"], "family_members": members, "lingua_preferita": "italiano", "citizenship": "FR"}
    )
    return told


@pytest.fixture
def base_url(told: Story) -> Iterator[str]:
    with serving(told) as url:
        yield url


def pages(told: Story) -> list[str]:
    abc, laura, draft, due = told.abc, told.laura, told.draft, told.due
    policy = told.backend.identity.policies[0].name.split("/")[1]
    message = next(iter(told.backend.notifications.messages))
    role, note = next(iter(told.backend.contacts.contact_roles)), next(iter(told.backend.notes.notes)).split("/")[-1]
    lead, custom = next(iter(told.backend.leads.leads)), next(iter(told.backend.fields.custom))
    imports = [f"/console/imports/{id_}{page}" for id_ in told.backend.transfers.jobs for page in ("", "/columns", "/delete")]
    view = next(iter(told.backend.views.views))
    return [
        "/console", "/console/customers", f"/console/customers/{abc}", f"/console/customers/{abc}/contacts",
        f"/console/customers/{abc}/billing", f"/console/customers/{abc}/edit", "/console/contacts", f"/console/contacts/{laura}",
        f"/console/contacts/{laura}/edit", f"/console/contacts/new?customer={abc}", f"/console/contacts/{laura}/messages",
        f"/console/contacts/{told.mario}/activity", f"/console/contacts/{laura}/why?kind=invoice_issued&operator={told.operator}",
        f"/console/contacts/{laura}/primary", f"/console/contacts/{laura}/delete", f"/console/contacts/{laura}/password",
        f"/console/contacts/{laura}/merge", f"/console/contacts/{laura}/merge?q=verdi", f"/console/contacts/{laura}/merge/{told.giuseppe}",
        f"/console/contacts/{laura}/link?q=gallo", f"/console/contacts/{laura}/move?q=gallo",
        f"/console/contacts/{told.mario}/sub?q=verdi", f"/console/contacts/{told.mario}/sub/{laura}/edit",
        f"/console/contacts/{told.mario}/sub/{laura}/unlink", f"/console/contacts/{laura}/unlink?customer={abc}",
        f"/console/contacts/{laura}/past?at=2026-01-01T10:00", f"/console/contacts/{laura}/past?at=2999-01-01T10:00",
        f"/console/contacts/{laura}/past?at={datetime.now(UTC):%Y-%m-%dT%H:%M:%S}Z", f"/console/contacts/{laura}/activity",
        f"/console/customers/{abc}/activity",
        "/console/invoices", "/console/invoices/new", f"/console/invoices/{due}",
        f"/console/invoices/{draft}/edit", f"/console/invoices/{draft}/issue", f"/console/invoices/{due}/payments/new",
        "/console/dispatches", f"/console/dispatches/{told.dispatch}?q=verdi", f"/console/dispatches/{told.dispatch}/why/{laura}",
        "/console/messages", f"/console/messages/{message}", "/console/settings", "/console/settings/organisation",
        "/console/settings/blocks", "/console/settings/fields", "/console/settings/fields/new",
        f"/console/settings/fields/{custom}/edit", f"/console/settings/fields/{custom}/delete",
        "/console/settings/modules", "/console/settings/defaults", "/console/settings/billing", "/console/settings/groups",
        "/console/settings/contact-roles", "/console/settings/contact-roles/new", f"/console/settings/contact-roles/{role}/edit",
        f"/console/settings/contact-roles/{role}/delete", f"/console/contacts/{laura}/notes", f"/console/customers/{abc}/notes",
        f"/console/contacts/{laura}/notes/{note}/edit", f"/console/contacts/{laura}/notes/{note}/delete",
        f"/console/contacts?language=it&from=2020-01-01&filter=first_name+!=+%22x%22&{ALL_COLUMNS}", "/console/contacts?q=nessuno",
        "/console/contacts/views", "/console/contacts/views/new?language=it", f"/console/contacts/{view}/edit",
        f"/console/contacts/{view}/delete",
        "/console/contacts/export", "/console/imports", "/console/imports/new", *imports,
        "/console/contacts/bulk", "/console/leads", "/console/leads/new", f"/console/leads/{lead}", f"/console/leads/{lead}/edit",
        f"/console/leads/{lead}/convert", f"/console/leads/{lead}/delete", f"/console/leads/{lead}/anonymize",
        "/console/settings/privacy", "/console/settings/sign-in", "/console/sessions",
        f"/console/settings/privacy/{policy}", "/console/settings/privacy/new", "/console/settings/operators",
        "/console/settings/operators/new", f"/console/settings/operators/{told.operator}/edit", "/console/settings/roles",
        "/console/settings/roles/new", "/console/settings/roles/who", "/console/audit",
        "/console/settings/applications", "/console/settings/applications/new",
        "/console/audit/verify", "/console/audit/export", "/console/nothing",
    ]  # fmt: skip


def at_work(opened: Window) -> None:
    opened.sign_in(FRANCESCA, PASSWORD, "console")
    assert opened.path == "/console"


# --- accessibility and layout --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("theme", "size"), [("light", DESKTOP), ("dark", PHONE)], ids=["light-desktop", "dark-phone"])
def test_every_page_passes_the_accessibility_rules(told: Story, base_url: str, chromium: Browser, theme: str, size: ViewportSize) -> None:
    with window(chromium, base_url, size=size) as francesca:
        francesca.theme(theme)
        at_work(francesca)
        found = {}
        for path in pages(told):
            francesca.open(path)
            found[path] = francesca.accessibility()
    assert not {path: faults for path, faults in found.items() if faults}


def test_a_page_with_errors_passes_them_too(told: Story, base_url: str, chromium: Browser) -> None:
    with window(chromium, base_url) as francesca:
        at_work(francesca)
        francesca.open(f"/console/contacts/new?customer={told.abc}")
        francesca.page.fill("#email", "laura.bianchi@")
        francesca.page.click("text=Crea contatto")
        assert francesca.page.title().startswith("Errore: ")
        assert francesca.page.evaluate("document.activeElement.id") == "errors", "the summary has the focus"
        assert not francesca.accessibility()
        francesca.page.click("#errors a >> nth=0")
        assert francesca.page.evaluate("document.activeElement.id || location.hash.slice(1)") in {"email", "first_name", "last_name"}


def test_nothing_scrolls_sideways_on_the_narrowest_phone(told: Story, base_url: str, chromium: Browser) -> None:
    told.backend.contacts.customers[told.abc].display_name = "Associazione per la Promozione della Contabilità Analitica S.p.A."
    next(iter(told.backend.notes.notes.values())).text = "https://esempio.example/" + "x" * 200
    told.backend.contacts.contacts[told.laura].email = "una.casella.dal.nome.lunghissimo.davvero@associazione-per-la-promozione.example"
    with window(chromium, base_url, size=NARROWEST) as francesca:
        at_work(francesca)
        wide = {}
        for path in pages(told):
            francesca.open(path)
            wide[path] = francesca.sideways()
    assert not {path: pixels for path, pixels in wide.items() if pixels > 0}


# --- ways of use ---------------------------------------------------------------------------------------------------------------------
def test_the_search_of_a_list_answers_while_typing(told: Story, base_url: str, chromium: Browser) -> None:
    with window(chromium, base_url) as francesca:
        at_work(francesca)
        francesca.open("/console/contacts")
        francesca.page.locator("#q").press_sequentially("verdi", delay=20)
        francesca.page.wait_for_url("**/console/contacts?q=verdi**")
        assert francesca.page.locator("#list tbody tr:not(.rc-similar)").count() == 1
        assert "Verdi Giuseppe" in francesca.page.inner_text("#list")
        assert francesca.page.evaluate("document.activeElement.id") == "q", "the focus stays where the typing is"
        assert francesca.page.locator("h1").count() == 1


@pytest.mark.req("R-LST-04")
def test_all_columns_at_once_stay_readable_and_scroll_inside_the_card(told: Story, base_url: str, chromium: Browser) -> None:
    with window(chromium, base_url) as francesca:
        at_work(francesca)
        francesca.open(f"/console/contacts?{ALL_COLUMNS}")
        person = francesca.page.locator("tbody th").first.bounding_box()
        assert person is not None
        assert person["height"] < 90, "a name and its email on a few lines, not letter by letter"
        assert francesca.sideways() == 0
        francesca.page.locator(".rc-row-menu summary").last.click()
        francesca.page.get_by_text("Apri la scheda").last.click()
        francesca.page.wait_for_url("**/console/contacts/*-*")


def test_the_preview_of_the_email_runs_no_script_and_loads_nothing(told: Story, base_url: str, chromium: Browser) -> None:
    message_id, message = next(iter(told.backend.notifications.messages.items()))
    message.content.html = (
        "<!doctype html><html lang='it'><body><p id='words'>Ciao</p>"
        "<form action='https://evil.example/'><input name='x'></form><p style='color:#0b6073'>colore</p></body></html>"
    )
    with window(chromium, base_url) as francesca:
        at_work(francesca)
        francesca.open(f"/console/messages/{message_id}")
        frame = francesca.page.frame_locator("iframe.rc-frame")
        assert frame.locator("#words").inner_text() == "Ciao"
        assert francesca.page.locator("iframe.rc-frame").get_attribute("sandbox") == ""


def test_the_person_chosen_for_the_preview_is_marked(told: Story, base_url: str, chromium: Browser) -> None:
    with window(chromium, base_url) as francesca:
        at_work(francesca)
        francesca.open(f"/console/invoices/{told.draft}/issue")
        francesca.page.locator("li", has_text="Laura Bianchi").get_by_role("link").click()
        assert "Laura Bianchi" in francesca.page.inner_text("li.chosen")
        assert francesca.path == f"/console/invoices/{told.draft}/issue?contact={told.laura}"


@pytest.mark.req("R-NTE-01")
def test_a_note_is_written_kept_on_top_and_deleted_without_script(told: Story, base_url: str, chromium: Browser) -> None:
    with window(chromium, base_url, script=False) as francesca:
        at_work(francesca)
        francesca.open(f"/console/contacts/{told.giuseppe}")
        francesca.page.click(".rc-tabs >> text=Note")
        francesca.page.fill("#text", "Chiamare il lunedì.\nMai dopo le 17.")
        francesca.page.click("text=Aggiungi nota")
        assert "Mai dopo le 17." in francesca.page.inner_text("article")
        francesca.page.click("article >> text=Tieni in alto")
        assert "In alto" in francesca.page.inner_text("article")
        francesca.page.click("article >> text=Elimina")
        francesca.page.click("main button.btn-danger")
        assert francesca.page.locator("article").count() == 0


def test_an_invoice_is_written_and_issued_without_script(told: Story, base_url: str, chromium: Browser) -> None:
    with window(chromium, base_url, script=False) as francesca:
        at_work(francesca)
        francesca.open(f"/console/invoices/new?customer={told.abc}")
        francesca.page.fill("#description-0", "Consulenza")
        francesca.page.fill("#unit_price-0", "1.000,00")
        francesca.page.click("text=Aggiungi voce")
        francesca.page.fill("#description-1", "Pratica")
        francesca.page.fill("#unit_price-1", "250")
        francesca.page.click("button.btn-primary")
        assert "1.525,00" in francesca.page.inner_text("main")
        francesca.page.click("main >> text=Emetti")
        francesca.page.click("text=Emetti e avvisa 2 persone")
        assert "Fattura INV-2026-" in francesca.page.inner_text("h1")
        francesca.open("/console/contacts?q=verdi")
        assert francesca.page.locator("#list tbody tr:not(.rc-similar)").count() == 1


def test_enter_in_a_field_saves_and_does_not_press_the_first_button(told: Story, base_url: str, chromium: Browser) -> None:
    with window(chromium, base_url) as francesca:
        at_work(francesca)
        francesca.open(f"/console/invoices/{told.draft}/edit")
        francesca.page.fill("#notes", "x")
        francesca.page.focus("#description-0")
        francesca.press_and_go("Enter")
        assert francesca.path == f"/console/invoices/{told.draft}"
        francesca.open(f"/console/contacts/{told.laura}/edit")
        francesca.page.focus("#first_name")
        francesca.press_and_go("Enter")
        assert francesca.path == f"/console/contacts/{told.laura}"


def test_by_keyboard_alone_from_the_door_to_who_was_told(told: Story, base_url: str, chromium: Browser) -> None:
    with window(chromium, base_url) as francesca:
        francesca.open("/console/invoices")
        francesca.page.locator("#email:focus").wait_for()
        francesca.page.keyboard.type(FRANCESCA)
        francesca.page.keyboard.press("Tab")
        francesca.page.keyboard.type(PASSWORD)
        francesca.press_and_go("Enter")
        assert francesca.path == "/console/invoices"
        francesca.press_and_go("n")
        francesca.tab_to("ABC S.r.l.")
        francesca.press_and_go("Enter")
        francesca.tab_to("Descrizione")
        francesca.page.keyboard.type("Consulenza")
        francesca.tab_to("Prezzo")
        francesca.page.keyboard.type("1250")
        francesca.press_and_go("Enter")
        assert francesca.page.inner_text("h1") == "Bozza di fattura"
        francesca.tab_to("Emetti")
        francesca.press_and_go("Enter")
        francesca.tab_to("Emetti e avvisa 2 persone")
        francesca.press_and_go("Enter")
        assert francesca.page.inner_text("h1").startswith("Fattura INV-2026-")
        francesca.open(f"/console/invoices/{told.due}")
        francesca.tab_to("Vedi perché")
        francesca.press_and_go("Enter")
        assert francesca.page.inner_text("h1") == "Chi è stato avvisato, e perché"
        francesca.tab_to("regola 9")
        francesca.press_and_go("Enter")
        assert "Ha deciso" in francesca.page.inner_text("main")

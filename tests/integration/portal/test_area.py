"""The customers' area: what each person sees, and what it does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from recapito.contacts.v1.contacts_pb2 import Affiliation, Contact
from recapito.contacts.v1.permissions_pb2 import Permissions

from libs.errors import Internal, Unavailable
from tests.integration.portal.builders import Story, invoice, pay
from tests.integration.portal.conftest import Browser

ALL = {"118", "129", "137", "142"}


# --- home ----------------------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-POR-03")
def test_home_says_first_how_much_is_due(laura: Browser) -> None:
    laura.get("/area/")
    assert "Laura" in laura.page
    assert '<p class="rc-due"><bdi class="rc-num" dir="ltr">5.380,60\N{NO-BREAK SPACE}€</bdi></p>' in laura.page
    assert "2.452,60\N{NO-BREAK SPACE}€</bdi> già scaduti" in laura.page


@pytest.mark.req("R-POR-02")
def test_home_lists_every_open_invoice_the_first_due_first(laura: Browser) -> None:
    laura.get("/area/")
    places = [laura.page.find(f"INV-2026-{number}") for number in ("000129", "000137", "000142")]
    assert -1 not in places
    assert places == sorted(places)
    assert "INV-2026-000118" not in laura.page, "paid ones are not due"


def test_each_currency_has_its_own_sum(told: Story, laura: Browser) -> None:
    today = datetime.now(UTC).date()
    customer = told.backend.contacts.customers[told.abc]
    dollars = invoice(told.backend, customer, "INV-2026-000150", "100.00", issued=today, due=today + timedelta(30))
    dollars.currency_code = dollars.total.currency_code = "USD"
    laura.get("/area/")
    assert laura.page.count('class="rc-due"') == 2
    assert "122,00\N{NO-BREAK SPACE}USD" in laura.page


def test_who_owes_nothing_reads_so(told: Story, laura: Browser) -> None:
    for id_ in (told.overdue, told.partial, told.due):
        open_invoice = told.backend.documents.invoices[id_]
        pay(told.backend, open_invoice, open_invoice.balance_amount, datetime.now(UTC).date())
    laura.get("/area/")
    assert "Nessuna fattura da pagare" in laura.page
    assert "Tutto pagato" in laura.page


@pytest.mark.req("R-POR-06", "R-PRM-09")
def test_without_the_permission_neither_amounts_nor_the_menu_entry_show(giuseppe: Browser) -> None:
    giuseppe.get("/area/")
    assert "Fatture" not in giuseppe.page
    assert "€" not in giuseppe.page
    assert "/area/invoices" not in giuseppe.page


# --- invoices ------------------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-PRM-10", "R-POR-05")
def test_without_the_permission_a_direct_link_looks_like_a_page_that_is_not_there(told: Story, giuseppe: Browser) -> None:
    missing = giuseppe.get(f"/area/nothing/{uuid4()}")
    page_of_nothing = giuseppe.page.split("Numero per l’assistenza")[0]
    for path in ("/area/invoices", f"/area/invoices/{told.due}", f"/area/invoices/{told.due}/pdf"):
        answer = giuseppe.get(path)
        assert (answer.status_code, giuseppe.page.split("Numero per l’assistenza")[0]) == (missing.status_code, page_of_nothing)
    assert not told.backend.documents.viewed


@pytest.mark.req("R-PRM-10")
def test_a_permission_taken_away_counts_from_the_next_request(told: Story, laura: Browser) -> None:
    assert laura.get("/area/invoices").status_code == 200
    told.backend.contacts.contacts[told.laura].affiliations[0].effective_permissions.invoices = Permissions.DENY
    assert laura.get("/area/invoices").status_code == 404


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        ("", ALL),
        ("due", {"129", "137", "142"}),
        ("overdue", {"129", "137"}),
        ("paid", {"118"}),
        ("nonsense", ALL),
    ],
)
def test_the_list_filters_by_state(laura: Browser, state: str, shown: set[str]) -> None:
    laura.get(f"/area/invoices?state={state}")
    assert {number for number in ALL if f"INV-2026-000{number}" in laura.page} == shown


def test_the_list_goes_on_page_by_page(told: Story, laura: Browser) -> None:
    today = datetime.now(UTC).date()
    customer = told.backend.contacts.customers[told.abc]
    for number in range(30):
        invoice(told.backend, customer, f"INV-2026-1{number:05}", "10.00", issued=today, due=today + timedelta(30))
    laura.get("/area/invoices")
    assert laura.page.count('<th scope="row">') == 25
    laura.get("/area/invoices?page=25")
    assert laura.page.count('<th scope="row">') == 9
    assert "Dall’inizio" in laura.page


def test_a_page_token_that_nobody_gave_is_a_page_that_is_not_there(laura: Browser) -> None:
    assert laura.get("/area/invoices?page=%27%3B--").status_code == 404


def test_an_invoice_shows_its_lines_sums_and_payments(told: Story, laura: Browser) -> None:
    laura.get(f"/area/invoices/{told.partial}")
    for text in (
        "Tenuta della contabilità",
        "1.850,00\N{NO-BREAK SPACE}€",
        "407,00\N{NO-BREAK SPACE}€",
        "2.257,00\N{NO-BREAK SPACE}€",
        "−1.000,00\N{NO-BREAK SPACE}€",
        "1.257,00\N{NO-BREAK SPACE}€",
        "Parziale, scaduta",
        "IVA 22\N{NO-BREAK SPACE}%",
    ):
        assert text in laura.page, text


@pytest.mark.req("R-POR-08")
def test_looking_at_an_invoice_asks_documents_once_so_that_it_is_recorded(told: Story, laura: Browser) -> None:
    laura.get(f"/area/invoices/{told.due}")
    assert told.backend.documents.viewed == [told.due]


def test_a_draft_does_not_exist_for_customers(told: Story, laura: Browser) -> None:
    assert laura.get(f"/area/invoices/{told.draft}").status_code == 404
    laura.get("/area/invoices")
    assert "Bozza" not in laura.page


def test_the_invoice_of_another_customer_does_not_exist(told: Story, laura: Browser) -> None:
    today = datetime.now(UTC).date()
    other = invoice(told.backend, told.backend.contacts.customers[told.gallo], "INV-2026-000777", "1.00", issued=today, due=today)
    assert laura.get(f"/area/{other.name}").status_code == 404


def test_the_pdf_comes_as_a_file_under_its_number(told: Story, laura: Browser) -> None:
    answer = laura.get(f"/area/invoices/{told.due}/pdf")
    assert answer.data == b"%PDF-1.7\nINV-2026-000142"
    assert answer.content_type == "application/pdf"
    assert answer.headers["Content-Disposition"] == "attachment; filename=\"INV-2026-000142.pdf\"; filename*=UTF-8''INV-2026-000142.pdf"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("number", ['a"b\r\nX: y', "Fattura/2026 è «mia»", "../../etc"])
def test_a_hostile_number_stays_inside_the_name_of_the_file(told: Story, laura: Browser, number: str) -> None:
    told.backend.documents.invoices[told.due].number = number
    value = laura.get(f"/area/invoices/{told.due}/pdf").headers["Content-Disposition"]
    assert value.isascii()
    assert value.count('"') == 2
    assert "/" not in value
    assert "\n" not in value


def test_what_people_wrote_is_shown_as_text(told: Story, laura: Browser) -> None:
    shown = told.backend.documents.invoices[told.due]
    shown.lines[0].description = shown.notes = shown.bill_to.legal_name = "<script>alert(1)</script>"
    raw = laura.get(f"/area/invoices/{told.due}").get_data(as_text=True)
    assert raw.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 3
    assert "<script>" not in raw


# --- several customers ---------------------------------------------------------------------------------------------------------------
def also_for_gallo(told: Story) -> None:
    laura = told.backend.contacts.contacts[told.laura]
    allowed = Affiliation(contact=laura.name, permissions=Permissions(invoices=Permissions.ALLOW))
    told.backend.contacts.create_affiliation(told.gallo, allowed, "")


def test_who_acts_for_several_customers_chooses_one(told: Story, laura: Browser) -> None:
    also_for_gallo(told)
    laura.get("/area/")
    assert "Gallo Fratelli" in laura.page
    assert laura.send("/area/customer", {"customer": str(told.gallo)}).location == "/area/"
    laura.get("/area/")
    assert '<summary><span class="rc-2 fw-normal">Per conto di</span> <bdi>Gallo Fratelli S.n.c.</bdi>' in laura.page
    assert "5.380,60" not in laura.page
    assert laura.get(f"/area/invoices/{told.due}").status_code == 404, "the invoice of the other customer"


def test_nobody_chooses_a_customer_it_does_not_act_for(told: Story, laura: Browser) -> None:
    laura.get("/area/")
    assert laura.send("/area/customer", {"customer": str(told.gallo)}).status_code == 404
    laura.client.set_cookie("customer", str(told.gallo))
    laura.get("/area/")
    assert "ABC S.r.l." in laura.page


# --- language and direction ----------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-POR-07")
def test_the_area_speaks_the_language_of_the_contact(told: Story, laura: Browser) -> None:
    told.backend.contacts.contacts[told.laura].language_code = "en"
    laura.get("/area/")
    assert '<html lang="en"' in laura.page
    assert "Total to pay" in laura.page
    assert "€5,380.60" in laura.page


@pytest.mark.req("R-POR-07")
def test_a_language_chosen_in_the_browser_wins(laura: Browser) -> None:
    laura.get("/area/invoices?state=due")
    assert laura.send("/area/preferences/language", {"value": "en"}).location == "/area/invoices?state=due"
    laura.get("/area/invoices")
    assert "Newest first" in laura.page or "newest first" in laura.page
    laura.send("/area/preferences/language", {"value": "it"})
    laura.get("/area/invoices")
    assert "dalla più recente" in laura.page


@pytest.mark.req("R-POR-07")
@pytest.mark.req("R-CON-11")
def test_the_layout_follows_the_contacts_direction(told: Story, laura: Browser) -> None:
    told.backend.contacts.contacts[told.laura].direction = Contact.RTL
    laura.get("/area/")
    assert 'dir="rtl"' in laura.page
    assert "tabler.rtl.min." in laura.page


def test_a_language_that_we_do_not_speak_cannot_be_chosen(laura: Browser) -> None:
    laura.get("/area/")
    assert laura.send("/area/preferences/language", {"value": "<x>"}).status_code == 404


# --- what goes wrong -----------------------------------------------------------------------------------------------------------------
class Broken:
    """A service that fails at everything."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> object:
        def fail(*_arguments: object, **_named: object) -> None:
            raise self._error

        return fail


@pytest.mark.parametrize(
    ("error", "status", "title"),
    [
        (Unavailable("away", retry_after_seconds=3), 503, "Il servizio non risponde"),
        (Internal("broken"), 500, "Qualcosa non ha funzionato"),
        (RuntimeError("a secret detail"), 500, "Qualcosa non ha funzionato"),
    ],
)
def test_a_failure_says_what_to_do_and_gives_a_number(told: Story, laura: Browser, error: Exception, status: int, title: str) -> None:
    documents = told.backend.documents
    documents.list_invoices = Broken(error).list_invoices  # type: ignore[method-assign,assignment] # the fake breaks
    answer = laura.get("/area/invoices")
    assert answer.status_code == status
    assert title in laura.page
    assert "Numero per l’assistenza" in laura.page
    assert "a secret detail" not in laura.page


def test_a_page_that_is_not_there_is_said_in_the_persons_language(told: Story, laura: Browser) -> None:
    told.backend.contacts.contacts[told.laura].language_code = "en"
    assert laura.get("/area/invoices/not-an-id").status_code == 404
    laura.language = "en"
    laura.get("/area/invoices/not-an-id")
    assert "This page is not there" in laura.page

"""The list of contacts: filters above and in the head of the table, orders, columns, row menus and saved views."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from recapito.contacts.v1.groups_pb2 import Group
from recapito.contacts.v1.views_pb2 import View

from tests.integration.portal.builders import Story
from tests.integration.portal.fakes.common import stamp
from tests.integration.portal.pages import Operator, Page

LIST = "/console/contacts"


def shown(page: Page) -> list[str]:
    """The names in the list, in its order."""
    return [words for words, address in page.links if address.startswith(f"{LIST}/") and words in PEOPLE]


PEOPLE = {"Bianchi Laura", "Rossi Mario", "Verdi Giuseppe"}


def chosen(console: Operator) -> dict[str, list[str]]:
    return parse_qs(urlsplit(console.page.address).query)


@pytest.mark.req("R-LST-01", "R-LST-02", "R-LST-03")
def test_general_filters_and_those_of_the_columns_apply_together(told: Story, console: Operator) -> None:
    laura, mario = told.backend.contacts.contacts[told.laura], told.backend.contacts.contacts[told.mario]
    laura.language_code = mario.language_code = "en"
    laura.access.enabled, mario.access.enabled = False, True
    page = console.open(f"{LIST}?language=en&portal=off")
    assert shown(page) == ["Bianchi Laura"]
    assert "1 contatto" in page.text
    assert {"Togli il filtro Lingua: Inglese", "Togli il filtro Portale: Non attivo"} <= {words for words, _address in page.links}
    assert set(shown(console.follow("Togli il filtro Portale: Non attivo"))) == {"Bianchi Laura", "Rossi Mario"}


@pytest.mark.req("R-ACT-07", "R-ACT-09")
def test_who_is_active_and_who_never_entered_are_told_apart(told: Story, console: Operator) -> None:
    now, people = datetime.now(UTC), told.backend.contacts.contacts
    for id_ in (told.laura, told.mario, told.giuseppe):
        people[id_].ClearField("last_access_time")
    people[told.laura].last_access_time.CopyFrom(stamp(now - timedelta(days=3)))
    people[told.mario].last_access_time.CopyFrom(stamp(now - timedelta(days=200)))
    assert shown(console.open(f"{LIST}?seen=recent")) == ["Bianchi Laura"]
    assert shown(console.open(f"{LIST}?seen=old")) == ["Rossi Mario"]
    page = console.open(f"{LIST}?seen=never")
    assert shown(page) == ["Verdi Giuseppe"]
    assert "mai" in page.text
    assert shown(console.open(f"{LIST}?sort=-access"))[:2] == ["Bianchi Laura", "Rossi Mario"]


@pytest.mark.req("R-LST-01")
def test_the_list_is_sorted_by_its_heads(told: Story, console: Operator) -> None:
    page = console.open(LIST)
    assert shown(page) == ["Bianchi Laura", "Rossi Mario", "Verdi Giuseppe"]
    assert 'aria-sort="ascending"' in page.markup
    page = console.follow("Contatto")
    assert shown(page) == ["Verdi Giuseppe", "Rossi Mario", "Bianchi Laura"]
    assert 'aria-sort="descending"' in page.markup
    console.follow("Ultimo accesso")
    assert chosen(console)["sort"] == ["-access"]
    console.follow("Ultimo accesso")
    assert chosen(console)["sort"] == ["access"]


@pytest.mark.req("R-LST-05")
def test_each_row_has_its_actions(told: Story, console: Operator) -> None:
    told.backend.contacts.contacts[told.laura].email = "laura+x@abc.example"
    page = console.open(f"{LIST}?q=laura")
    assert "Gestisci" in page.text
    assert 'aria-label="Azioni per Bianchi Laura"' in page.markup
    assert page.link("Apri la scheda") == f"{LIST}/{told.laura}"
    assert page.link("Modifica Bianchi Laura") == f"{LIST}/{told.laura}/edit"
    assert page.link("Scrivi un’email") == "mailto:laura%2Bx%40abc.example"
    assert page.link("Manda un link di accesso") == f"{LIST}/{told.laura}#links"
    assert page.link("Elimina Bianchi Laura") == f"{LIST}/{told.laura}/delete"
    told.backend.identity.capabilities = frozenset({"contacts.read"})
    assert not {"Modifica Bianchi Laura", "Elimina Bianchi Laura"} & {words for words, _ in console.open(LIST).links}


def test_columns_are_chosen_and_their_filters_with_them(told: Story, console: Operator) -> None:
    told.backend.contacts.contacts[told.laura].language_code = "en"
    page = console.open(f"{LIST}?col=language&col=newsletter&portal=off")
    assert "Lingua" in page.text
    form = next(form for form in page.forms if "col" in form.choices)
    assert form.values["col"] == ["language", "newsletter"]
    assert "portal" not in form.choices, "its column is not there"
    assert form.values["portal"] == ["off"], "but it is kept when another filter changes"


def test_htmx_gets_the_region_and_an_address_that_can_be_shared(told: Story, console: Operator) -> None:
    address = f"{LIST}?q=laura&group=&portal=&col=customer&col=role&col=portal&col=access&from="
    page = console.open(address, **{"HX-Request-Type": "partial"})
    assert page.markup.lstrip().startswith('<div id="list"')
    assert console.answer.headers["HX-Replace-Url"] == f"{LIST}?q=laura"
    assert shown(page) == ["Bianchi Laura"]


def test_who_only_a_slip_lets_in_stands_apart(told: Story, console: Operator) -> None:
    told.backend.contacts.similar = 1
    page = console.open(LIST)
    assert page.text.index("Rossi Mario") < page.text.index("Nomi simili a quello che hai scritto") < page.text.index("Verdi Giuseppe")


def test_more_than_ten_thousand_are_not_counted(told: Story, console: Operator) -> None:
    told.backend.contacts.counted = 10_001
    assert "più di 10.000 contatti" in console.open(LIST).text


def test_a_filter_of_another_kind_is_shown_and_can_be_taken_away(told: Story, console: Operator) -> None:
    page = console.open(f"{LIST}?filter=first_name+%3D+%22laura%22")
    assert shown(page) == ["Bianchi Laura"]
    assert shown(console.follow('Togli il filtro Altro filtro: first_name = "laura"')) == ["Bianchi Laura", "Rossi Mario", "Verdi Giuseppe"]


@pytest.mark.req("R-GRP-01")
def test_the_menu_of_contacts_leads_to_all_its_lists(told: Story, console: Operator) -> None:
    for words in ("Gruppi", "Ruoli dei contatti", "Campi personalizzati", "Tutti i contatti"):
        console.open(LIST)
        console.follow(words)
        assert console.answer.status_code == 200


# --- saved views ---------------------------------------------------------------------------------------------------------------------
def test_a_view_is_saved_and_opens_as_it_was(told: Story, console: Operator) -> None:
    told.backend.contacts.contacts[told.laura].language_code = "en"
    told.backend.contacts.groups[told.laura] = Group(name=f"groups/{told.laura}", display_name="Napoli")
    asked = {"q": ["laura"], "language": ["en"], "seen": ["never"], "sort": ["-created"], "col": ["groups", "portal", "created"]}
    console.open(f"{LIST}?q=laura&language=en&seen=never&sort=-created&col=portal&col=created&col=groups")
    console.follow("Salva questa vista")
    console.press("Salva vista", display_name="Inglesi mai entrati")
    assert {name: value for name, value in chosen(console).items() if name != "view"} == asked
    (view,) = (view for view, _owner in told.backend.views.views.values())
    assert (view.filter, view.query, view.order_by) == ('never_entered = true AND language_code = "en"', "laura", "create_time desc")
    console.open(LIST)
    console.follow("Inglesi mai entrati")
    assert {name: value for name, value in chosen(console).items() if name != "view"} == asked


def test_a_view_without_a_name_or_with_a_taken_one_is_not_saved(told: Story, console: Operator) -> None:
    for name, said in (("", "Questo campo è obbligatorio"), ("Prima", ""), ("prima", "Questo nome è già usato")):
        console.open(f"{LIST}/views/new?language=en")
        page = console.press("Salva vista", display_name=name)
        assert page.errors.get("display_name", "") == said
    assert len(told.backend.views.views) == 1


def test_the_list_opens_with_the_chosen_view_until_another_choice(told: Story, console: Operator) -> None:
    console.open(f"{LIST}/views/new?seen=never")
    console.press("Salva vista", display_name="Mai entrati", default="1")
    console.open(LIST)
    assert chosen(console)["seen"] == ["never"]
    assert "seen" not in chosen(console) if console.follow("Tutti") else None
    console.open(f"{LIST}/views")
    console.press("Questa : non aprire più l’elenco con Mai entrati")
    console.open(LIST)
    assert chosen(console) == {}


def test_a_shared_view_of_another_is_used_and_not_changed(told: Story, console: Operator) -> None:
    view = View(display_name="Di tutti", collection="contacts", filter='language_code = "it"', shared=True)
    told.backend.views.owner, mine = (lambda: "accounts/another"), told.backend.views.owner
    name = told.backend.views.create_view(view, "").name
    told.backend.views.create_view(View(display_name="Segreta", collection="contacts"), "")
    told.backend.views.owner = mine
    page = console.open(f"{LIST}/views")
    assert "Di tutti" in page.text
    assert "Segreta" not in page.text
    assert "Modifica Di tutti" not in {words for words, _ in page.links}
    console.open(f"{LIST}/{name}/edit")
    assert console.answer.status_code == 404
    console.open(f"{LIST}/views")
    console.press("Scegli Di tutti")
    console.open(LIST)
    assert chosen(console)["language"] == ["it"]


def test_views_are_renamed_shared_and_deleted(told: Story, console: Operator) -> None:
    console.open(f"{LIST}/views/new?language=en")
    console.press("Salva vista", display_name="Prima")
    console.open(f"{LIST}/views")
    console.follow("Modifica Prima")
    page = console.press("Salva vista", display_name="Dopo", shared="1")
    assert "tua, condivisa" in page.text
    console.follow("Elimina Dopo")
    page = console.press("Elimina la vista")
    assert "Ancora nessuna vista" in page.text
    assert not told.backend.views.views

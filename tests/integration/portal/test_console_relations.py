"""How people hang together, in the console: linked people, superiors, further customers, moves, likely duplicates."""

from __future__ import annotations

from uuid import UUID

import pytest
from recapito.contacts.v1.contacts_pb2 import Affiliation
from recapito.contacts.v1.sub_contacts_pb2 import SubContact

from tests.integration.portal.builders import Story
from tests.integration.portal.conftest import Browser
from tests.integration.portal.pages import Operator


def link(told: Story, principal: UUID, person: UUID, relation: str = "") -> SubContact:
    return told.backend.relations.create_sub_contact(principal, SubContact(contact=f"contacts/{person}", relation=relation), "")


def linked(told: Story) -> list[tuple[str, str]]:
    return [(one.contact.split("/")[1], one.relation) for one in told.backend.relations.links.values()]


# --- linked people -------------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-SUB-01", "R-SUB-02", "R-SUB-03", "R-CRD-02")
def test_an_existing_contact_is_found_and_linked_from_the_tab(told: Story, console: Operator) -> None:
    console.open(f"/console/contacts/{told.mario}")
    page = console.follow("Persone collegate")
    assert "Ancora nessuna persona collegata" in page.text
    page = console.open(f"/console/contacts/{told.mario}/sub?q=bianchi")
    assert "Laura Bianchi" in page.text
    page = console.press("Collega", relation="Referente amministrativo")
    assert "Laura Bianchi è tra le persone collegate" in page.text
    assert linked(told) == [(str(told.laura), "Referente amministrativo")]
    page = console.open(f"/console/contacts/{told.mario}/sub?q=bianchi")
    assert "Nessuna persona trovata" in page.text, "who is linked is not offered again"
    page = console.open(f"/console/contacts/{told.mario}/sub?q=verdi")
    assert "Laura Bianchi" in page.text, "the words look for somebody to add"
    console.follow("Laura Bianchi")
    assert console.page.address.endswith(f"/contacts/{told.laura}")
    assert "Collegata a Mario Rossi" in console.page.text


@pytest.mark.req("R-SUB-03", "R-SUB-04")
def test_a_new_person_is_made_under_a_contact(told: Story, console: Operator) -> None:
    console.open(f"/console/contacts/{told.mario}/sub")
    console.follow("Nuova persona")
    page = console.press("Crea contatto", first_name="Nina", last_name="Rossi", email="nina@abc.example", relation="Figlia o figlio")
    assert page.address.partition("#")[0].endswith(f"/contacts/{told.mario}/sub")
    assert "Nina Rossi" in page.text
    ((person, relation),) = linked(told)
    assert relation == "Figlia o figlio"
    assert told.backend.contacts.get_contact(UUID(person)).customer == f"customers/{told.abc}"


@pytest.mark.req("R-SUB-03", "R-SUB-05")
def test_a_link_is_changed_and_ends_after_a_question_and_the_person_stays(told: Story, console: Operator) -> None:
    link(told, told.mario, told.laura, "Dipendente")
    console.open(f"/console/contacts/{told.mario}/sub")
    console.follow("Cambia legame")
    console.press("Salva legame", relation="Responsabile tecnico")
    assert linked(told) == [(str(told.laura), "Responsabile tecnico")]
    page = console.follow("Scollega")
    assert "la persona resta" in page.text
    assert linked(told), "the question alone ends nothing"
    page = console.press("Scollega")
    assert (linked(told), "Ancora nessuna persona collegata" in page.text) == ([], True)
    assert told.laura in told.backend.contacts.contacts


@pytest.mark.req("R-SUB-03")
def test_a_linked_person_is_edited_from_the_tab(told: Story, console: Operator) -> None:
    link(told, told.mario, told.laura)
    console.open(f"/console/contacts/{told.mario}/sub")
    console.follow("Modifica la persona")
    assert console.page.address.endswith(f"/contacts/{told.laura}/edit")


def test_a_relation_that_is_too_long_is_refused_beside_its_field_and_kept(told: Story, console: Operator) -> None:
    console.open(f"/console/contacts/{told.mario}/sub?q=bianchi")
    page = console.press("Collega", relation="x" * 61)
    assert console.answer.status_code == 422
    assert page.errors == {"relation": "Il testo è troppo lungo"}
    link(told, told.mario, told.laura)
    console.open(f"/console/contacts/{told.mario}/sub/{told.laura}/edit")
    page = console.press("Salva legame", relation="x" * 61)
    assert page.form("Salva legame")[0].values["relation"] == ["x" * 61]


def test_who_only_reads_contacts_sees_linked_people_and_changes_none(told: Story, console: Operator) -> None:
    link(told, told.mario, told.laura)
    told.backend.identity.capabilities = frozenset({"contacts.read"})
    page = console.open(f"/console/contacts/{told.mario}/sub")
    assert "Laura Bianchi" in page.text
    assert not {"Scollega", "Nuova persona"} & {words for words, _address in page.links}
    for path in (f"sub/{told.laura}/edit", f"sub/{told.laura}/unlink", "move", "unlink"):
        console.open(f"/console/contacts/{told.mario}/{path}")
        assert console.answer.status_code == 404


# --- superiors -----------------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-CON-15")
def test_a_superior_is_chosen_on_the_form_and_shown_on_the_card(told: Story, console: Operator) -> None:
    console.open(f"/console/contacts/{told.laura}/edit")
    page = console.press("Salva contatto", reports_to=f"contacts/{told.mario}")
    assert "Riporta a Mario Rossi" in page.text
    assert told.backend.contacts.get_contact(told.laura).reports_to == f"contacts/{told.mario}"
    console.open(f"/console/contacts/{told.laura}/edit")
    page = console.press("Salva contatto", reports_to="")
    assert "Riporta a" not in page.text


@pytest.mark.req("R-CON-16")
def test_nobody_can_choose_itself_as_superior(told: Story, console: Operator) -> None:
    console.open(f"/console/contacts/{told.laura}/edit")
    offered = console.page.form("Salva contatto")[0].choices["reports_to"]
    assert f"contacts/{told.mario}" in offered
    assert f"contacts/{told.laura}" not in offered


# --- customers -----------------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-CON-20")
def test_a_contact_is_moved_to_another_customer(told: Story, console: Operator) -> None:
    console.open(f"/console/contacts/{told.laura}")
    console.follow("Sposta a un altro cliente")
    console.open(f"/console/contacts/{told.laura}/move?q=gallo")
    page = console.press("Sposta", keep="1")
    assert "Laura Bianchi ora è di Gallo Fratelli S.n.c." in page.text
    contact = told.backend.contacts.get_contact(told.laura)
    assert [each.name.split("/")[1] for each in contact.affiliations] == [str(told.gallo), str(told.abc)]


@pytest.mark.req("R-CON-20")
def test_the_customers_area_follows_a_move_at_the_next_page(told: Story, laura: Browser) -> None:
    assert "ABC S.r.l." in laura.get("/area/").text
    told.backend.relations.move_contact(told.laura, f"customers/{told.gallo}", "", "", keep_affiliation=True)
    page = laura.get("/area/").text
    assert "Gallo Fratelli S.n.c." in page, "the switcher offers the new one"
    told.backend.contacts.delete_affiliation(told.abc, told.laura, "", "")
    page = laura.get("/area/").text
    assert "Gallo Fratelli S.n.c." in page
    assert "ABC S.r.l." not in page


@pytest.mark.req("R-PRI-10")
def test_a_primary_contact_is_told_why_it_does_not_move(told: Story, console: Operator) -> None:
    page = console.open(f"/console/contacts/{told.mario}/move?q=gallo")
    assert "Mario Rossi è il contatto principale di ABC S.r.l.: se ci sono altre persone" in page.text
    page = console.press("Sposta")
    assert console.answer.status_code == 422
    assert "È il contatto principale. Scegli prima un altro contatto principale" in page.text
    assert told.backend.contacts.get_contact(told.mario).customer == f"customers/{told.abc}"


@pytest.mark.req("R-CON-20")
def test_a_contact_stops_acting_for_a_further_customer_after_a_question(told: Story, console: Operator) -> None:
    told.backend.contacts.create_affiliation(told.gallo, Affiliation(contact=f"contacts/{told.laura}"), "")
    page = console.open(f"/console/contacts/{told.laura}")
    assert [words for words, _ in page.links if words.startswith("Scollega")] == ["Scollega da Gallo Fratelli S.n.c."]
    console.follow("Scollega da Gallo Fratelli S.n.c.")
    page = console.press("Scollega")
    assert "Laura Bianchi non agisce più per Gallo Fratelli S.n.c." in page.text
    assert len(told.backend.contacts.get_contact(told.laura).affiliations) == 1


# --- likely duplicates ---------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-CON-20")
def test_a_likely_duplicate_is_shown_before_saving_and_nothing_typed_is_lost(told: Story, console: Operator) -> None:
    console.open(f"/console/contacts/new?customer={told.abc}")
    page = console.press("Crea contatto", first_name="Laura", last_name="Bianchi", email="altra@abc.example", position="Legale")
    assert console.answer.status_code == 422
    assert "Forse questa persona esiste già" in page.text
    assert "Nome simile, stesso cliente · laura.bianchi@abc.example" in page.text
    values = page.form("Crea contatto")[0].values
    assert (values["first_name"], values["email"], values["position"]) == (["Laura"], ["altra@abc.example"], ["Legale"])
    page = console.press("Crea contatto")
    assert "Forse questa persona esiste già" in page.text, "the plain button asks again"
    before = len(told.backend.contacts.contacts)
    page = console.press("È un’altra persona: crea comunque")
    assert "Contatto creato" in page.text
    assert len(told.backend.contacts.contacts) == before + 1


@pytest.mark.req("R-CON-20")
def test_the_one_that_exists_can_be_linked_instead(told: Story, console: Operator) -> None:
    console.open(f"/console/contacts/new?customer={told.abc}")
    console.press("Crea contatto", first_name="Laura", last_name="Bianchi")
    console.follow("Collega questa : Laura Bianchi")
    assert f"/contacts/{told.laura}/link?q=ABC" in console.page.address.replace("%20", " ")


@pytest.mark.req("R-CRD-01", "R-CRD-02", "R-CRD-04")
def test_the_card_has_a_tab_for_each_part_and_each_shows_what_is_of_this_person(told: Story, console: Operator) -> None:
    link(told, told.mario, told.laura, "Dipendente")
    page = console.open(f"/console/contacts/{told.mario}")
    tabs = {words: address for words, address in page.links if f"/contacts/{told.mario}" in address}
    for tab in ("Contatto", "Persone collegate", "Note", "Email", "Attività"):
        shown = console.open(tabs[tab])
        assert console.answer.status_code == 200
        assert "Mario Rossi" in shown.text
    assert "Laura Bianchi" not in console.open(f"/console/contacts/{told.giuseppe}/sub").text

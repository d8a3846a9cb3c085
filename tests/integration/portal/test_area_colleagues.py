"""The colleagues of a primary contact, in the customers' area."""

from __future__ import annotations

from uuid import UUID

import pytest
from recapito.contacts.v1.contacts_pb2 import Affiliation, Contact
from recapito.contacts.v1.permissions_pb2 import Permissions, Preferences

from tests.integration.portal.builders import Story
from tests.integration.portal.conftest import Browser, enter


@pytest.fixture
def mario(told: Story, browser: Browser) -> Browser:
    """Mario, the primary contact, inside the customers' area."""
    told.backend.contacts.customers[told.abc].permissions.CopyFrom(
        Permissions(invoices=Permissions.ALLOW, support=Permissions.ALLOW, projects=Permissions.DENY)
    )
    return enter(told, browser, told.mario, told.backend.contacts.contacts[told.mario].email)


def held(told: Story, contact_id: UUID) -> Affiliation:
    return told.backend.contacts.contacts[contact_id].affiliations[0]


def test_a_primary_contact_finds_its_colleagues_in_the_menu(told: Story, mario: Browser) -> None:
    mario.get("/area/")
    assert 'href="/area/colleagues"' in mario.page
    assert mario.get("/area/colleagues").status_code == 200
    assert "Laura Bianchi" in mario.page
    assert f"/area/colleagues/{told.laura}" in mario.page
    assert f"/area/colleagues/{told.mario}" not in mario.page, "nobody changes what it may do itself"


def test_for_anybody_else_the_pages_are_not_there(told: Story, laura: Browser) -> None:
    laura.get("/area/")
    assert "/area/colleagues" not in laura.page
    for path in ("colleagues", "colleagues/new", f"colleagues/{told.mario}"):
        assert laura.get(f"/area/{path}").status_code == 404
    laura.get("/area/")
    assert laura.send("/area/colleagues/new", {"first_name": "X"}).status_code == 404


@pytest.mark.req("R-PRM-08")
def test_permissions_and_notifications_of_a_colleague_change_and_the_rest_stays(told: Story, mario: Browser) -> None:
    held(told, told.laura).permissions.projects = Permissions.ALLOW
    path = f"/area/colleagues/{told.laura}"
    mario.get(path)
    assert 'name="projects"' not in mario.page, "the customer does not have it"
    answer = mario.send(path, {"position": "Contabile", "support": "1", "invoice": "1"})
    assert answer.status_code == 303
    now = held(told, told.laura)
    assert (now.position, now.permissions.invoices, now.permissions.support) == ("Contabile", Permissions.DENY, Permissions.ALLOW)
    assert now.permissions.projects == Permissions.ALLOW, "what the organisation gave"
    assert (now.preferences.invoice, now.preferences.ticket) == (Preferences.ON, Preferences.OFF)


def test_a_colleague_is_invited(told: Story, mario: Browser) -> None:
    mario.get("/area/colleagues/new")
    fields = {"first_name": "Ada", "last_name": "Neri", "email": "ada@abc.example", "position": "Stagista", "enabled": "1", "invoices": "1"}
    assert mario.send("/area/colleagues/new", fields).status_code == 303
    made = next(contact for contact in told.backend.contacts.contacts.values() if contact.first_name == "Ada")
    assert (made.customer, made.access.enabled) == (f"customers/{told.abc}", True)
    (affiliation,) = made.affiliations
    assert (affiliation.permissions.invoices, affiliation.permissions.support) == (Permissions.ALLOW, Permissions.DENY)
    assert affiliation.permissions.projects == Permissions.MODE_UNSPECIFIED
    mario.get("/area/colleagues")
    assert "Ada Neri" in mario.page


def test_errors_stand_by_their_field_and_nothing_typed_is_lost(told: Story, mario: Browser) -> None:
    known = len(told.backend.contacts.contacts)
    taken = told.backend.contacts.contacts[told.laura].email
    mario.get("/area/colleagues/new")
    answer = mario.send("/area/colleagues/new", {"first_name": "Ada", "last_name": "Neri", "email": taken, "support": "1"})
    assert answer.status_code == 422
    assert 'id="email-error"' in mario.page
    assert "Questa email è già in uso" in mario.page
    assert "Laura" not in mario.page, "whose it is stays unsaid"
    assert 'value="Ada"' in mario.page
    assert len(told.backend.contacts.contacts) == known


def test_nobody_changes_a_person_of_another_customer(told: Story, mario: Browser) -> None:
    """Security rule 28."""
    wanted = Contact(first_name="Carlo", last_name="Gallo", customer=f"customers/{told.gallo}")
    made = told.backend.contacts.create_contact(wanted, skip_welcome=True, send_set_password=False, request_id="")
    path = f"/area/colleagues/{made.name.split('/')[1]}"
    assert mario.get(path).status_code == 404
    mario.get("/area/colleagues/new")
    assert mario.send(path, {"position": "X"}).status_code == 404


def test_what_was_saved_meanwhile_is_not_overwritten(told: Story, mario: Browser) -> None:
    path = f"/area/colleagues/{told.laura}"
    mario.get(path)
    seen = held(told, told.laura).etag
    told.backend.contacts.update_affiliation(Affiliation(name=held(told, told.laura).name, position="Nuova"), ["position"], "")
    assert mario.send(path, {"position": "Vecchia", "etag": seen}).status_code == 409
    assert "Un’altra persona ha salvato nel frattempo" in mario.page
    assert held(told, told.laura).position == "Nuova"

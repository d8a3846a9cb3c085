"""To whom a contact reports, through a real server, on both databases."""

from __future__ import annotations

import pytest
from recapito.contacts.events.v1 import events_pb2
from recapito.contacts.v1 import contacts_pb2

from libs.errors import InvalidArgument
from tests.integration.contacts.conftest import Api


@pytest.mark.req("R-CON-15")
def test_a_contact_reports_to_another_until_it_no_longer_does(api: Api) -> None:
    home = api.new_customer()
    boss = api.new_contact(home, last_name="Capo")
    person = api.new_contact(home, reports_to=boss.name)
    assert person.reports_to == boss.name
    with api.operator():
        page = api.contacts.ListContacts(contacts_pb2.ListContactsRequest())
        assert {one.name: one.reports_to for one in page.contacts} == {boss.name: "", person.name: boss.name}
        assert api.update_contact(person, "first_name", first_name="Ada").reports_to == boss.name
        assert api.update_contact(person, "reports_to", reports_to="").reports_to == ""
        assert api.update_contact(person, "reports_to", reports_to=boss.name).reports_to == boss.name


@pytest.mark.req("R-CON-16")
def test_a_loop_is_refused_at_any_length(api: Api) -> None:
    home = api.new_customer()
    first = api.new_contact(home)
    line = [first]
    for _ in range(3):
        line.append(api.new_contact(home, reports_to=line[-1].name))
    with api.operator():
        for superior in line:
            with pytest.raises(InvalidArgument) as error:
                api.update_contact(first, "reports_to", reports_to=superior.name)
            assert (error.value.violations[0].field, error.value.reason) == ("contact.reports_to", "REPORTS_TO_LOOP")
        assert api.contact_of(first.name).reports_to == ""


def test_a_superior_that_is_hidden_or_missing_is_refused_alike(api: Api) -> None:
    """Security rule 26."""
    one, two = api.new_group("Napoli"), api.new_group("Salerno")
    home = api.new_customer(groups=[one.name])
    person = api.new_contact(home, groups=[one.name])
    hidden = api.new_contact(home, groups=[two.name])
    refusals = []
    with api.operator(one.name):
        for name in (hidden.name, "contacts/00000000-0000-0000-0000-000000000000"):
            with pytest.raises(InvalidArgument) as error:
                api.update_contact(person, "reports_to", reports_to=name)
            refusals.append((str(error.value), error.value.reason, error.value.violations))
    assert refusals[0] == refusals[1]
    assert refusals[0][1] == "CONTACT_UNKNOWN"


def test_a_hidden_superior_is_not_named_and_not_removed_by_who_cannot_see_it(api: Api) -> None:
    """Security rule 26."""
    one, two = api.new_group("Napoli"), api.new_group("Salerno")
    home = api.new_customer(groups=[one.name])
    hidden, other = api.new_contact(home, groups=[two.name]), api.new_contact(home, groups=[one.name])
    person = api.new_contact(home, groups=[one.name], reports_to=hidden.name)
    with api.operator(one.name):
        assert api.contact_of(person.name).reports_to == ""
        page = api.contacts.ListContacts(contacts_pb2.ListContactsRequest())
        assert [contact.reports_to for contact in page.contacts] == ["", ""]
        assert api.update_contact(person, "first_name", "reports_to", first_name="Ada", reports_to="").reports_to == ""
    with api.operator():
        assert api.contact_of(person.name).reports_to == hidden.name
    with api.operator(one.name):
        assert api.update_contact(person, "reports_to", reports_to=other.name).reports_to == other.name


@pytest.mark.req("R-CON-15")
def test_who_reported_to_a_deleted_contact_reports_to_nobody(api: Api) -> None:
    home = api.new_customer()
    api.new_contact(home)
    boss = api.new_contact(home)
    person = api.new_contact(home, reports_to=boss.name)
    with api.operator():
        api.contacts.DeleteContact(contacts_pb2.DeleteContactRequest(name=boss.name, force=True))
        now = api.contact_of(person.name)
    assert (now.reports_to, now.etag != person.etag) == ("", True)
    (told,) = api.events_of(events_pb2.ContactUpdated)
    assert (told.contact, list(told.changed_fields)) == (person.name, ["reports_to_id"])

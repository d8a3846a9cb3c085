"""A contact that gets another home customer, through a real server, on both databases."""

from __future__ import annotations

import pytest
from recapito.contacts.events.v1 import events_pb2
from recapito.contacts.v1 import affiliations_pb2, contacts_pb2, customers_pb2

from libs.errors import Aborted, FailedPrecondition, InvalidArgument, NotFound
from tests.integration.contacts.conftest import Api


def move(api: Api, contact: contacts_pb2.Contact, to: customers_pb2.Customer, **how: object) -> contacts_pb2.Contact:
    request = contacts_pb2.MoveContactRequest(name=contact.name, customer=to.name, **how)  # type: ignore[arg-type] # its fields
    return api.contacts.MoveContact(request)


def people(api: Api, customer: customers_pb2.Customer) -> list[tuple[str, bool]]:
    return [(one.contact, one.primary) for one in api.affiliations_of(customer.name)]


@pytest.mark.req("R-CON-20")
def test_a_moved_contact_acts_for_the_new_customer_and_no_longer_for_the_old(api: Api) -> None:
    old, new = api.new_customer(), api.new_customer()
    first, person = api.new_contact(old), api.new_contact(old)
    with api.operator():
        name = person.affiliations[0].name
        api.update_affiliation(name, "preferences.invoice", preferences={"invoice": "OFF"})
        moved = move(api, person, new)
        assert moved.customer == new.name
        assert [one.name.split("/affiliations/")[0] for one in moved.affiliations] == [new.name]
        assert moved.affiliations[0].preferences.invoice == moved.affiliations[0].preferences.OFF, "its own choices go with it"
        assert people(api, old) == [(first.name, True)]
        assert people(api, new) == [(person.name, True)], "the first of a customer is its primary one"
        assert api.customer_of(new.name).primary_contact == person.name
    told = api.events_of(events_pb2.ContactUpdated)[-1]
    assert (told.contact, told.snapshot.customer, list(told.changed_fields)) == (person.name, new.name, ["customer_id"])


def test_a_moved_contact_may_go_on_acting_for_the_old_customer(api: Api) -> None:
    old, new = api.new_customer(), api.new_customer()
    api.new_contact(old)
    person = api.new_contact(old)
    with api.operator():
        before = {one.name: one for one in person.affiliations}
        moved = move(api, person, new, keep_affiliation=True)
        assert [one.name.split("/affiliations/")[0] for one in moved.affiliations] == [new.name, old.name]
        assert moved.affiliations[1] == before[moved.affiliations[1].name]
        back = move(api, moved, old)
        assert [one.name.split("/affiliations/")[0] for one in back.affiliations] == [old.name]
        assert people(api, new) == []
        assert api.customer_of(new.name).primary_contact == ""


@pytest.mark.req("R-PRI-10")
@pytest.mark.parametrize("keep", [False, True])
def test_a_primary_contact_moves_only_when_it_is_alone(api: Api, keep: bool) -> None:
    old, new = api.new_customer(), api.new_customer()
    primary, other = api.new_contact(old), api.new_contact(old)
    with api.operator():
        with pytest.raises(FailedPrecondition) as error:
            move(api, primary, new, keep_affiliation=keep)
        assert error.value.reason == "CONTACT_IS_PRIMARY"
        assert people(api, old)[0] == (primary.name, True)
        api.contacts.DeleteContact(contacts_pb2.DeleteContactRequest(name=other.name))
        move(api, primary, new, keep_affiliation=keep)
        assert people(api, old) == ([(primary.name, True)] if keep else [])
        assert api.customer_of(old.name).primary_contact == (primary.name if keep else "")
        assert people(api, new) == [(primary.name, True)]


@pytest.mark.req("R-PRI-11")
def test_after_its_only_contact_moved_a_customer_gets_a_primary_with_the_next(api: Api) -> None:
    old, new = api.new_customer(), api.new_customer()
    with api.operator():
        move(api, api.new_contact(old), new)
    successor = api.new_contact(old)
    with api.operator():
        assert people(api, old) == [(successor.name, True)]


def test_a_move_that_cannot_be_is_refused_and_changes_nothing(api: Api) -> None:
    old, new = api.new_customer(), api.new_customer()
    api.new_contact(old)
    person = api.new_contact(old)
    with api.operator():
        for to, reason in (
            (old, "HOME_CUSTOMER"),
            (customers_pb2.Customer(name="customers/00000000-0000-0000-0000-000000000000"), "CUSTOMER_UNKNOWN"),
            (customers_pb2.Customer(name="customers/-"), "NAME_INVALID"),
        ):
            with pytest.raises(InvalidArgument) as error:
                move(api, person, to)
            assert (error.value.violations[0].field, error.value.reason) == ("customer", reason)
        with pytest.raises(Aborted):
            move(api, person, new, etag='"99"')
        assert api.contact_of(person.name) == person
        done = move(api, person, new, request_id="r-1")
        assert move(api, person, new, request_id="r-1") == done


def test_nobody_is_moved_out_of_sight_of_who_moves(api: Api) -> None:
    """Security rule 26: a hidden customer is not a place to go, and loses nobody to who cannot see it."""
    one, two = api.new_group("Napoli"), api.new_group("Salerno")
    mine, hidden = api.new_customer(groups=[one.name]), api.new_customer(groups=[two.name])
    api.new_contact(mine, groups=[one.name])
    api.new_contact(hidden, groups=[two.name])
    person, guest = api.new_contact(mine, groups=[one.name]), api.new_contact(hidden, groups=[one.name])
    unseen = api.new_contact(mine, groups=[two.name])
    with api.operator(one.name):
        with pytest.raises(InvalidArgument) as error:
            move(api, person, hidden)
        assert error.value.reason == "CUSTOMER_UNKNOWN"
        with pytest.raises(FailedPrecondition) as refused:
            move(api, guest, mine)
        assert refused.value.reason == "HOME_CUSTOMER"
        with pytest.raises(NotFound):
            move(api, unseen, mine)


@pytest.mark.req("R-CON-20", "R-SUB-05")
def test_a_contact_is_unlinked_from_a_further_customer_and_stays(api: Api) -> None:
    home, further = api.new_customer(), api.new_customer()
    api.new_contact(further)
    person = api.new_contact(home)
    affiliation = contacts_pb2.Affiliation(contact=person.name)
    with api.operator():
        made = api.affiliations.CreateAffiliation(affiliations_pb2.CreateAffiliationRequest(parent=further.name, affiliation=affiliation))
        assert len(api.contact_of(person.name).affiliations) == 2
        api.affiliations.DeleteAffiliation(affiliations_pb2.DeleteAffiliationRequest(name=made.name))
        assert api.contact_of(person.name) == person

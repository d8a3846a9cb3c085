"""The time machine: what decided at an instant, asked later. On both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp
from recapito.contacts.v1 import affiliations_pb2, contact_roles_pb2, contacts_pb2, settings_pb2
from recapito.contacts.v1.permissions_pb2 import Permissions, PortalAccess, Preferences

from libs.errors import InvalidArgument, NotFound
from tests.integration.contacts.conftest import Api
from tests.integration.contacts.history import assert_history_ends_in_the_present


def now() -> Timestamp:
    time = Timestamp()
    time.FromDatetime(datetime.now(UTC))
    return time


def contact_at(api: Api, name: str, time: Timestamp) -> contacts_pb2.Contact:
    return api.contacts.GetContact(contacts_pb2.GetContactRequest(name=name, read_time=time))


def affiliation_at(api: Api, name: str, time: Timestamp) -> contacts_pb2.Affiliation:
    return api.affiliations.GetAffiliation(affiliations_pb2.GetAffiliationRequest(name=name, read_time=time))


def affiliations_at(api: Api, parent: str, time: Timestamp, filter_: str = "") -> list[contacts_pb2.Affiliation]:
    request = affiliations_pb2.ListAffiliationsRequest(parent=parent, read_time=time, filter=filter_)
    return list(api.affiliations.ListAffiliations(request).affiliations)


@pytest.fixture(autouse=True)
def _the_history_ends_in_the_present(api: Api) -> Iterator[None]:
    yield
    assert_history_ends_in_the_present(api.engine)


def test_a_contact_is_shown_as_it_was(api: Api) -> None:
    group = api.new_group("Nord")
    customer = api.new_customer()
    made = api.new_contact(customer, groups=[group.name], access=PortalAccess(enabled=True, start_date="2026-01-01"))
    before = now()
    with api.operator():
        api.update_contact(made, "groups", "access", "newsletter", access=PortalAccess(), newsletter=False)
        api.update_affiliation(made.affiliations[0].name, permissions=Permissions(invoices=Permissions.DENY))
        then, today = contact_at(api, made.name, before), api.contact_of(made.name)
    assert (list(then.groups), then.access, then.newsletter) == ([group.name], made.access, True)
    assert (list(today.groups), today.access.enabled, today.newsletter) == ([], False, False)
    assert then.affiliations[0].effective_permissions.invoices == Permissions.ALLOW
    assert today.affiliations[0].effective_permissions.invoices == Permissions.DENY
    assert then.etag == made.etag
    assert then.affiliations[0].primary


def test_the_instants_that_the_platform_itself_names_answer_with_what_it_did_then(api: Api) -> None:
    made = api.new_contact(api.new_customer(), language_code="it")
    with api.operator():
        changed = api.update_contact(made, language_code="en")
        assert contact_at(api, made.name, made.create_time).language_code == "it"
        assert contact_at(api, made.name, made.create_time).affiliations[0].primary
        assert contact_at(api, made.name, changed.update_time).language_code == "en"


def test_the_past_holds_no_address(api: Api) -> None:
    made = api.new_contact(api.new_customer(), email="mario@abc.example")
    with api.operator():
        api.update_affiliation(made.affiliations[0].name, position="CFO")
        then = contact_at(api, made.name, now())
    assert (then.first_name, then.email, then.affiliations[0].email, then.affiliations[0].position) == ("Mario", "", "", "")
    assert list(then.affiliations[0].warnings) == []


def test_what_counted_then_comes_from_the_customer_and_the_default_of_then(api: Api) -> None:
    customer = api.new_customer()
    made = api.new_contact(customer, affiliations=[contacts_pb2.Affiliation(permissions=Permissions(invoices=Permissions.INHERIT))])
    name = made.affiliations[0].name
    seen = [now()]
    with api.operator():
        api.update_customer(customer, permissions=Permissions(invoices=Permissions.DENY))
        seen.append(now())
        api.update_customer(customer, permissions=Permissions(invoices=Permissions.INHERIT))
        seen.append(now())
        changed = settings_pb2.ContactsSettings(name="settings/contacts", default_permissions=Permissions(invoices=Permissions.DENY))
        mask = FieldMask(paths=["default_permissions.invoices"])
        api.settings.UpdateContactsSettings(settings_pb2.UpdateContactsSettingsRequest(contacts_settings=changed, update_mask=mask))
        seen.append(now())
        counted = [affiliation_at(api, name, time).effective_permissions.invoices for time in seen]
    assert counted == [Permissions.ALLOW, Permissions.DENY, Permissions.ALLOW, Permissions.DENY]


def test_who_was_primary_and_who_acted_for_the_customer_then(api: Api) -> None:
    customer, other = api.new_customer(), api.new_customer()
    first, second = api.new_contact(customer), api.new_contact(other)
    with api.operator():
        linked = api.affiliations.CreateAffiliation(
            affiliations_pb2.CreateAffiliationRequest(parent=customer.name, affiliation=contacts_pb2.Affiliation(contact=second.name))
        )
        seen = [now()]
        api.affiliations.MakePrimary(affiliations_pb2.MakePrimaryRequest(name=linked.name))
        seen.append(now())
        api.affiliations.MakePrimary(affiliations_pb2.MakePrimaryRequest(name=first.affiliations[0].name))
        api.affiliations.DeleteAffiliation(affiliations_pb2.DeleteAffiliationRequest(name=linked.name))
        seen.append(now())
        told = [[(one.contact, one.primary) for one in affiliations_at(api, customer.name, time)] for time in seen]
        assert affiliation_at(api, linked.name, seen[1]).primary
        assert [one.name for one in contact_at(api, second.name, seen[0]).affiliations] == [second.affiliations[0].name, linked.name]
        with pytest.raises(NotFound):
            affiliation_at(api, linked.name, seen[2])
    assert told == [
        [(first.name, True), (second.name, False)],
        [(second.name, True), (first.name, False)],
        [(first.name, True)],
    ]


def test_the_list_of_then_is_filtered_and_paged(api: Api) -> None:
    role, customer = api.new_role("Acquisti"), api.new_customer()
    made = [api.new_contact(customer) for _ in range(5)]
    with api.operator():
        for one in made[:3]:
            api.update_affiliation(one.affiliations[0].name, contact_role=role.name)
        then = now()
        api.contact_roles.DeleteContactRole(contact_roles_pb2.DeleteContactRoleRequest(name=role.name, clear=True))
        held = {one.contact for one in affiliations_at(api, customer.name, then, f'contact_role = "{role.name}"')}
        assert {one.contact_role for one in affiliations_at(api, customer.name, now())} == {""}
        request = affiliations_pb2.ListAffiliationsRequest(parent=customer.name, read_time=then, page_size=2)
        pages: list[list[str]] = []
        while not pages or request.page_token:
            page = api.affiliations.ListAffiliations(request)
            pages.append([one.contact for one in page.affiliations])
            request.page_token = page.next_page_token
    assert held == {one.name for one in made[:3]}
    assert [len(page) for page in pages] == [2, 2, 1]
    assert pages[0][0] == made[0].name
    assert {name for page in pages for name in page} == {one.name for one in made}


def test_before_the_creation_there_was_nothing_and_nobody_knows_the_future(api: Api) -> None:
    before = now()
    made = api.new_contact(api.new_customer())
    ahead = Timestamp()
    ahead.FromDatetime(datetime.now(UTC) + timedelta(hours=1))
    with api.operator():
        for time, expected in (
            (before, NotFound),
            (ahead, InvalidArgument),
            (Timestamp(seconds=10**15), InvalidArgument),
        ):
            with pytest.raises(expected):
                contact_at(api, made.name, time)
            with pytest.raises(expected):
                affiliation_at(api, made.affiliations[0].name, time)
        assert affiliations_at(api, made.customer, before) == []


@pytest.mark.req("R-GRP-09")
def test_whoever_may_not_see_a_contact_today_does_not_see_its_past(api: Api) -> None:
    """Security rule 26: hidden and missing are one answer, in the past as well."""
    north, south = api.new_group("Nord"), api.new_group("Sud")
    customer = api.new_customer(groups=[north.name, south.name])
    shown, hidden = api.new_contact(customer, groups=[north.name]), api.new_contact(customer, groups=[north.name])
    then = now()
    with api.operator():
        api.update_contact(hidden, groups=[south.name])
    with api.operator(north.name):
        assert [one.contact for one in affiliations_at(api, customer.name, then)] == [shown.name]
        for call in (lambda: contact_at(api, hidden.name, then), lambda: affiliation_at(api, hidden.affiliations[0].name, then)):
            with pytest.raises(NotFound):
                call()


def test_a_deleted_contact_ends(api: Api) -> None:
    customer = api.new_customer()
    api.new_contact(customer)
    made = api.new_contact(customer)
    then = now()
    with api.operator():
        api.contacts.DeleteContact(contacts_pb2.DeleteContactRequest(name=made.name))
        assert made.name not in [one.contact for one in affiliations_at(api, customer.name, then)]
        with pytest.raises(NotFound):
            contact_at(api, made.name, then)


def test_preferences_of_then(api: Api) -> None:
    made = api.new_contact(api.new_customer())
    then, name = now(), made.affiliations[0].name
    with api.operator():
        api.update_affiliation(name, preferences=Preferences(invoice=Preferences.OFF))
        assert affiliation_at(api, name, then).preferences.invoice == Preferences.ON
        assert affiliation_at(api, name, now()).preferences.invoice == Preferences.OFF


@pytest.mark.req("R-GRP-09")
def test_a_contact_sees_its_own_past_for_those_it_acts_for_today(api: Api) -> None:
    """Security rule 26: what was seen once is not seen for ever."""
    left, made, other = api.new_customer(), api.new_contact(api.new_customer()), api.new_contact(api.new_customer())
    api.new_contact(left)  # the primary one, so that the next may leave
    with api.operator():
        linked = api.affiliations.CreateAffiliation(
            affiliations_pb2.CreateAffiliationRequest(parent=left.name, affiliation=contacts_pb2.Affiliation(contact=made.name))
        )
        then = now()
        api.affiliations.DeleteAffiliation(affiliations_pb2.DeleteAffiliationRequest(name=linked.name))
    with api.contact(made):
        assert [one.name for one in contact_at(api, "contacts/me", then).affiliations] == [made.affiliations[0].name]
        for name in (linked.name, other.affiliations[0].name):
            with pytest.raises(NotFound):
                affiliation_at(api, name, then)

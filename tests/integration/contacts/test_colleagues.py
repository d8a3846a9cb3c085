"""Delegated administration through a real server, on both databases: what a primary contact may do for its colleagues, and no more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from recapito.contacts.events.v1 import events_pb2
from recapito.contacts.v1 import affiliations_pb2, contact_roles_pb2, contacts_pb2, customers_pb2, groups_pb2
from recapito.contacts.v1.contacts_pb2 import Affiliation, Contact, ContactPoint
from recapito.contacts.v1.customers_pb2 import Customer
from recapito.contacts.v1.permissions_pb2 import Permissions, Preferences

from libs.errors import AlreadyExists, InvalidArgument, NotFound, PermissionDenied
from tests.audit import entries_in_outbox
from tests.integration.contacts.conftest import Api


@dataclass
class Firm:
    """ABC with Mario, its primary contact, and Laura; another firm with its own two; Laura acts for both."""

    api: Api
    group: str
    abc: Customer
    other: Customer
    mario: Contact
    laura: Contact
    stranger: Contact

    def pair(self, contact: Contact, customer: Customer | None = None) -> str:
        return f"{(customer or self.abc).name}/affiliations/{contact.name.split('/')[1]}"


@pytest.fixture
def firm(api: Api) -> Firm:
    return new_firm(api)


def new_firm(api: Api) -> Firm:
    group = api.new_group("Napoli").name
    abc = api.new_customer(groups=[group], permissions={"invoices": "ALLOW", "projects": "DENY", "ticket_scope": "OWN"})
    other = api.new_customer()
    mario, stranger = api.new_contact(abc), api.new_contact(other, first_name="Carlo")
    both = [Affiliation(name=f"{one.name}/affiliations/-", position=f"per {one.display_name}") for one in (abc, other)]
    laura = api.new_contact(
        abc, first_name="Laura", groups=[group], affiliations=both, tags=["vip"], do_not_call=True,
        contact_points=[ContactPoint(kind=ContactPoint.MOBILE, value="+393451234567")],
    )  # fmt: skip
    return Firm(api, group, abc, other, mario, laura, stranger)


def invite(firm: Firm, **fields: Any) -> Contact:
    given = {"first_name": "Nuova", "last_name": "Collega", "email": f"{uuid4().hex}@abc.example", "customer": firm.abc.name}
    request = contacts_pb2.CreateContactRequest(contact=Contact(**(given | fields)), request_id=str(uuid4()))
    return firm.api.contacts.CreateContact(request)


def one(firm: Firm, name: str) -> Affiliation:
    return firm.api.affiliations.GetAffiliation(affiliations_pb2.GetAffiliationRequest(name=name))


def test_a_primary_contact_sees_who_acts_for_its_customer_and_what_they_are_there(firm: Firm) -> None:
    with firm.api.contact(firm.mario, "PRIMARY"):
        colleagues = firm.api.affiliations_of(firm.abc.name)
        assert [each.contact for each in colleagues] == [firm.mario.name, firm.laura.name]
        assert one(firm, firm.pair(firm.laura)) == colleagues[1]
    assert "vip" not in str(colleagues)
    assert firm.group not in str(colleagues)
    assert firm.other.name not in str(colleagues), "not what a colleague is for others"
    assert "+39345" not in str(colleagues)


ATTEMPTS: dict[str, Callable[[Firm], object]] = {
    "list of others": lambda firm: firm.api.affiliations_of(firm.other.name),
    "a stranger": lambda firm: one(firm, firm.pair(firm.stranger, firm.other)),
    "a stranger as a colleague": lambda firm: one(firm, firm.pair(firm.stranger)),
    "what a colleague is for others": lambda firm: one(firm, firm.pair(firm.laura, firm.other)),
    "a colleague's record": lambda firm: firm.api.contact_of(firm.laura.name),
    "a stranger's record": lambda firm: firm.api.contact_of(firm.stranger.name),
    "change of a stranger": lambda firm: firm.api.update_affiliation(firm.pair(firm.stranger), position="X"),
    "change of what a colleague is for others": lambda firm: firm.api.update_affiliation(firm.pair(firm.laura, firm.other), position="X"),
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_what_is_not_of_the_own_customer_does_not_exist(firm: Firm, attempt: str) -> None:
    """Security rules 26 and 28."""
    with firm.api.operator():
        before = [one(firm, firm.pair(firm.laura, firm.other)), one(firm, firm.pair(firm.stranger, firm.other))]
    with firm.api.contact(firm.mario, "PRIMARY"), pytest.raises(NotFound):
        ATTEMPTS[attempt](firm)
    with firm.api.operator():
        assert [one(firm, firm.pair(firm.laura, firm.other)), one(firm, firm.pair(firm.stranger, firm.other))] == before


def test_a_hidden_pair_and_one_that_never_was_are_the_same(firm: Firm) -> None:
    """Security rule 26."""
    nowhere, answers = str(uuid4()), []
    for id_ in (firm.stranger.name.split("/")[1], nowhere):
        with firm.api.contact(firm.mario, "PRIMARY"), pytest.raises(NotFound) as error:
            firm.api.update_affiliation(f"{firm.abc.name}/affiliations/{id_}", position="X")
        answers.append((error.value.reason, str(error.value).replace(id_, nowhere)))
    assert answers[0] == answers[1]


REFUSED: dict[str, Callable[[Firm], object]] = {
    "list of contacts": lambda firm: firm.api.contacts.ListContacts(contacts_pb2.ListContactsRequest()),
    "change of a person": lambda firm: firm.api.update_contact(firm.laura, email="mio@abc.example"),
    "deletion": lambda firm: firm.api.contacts.DeleteContact(contacts_pb2.DeleteContactRequest(name=firm.laura.name)),
    "the flag": lambda firm: firm.api.affiliations.MakePrimary(affiliations_pb2.MakePrimaryRequest(name=firm.pair(firm.laura))),
    "unlinking": lambda firm: firm.api.affiliations.DeleteAffiliation(
        affiliations_pb2.DeleteAffiliationRequest(name=firm.pair(firm.laura))
    ),
    "linking": lambda firm: firm.api.affiliations.CreateAffiliation(
        affiliations_pb2.CreateAffiliationRequest(parent=firm.abc.name, affiliation=Affiliation(contact=firm.stranger.name))
    ),
    "the customer": lambda firm: firm.api.update_customer(firm.abc, display_name="X"),
    "groups": lambda firm: firm.api.groups.ListGroups(groups_pb2.ListGroupsRequest()),
    "customers": lambda firm: firm.api.customers.ListCustomers(customers_pb2.ListCustomersRequest()),
    "roles": lambda firm: firm.api.contact_roles.CreateContactRole(
        contact_roles_pb2.CreateContactRoleRequest(contact_role=contact_roles_pb2.ContactRole(label_it="X"))
    ),
}


@pytest.mark.parametrize("attempt", REFUSED)
def test_what_is_the_organisations_stays_so(sqlite_api: Api, attempt: str) -> None:
    firm = new_firm(sqlite_api)
    with firm.api.contact(firm.mario, "PRIMARY", "INVOICES"), pytest.raises(PermissionDenied):
        REFUSED[attempt](firm)


@pytest.mark.req("R-PRM-08")
def test_a_primary_contact_changes_permissions_and_notifications_of_a_colleague(firm: Firm) -> None:
    with firm.api.operator():
        elsewhere = one(firm, firm.pair(firm.laura, firm.other))
    with firm.api.contact(firm.mario, "PRIMARY"):
        changed = firm.api.update_affiliation(
            firm.pair(firm.laura), position="Contabile", permissions={"estimates": "DENY"}, preferences={"invoice": "OFF"}
        )
    assert (changed.position, changed.effective_permissions.estimates, changed.preferences.invoice) == (
        "Contabile",
        Permissions.DENY,
        Preferences.OFF,
    )
    with firm.api.operator():
        assert one(firm, firm.pair(firm.laura)) == changed
        assert one(firm, firm.pair(firm.laura, firm.other)) == elsewhere
    entry = entries_in_outbox(firm.api.engine)[-1]
    assert (entry.actor, entry.resource) == (firm.mario.name.replace("contacts", "accounts"), firm.pair(firm.laura))


@pytest.mark.parametrize(
    ("permissions", "field"),
    [
        ({"projects": "ALLOW"}, "projects"),
        ({"invoices": "ALLOW", "projects": "ALLOW"}, "projects"),
        ({"ticket_scope": "CUSTOMER"}, "ticket_scope"),
    ],
    ids=["section", "among others", "scope"],
)
def test_nobody_is_given_more_than_the_customer_has(firm: Firm, permissions: Any, field: str) -> None:
    with firm.api.contact(firm.mario, "PRIMARY"):
        with pytest.raises(InvalidArgument) as error:
            firm.api.update_affiliation(firm.pair(firm.laura), permissions=permissions)
        (fault,) = error.value.violations
        assert (fault.field, fault.reason) == (f"affiliation.permissions.{field}", "MORE_THAN_CUSTOMER")
        with pytest.raises(InvalidArgument) as error:
            invite(firm, affiliations=[Affiliation(permissions=permissions)])
        assert error.value.violations[0].field == f"contact.affiliations[0].permissions.{field}"
        assert firm.api.update_affiliation(firm.pair(firm.laura), permissions={"projects": "INHERIT"}).effective_permissions.projects == (
            Permissions.DENY
        )


def test_what_the_organisation_gave_beyond_the_customer_stays_when_the_rest_changes(firm: Firm) -> None:
    with firm.api.operator():
        firm.api.update_affiliation(firm.pair(firm.laura), permissions={"projects": "ALLOW"})
    with firm.api.contact(firm.mario, "PRIMARY"):
        changed = firm.api.update_affiliation(firm.pair(firm.laura), permissions={"projects": "ALLOW", "support": "DENY"})
        assert changed.effective_permissions.projects == Permissions.ALLOW
        firm.api.update_affiliation(firm.pair(firm.laura), permissions={"projects": "DENY"})
        with pytest.raises(InvalidArgument):
            firm.api.update_affiliation(firm.pair(firm.laura), permissions={"projects": "ALLOW"})


def test_nobody_changes_what_it_may_do_itself(firm: Firm) -> None:
    for name in (firm.pair(firm.mario), f"{firm.abc.name}/affiliations/me"):
        with firm.api.contact(firm.mario, "PRIMARY"), pytest.raises((PermissionDenied, NotFound)):
            firm.api.update_affiliation(name, permissions={"estimates": "ALLOW"})


def test_a_contact_role_is_the_organisations_to_give(firm: Firm) -> None:
    role = firm.api.new_role("Referente")
    with firm.api.contact(firm.mario, "PRIMARY"), pytest.raises(InvalidArgument) as error:
        firm.api.update_affiliation(firm.pair(firm.laura), contact_role=role.name)
    assert (error.value.violations[0].field, error.value.reason) == ("affiliation.contact_role", "FIELD_NOT_YOURS")


@pytest.mark.parametrize("permissions", [(), ("INVOICES", "SUPPORT", "PROJECTS")], ids=["none", "sections"])
def test_whoever_is_not_primary_sees_and_changes_itself_alone(firm: Firm, permissions: tuple[str, ...]) -> None:
    with firm.api.contact(firm.laura, *permissions):
        assert [each.contact for each in firm.api.affiliations_of(firm.abc.name)] == [firm.laura.name]
        with pytest.raises(NotFound):
            one(firm, firm.pair(firm.mario))
        with pytest.raises(PermissionDenied):
            firm.api.update_affiliation(firm.pair(firm.mario), position="X")
        with pytest.raises(PermissionDenied):
            invite(firm)


def test_a_passport_that_says_primary_counts_for_nothing_once_the_flag_is_gone(firm: Firm) -> None:
    """R-PRM-14: from the next request on; the database has the last word."""
    with firm.api.operator():
        firm.api.affiliations.MakePrimary(affiliations_pb2.MakePrimaryRequest(name=firm.pair(firm.laura)))
    with firm.api.contact(firm.mario, "PRIMARY"):
        assert [each.contact for each in firm.api.affiliations_of(firm.abc.name)] == [firm.mario.name]
        with pytest.raises(NotFound):
            firm.api.update_affiliation(firm.pair(firm.laura), position="X")
        with pytest.raises(PermissionDenied):
            invite(firm)
    with firm.api.contact(firm.laura, "PRIMARY", customer=firm.other.name):
        assert [each.contact for each in firm.api.affiliations_of(firm.other.name)] == [firm.laura.name], "primary elsewhere, not here"
        with pytest.raises(PermissionDenied):
            invite(firm, customer=firm.other.name)
        with pytest.raises(InvalidArgument):
            invite(firm)


def test_who_came_by_a_link_in_a_mail_changes_nothing(firm: Firm) -> None:
    """Security rule 16, R-IDN-23: a link that was passed on lets nobody in who was not known."""
    with firm.api.contact(firm.mario, "PRIMARY", method="MAGIC_LINK"):
        for attempt in (lambda: invite(firm), lambda: firm.api.update_affiliation(firm.pair(firm.laura), position="X")):
            with pytest.raises(PermissionDenied) as error:
                attempt()
            assert error.value.reason == "MAGIC_LINK_SESSION"


# --- inviting ------------------------------------------------------------------------------------------------------------------------
def test_a_colleague_is_invited_with_the_groups_of_the_customer_and_within_what_it_has(firm: Firm) -> None:
    with firm.api.contact(firm.mario, "PRIMARY"):
        made = invite(
            firm,
            language_code="en",
            access={"enabled": True},
            affiliations=[Affiliation(position="Stagista", permissions=Permissions(support=Permissions.DENY))],
        )
        assert firm.pair(made) in [each.name for each in firm.api.affiliations_of(firm.abc.name)]
    assert not made.groups, "the primary contact is not told of them"
    with firm.api.operator():
        stored = firm.api.contact_of(made.name)
    assert (list(stored.groups), stored.customer, stored.access.enabled) == ([firm.group], firm.abc.name, True)
    (affiliation,) = stored.affiliations
    assert (affiliation.primary, affiliation.position) == (False, "Stagista")
    allowed = {
        name for name in ("invoices", "projects", "support") if getattr(affiliation.effective_permissions, name) == Permissions.ALLOW
    }
    assert allowed == {"invoices"}
    assert firm.api.events_of(events_pb2.ContactCreated)[-1].contact == made.name
    entry = entries_in_outbox(firm.api.engine)[-1]
    assert (entry.actor, entry.resource) == (firm.mario.name.replace("contacts", "accounts"), made.name)


@pytest.mark.parametrize(
    "fields",
    [
        {"groups": [f"groups/{uuid4()}"]},
        {"tags": ["vip"]},
        {"do_not_call": True},
        {"newsletter": True},
        {"open_tracking": True},
        {"contact_points": [ContactPoint(kind=ContactPoint.PHONE, value="+39345123456")]},
        {"access": {"enabled": True, "start_date": "2026-01-01"}},
        {"affiliations": [Affiliation(contact_role=f"contactRoles/{uuid4()}")]},
    ],
    ids=["groups", "tags", "do not call", "newsletter", "open tracking", "points", "window", "role"],
)
def test_only_the_fields_of_an_invitation_are_taken(sqlite_api: Api, fields: dict[str, Any]) -> None:
    """Security rule 30."""
    firm = new_firm(sqlite_api)
    with firm.api.contact(firm.mario, "PRIMARY"), pytest.raises(InvalidArgument) as error:
        invite(firm, **fields)
    assert error.value.reason == "FIELD_NOT_YOURS"


def test_nobody_is_invited_for_another_customer(firm: Firm) -> None:
    known = len(firm.api.events_of(events_pb2.ContactCreated))
    with firm.api.contact(firm.mario, "PRIMARY"):
        for fields in (
            {"customer": firm.other.name},
            {"customer": f"customers/{uuid4()}"},
            {"affiliations": [Affiliation(name=f"{name}/affiliations/-") for name in (firm.abc.name, firm.other.name)]},
        ):
            with pytest.raises(InvalidArgument) as error:
                invite(firm, **fields)
            assert error.value.reason == "CUSTOMER_UNKNOWN"
    assert len(firm.api.events_of(events_pb2.ContactCreated)) == known


@pytest.mark.req("R-CON-06")
def test_an_address_that_is_taken_is_refused_alike_whoever_holds_it(firm: Firm) -> None:
    """Neither the colleague nor the stranger who holds it is named."""
    answers = []
    for holder in (firm.laura, firm.stranger):
        with firm.api.contact(firm.mario, "PRIMARY"), pytest.raises(AlreadyExists) as error:
            invite(firm, email=holder.email.upper())
        answers.append((error.value.reason, str(error.value), error.value.violations, error.value.metadata))
        assert holder.name not in str(error.value.metadata)
    assert answers[0] == answers[1]


def test_a_repeated_invitation_makes_one_colleague(firm: Firm) -> None:
    contact = Contact(first_name="Nuova", last_name="Collega", email="nuova@abc.example", customer=firm.abc.name)
    request = contacts_pb2.CreateContactRequest(contact=contact, request_id="r-1")
    with firm.api.contact(firm.mario, "PRIMARY"):
        assert firm.api.contacts.CreateContact(request) == firm.api.contacts.CreateContact(request)
        assert len(firm.api.affiliations_of(firm.abc.name)) == 3

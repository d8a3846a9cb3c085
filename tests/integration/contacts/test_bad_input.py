"""Bad input is refused by the name of its field, and hostile text is kept as it is."""

from __future__ import annotations

from uuid import uuid4

import pytest
from recapito.contacts.v1 import contacts_pb2, permissions_pb2

from libs.errors import InvalidArgument, NotFound
from tests.integration.contacts.conftest import Api
from tests.integration.contacts.expected import faults

Permissions, Preferences = permissions_pb2.Permissions, permissions_pb2.Preferences
ALLOW, DENY, INHERIT = Permissions.ALLOW, Permissions.DENY, Permissions.INHERIT
ON, OFF = Preferences.ON, Preferences.OFF


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"first_name": "x" * 101}, "contact.first_name"),
        ({"first_name": "a\x00b"}, "contact.first_name"),
        ({"last_name": "\u202eabc"}, "contact.last_name"),
        ({"email": "no"}, "contact.email"),
        ({"email": "a@b@c.example"}, "contact.email"),
        ({"language_code": "italiano"}, "contact.language_code"),
        ({"customer": ""}, "contact.customer"),
        ({"customer": "groups/1"}, "contact.customer"),
        ({"customer": f"customers/{uuid4()}"}, "contact.customer"),
        ({"access": {"start_date": "2026-02-30"}}, "contact.access.start_date"),
        ({"access": {"start_date": "2026-02-02", "end_date": "2026-02-01"}}, "contact.access.end_date"),
        ({"contact_points": [{"kind": "PHONE", "value": "345"}]}, "contact.contact_points[0].value"),
        ({"contact_points": [{"value": "+393451234567"}]}, "contact.contact_points[0].kind"),
        ({"groups": [f"groups/{uuid4()}"]}, "contact.groups"),
        ({"groups": ["groups/-"]}, "contact.groups"),
        ({"customer": "customers/me"}, "contact.customer"),
        ({"affiliations": [{"name": "customers/-/affiliations/-"}]}, "contact.affiliations[0].name"),
        ({"email": "\ufdfa" * 40 + "@abc.example"}, "contact.email"),
        ({"direction": 7}, "contact.direction"),
        ({"affiliations": [{"permissions": {"invoices": 9}}]}, "contact.affiliations[0].permissions.invoices"),
        ({"affiliations": [{"preferences": {"kinds": {"x": "ON"}}}]}, "contact.affiliations[0].preferences.kinds"),
    ],
)
def test_bad_input_is_refused_by_the_name_of_its_field(sqlite_api: Api, fields: dict[str, object], field: str) -> None:
    customer = sqlite_api.new_customer()
    with pytest.raises(InvalidArgument) as error:
        sqlite_api.new_contact(customer, **fields)
    assert field in faults(error)
    with sqlite_api.operator():
        assert not sqlite_api.contacts.ListContacts(contacts_pb2.ListContactsRequest()).contacts


@pytest.mark.parametrize("name", ["contacts/current", "contacts/-"])
def test_an_alias_that_means_nothing_here_is_not_found(sqlite_api: Api, name: str) -> None:
    with sqlite_api.operator(), pytest.raises(NotFound):
        sqlite_api.contact_of(name)


def test_text_that_unfolds_to_many_times_its_length_is_no_failure(api: Api) -> None:
    long = "\ufdfa" * 100
    customer = api.new_customer(display_name=long * 2, phone="+390811234567")
    contact = api.new_contact(customer, first_name="\u0958" * 100, last_name=long, affiliations=[{"position": "\u0958" * 100}])
    api.new_group(long)
    with api.operator():
        assert [one.name for one in api.contacts.ListContacts(contacts_pb2.ListContactsRequest(query=long)).contacts] == [contact.name]
        words = " ".join(str(number) for number in range(66))
        assert not api.contacts.ListContacts(contacts_pb2.ListContactsRequest(query=words)).contacts


def test_hostile_text_is_kept_as_it_is(sqlite_api: Api) -> None:
    text = "Robert'); DROP TABLE contacts;-- <b>&amp;{{7*7}} 𝒵 שלום"
    contact = sqlite_api.new_contact(sqlite_api.new_customer(display_name=text), first_name=text)
    with sqlite_api.operator():
        assert sqlite_api.contact_of(contact.name).first_name == text
        assert len(sqlite_api.contacts.ListContacts(contacts_pb2.ListContactsRequest(query=text)).contacts) == 1

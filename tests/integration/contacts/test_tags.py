"""Tags of contacts: an operator's own words, one way of writing each, on both databases."""

from __future__ import annotations

import pytest
from recapito.contacts.v1 import contacts_pb2

from libs.errors import InvalidArgument
from tests.integration.contacts.conftest import Api


def found(api: Api, filter_: str = "", query: str = "") -> list[str]:
    listed = api.contacts.ListContacts(contacts_pb2.ListContactsRequest(filter=filter_, query=query))
    return [one.name for one in listed.contacts]


def test_a_tag_is_kept_once_however_it_is_written(api: Api) -> None:
    contact = api.new_contact(api.new_customer(), tags=["VIP", " fiera  2026", "Città", "citta", "vip"])
    assert contact.tags == ["Città", "fiera 2026", "VIP"]
    with api.operator():
        changed = api.update_contact(contact, "tags", tags=["vip", "nuovo"])
        assert changed.tags == ["nuovo", "vip"]
        assert api.update_contact(changed, "first_name", first_name="Ada").tags == ["nuovo", "vip"]
        assert api.update_contact(changed, "tags").tags == []


def test_contacts_are_found_by_tag(api: Api) -> None:
    home = api.new_customer()
    fair, plain = api.new_contact(home, tags=["Fiera 2026"]), api.new_contact(home)
    with api.operator():
        assert found(api, 'tag = "fiera 2026"') == [fair.name]
        assert found(api, 'tag = "fier"') == []
        assert found(api, 'tag != "FIERA 2026"') == [plain.name]
        assert found(api, "tag = null") == [plain.name]
        assert found(api, "tag != null") == [fair.name]
        assert found(api, query="fiera") == [fair.name]


@pytest.mark.parametrize("tag", ["  ", "uno, due", "a\u202eb"])
def test_a_tag_that_cannot_be_is_named(api: Api, tag: str) -> None:
    with pytest.raises(InvalidArgument) as error:
        api.new_contact(api.new_customer(), tags=["buono", tag])
    assert [fault.field for fault in error.value.violations] == ["contact.tags[1]"]

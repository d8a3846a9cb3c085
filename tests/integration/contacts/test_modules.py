"""The modules that an organisation switches on and off."""

from __future__ import annotations

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from recapito.contacts.v1.affiliations_pb2 import BatchGetCandidatesRequest
from recapito.contacts.v1.settings_pb2 import ContactsSettings, GetContactsSettingsRequest, UpdateContactsSettingsRequest

from libs.errors import PermissionDenied
from libs.rpc import context
from tests.integration.contacts.conftest import Api

NAME = "settings/contacts"


def modules(api: Api) -> dict[str, bool]:
    found = api.settings.GetContactsSettings(GetContactsSettingsRequest(name=NAME)).modules
    return {field.name: getattr(found, field.name) for field in found.DESCRIPTOR.fields}


def switch(api: Api, *paths: str, **switches: bool) -> None:
    wanted = ContactsSettings(name=NAME, modules=ContactsSettings.Modules(**switches))
    mask = FieldMask(paths=list(paths) or [f"modules.{name}" for name in switches])
    api.settings.UpdateContactsSettings(UpdateContactsSettingsRequest(contacts_settings=wanted, update_mask=mask))


@pytest.mark.req("R-DGN-03", "R-FLD-08", "R-FRM-06")
def test_at_first_only_the_reserved_area_is_on(api: Api) -> None:
    with api.operator():
        assert modules(api) == {"membership": False, "reserved_area": True, "custom_fields": False}


@pytest.mark.req("R-DGN-03", "R-FLD-08")
def test_each_module_is_switched_alone_or_all_at_once(api: Api) -> None:
    with api.operator():
        switch(api, custom_fields=True)
        assert modules(api) == {"membership": False, "reserved_area": True, "custom_fields": True}
        switch(api, reserved_area=False)
        assert modules(api) == {"membership": False, "reserved_area": False, "custom_fields": True}
        switch(api, "modules", membership=True, reserved_area=True)
        assert modules(api) == {"membership": True, "reserved_area": True, "custom_fields": False}


@pytest.mark.req("R-DGN-03")
def test_who_may_not_change_settings_switches_no_module(api: Api) -> None:
    with api.operator(capabilities=frozenset({"contacts.read"})), pytest.raises(PermissionDenied):
        switch(api, membership=True)


@pytest.mark.req("R-DGN-03")
def test_switching_the_area_off_deletes_nothing(api: Api) -> None:
    contact = api.new_contact(api.new_customer(), access={"enabled": True, "start_date": "2026-01-01"})
    with api.operator():
        switch(api, reserved_area=False)
        assert api.contact_of(contact.name).access == contact.access
        switch(api, reserved_area=True)
        assert api.contact_of(contact.name).access == contact.access


@pytest.mark.req("R-DGN-03")
def test_who_sends_mail_hears_whether_the_area_is_off(api: Api) -> None:
    customer = api.new_customer()
    request = BatchGetCandidatesRequest(queries=[BatchGetCandidatesRequest.Query(party=customer.name)])
    with context.as_person(""):  # as the service notifications
        before = api.affiliations.BatchGetCandidates(request)
    with api.operator():
        switch(api, reserved_area=False)
    with context.as_person(""):
        after = api.affiliations.BatchGetCandidates(request)
    assert (before.area_off, after.area_off) == (False, True)

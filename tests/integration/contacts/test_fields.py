"""The organisation's own fields: made, changed and deleted, with the values that contacts hold of them."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from google.protobuf import json_format
from google.protobuf.field_mask_pb2 import FieldMask
from recapito.contacts.v1 import fields_pb2 as pb
from recapito.contacts.v1.contacts_pb2 import Contact
from recapito.type.v1.type_pb2 import LocalizedText

from libs.errors import Aborted, AlreadyExists, FailedPrecondition, InvalidArgument, NotFound, PermissionDenied, ServiceError
from tests.integration.contacts.conftest import Api


@pytest.fixture
def own(api: Api) -> Api:
    """With custom fields switched on."""
    api.switch(custom_fields=True)
    return api


def profile(contact: Contact) -> dict[str, Any]:
    values = json_format.MessageToDict(contact.profile)
    values.pop("kind")
    return values


def option(label: str, id_: str = "") -> pb.Field.Option:
    return pb.Field.Option(id=id_, label=LocalizedText(it=label))


def change(api: Api, field: pb.Field, *, force: bool = False, **values: Any) -> pb.Field:
    changed = pb.Field(name=field.name, etag=field.etag, **values)
    with api.operator():
        return api.fields.UpdateField(pb.UpdateFieldRequest(field=changed, update_mask=FieldMask(paths=list(values)), force=force))


def delete(api: Api, field: pb.Field, *, force: bool = False) -> None:
    with api.operator():
        api.fields.DeleteField(pb.DeleteFieldRequest(name=field.name, force=force))


def listed(api: Api) -> dict[str, pb.Field]:
    with api.operator():
        return {field.key: field for field in api.fields.ListFields(pb.ListFieldsRequest()).fields}


def labels(api: Api) -> list[str]:
    return [field.label.it for field in listed(api).values() if field.custom]


def reason(error: pytest.ExceptionInfo[ServiceError]) -> str:
    return error.value.reason


@pytest.mark.req("R-FLD-01", "R-FLD-03", "R-FLD-04")
def test_a_field_is_created_changed_and_deleted(own: Api) -> None:
    field = own.new_field("Lingua preferita", type="CHOICE", options=[option("Italiano"), option("Inglese")], position=5)
    assert (field.key, field.block, field.custom, field.hidden) == ("lingua_preferita", pb.Field.CUSTOM, True, False)
    assert [one.id for one in field.options] == ["italiano", "inglese"]
    own.new_field("Codice interno", position=1)
    assert labels(own) == ["Codice interno", "Lingua preferita"]
    field = change(own, field, label=LocalizedText(it="Lingua", en="Language"), options=[*field.options, option("Francese")], position=0)
    assert [one.id for one in field.options] == ["italiano", "inglese", "francese"]
    assert labels(own) == ["Lingua", "Codice interno"]
    assert listed(own)["lingua_preferita"].label.en == "Language", "the key stays"
    delete(own, field)
    assert labels(own) == ["Codice interno"]


@pytest.mark.req("R-FLD-08")
def test_while_custom_fields_are_off_none_is_created_and_those_there_are_hidden(own: Api) -> None:
    field = own.new_field("Codice interno")
    own.switch(custom_fields=False)
    with pytest.raises(FailedPrecondition) as refused:
        own.new_field("Altro")
    assert reason(refused) == "CUSTOM_FIELDS_OFF"
    with pytest.raises(FailedPrecondition):
        change(own, field, position=3)
    assert listed(own)["codice_interno"].hidden


@pytest.mark.req("R-FLD-09")
@pytest.mark.parametrize(
    ("label", "at"),
    [
        (LocalizedText(it="CODICE interno"), "field.label.it"),
        (LocalizedText(it="Altro", en="internal CODE"), "field.label.en"),
        (LocalizedText(it="Internal code"), "field.label.it"),
        (LocalizedText(it="partita iva"), "field.label.it"),
        (LocalizedText(it="Còdice  interno"), "field.label.it"),
    ],
)
def test_a_name_that_another_field_has_is_refused(own: Api, label: LocalizedText, at: str) -> None:
    own.new_field("", label=LocalizedText(it="Codice interno", en="Internal code"))
    with pytest.raises(AlreadyExists) as refused:
        own.new_field("", label=label)
    assert reason(refused) == "NAME_TAKEN"
    assert [fault.field for fault in refused.value.violations] == [at]


def test_a_key_is_the_callers_or_made_from_the_label_and_never_twice(own: Api) -> None:
    assert own.new_field("Codice", key="code").key == "code"
    assert own.new_field("Code").key == "code_2"
    assert own.new_field("年").key == "f"
    with pytest.raises(AlreadyExists) as refused:
        own.new_field("Altro", key="tax_code")
    assert [fault.field for fault in refused.value.violations] == ["field.key"]


@pytest.mark.parametrize(
    ("values", "at", "why"),
    [
        ({"label": LocalizedText(en="x")}, "field.label.it", "REQUIRED"),
        ({"label": LocalizedText(it="x" * 101)}, "field.label.it", "STRING_MAX_LEN"),
        ({"type": "CHOICE"}, "field.options", "OPTIONS_MISSING"),
        ({"type": "CHOICES", "options": [option("Uno"), option("UNO")]}, "field.options[1].label.it", "DUPLICATE"),
        ({"type": "TABLE"}, "field.type", "TYPE_NOT_CUSTOM"),
        ({"type": "TYPE_UNSPECIFIED"}, "field.type", "REQUIRED"),
        ({"key": "Spazio e maiuscole"}, "field.key", "STRING_PATTERN"),
        ({"position": 1000}, "field.position", "INT32_GTE_LTE"),
    ],
)
def test_what_cannot_be_is_refused_by_name(own: Api, values: dict[str, Any], at: str, why: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        own.new_field("Codice", **values)
    assert {fault.field: fault.reason for fault in refused.value.violations} == {at: why}


@pytest.mark.req("R-FLD-01")
def test_deleting_a_field_takes_its_values_and_says_how_many(own: Api) -> None:
    field, home = own.new_field("Codice interno"), own.new_customer()
    held = [own.new_contact(home, profile={"codice_interno": code, "source": "fiera"}) for code in ("A1", "A2")]
    with own.operator():
        assert own.fields.GetField(pb.GetFieldRequest(name=field.name)).value_count == 2
    with pytest.raises(FailedPrecondition) as refused:
        delete(own, field)
    assert reason(refused) == "FIELD_IN_USE"
    delete(own, field, force=True)
    with own.operator():
        for contact in held:
            now = own.contact_of(contact.name)
            assert (profile(now), now.etag != contact.etag) == ({"source": "fiera"}, True)
    assert own.new_field("Codice interno").key == "codice_interno"


@pytest.mark.req("R-FLD-03")
def test_the_type_is_fixed_once_a_contact_holds_a_value(own: Api) -> None:
    field = own.new_field("Anno")
    field = change(own, field, type="NUMBER")
    contact = own.new_contact(own.new_customer(), profile={"anno": "2026"})
    with pytest.raises(FailedPrecondition) as refused:
        change(own, field, type=pb.Field.TEXT)
    assert reason(refused) == "FIELD_IN_USE"
    with own.operator():
        own.update_contact(contact, "profile.anno")
    assert change(own, field, type=pb.Field.TEXT).type == pb.Field.TEXT


@pytest.mark.req("R-FLD-04")
@pytest.mark.parametrize(("kind", "held", "left"), [("CHOICE", "inglese", None), ("CHOICES", ["inglese", "italiano"], ["italiano"])])
def test_an_option_that_is_held_goes_only_when_it_is_cleared(own: Api, kind: str, held: Any, left: Any) -> None:
    field = own.new_field("Lingue", type=kind, options=[option("Italiano"), option("Inglese"), option("Inglese britannico")])
    home = own.new_customer()
    contact, other = (own.new_contact(home, profile={"lingue": one}) for one in (held, "italiano" if kind == "CHOICE" else ["italiano"]))
    kept = [one for one in field.options if one.id != "inglese"]
    with pytest.raises(FailedPrecondition) as refused:
        change(own, field, options=kept)
    assert reason(refused) == "OPTION_IN_USE"
    field = change(own, field, options=kept, force=True)
    with own.operator():
        assert profile(own.contact_of(contact.name)).get("lingue") == left
        assert own.contact_of(other.name) == other
    assert len(change(own, field, options=[kept[0]]).options) == 1, "nobody holds the other"


def test_a_built_in_field_does_not_change(own: Api) -> None:
    field = listed(own)["tax_code"]
    assert not field.custom
    for attempt in (lambda: change(own, field, position=3), lambda: delete(own, field, force=True)):
        with pytest.raises(FailedPrecondition) as refused:
            attempt()
        assert reason(refused) == "FIELD_BUILT_IN"


def test_two_who_change_one_field_do_not_overwrite_each_other(own: Api) -> None:
    field = own.new_field("Codice interno")
    change(own, field, position=1)
    with pytest.raises(Aborted):
        change(own, field, position=2)


def test_a_request_sent_twice_makes_one_field(own: Api) -> None:
    request = pb.CreateFieldRequest(field=pb.Field(label=LocalizedText(it="Codice"), type=pb.Field.TEXT), request_id=str(uuid4()))
    with own.operator():
        assert own.fields.CreateField(request) == own.fields.CreateField(request)
    assert labels(own) == ["Codice"]


def test_only_who_may_set_up_contacts_changes_fields_and_who_sees_contacts_reads_them(own: Api) -> None:
    field = own.new_field("Codice interno")
    with own.operator(capabilities=frozenset({"contacts.read"})):
        assert own.fields.GetField(pb.GetFieldRequest(name=field.name)).key == "codice_interno"
        for call in (
            lambda: own.fields.CreateField(pb.CreateFieldRequest(field=pb.Field(label=LocalizedText(it="x"), type=pb.Field.TEXT))),
            lambda: own.fields.UpdateField(pb.UpdateFieldRequest(field=field, update_mask=FieldMask(paths=["position"]))),
            lambda: own.fields.DeleteField(pb.DeleteFieldRequest(name=field.name)),
        ):
            with pytest.raises(PermissionDenied):
                call()
    with own.operator(), pytest.raises(NotFound):
        own.fields.GetField(pb.GetFieldRequest(name=f"fields/{uuid4()}"))


def test_the_catalogue_is_read_page_by_page_in_the_order_of_the_form(own: Api) -> None:
    own.new_field("Codice interno")
    keys, token = [], ""
    with own.operator():
        while True:
            page = own.fields.ListFields(pb.ListFieldsRequest(page_size=20, page_token=token))
            keys += [field.key for field in page.fields]
            if not (token := page.next_page_token):
                break
        with pytest.raises(InvalidArgument):
            own.fields.ListFields(pb.ListFieldsRequest(page_token="x"))
    assert keys == list(listed(own))
    assert (keys[0], keys[-1]) == ("kind", "codice_interno")


def test_who_sees_some_groups_counts_the_values_of_those_and_deletes_all(own: Api) -> None:
    field, napoli, home = own.new_field("Codice interno"), own.new_group("Napoli"), own.new_customer()
    for groups in ([napoli.name], []):
        own.new_contact(home, profile={"codice_interno": "A1"}, groups=groups)
    with own.operator(napoli.name):
        assert own.fields.GetField(pb.GetFieldRequest(name=field.name)).value_count == 1
    with own.operator():
        assert own.fields.GetField(pb.GetFieldRequest(name=field.name)).value_count == 2

"""What is checked of every request before a service sees it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from recapito.contacts.v1 import contacts_pb2 as pb
from recapito.contacts.v1 import groups_pb2, permissions_pb2
from recapito.documents.v1 import invoices_pb2

from libs.errors import InvalidArgument
from libs.rpc import validation

UUID = "019ab7a0-0000-7000-8000-000000000001"


def faults(request: Message) -> dict[str, str]:
    with pytest.raises(InvalidArgument) as refused:
        validation.check(request)
    return {fault.field: fault.reason for fault in refused.value.violations}


def contact(**fields: object) -> pb.Contact:
    return pb.Contact(**{"first_name": "Laura", "last_name": "Bianchi", "customer": f"customers/{UUID}"} | fields)  # type: ignore[arg-type] # any fields


def test_a_good_request_passes() -> None:
    validation.check(pb.CreateContactRequest(contact=contact(email="laura.bianchi@abc.example")))


@pytest.mark.req("R-CON-02", "R-CON-03")
@pytest.mark.parametrize("name", ["first_name", "last_name"])
@pytest.mark.parametrize("value", ["", "   "])
def test_a_missing_name_is_named(name: str, value: str) -> None:
    assert faults(pb.CreateContactRequest(contact=contact(**{name: value}))) == {f"contact.{name}": "REQUIRED"}


def test_every_fault_is_reported_at_once() -> None:
    request = pb.CreateContactRequest(
        contact=pb.Contact(
            customer=f"customers/{UUID}", first_name="x" * 101, email="nobody", contact_points=[pb.ContactPoint(value="1" * 255)]
        )
    )
    assert faults(request).keys() == {
        "contact.first_name",
        "contact.last_name",
        "contact.email",
        "contact.contact_points[0].value",
        "contact.contact_points[0].kind",
    }


@pytest.mark.parametrize(
    "name", ["customers/1", "contacts/" + UUID, UUID, f"customers/{UUID}/x", f"customers/{UUID.upper()}", "customers/../etc"]
)
def test_the_name_of_something_else_is_refused(name: str) -> None:
    assert faults(pb.CreateContactRequest(contact=contact(customer=name))) == {"contact.customer": "NAME_INVALID"}


@pytest.mark.parametrize("value", ["a\x00b", "a\x1bb", "a\x7fb"])
def test_control_characters_are_refused_and_line_breaks_are_not(value: str) -> None:
    assert faults(pb.CreateContactRequest(contact=contact(first_name=value))) == {"contact.first_name": "CONTROL_CHARACTER"}
    validation.check(invoices_pb2.CreateInvoiceRequest(invoice=invoices_pb2.Invoice(customer=f"customers/{UUID}", notes="a\nb\tc")))


def test_output_only_fields_that_come_back_are_forgotten() -> None:
    request = pb.CreateContactRequest(contact=contact(state=pb.Contact.ANONYMIZED))
    validation.check(request)
    assert request.contact.state == pb.Contact.STATE_UNSPECIFIED


def update(*paths: str, **fields: object) -> pb.UpdateContactRequest:
    return pb.UpdateContactRequest(contact=pb.Contact(name=f"contacts/{UUID}", **fields), update_mask=FieldMask(paths=paths))  # type: ignore[arg-type] # any fields


def test_an_update_needs_only_what_its_mask_names() -> None:
    validation.check(update("email", "access.enabled", email="a@b.example"))


@pytest.mark.parametrize(
    ("request_of", "fault"),
    [
        (lambda: update(), {"update_mask": "REQUIRED"}),
        (lambda: update("nickname"), {"update_mask": "FIELD_UNKNOWN"}),
        (lambda: update("email.domain"), {"update_mask": "FIELD_UNKNOWN"}),
        (lambda: update("state"), {"update_mask": "FIELD_IMMUTABLE"}),
        (lambda: update("customer"), {"update_mask": "FIELD_IMMUTABLE"}),
        (lambda: update("name"), {"update_mask": "FIELD_IMMUTABLE"}),
        (lambda: update("first_name"), {"contact.first_name": "REQUIRED"}),
        (lambda: pb.UpdateContactRequest(update_mask=FieldMask(paths=["email"])), {"contact": "REQUIRED"}),
    ],
)
def test_a_mask_names_fields_that_can_be_changed(request_of: Callable[[], Message], fault: dict[str, str]) -> None:
    assert fault.items() <= faults(request_of()).items()


def test_lists_have_limits() -> None:
    assert faults(pb.ListContactsRequest(page_size=1001)).keys() == {"page_size"}
    assert faults(groups_pb2.CreateGroupRequest()).keys() == {"group"}
    too_many = permissions_pb2.Preferences(kinds={f"kind_{n}": permissions_pb2.Preferences.ON for n in range(41)})
    assert "contact.affiliations[0].preferences.kinds" in faults(
        pb.CreateContactRequest(contact=contact(affiliations=[pb.Affiliation(contact=f"contacts/{UUID}", preferences=too_many)]))
    )


def test_a_number_that_an_enum_does_not_have_is_named() -> None:
    assert faults(pb.CreateContactRequest(contact=contact(direction=99))) == {"contact.direction": "ENUM_UNKNOWN"}

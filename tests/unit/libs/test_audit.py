"""Which calls the audit keeps, and which resource each is about."""

from __future__ import annotations

import importlib
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from google.api import resource_pb2
from google.protobuf import symbol_database
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from recapito.contacts.v1 import affiliations_pb2, contacts_pb2
from recapito.documents.v1 import invoices_pb2
from recapito.identity.v1 import accounts_pb2, factors_pb2, links_pb2
from recapito.platform.events.v1.events_pb2 import AuditEntryRecorded

from libs import audit
from libs.access import ANONYMOUS, Caller, Kind
from libs.audit import Refusals, Trail

ID = UUID("019ab7a0-0000-7000-8000-000000000001")
OTHER = UUID("019ab7a0-0000-7000-8000-000000000002")
NOON = datetime(2026, 3, 29, 12, tzinfo=UTC)
OPERATOR = Caller(Kind.OPERATOR, ID, session_id=OTHER, session_state="OPEN")
PROTOS = Path(__file__).parents[3] / "protos"

# What these are about is in no field of the request: their use cases note it.
NOTED = {"CreateSession", "RedeemPasswordLink", "DisownLink", "IssueToken", "RevokeToken", "Authorize", "CreateImportJob", "ExportContacts"}
# Anybody may call these, and nothing of anybody changes: the audit has nothing to say.
NOBODYS = {"RequestLink", "CreatePasskeyChallenge", "StartProviderSignIn"}
READING = ("Get", "List", "Search", "Find", "Download", "Export", "Explain", "Preview", "Inspect", "Verify", "BatchGet", "Count")


def contract() -> list[MethodDescriptor]:
    methods = []
    for path in sorted(PROTOS.glob("recapito/*/v1/*.proto")):
        module = importlib.import_module(".".join(path.relative_to(PROTOS).with_suffix("").parts) + "_pb2")
        methods += [method for service in module.DESCRIPTOR.services_by_name.values() for method in service.methods]
    return methods


CHANGING = [method for method in contract() if audit.changes(method)]


def done(request: Message, caller: Caller = OPERATOR, made: str = "", subjects: tuple[str, ...] = ()) -> AuditEntryRecorded | None:
    with audit.following(Trail("recapito.x.v1.X.Y", changes=True, caller=caller, request=request)):
        return audit.done("x", made, subjects, NOON)


def test_the_hook_covers_each_method_that_changes_something() -> None:
    silent = {method.full_name for method in contract() if not audit.changes(method)}
    acting = {name.rpartition(".")[2] for name in silent if not name.rpartition(".")[2].startswith(READING)}
    # A passport is made at each request and changes nothing; links are minted by notifications, whose messages are a record already;
    # an image that was fetched is nobody's act.
    assert acting == {"CreatePassport", "MintLinks", "RecordOpen"}
    assert {method.name for method in CHANGING if method.name.startswith(("Get", "List", "Search", "Download", "Export"))} == {
        "ExportContacts"  # changes nothing, but who took people's data out is asked later
    }
    assert len(CHANGING) > 50


@pytest.mark.parametrize("method", CHANGING, ids=lambda method: method.full_name)
def test_each_changing_call_says_what_it_is_about(method: MethodDescriptor) -> None:
    request = symbol_database.Default().GetSymbol(method.input_type.full_name)()
    for field in request.DESCRIPTOR.fields:
        if field.name in {"name", "parent"}:
            setattr(request, field.name, f"things/{ID}")
        elif field.message_type is not None and field.message_type.GetOptions().HasExtension(resource_pb2.resource):
            resource = getattr(request, field.name)
            resource.SetInParent()
            resource.name = "" if method.name.startswith("Create") else f"things/{ID}"
    entry = done(request, made=str(OTHER))
    assert entry is not None
    assert (entry.resource == "services/x") == (method.name in NOTED | NOBODYS)


@pytest.mark.parametrize(
    ("request_", "made", "resource"),
    [
        (contacts_pb2.CreateContactRequest(contact=contacts_pb2.Contact(first_name="Ada")), str(OTHER), f"contacts/{OTHER}"),
        (contacts_pb2.UpdateContactRequest(contact=contacts_pb2.Contact(name=f"contacts/{OTHER}")), "", f"contacts/{OTHER}"),
        (
            affiliations_pb2.CreateAffiliationRequest(parent=f"customers/{ID}", affiliation=contacts_pb2.Affiliation()),
            f"customers/{ID}/affiliations/{OTHER}",
            f"customers/{ID}/affiliations/{OTHER}",
        ),
        (
            factors_pb2.CreateFactorRequest(parent="accounts/me", factor=factors_pb2.Factor()),
            str(OTHER),
            f"accounts/{ID}/factors/{OTHER}",
        ),
        (accounts_pb2.ChangePasswordRequest(name="accounts/me", new_password="x"), "", f"accounts/{ID}"),
        (links_pb2.SendLinkRequest(name=f"accounts/{OTHER}"), "", f"accounts/{OTHER}"),
    ],
)
def test_an_entry_names_the_resource(request_: Message, made: str, resource: str) -> None:
    entry = done(request_, made=made)
    assert entry is not None
    assert (entry.resource, entry.actor) == (resource, f"accounts/{ID}")
    assert entry.session == f"accounts/{ID}/sessions/{OTHER}"


def test_changed_fields_are_named_and_no_value_travels() -> None:
    request = contacts_pb2.UpdateContactRequest(contact=contacts_pb2.Contact(name=f"contacts/{OTHER}", email="ada@acme.example"))
    request.update_mask.paths.extend(["email", "email", "first_name"])
    entry = done(request)
    assert entry is not None
    assert entry.changed_fields == ["email", "first_name"]
    assert b"acme" not in entry.SerializeToString()


def test_a_name_that_is_none_is_not_taken_over() -> None:
    """Rule 4: whatever somebody writes into a name does not reach the audit."""
    entry = done(invoices_pb2.DeleteInvoiceRequest(name="Mario Rossi, mario@acme.example"))
    assert entry is not None
    assert entry.resource == "services/x"


def test_what_a_service_does_by_itself_or_nobody_asked_for_is_not_in_the_audit() -> None:
    assert done(links_pb2.RequestLinkRequest(), Caller(Kind.SERVICE, service="portal")) is None
    assert done(links_pb2.RequestLinkRequest(), ANONYMOUS) is None
    assert audit.done("x", "", (), NOON) is None


def test_only_the_transaction_that_the_call_was_made_for_is_recorded_and_once() -> None:
    trail = Trail("recapito.x.v1.X.Y", changes=True, caller=OPERATOR, request=accounts_pb2.DisableAccountRequest(name=f"accounts/{OTHER}"))
    with audit.following(trail):
        with audit.aside():
            assert audit.done("x", "", (), NOON) is None
        assert audit.done("x", "", (), NOON) is not None
        audit.recorded()
        assert audit.done("x", "", (), NOON) is None


def test_refusals_of_people_are_kept_and_cannot_fill_the_audit() -> None:
    written: list[AuditEntryRecorded] = []
    moment = 0.0
    refusals = Refusals("x", lambda entry, _address: written.append(entry), lambda: NOON, {"WRONG"}.__contains__, lambda: moment)

    def refuse(times: int, caller: Caller = OPERATOR, code: str = "PERMISSION_DENIED", reason: str = "NOT_ALLOWED") -> int:
        before = len(written)
        for _ in range(times):
            refusals.refused(Trail("recapito.x.v1.X.Y", changes=False, caller=caller), code, reason)
        return len(written) - before

    assert refuse(20) == audit.EQUAL_A_MINUTE
    assert written[0].result == "PERMISSION_DENIED NOT_ALLOWED"
    assert refuse(1, ANONYMOUS) == refuse(1, code="NOT_FOUND") == 0
    assert refuse(1, ANONYMOUS, "UNAUTHENTICATED", "WRONG") == 1
    strangers = sum(refuse(1, Caller(Kind.CONTACT, UUID(int=number))) for number in range(audit.ALL_A_MINUTE))
    assert strangers == audit.ALL_A_MINUTE - audit.EQUAL_A_MINUTE - 1
    moment = 60.0
    assert refuse(1) == 1


def test_which_account_a_stranger_tried_makes_no_difference_to_what_is_written() -> None:
    """Rule 13 of the security rules: else the work would tell which addresses exist."""
    written: list[AuditEntryRecorded] = []
    refusals = Refusals("x", lambda entry, _address: written.append(entry), lambda: NOON, {"WRONG"}.__contains__, lambda: 0.0)
    for number in range(2 * audit.OF_NOBODY_A_MINUTE):
        trail = Trail("recapito.x.v1.X.Y", changes=False, caller=ANONYMOUS, resource=f"accounts/{UUID(int=number)}" if number % 2 else "")
        refusals.refused(trail, "UNAUTHENTICATED", "WRONG")
        assert len(written) == min(number + 1, audit.OF_NOBODY_A_MINUTE)

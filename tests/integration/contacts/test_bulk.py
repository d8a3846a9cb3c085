"""One change to many affiliations through a real server, on both databases."""

from __future__ import annotations

import time
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from google.protobuf.field_mask_pb2 import FieldMask
from recapito.contacts.v1 import affiliations_pb2 as pb
from recapito.contacts.v1 import contacts_pb2, customers_pb2
from recapito.contacts.v1.contacts_pb2 import Affiliation
from recapito.contacts.v1.permissions_pb2 import Permissions, Preferences

from libs.errors import Aborted, AlreadyExists, InvalidArgument, PermissionDenied
from services.contacts.repository.history import affiliation_versions
from services.contacts.repository.tables import affiliations, contacts
from tests.audit import entries_in_outbox
from tests.integration.contacts.conftest import Api

FINANCE = {"invoice": "ON", "credit_note": "ON", "contract": "ON"}
OFF = dict.fromkeys(("invoice", "credit_note", "estimate", "proposal", "contract", "ticket", "project", "task"), "OFF")


def bulk(api: Api, filter_: str, *paths: str, expected: int = 0, **fields: Any) -> pb.BulkUpdateAffiliationsResponse:
    options = {name: fields.pop(name) for name in ("query", "validate_only", "request_id") if name in fields}
    request = pb.BulkUpdateAffiliationsRequest(
        filter=filter_, affiliation=Affiliation(**fields), update_mask=FieldMask(paths=paths), expected_count=expected, **options
    )
    return api.affiliations.BulkUpdateAffiliations(request)


def figures(answer: pb.BulkUpdateAffiliationsResponse) -> tuple[int, int, int]:
    return answer.matched_count, answer.updated_count, answer.without_email_count


def of(api: Api, contact: contacts_pb2.Contact, customer: str = "") -> Affiliation:
    name = f"{customer or contact.customer}/affiliations/{contact.name.split('/')[1]}"
    return api.affiliations.GetAffiliation(pb.GetAffiliationRequest(name=name))


@pytest.mark.req("R-FLD-07", "R-NOT-17", "R-NOT-14")
def test_a_filtered_set_gets_a_profile_of_notifications_and_nothing_else(api: Api) -> None:
    home = api.new_customer()
    people = [api.new_contact(home, language_code="en") for _ in range(3)]
    other = api.new_contact(home, language_code="it")
    with api.operator():
        assert figures(bulk(api, 'language_code = "en"', "preferences", validate_only=True)) == (3, 0, 0)
        before = [of(api, contact) for contact in (*people, other)]
        answer = bulk(api, 'language_code = "en"', "preferences", expected=3, preferences=OFF | FINANCE)
        assert figures(answer) == (3, 3, 0)
        after = [of(api, contact) for contact in (*people, other)]
    assert after[3] == before[3]
    for old, new in zip(before[:3], after[:3], strict=True):
        on = {name for name in OFF if getattr(new.preferences, name) == Preferences.ON}
        assert on == set(FINANCE)
        assert new.effective_permissions == old.effective_permissions
        assert new.etag != old.etag


@pytest.mark.req("R-FLD-07", "R-ROL-04")
def test_permissions_and_role_of_all_who_are_found_by_words_change_and_the_rest_of_them_stays(api: Api) -> None:
    home, role = api.new_customer(display_name="Ditta Zenobia"), api.new_role("Referente")
    people = [api.new_contact(home) for _ in range(2)]
    outside = api.new_contact(api.new_customer())
    with api.operator():
        api.update_affiliation(of(api, people[0]).name, position="Capo", permissions={"projects": "DENY"})
        answer = bulk(
            api, "", "permissions.invoices", "contact_role", query="zenobia", expected=2, permissions={"invoices": "DENY"},
            contact_role=role.name,
        )  # fmt: skip
        assert figures(answer) == (2, 2, 0)
        first, second, third = (of(api, contact) for contact in (*people, outside))
    assert (first.position, first.permissions.projects, first.contact_role) == ("Capo", Permissions.DENY, role.name)
    assert first.permissions.invoices == second.permissions.invoices == Permissions.DENY
    assert (third.permissions.invoices, third.contact_role) == (Permissions.ALLOW, "")


def test_what_a_contact_is_for_another_customer_stays_as_it_is(api: Api) -> None:
    first, second = api.new_customer(), api.new_customer()
    contact = api.new_contact(
        first, affiliations=[Affiliation(name=f"{one.name}/affiliations/-", position="Capo") for one in (first, second)]
    )
    with api.operator():
        untouched = of(api, contact, second.name)
        answer = bulk(api, f'customer = "{first.name}"', "permissions.support", expected=1, permissions={"support": "DENY"})
        assert figures(answer) == (1, 1, 0)
        assert of(api, contact).permissions.support == Permissions.DENY
        assert of(api, contact, second.name) == untouched


def test_a_count_that_is_no_longer_right_changes_nothing_and_says_the_new_one(api: Api) -> None:
    home = api.new_customer()
    contact = api.new_contact(home)
    with api.operator():
        before = of(api, contact)
        with pytest.raises(Aborted) as error:
            bulk(api, "", "preferences", expected=2, preferences=OFF)
        assert (error.value.reason, error.value.metadata) == ("COUNT_CHANGED", {"count": "1"})
        assert of(api, contact) == before


def test_those_without_an_address_stay_as_they_are_and_are_counted(api: Api) -> None:
    home = api.new_customer()
    api.new_contact(home)
    silent = api.new_contact(home, email="")
    with api.operator():
        assert figures(bulk(api, "", "preferences.invoice", expected=2, preferences={"invoice": "ON"})) == (2, 0, 1)
        assert not of(api, silent).warnings
        assert figures(bulk(api, "", "preferences", expected=2, preferences=OFF)) == (2, 1, 0)


def test_only_what_the_operator_may_see_is_counted_and_changed(api: Api) -> None:
    """Security rule 26: an affiliation needs both its ends."""
    office, other = api.new_group("Napoli"), api.new_group("Roma")
    seen, hidden = api.new_customer(groups=[office.name]), api.new_customer(groups=[other.name])
    mine = api.new_contact(
        seen, groups=[office.name], affiliations=[Affiliation(name=f"{one.name}/affiliations/-") for one in (seen, hidden)]
    )
    theirs = api.new_contact(seen, groups=[other.name])
    with api.operator():
        untouched = [of(api, theirs), of(api, mine, hidden.name)]
    with api.operator(office.name):
        assert figures(bulk(api, "", "preferences", validate_only=True)) == (1, 0, 0)
        assert figures(bulk(api, f'customer = "{hidden.name}"', "preferences", expected=0, preferences=OFF)) == (0, 0, 0)
        assert figures(bulk(api, "", "preferences", expected=1, preferences=OFF)) == (1, 1, 0)
    with api.operator():
        assert [of(api, theirs), of(api, mine, hidden.name)] == untouched


def test_a_retry_answers_the_same_and_changes_nothing(api: Api) -> None:
    home = api.new_customer()
    contact = api.new_contact(home)
    api.new_contact(home)
    with api.operator(account_id=uuid4()):
        first = bulk(api, "", "preferences.task", expected=2, preferences={"task": "OFF"}, request_id="r-2")
        api.update_affiliation(of(api, contact).name, "preferences.task", preferences={"task": "ON"})
        assert bulk(api, "", "preferences.task", expected=2, preferences={"task": "OFF"}, request_id="r-2") == first
        assert of(api, contact).preferences.task == Preferences.ON, "the retry did nothing"
        with pytest.raises(AlreadyExists):
            bulk(api, "", "preferences.task", expected=2, preferences={"task": "ON"}, request_id="r-2")


def test_the_whole_is_one_entry_of_the_audit_and_each_state_is_kept(api: Api) -> None:
    """Security rule 64."""
    home = api.new_customer()
    for _ in range(3):
        api.new_contact(home)
    with api.operator():
        known = len(entries_in_outbox(api.engine))
        bulk(api, "", "preferences", expected=3, preferences=OFF, query="rossi")
    (entry,) = entries_in_outbox(api.engine)[known:]
    assert (entry.method.rpartition(".")[2], list(entry.changed_fields), entry.result) == ("BulkUpdateAffiliations", ["preferences"], "OK")
    assert "rossi" not in str(entry).casefold()
    with api.engine.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(affiliation_versions)).scalar_one() == 6


@pytest.mark.parametrize(
    ("paths", "fields", "field", "reason"),
    [
        ((), {}, "update_mask", None),
        (("position",), {"position": "Capo"}, "update_mask", "MASK_INVALID"),
        (("contact_role",), {"contact_role": f"contactRoles/{uuid4()}"}, "affiliation.contact_role", "CONTACT_ROLE_UNKNOWN"),
        (("preferences",), {"preferences": {"kinds": {"never": "ON"}}}, "affiliation.preferences.kinds", None),
    ],
    ids=["no mask", "position", "role", "kind"],
)
def test_what_cannot_be_is_refused_by_its_name(
    sqlite_api: Api, paths: tuple[str, ...], fields: dict[str, Any], field: str, reason: str | None
) -> None:
    sqlite_api.new_contact(sqlite_api.new_customer())
    with sqlite_api.operator(), pytest.raises(InvalidArgument) as error:
        bulk(sqlite_api, "", *paths, expected=1, **fields)
    (fault,) = error.value.violations
    assert fault.field.startswith(field)
    assert reason is None or fault.reason == reason


def test_no_contact_changes_many_and_reading_is_not_writing(sqlite_api: Api) -> None:
    contact = sqlite_api.new_contact(sqlite_api.new_customer())
    with sqlite_api.contact(contact, "PRIMARY"), pytest.raises(PermissionDenied):
        bulk(sqlite_api, "", "preferences", expected=1, preferences=OFF)
    with sqlite_api.operator(capabilities=frozenset({"contacts.read"})), pytest.raises(PermissionDenied):
        bulk(sqlite_api, "", "preferences", validate_only=True)


def test_ten_thousand_change_in_one_transaction_and_one_more_is_refused(postgres_api: Api) -> None:
    api = postgres_api
    home = api.new_customer()
    first = api.new_contact(home)
    _multiply(api, first, 9_999)
    with api.operator():
        started = time.monotonic()
        assert figures(bulk(api, "", "preferences", expected=10_000, preferences=OFF)) == (10_000, 10_000, 0)
        assert time.monotonic() - started < 20
        _multiply(api, first, 1)
        for validate_only in (True, False):
            with pytest.raises(InvalidArgument) as error:
                bulk(api, "", "preferences", expected=10_000, preferences=OFF, validate_only=validate_only)
            assert error.value.reason == "TOO_MANY_MATCHED"


def _multiply(api: Api, contact: contacts_pb2.Contact, times: int) -> None:
    """Make copies of a contact and of what it is for its customer, as fast as the database can."""
    with api.engine.begin() as connection:
        person = connection.execute(sa.select(contacts)).mappings().first()
        pair = connection.execute(sa.select(affiliations)).mappings().first()
        assert person is not None
        assert pair is not None
        ids = [uuid4() for _ in range(times)]
        connection.execute(sa.insert(contacts), [{**person, "id": id_, "email_key": f"{id_}@abc.example"} for id_ in ids])
        connection.execute(sa.insert(affiliations), [{**pair, "contact_id": id_} for id_ in ids])


@pytest.mark.req("R-CON-13", "R-CON-18")
def test_a_party_is_of_several_categories_at_once_and_found_by_each(api: Api) -> None:
    kinds = ("COMPANY", "PUBLIC_BODY", "ASSOCIATION", "HOUSEHOLD", "INDIVIDUAL")
    categories = ["CLIENT", "SUPPLIER", "PARTNER", "MEMBER", "ASSISTED_PERSON"]
    parties = [api.new_customer(kind=kind, categories=categories) for kind in kinds]
    contact = api.new_contact(parties[0])
    assert contact.customer == parties[0].name
    with api.operator():
        for category in categories:
            wanted = customers_pb2.ListCustomersRequest(filter=f"category = {category} AND category = CLIENT", order_by="create_time")
            assert [one.name for one in api.customers.ListCustomers(wanted).customers] == [one.name for one in parties]
        for party, kind in zip(parties, kinds, strict=True):
            wanted = customers_pb2.ListCustomersRequest(filter=f"kind = {kind} AND category = SUPPLIER")
            assert [one.name for one in api.customers.ListCustomers(wanted).customers] == [party.name]

"""Contact roles through a real server, on both databases: the list, who holds one, and how one goes."""

from __future__ import annotations

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from recapito.contacts.v1 import affiliations_pb2, contact_roles_pb2, contacts_pb2

from libs.errors import Aborted, AlreadyExists, FailedPrecondition, InvalidArgument, NotFound, PermissionDenied
from libs.rpc import context
from tests.integration.contacts.conftest import Api

Role = contact_roles_pb2.ContactRole


def listed(api: Api, size: int = 0) -> list[Role]:
    found: list[Role] = []
    token = ""
    while True:
        page = api.contact_roles.ListContactRoles(contact_roles_pb2.ListContactRolesRequest(page_size=size, page_token=token))
        found += page.contact_roles
        token = page.next_page_token
        if not token:
            return found


def change(api: Api, role: Role, **fields: object) -> Role:
    wanted = Role(name=role.name, etag=role.etag, **fields)  # type: ignore[arg-type] # fields of a role
    return api.contact_roles.UpdateContactRole(
        contact_roles_pb2.UpdateContactRoleRequest(contact_role=wanted, update_mask=FieldMask(paths=list(fields)))
    )


def delete(api: Api, role: Role, **how: object) -> None:
    api.contact_roles.DeleteContactRole(contact_roles_pb2.DeleteContactRoleRequest(name=role.name, **how))  # type: ignore[arg-type] # its fields


@pytest.mark.req("R-ROL-02")
def test_roles_are_created_ordered_edited_and_deleted(api: Api) -> None:
    ceo = api.new_role(" Amministratore   delegato ", label_en="CEO", position=10)
    admin = api.new_role("Referente amministrativo", position=20)
    api.new_role("Firma i contratti", position=10)
    assert (ceo.label_it, ceo.label_en, ceo.position, ceo.holder_count) == ("Amministratore delegato", "CEO", 10, 0)
    with api.operator():
        assert [role.label_it for role in listed(api, 2)] == ["Amministratore delegato", "Firma i contratti", "Referente amministrativo"]
        changed = change(api, admin, label_it="Amministrazione", label_en="Accounts", position=1)
        assert listed(api)[0] == changed
        assert api.contact_roles.GetContactRole(contact_roles_pb2.GetContactRoleRequest(name=admin.name)) == changed
        delete(api, ceo)
        assert [role.label_it for role in listed(api)] == ["Amministrazione", "Firma i contratti"]
        with pytest.raises(NotFound):
            delete(api, ceo)


@pytest.mark.req("R-ROL-02")
@pytest.mark.parametrize(("label_it", "label_en", "field"), [("DIREZIONE", "", "label_it"), ("Capo", "management", "label_en")])
def test_a_label_belongs_to_one_role_whatever_its_letters(api: Api, label_it: str, label_en: str, field: str) -> None:
    api.new_role("Direzione", label_en="Management")
    with pytest.raises(AlreadyExists) as error:
        api.new_role(label_it, label_en=label_en)
    assert [(fault.field, fault.reason) for fault in error.value.violations] == [(f"contact_role.{field}", "NAME_TAKEN")]
    other = api.new_role("Altro")
    with api.operator(), pytest.raises(AlreadyExists) as error:
        change(api, other, label_it=label_it, label_en=label_en)
    assert error.value.violations[0].field == f"contact_role.{field}"
    with api.operator():
        assert change(api, other, label_it="ALTRO").label_it == "ALTRO"


def test_a_repeated_request_makes_one_role_and_a_stale_form_changes_none(api: Api) -> None:
    with api.operator():
        wanted = contact_roles_pb2.CreateContactRoleRequest(contact_role=Role(label_it="Tecnico"), request_id="r-1")
        first = api.contact_roles.CreateContactRole(wanted)
        assert api.contact_roles.CreateContactRole(wanted) == first
        change(api, first, position=3)
        with pytest.raises(Aborted):
            change(api, first, position=4)
        with pytest.raises(Aborted):
            delete(api, first, etag=first.etag)
        delete(api, first, request_id="r-2")
        delete(api, first, request_id="r-2")


def test_a_role_that_cannot_be_is_refused_by_the_name_of_its_field(sqlite_api: Api) -> None:
    for fields, field in (
        ({"label_it": " "}, "label_it"),
        ({"label_it": "x" * 101}, "label_it"),
        ({"label_it": "\u202eoelac"}, "label_it"),
        ({"label_it": "Capo", "position": 1000}, "position"),
        ({"label_it": "Capo", "position": -1}, "position"),
    ):
        with pytest.raises(InvalidArgument) as error:
            sqlite_api.new_role(**fields)
        assert error.value.violations[0].field == f"contact_role.{field}"


def test_only_who_sets_up_contacts_changes_roles_and_all_who_see_contacts_read_them(sqlite_api: Api) -> None:
    role = sqlite_api.new_role("Tecnico")
    with sqlite_api.operator(capabilities=frozenset({"contacts.read", "contacts.write"})):
        assert listed(sqlite_api) == [role]
        for attempt in (
            lambda: delete(sqlite_api, role),
            lambda: change(sqlite_api, role, position=2),
            lambda: sqlite_api.contact_roles.CreateContactRole(
                contact_roles_pb2.CreateContactRoleRequest(contact_role=Role(label_it="Capo"))
            ),
        ):
            with pytest.raises(PermissionDenied):
                attempt()
    contact = sqlite_api.new_contact(sqlite_api.new_customer())
    with sqlite_api.contact(contact, "PRIMARY"), pytest.raises(PermissionDenied):
        listed(sqlite_api)


# --- who holds one -------------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-ROL-01", "R-ROL-03")
def test_a_contact_holds_a_role_for_each_customer_beside_its_position(api: Api) -> None:
    admin, owner = api.new_role("Referente amministrativo"), api.new_role("Titolare")
    contact = api.new_contact(api.new_customer(), affiliations=[{"position": "CFO", "contact_role": admin.name}])
    other = api.new_customer()
    with api.operator():
        link = affiliations_pb2.CreateAffiliationRequest(
            parent=other.name, affiliation=contacts_pb2.Affiliation(contact=contact.name, contact_role=owner.name)
        )
        api.affiliations.CreateAffiliation(link)
        found = api.contact_of(contact.name).affiliations
        assert [(one.position, one.contact_role) for one in found] == [("CFO", admin.name), ("", owner.name)]
        changed = api.update_affiliation(found[0].name, position="DAF")
        assert (changed.position, changed.contact_role) == ("DAF", admin.name), "each by itself"
        assert api.update_affiliation(found[0].name, "contact_role").contact_role == ""
        assert [(role.label_it, role.holder_count) for role in listed(api)] == [("Referente amministrativo", 0), ("Titolare", 1)]


def test_a_role_that_does_not_exist_is_not_given(api: Api) -> None:
    role, home = api.new_role("Tecnico"), api.new_customer()
    contact = api.new_contact(home)
    with api.operator():
        delete(api, role)
    with pytest.raises(InvalidArgument) as error:
        api.new_contact(home, affiliations=[{"contact_role": role.name}])
    assert (error.value.reason, error.value.violations[0].field) == ("CONTACT_ROLE_UNKNOWN", "contact.affiliations[0].contact_role")
    with api.operator():
        with pytest.raises(InvalidArgument) as error:
            api.update_affiliation(contact.affiliations[0].name, contact_role=role.name)
        assert error.value.violations[0].field == "affiliation.contact_role"
        link = affiliations_pb2.CreateAffiliationRequest(
            parent=api.new_customer().name, affiliation=contacts_pb2.Affiliation(contact=contact.name, contact_role=role.name)
        )
        with api.operator(), pytest.raises(InvalidArgument):
            api.affiliations.CreateAffiliation(link)


@pytest.mark.req("R-ROL-01", "R-ROL-04")
def test_contacts_are_found_by_their_role(api: Api) -> None:
    admin, owner = api.new_role("Referente amministrativo"), api.new_role("Titolare")
    home = api.new_customer()
    people = [
        api.new_contact(home, last_name=name, affiliations=[{"contact_role": role}])
        for name, role in (("Bianchi", admin.name), ("Rossi", owner.name), ("Verdi", ""))
    ]

    def found(filter_: str) -> list[str]:
        answer = api.contacts.ListContacts(contacts_pb2.ListContactsRequest(filter=filter_))
        return [contact.last_name for contact in answer.contacts]

    with api.operator():
        assert found(f'contact_role = "{admin.name}"') == ["Bianchi"]
        assert found(f'contact_role != "{admin.name}"') == ["Rossi", "Verdi"]
        assert found("contact_role:*") == ["Bianchi", "Rossi"]
        assert found("contact_role = null") == ["Verdi"]
        request = affiliations_pb2.ListAffiliationsRequest(parent=home.name, filter=f'contact_role = "{owner.name}"')
        assert [one.contact for one in api.affiliations.ListAffiliations(request).affiliations] == [people[1].name]


@pytest.mark.req("R-ROL-04")
def test_who_might_be_told_is_named_with_its_role_for_that_customer(api: Api) -> None:
    admin = api.new_role("Referente amministrativo")
    home, other = api.new_customer(), api.new_customer()
    contact = api.new_contact(home, affiliations=[{"contact_role": admin.name}])
    api.new_contact(other)
    query = affiliations_pb2.BatchGetCandidatesRequest.Query
    request = affiliations_pb2.BatchGetCandidatesRequest(queries=[query(party=home.name), query(party=other.name, contacts=[contact.name])])
    with context.as_person(""):  # as the service notifications
        parties = api.affiliations.BatchGetCandidates(request).parties
    assert [one.contact_role for one in parties[0].candidates] == [admin.name]
    assert [one.contact_role for one in parties[1].candidates] == ["", ""], "a role counts for its own customer"


def test_who_sees_some_groups_finds_and_counts_only_holders_that_it_sees(api: Api) -> None:
    """Security rule 26."""
    office, other = api.new_group("Napoli"), api.new_group("Roma")
    role = api.new_role("Tecnico")
    for group, name in ((office, "Rossi"), (other, "Verdi")):
        home = api.new_customer(groups=[group.name])
        api.new_contact(home, last_name=name, groups=[group.name], affiliations=[{"contact_role": role.name}])
    with api.operator(office.name):
        assert [(one.name, one.holder_count) for one in listed(api)] == [(role.name, 1)]
        request = contacts_pb2.ListContactsRequest(filter=f'contact_role = "{role.name}"')
        assert [one.last_name for one in api.contacts.ListContacts(request).contacts] == ["Rossi"]


# --- how one goes --------------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-ROL-05")
def test_a_role_in_use_goes_only_with_a_replacement_or_when_it_is_cleared(api: Api) -> None:
    old, new = api.new_role("Ragioniere"), api.new_role("Contabile")
    home = api.new_customer()
    people = [api.new_contact(home, affiliations=[{"contact_role": old.name, "position": "Rag."}]) for _ in range(3)]
    with api.operator():
        with pytest.raises(FailedPrecondition) as error:
            delete(api, old)
        assert error.value.reason == "ROLE_IN_USE"
        for wrong in (old.name, "contactRoles/00000000-0000-4000-8000-000000000000"):
            with pytest.raises(InvalidArgument) as refused:
                delete(api, old, replacement=wrong)
            assert (refused.value.reason, refused.value.violations[0].field) == ("CONTACT_ROLE_UNKNOWN", "replacement")
        delete(api, old, replacement=new.name)
        held = [api.contact_of(person.name).affiliations[0] for person in people]
        assert [(one.contact_role, one.position) for one in held] == [(new.name, "Rag.")] * 3
        with pytest.raises(Aborted):
            api.update_affiliation(held[0].name, "position", etag=people[0].affiliations[0].etag)
        delete(api, new, clear=True)
        assert {one.contact_role for one in api.affiliations_of(home.name)} == {""}
        assert listed(api) == []

"""People linked under a contact, through a real server, on both databases."""

from __future__ import annotations

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from recapito.contacts.v1 import contacts_pb2, erasures_pb2
from recapito.contacts.v1 import sub_contacts_pb2 as pb

from libs.errors import Aborted, AlreadyExists, InvalidArgument, NotFound, PermissionDenied
from tests.integration.contacts.conftest import Api


def under(api: Api, principal: contacts_pb2.Contact, **how: object) -> list[pb.SubContact]:
    return list(api.sub_contacts.ListSubContacts(pb.ListSubContactsRequest(parent=principal.name, **how)).sub_contacts)  # type: ignore[arg-type] # its fields


def unlink(api: Api, link: pb.SubContact, **how: str) -> None:
    api.sub_contacts.DeleteSubContact(pb.DeleteSubContactRequest(name=link.name, **how))


def change(api: Api, link: pb.SubContact, relation: str, etag: str = "") -> pb.SubContact:
    wanted = pb.SubContact(name=link.name, relation=relation, etag=etag)
    return api.sub_contacts.UpdateSubContact(pb.UpdateSubContactRequest(sub_contact=wanted, update_mask=FieldMask(paths=["relation"])))


@pytest.mark.req("R-SUB-01", "R-SUB-02", "R-SUB-03")
def test_people_are_linked_under_a_contact_and_listed_by_name(api: Api) -> None:
    home = api.new_customer()
    anna, bruno, carla = (api.new_contact(home, first_name=name, last_name="Rossi") for name in ("Anna", "Bruno", "Carla"))
    with api.operator():
        second, first = api.link(anna, carla, "figlia"), api.link(anna, bruno, " marito ")
        assert under(api, anna) == [first, second]
        assert (first.display_name, first.email, first.relation, first.principal_name) == (
            "Bruno Rossi",
            bruno.email,
            "marito",
            "Anna Rossi",
        )
        assert api.sub_contacts.GetSubContact(pb.GetSubContactRequest(name=first.name)) == first
        page = api.sub_contacts.ListSubContacts(pb.ListSubContactsRequest(parent=anna.name, page_size=1))
        rest = under(api, anna, page_size=1, page_token=page.next_page_token)
        assert [*page.sub_contacts, *rest] == [first, second]
        assert change(api, first, "coniuge").relation == "coniuge"
        (found,) = api.sub_contacts.ListSubContacts(
            pb.ListSubContactsRequest(parent="contacts/-", filter=f'contact = "{bruno.name}"')
        ).sub_contacts
        assert found.principal_name == "Anna Rossi"


@pytest.mark.req("R-SUB-04")
@pytest.mark.parametrize(
    ("kind", "relations"),
    [
        ("HOUSEHOLD", ["coniuge", "figlio", "nonna"]),
        ("COMPANY", ["dipendente", "referente amministrativo", "responsabile tecnico"]),
        ("ASSOCIATION", ["socio", "consiglio direttivo", "volontaria"]),
    ],
)
def test_households_companies_and_associations_have_their_people(sqlite_api: Api, kind: str, relations: list[str]) -> None:
    home = sqlite_api.new_customer(kind=kind)
    principal = sqlite_api.new_contact(home)
    with sqlite_api.operator():
        for number, relation in enumerate(relations):
            sqlite_api.link(principal, sqlite_api.new_contact(home, last_name=f"Bianchi {number}"), relation)
        assert [link.relation for link in under(sqlite_api, principal)] == relations


@pytest.mark.req("R-SUB-05", "R-CON-20")
def test_unlinking_removes_the_relation_and_never_the_person(api: Api) -> None:
    home = api.new_customer()
    principal, person = api.new_contact(home), api.new_contact(home, last_name="Verdi")
    with api.operator():
        link = api.link(principal, person, "figlia")
        before = api.contact_of(person.name)
        unlink(api, link)
        assert under(api, principal) == []
        assert api.contact_of(person.name) == before
        with pytest.raises(NotFound):
            unlink(api, link)
        assert api.link(principal, person).relation == ""


@pytest.mark.req("R-SUB-06")
def test_a_hidden_sub_contact_is_in_no_answer_of_its_principal(api: Api) -> None:
    """Security rule 26: seeing the principal does not show a sub-contact of another group; hidden and missing are the same."""
    one, two = api.new_group("Napoli"), api.new_group("Salerno")
    home = api.new_customer(groups=[one.name])
    principal = api.new_contact(home, groups=[one.name])
    seen, hidden = api.new_contact(home, last_name="A", groups=[one.name]), api.new_contact(home, last_name="B", groups=[two.name])
    with api.operator():
        links = [api.link(principal, person, "socio") for person in (seen, hidden)]
    with api.operator(one.name):
        assert under(api, principal) == links[:1]
        missing = f"{principal.name}/subContacts/{'0' * 8}-0000-0000-0000-{'0' * 12}"
        for name in (links[1].name, missing):
            with pytest.raises(NotFound) as error:
                api.sub_contacts.GetSubContact(pb.GetSubContactRequest(name=name))
            assert error.value.reason == "SUB_CONTACT_NOT_FOUND"
            with pytest.raises(NotFound):
                change(api, pb.SubContact(name=name), "x")
            with pytest.raises(NotFound):
                unlink(api, pb.SubContact(name=name))
        with pytest.raises(InvalidArgument) as refused:
            api.link(principal, hidden)
        assert (refused.value.reason, refused.value.violations[0].field) == ("CONTACT_UNKNOWN", "sub_contact.contact")
    with api.operator(two.name), pytest.raises(NotFound):
        under(api, principal)
    with api.operator(two.name):
        request = pb.ListSubContactsRequest(parent="contacts/-", filter=f'contact = "{hidden.name}"')
        assert not api.sub_contacts.ListSubContacts(request).sub_contacts, "the principal is hidden"
    with api.operator():
        assert list(api.contact_of(hidden.name).groups) == [two.name], "a link changes no group"
        assert under(api, principal) == links


def test_a_link_that_cannot_be_is_refused_by_the_name_of_its_field(sqlite_api: Api) -> None:
    home = sqlite_api.new_customer()
    principal, person = sqlite_api.new_contact(home), sqlite_api.new_contact(home)
    nobody = contacts_pb2.Contact(name="contacts/00000000-0000-0000-0000-000000000000")
    with sqlite_api.operator():
        for other, relation, field, reason in (
            (principal, "", "sub_contact.contact", "SAME_CONTACT"),
            (nobody, "", "sub_contact.contact", "CONTACT_UNKNOWN"),
            (contacts_pb2.Contact(), "", "sub_contact.contact", "REQUIRED"),
            (contacts_pb2.Contact(name="contacts/-"), "", "sub_contact.contact", "NAME_INVALID"),
            (person, "x" * 61, "sub_contact.relation", "STRING_MAX_LEN"),
            (person, "\u202eailgif", "sub_contact.relation", "CONTROL_CHARACTER"),
        ):
            with pytest.raises(InvalidArgument) as error:
                sqlite_api.link(principal, other, relation)
            assert (error.value.violations[0].field, error.value.violations[0].reason) == (field, reason)
        sqlite_api.link(principal, person)
        with pytest.raises(AlreadyExists) as twice:
            sqlite_api.link(principal, person)
        assert twice.value.reason == "ALREADY_LINKED"
        with pytest.raises(InvalidArgument):
            sqlite_api.sub_contacts.ListSubContacts(pb.ListSubContactsRequest(parent="contacts/-"))


def test_a_repeated_link_is_one_and_a_stale_form_changes_none(api: Api) -> None:
    home = api.new_customer()
    principal, person = api.new_contact(home), api.new_contact(home)
    wanted = pb.CreateSubContactRequest(parent=principal.name, sub_contact=pb.SubContact(contact=person.name), request_id="r-1")
    with api.operator():
        first = api.sub_contacts.CreateSubContact(wanted)
        assert api.sub_contacts.CreateSubContact(wanted) == first
        change(api, first, "socio")
        with pytest.raises(Aborted):
            change(api, first, "volontario", first.etag)
        with pytest.raises(Aborted):
            unlink(api, first, etag=first.etag)
        unlink(api, first, request_id="r-2")
        unlink(api, first, request_id="r-2")


def test_only_who_writes_contacts_links_and_no_contact_sees_links(sqlite_api: Api) -> None:
    home = sqlite_api.new_customer()
    principal, person = sqlite_api.new_contact(home), sqlite_api.new_contact(home)
    with sqlite_api.operator(capabilities=frozenset({"contacts.read"})):
        assert under(sqlite_api, principal) == []
        with pytest.raises(PermissionDenied):
            sqlite_api.link(principal, person)
    with sqlite_api.contact(principal, "PRIMARY"), pytest.raises(PermissionDenied):
        under(sqlite_api, principal)


def test_who_deletes_a_person_is_told_of_its_people_first(api: Api) -> None:
    one, two = api.new_group("Napoli"), api.new_group("Salerno")
    home = api.new_customer(groups=[one.name])
    principal = api.new_contact(home, groups=[one.name])
    seen = api.new_contact(home, groups=[one.name], reports_to=principal.name)
    hidden = api.new_contact(home, groups=[two.name], reports_to=principal.name)
    with api.operator():
        api.link(principal, seen)
        api.link(hidden, principal)
    request = contacts_pb2.CountLinkedResourcesRequest(name=principal.name)
    for groups, count in (((), 2), ((one.name,), 1)):
        with api.operator(*groups):
            counted = {one.type: one.count for one in api.contacts.CountLinkedResources(request).links}
        assert counted == {"recapito/SubContact": count, "recapito/Contact": count}


def test_a_deleted_person_leaves_the_links_of_others(api: Api) -> None:
    home = api.new_customer()
    api.new_contact(home)
    principal, person, third = (api.new_contact(home) for _ in range(3))
    with api.operator():
        api.link(principal, person)
        api.link(person, third)
        api.contacts.DeleteContact(contacts_pb2.DeleteContactRequest(name=person.name, force=True))
        assert under(api, principal) == []
        assert api.contact_of(third.name).last_name == "Rossi"


@pytest.mark.req("R-CON-15", "R-SUB-05")
def test_an_erased_contact_has_nobody_below_it_and_no_link(api: Api) -> None:
    home = api.new_customer()
    api.new_contact(home)
    boss = api.new_contact(home)
    person = api.new_contact(home, reports_to=boss.name)
    with api.operator():
        api.link(boss, person, "figlia")
        api.link(person, boss, "madre")
        api.erasures.AnonymizeContact(erasures_pb2.AnonymizeContactRequest(name=boss.name))
        assert api.contact_of(person.name).reports_to == ""
        assert under(api, person) == []
        for attempt in (lambda: api.update_contact(person, "reports_to", reports_to=boss.name), lambda: api.link(person, boss)):
            with pytest.raises(InvalidArgument) as error:
                attempt()
            assert error.value.reason == "CONTACT_UNKNOWN"

"""Saved views of lists: one's own and shared ones, never what they find."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from recapito.contacts.v1 import contacts_pb2, views_pb2

from libs.errors import Aborted, AlreadyExists, InvalidArgument, NotFound, PermissionDenied, ResourceExhausted
from services.contacts import repository
from services.contacts.domain import MOST_VIEWS
from tests.integration.contacts.conftest import OPERATOR, Api

ANNA, BRUNO = UUID(int=1), UUID(int=2)
MODEST = OPERATOR - {"contacts.settings"}


def names(api: Api) -> list[str]:
    return [view.display_name for view in api.views.ListViews(views_pb2.ListViewsRequest(filter='collection = "contacts"')).views]


def change(api: Api, view: views_pb2.View, *paths: str, **fields: object) -> views_pb2.View:
    changed = views_pb2.View(name=view.name, **fields)  # type: ignore[arg-type] # fields of a view
    return api.views.UpdateView(views_pb2.UpdateViewRequest(view=changed, update_mask=FieldMask(paths=paths or list(fields))))


def open_with(api: Api, view: views_pb2.View, *, default: bool = True) -> views_pb2.View:
    return api.views.SetDefaultView(views_pb2.SetDefaultViewRequest(name=view.name, default=default))


def test_a_view_is_kept_as_it_was_given(api: Api) -> None:
    given = {"filter": "never_entered = true", "query": "rossi", "order_by": "create_time desc", "columns": ["portal", "profile.tax_code"]}
    with api.operator(account_id=ANNA):
        saved = api.save_view("  Mai   entrati ", **given)
        assert saved == api.views.GetView(views_pb2.GetViewRequest(name=saved.name))
        assert (saved.display_name, saved.own, saved.default, saved.shared) == ("Mai entrati", True, False, False)
        assert {name: getattr(saved, name) for name in given} == given
        changed = change(api, saved, display_name="Altro", columns=[])
    assert (changed.display_name, list(changed.columns), changed.filter) == ("Altro", [], "never_entered = true")


def test_others_see_what_is_shared_and_change_nothing_of_it(api: Api) -> None:
    with api.operator(account_id=ANNA):
        shared, own = api.save_view("Condivisa", shared=True), api.save_view("Mia")
    with api.operator(account_id=BRUNO, capabilities=MODEST):
        assert names(api) == ["Condivisa"]
        for name in (own.name, f"views/{uuid4()}"):
            with pytest.raises(NotFound):
                api.views.GetView(views_pb2.GetViewRequest(name=name))
        with pytest.raises(PermissionDenied) as refused:
            change(api, shared, display_name="Loro")
        assert refused.value.reason == "NOT_YOUR_VIEW"
        with pytest.raises(PermissionDenied):
            api.views.DeleteView(views_pb2.DeleteViewRequest(name=shared.name))
    with api.operator(account_id=BRUNO):
        api.views.DeleteView(views_pb2.DeleteViewRequest(name=shared.name))  # who sets up contacts tidies up
        with pytest.raises(NotFound):
            api.views.DeleteView(views_pb2.DeleteViewRequest(name=own.name))


@pytest.mark.req("R-GRP-09")
def test_a_shared_view_shows_each_operator_its_own_groups_alone(api: Api) -> None:
    napoli, roma = (api.new_group(name).name for name in ("Sede Napoli", "Sede Roma"))
    customer = api.new_customer(groups=[napoli, roma])
    seen, _hidden = (api.new_contact(customer, last_name="Esposito", email=f"{at}@x.example", groups=[at]) for at in (napoli, roma))
    with api.operator():
        view = api.save_view("Esposito di Roma", query="esposito", filter=f"group = {roma} OR group = {napoli}", shared=True)
    with api.operator(napoli):
        read = api.views.GetView(views_pb2.GetViewRequest(name=view.name))
        assert api.found(read.query, filter=read.filter) == [seen.name]


def test_a_list_opens_with_one_view_of_each_operator(api: Api) -> None:
    with api.operator(account_id=ANNA):
        first, second = api.save_view("Prima", shared=True), api.save_view("Seconda")
        open_with(api, first)
        assert open_with(api, second).default
        assert not api.views.GetView(views_pb2.GetViewRequest(name=first.name)).default
    with api.operator(account_id=BRUNO):
        assert open_with(api, first).default
    with api.operator(account_id=ANNA):
        assert not open_with(api, first, default=False).default
        assert api.views.GetView(views_pb2.GetViewRequest(name=second.name)).default, "another one was meant"
        change(api, first, "shared", shared=False)
    with api.operator(account_id=BRUNO):
        assert names(api) == []
    with api.operator(account_id=ANNA):
        change(api, first, shared=True)
    with api.operator(account_id=BRUNO):
        assert not api.views.GetView(views_pb2.GetViewRequest(name=first.name)).default, "it was not there for a while"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"filter": "colour = red"}, "view.filter"),
        ({"filter": "group ="}, "view.filter"),
        ({"order_by": "email"}, "view.order_by"),
        ({"display_name": "  "}, "view.display_name"),
        ({"collection": "invoices"}, "view.collection"),
        ({"columns": ["Nome Cognome"]}, "view.columns[0]"),
    ],
)
def test_what_the_list_would_refuse_is_not_saved(sqlite_api: Api, fields: dict[str, object], field: str) -> None:
    with sqlite_api.operator(), pytest.raises(InvalidArgument) as refused:
        sqlite_api.save_view(**{"display_name": "Vista"} | fields)  # type: ignore[arg-type] # fields of a view
    assert [fault.field for fault in refused.value.violations] == [field]


def test_names_are_taken_for_each_operator_alone(api: Api) -> None:
    with api.operator(account_id=ANNA):
        api.save_view("Già vista")
        other = api.save_view("Altra")
        with pytest.raises(AlreadyExists):
            api.save_view("gia VISTA")
        with pytest.raises(AlreadyExists):
            change(api, other, display_name="Gia vista")
        stale = change(api, other, display_name="Terza").etag
        change(api, other, display_name="Quarta")
        with pytest.raises(Aborted):
            change(api, other, "display_name", display_name="Quinta", etag=stale)
    with api.operator(account_id=BRUNO):
        api.save_view("Già vista")


def test_an_operator_has_a_hundred_views_at_most_and_a_retry_makes_no_second_one(sqlite_api: Api) -> None:
    api = sqlite_api
    with api.operator(account_id=ANNA):
        view = views_pb2.View(display_name="Prima", collection="contacts")
        request = views_pb2.CreateViewRequest(view=view, request_id="once")
        assert api.views.CreateView(request) == api.views.CreateView(request)
        for number in range(MOST_VIEWS - 1):
            api.save_view(f"Vista {number}")
        with pytest.raises(ResourceExhausted):
            api.save_view("Una di troppo")


# --- filters and orders of the list --------------------------------------------------------------------------------------------------
@pytest.mark.req("R-LST-03", "R-ACT-09")
def test_filters_of_the_list_find_what_they_say_and_apply_together(api: Api) -> None:
    studio, other = api.new_customer(display_name="Studio Colaninno"), api.new_customer(display_name="ABC S.r.l.")
    api.new_contact(other, first_name="A", newsletter=True)
    wanted = api.new_contact(studio, first_name="B", email="", newsletter=True, access={"enabled": False, "end_date": "2020-01-31"})
    api.new_contact(studio, first_name="C", access={"enabled": True, "start_date": "2999-01-01"})
    with api.operator():
        for filter_ in (
            'customer.display_name:"colaninno studio" AND newsletter = true AND has_email = false',
            "has_email = false",
            "NOT has_email = true",
            'access.end_date < "2026-01-01"',
            'never_entered = true AND has_email != true AND create_time >= "2020-01-01T00:00:00Z"',
            f"customer = {studio.name} AND access.enabled = false",
        ):
            assert api.found(filter=filter_) == [wanted.name], filter_
        assert api.found(filter='last_access_time >= "2020-01-01T00:00:00Z"') == []
        assert len(api.found(filter='customer.display_name:"srl"')) == 1


@pytest.mark.req("R-ACT-07")
def test_who_entered_last_is_listed_first_and_who_never_did_last(api: Api) -> None:
    customer = api.new_customer()
    people = [api.new_contact(customer, first_name=name) for name in "ABCD"]
    with repository.SqlUnitOfWork(api.engine, "contacts") as uow:
        for person, day in ((people[1], 3), (people[2], 9), (people[1], 1)):
            uow.contacts.entered(UUID(person.name[9:]), datetime(2026, 11, day, tzinfo=UTC))
        uow.commit()

    def listed(order: str, size: int) -> str:
        found, token = "", ""
        while True:
            request = contacts_pb2.ListContactsRequest(order_by=order, page_size=size, page_token=token)
            page = api.contacts.ListContacts(request)
            found += "".join(one.first_name for one in page.contacts)
            if not (token := page.next_page_token):
                return found

    with api.operator():
        assert {listed("last_access_time desc", size)[:2] for size in (1, 2, 3, 50)} == {"CB"}
        assert {listed("last_access_time", size)[2:] for size in (1, 2, 3, 50)} == {"BC"}
        assert api.found(filter='never_entered = false AND last_access_time < "2026-11-05T00:00:00Z"') == [people[1].name]

"""The timeline: what cannot be changed, and what a reader may ask of it. On both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from recapito.contacts.v1 import contacts_pb2
from recapito.documents.events.v1.events_pb2 import InvoiceViewed

from libs.messaging.event import type_of
from services.contacts.repository.tables import activities
from tests.integration.contacts.conftest import Api
from tests.integration.contacts.test_consumer import NOON, deliver

VIEWED = type_of(InvoiceViewed)


def viewed(contact: contacts_pb2.Contact, number: str) -> InvoiceViewed:
    return InvoiceViewed(invoice="invoices/1", version=1, customer=contact.customer, contact=contact.name, number=number)


def titles(api: Api, parent: str, *conditions: str) -> list[str]:
    request = contacts_pb2.ListActivitiesRequest(parent=parent, filter=" AND ".join(conditions))
    return [one.title for one in api.contacts.ListActivities(request).activities]


@pytest.mark.req("R-ACT-08", "R-ACT-09")
@pytest.mark.parametrize(
    "change", [sa.delete(activities), sa.update(activities).values(title="altro"), sa.update(activities).values(time=NOON)]
)
def test_what_happened_can_be_neither_changed_nor_removed(api: Api, change: sa.Update | sa.Delete) -> None:
    contact = api.new_contact(api.new_customer())
    deliver(api, viewed(contact, "1"))
    with pytest.raises(sa.exc.DBAPIError, match="kept as they are"), api.engine.begin() as connection:
        connection.execute(change)
    with api.operator():
        assert titles(api, contact.name) == ["1"]


@pytest.mark.req("R-ACT-09")
def test_no_method_writes_an_activity(sqlite_api: Api) -> None:
    methods = [method for service in sqlite_api.server.services for method in service.methods]
    about = [one.name for one in methods if "Activit" in one.name]
    assert about == ["ListActivities"]


@pytest.mark.req("R-ACT-08")
def test_the_timeline_is_asked_by_period_and_kind(api: Api) -> None:
    contact = api.new_contact(api.new_customer())
    for day in range(5):
        deliver(api, viewed(contact, str(day)), time=NOON + timedelta(days=day))
    first, last = (f'"{(NOON + timedelta(days=day)).isoformat()}"' for day in (1, 3))
    with api.operator():
        assert titles(api, contact.name, f"create_time >= {first}", f"create_time < {last}") == ["2", "1"]
        assert titles(api, contact.name, f'kind = "{VIEWED}"', f"create_time >= {last}") == ["4", "3"]
        assert titles(api, contact.customer, f"create_time < {first}") == ["0"]
        assert titles(api, contact.customer, 'kind = "recapito.identity.session.opened.v1"') == []


@pytest.mark.req("R-ACT-01", "R-ACT-08")
def test_the_timeline_of_a_customer_is_read_page_by_page(api: Api) -> None:
    customer = api.new_customer()
    people = [api.new_contact(customer), api.new_contact(customer)]
    for number in range(5):
        deliver(api, viewed(people[number % 2], str(number)), time=NOON + timedelta(minutes=number // 2))
    request, seen = contacts_pb2.ListActivitiesRequest(parent=customer.name, page_size=2), []
    with api.operator():
        while True:
            page = api.contacts.ListActivities(request)
            seen.append([one.title for one in page.activities])
            if not page.next_page_token:
                break
            request.page_token = page.next_page_token
    assert [len(one) for one in seen] == [2, 2, 1]
    assert sorted(title for one in seen for title in one) == ["0", "1", "2", "3", "4"]

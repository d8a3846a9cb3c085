"""What people did: the timeline of one contact, and that of all who act for a customer."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response
from recapito.contacts.v1.contacts_pb2 import Activity, Contact

from services.portal.service import Page, Services
from services.portal.views.console import words
from services.portal.views.console.context import existing, page, uuid_of
from services.portal.views.console.customers import affiliations_of
from services.portal.views.console.lists import ALL, argument, asked, condition, period
from services.portal.views.console.names import customer_name, customer_of, full_name


def of_contacts(pages: Blueprint, services: Services) -> None:
    @pages.get("/<uuid:contact_id>/activity")
    def show_activity(contact_id: UUID) -> Response:
        contact = services.contacts.get_contact(contact_id)
        names = {name: customer_name(services, name) for name in (f"customers/{customer_of(each)}" for each in contact.affiliations)}
        customer = f"customers/{argument('customer')}"
        found = services.contacts.list_activities(contact.name, asked(wanted(customer if customer in names else "")))
        return page("contact_activity", contact=contact, names=names, found=found, customers=names, people={})


def of_customers(pages: Blueprint, services: Services) -> None:
    @pages.get("/<uuid:customer_id>/activity")
    def show_activity(customer_id: UUID) -> Response:
        customer, affiliations = services.contacts.get_customer(customer_id), affiliations_of(services, customer_id)
        found = services.contacts.list_activities(customer.name, asked(wanted("")))
        people = {one.contact: one.display_name for one in affiliations}
        people |= {name: name_of(services, name) for name in {who(entry) for entry in found.activities} - people.keys()}
        absent = never_entered(services, customer.name)
        return page(
            "customer_activity", customer=customer, affiliations=affiliations, found=found, people=people, absent=absent, customers={}
        )


def wanted(customer: str) -> str:
    """Return the filter that the address asks for."""
    conditions = (condition(kind=argument("kind", words.ACTIVITY_KINDS), customer=customer), period())
    return " AND ".join(filter(None, conditions))


def who(entry: Activity) -> str:
    """Return the name of the contact that an activity is of."""
    return entry.name.partition("/activities/")[0]


def name_of(services: Services, contact: str) -> str:
    """Return the name of somebody who acts for the customer no longer; "" of who was deleted."""
    found = existing(lambda: services.contacts.get_contact(uuid_of(contact.partition("/")[2])))
    return full_name(found) if found else ""


def never_entered(services: Services, customer: str) -> list[Contact]:
    asked_ = Page(size=ALL, filter=condition(customer=customer, never_entered="true"))
    return list(services.contacts.list_contacts(asked_).contacts)

"""Names of people and customers, as pages show them."""

from __future__ import annotations

from uuid import UUID

from recapito.contacts.v1.contacts_pb2 import Affiliation, Contact

from services.portal.service import Services
from services.portal.views.console.context import existing, id_of, uuid_of
from services.portal.views.console.lists import argument


def full_name(contact: Contact) -> str:
    return f"{contact.first_name} {contact.last_name}".strip()


def customer_of(affiliation: Affiliation) -> str:
    """Return the id of the customer of an affiliation."""
    return affiliation.name.split("/")[1]


def customer_of_page(contact: Contact) -> UUID:
    """Return for which customer a page about a contact speaks: the one in its address, else the first that this operator sees.

    Raise NotFound when there is none: somebody seen without any customer is shown and edited as a person alone.
    """
    wanted = argument("customer") or next((customer_of(each) for each in contact.affiliations), "")
    return uuid_of(wanted)


def customer_name(services: Services, name: str) -> str:
    """Return the display name of a customer; empty when it is not to be seen."""
    return existing(lambda: services.contacts.customer_name(uuid_of(id_of(name)))) or ""

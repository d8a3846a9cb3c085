"""gRPC in, one file per gRPC service."""

from services.contacts.servicer.affiliations import Affiliations
from services.contacts.servicer.contact_roles import ContactRoles
from services.contacts.servicer.contacts import Contacts
from services.contacts.servicer.customers import Customers
from services.contacts.servicer.erasures import Erasures
from services.contacts.servicer.fields import Fields
from services.contacts.servicer.groups import Groups
from services.contacts.servicer.leads import Leads
from services.contacts.servicer.merges import Merges
from services.contacts.servicer.notes import Notes
from services.contacts.servicer.privacy import Privacy
from services.contacts.servicer.settings import Settings
from services.contacts.servicer.sub_contacts import SubContacts
from services.contacts.servicer.transfers import Transfers
from services.contacts.servicer.views import Views

__all__ = [
    "Affiliations",
    "ContactRoles",
    "Contacts",
    "Customers",
    "Erasures",
    "Fields",
    "Groups",
    "Leads",
    "Merges",
    "Notes",
    "Privacy",
    "Settings",
    "SubContacts",
    "Transfers",
    "Views",
]

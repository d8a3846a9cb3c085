"""What the pages need from the other services, as protocols. The pages show the messages of the contract as they are."""

from __future__ import annotations

from dataclasses import dataclass

from services.portal.service.audit import Audit
from services.portal.service.contacts import Contacts
from services.portal.service.documents import Documents
from services.portal.service.erasures import Erasures
from services.portal.service.fields import Fields
from services.portal.service.identity import Client, Entry, Identity
from services.portal.service.leads import Leads
from services.portal.service.merges import Merges
from services.portal.service.notifications import Notifications
from services.portal.service.page import Page
from services.portal.service.privacy import Privacy
from services.portal.service.relations import Relations
from services.portal.service.transfers import Transfers
from services.portal.service.views import Views

__all__ = [
    "Audit",
    "Client",
    "Contacts",
    "Documents",
    "Entry",
    "Erasures",
    "Fields",
    "Identity",
    "Leads",
    "Merges",
    "Notifications",
    "Page",
    "Privacy",
    "Relations",
    "Services",
    "Transfers",
    "Views",
]


@dataclass(frozen=True)
class Services:
    """Every service that the pages ask. Calls are made for the person of the surrounding libs.rpc.context.as_person."""

    identity: Identity
    contacts: Contacts
    documents: Documents
    notifications: Notifications
    audit: Audit
    leads: Leads
    relations: Relations
    merges: Merges
    fields: Fields
    erasures: Erasures
    views: Views
    transfers: Transfers
    privacy: Privacy

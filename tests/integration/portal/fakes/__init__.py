"""The other services as the pages know them, kept in memory: one story with a customer, its people, invoices and messages."""

from tests.integration.portal.fakes.backend import Backend, empty_backend
from tests.integration.portal.fakes.common import CAPABILITIES, PASSWORD, SECTIONS, Requests, found_page, merged, now, stamp, taken, touched
from tests.integration.portal.fakes.contacts import FakeContacts
from tests.integration.portal.fakes.documents import FakeDocuments
from tests.integration.portal.fakes.fields import FakeFields
from tests.integration.portal.fakes.identity import FakeIdentity
from tests.integration.portal.fakes.leads import FakeLeads
from tests.integration.portal.fakes.notes import FakeNotes
from tests.integration.portal.fakes.notifications import FakeNotifications
from tests.integration.portal.fakes.sign_in import StoredLink, StoredSession

__all__ = [
    "CAPABILITIES",
    "PASSWORD",
    "SECTIONS",
    "Backend",
    "FakeContacts",
    "FakeDocuments",
    "FakeFields",
    "FakeIdentity",
    "FakeLeads",
    "FakeNotes",
    "FakeNotifications",
    "Requests",
    "StoredLink",
    "StoredSession",
    "empty_backend",
    "found_page",
    "merged",
    "now",
    "stamp",
    "taken",
    "touched",
]

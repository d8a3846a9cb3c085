"""The use case of a person's own data: what contacts knows of it, and what stands beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar
from uuid import UUID

from libs import audit
from libs.access import Caller
from libs.listing import LARGEST_SIZE, Comparison, Listing, Order
from libs.personal import record
from services.contacts import domain, wire
from services.contacts.domain import ContactView, Sight, Subject
from services.contacts.service import Repositories, UnitOfWork, sight_of
from services.contacts.service.merges import view_contact

T = TypeVar("T")
Record = dict[str, Any]
_BY_TIME = Listing(size=LARGEST_SIZE, order=Order("create_time"))
_IN_ORDER = Listing(size=LARGEST_SIZE, order=Order("order"))


def export_personal_data(contact_id: UUID, caller: Caller, *, repositories: Repositories, uow: UnitOfWork) -> Iterator[Record]:
    """Give all about a contact that the caller may see, and to the contact itself everything; the audit knows before the first line.

    Who wrote a note, and who else is linked with the person, is left out: that is about them.
    """
    sight = sight_of(caller)
    view = view_contact(contact_id, sight, repositories=repositories)
    with uow:
        audit.keep(f"contacts/{contact_id}")
        uow.commit()
    if sight.contact_id == contact_id:
        sight = domain.EVERYTHING
        view = repositories.contacts.view(contact_id, sight)
    yield record("contact", wire.contact(view), without=("reports_to", "version"))
    yield from _itself_as_customer(view, sight, repositories)
    yield from _notes(Subject(contact_id=contact_id), sight, repositories)
    yield from _beside(contact_id, sight, repositories)
    yield from (record(kind, values) for kind, values in repositories.personal_data.states(contact_id, sight))
    if sight.everything:  # a row of a file may hold what else its maker alone sees
        yield from (record("imported_row", values) for values in repositories.personal_data.imported(contact_id, view.contact.email_key))


def _itself_as_customer(view: ContactView, sight: Sight, repositories: Repositories) -> Iterator[Record]:
    """A customer that is the person, as far as nobody else acts for it."""
    known = repositories.customers.visible([one.affiliation.customer_id for one in view.affiliations], sight)
    for id_, customer in known.items():
        if customer.kind is domain.Kind.INDIVIDUAL and repositories.erasures.colleague(id_, view.contact.id) is None:
            yield record("customer", wire.customer(customer), without=("primary_contact", "version"))
            yield from _notes(Subject(customer_id=id_), sight, repositories)


def _notes(subject: Subject, sight: Sight, repositories: Repositories) -> Iterator[Record]:
    for note in _all(lambda listing: repositories.notes.page(subject, listing, sight), _IN_ORDER):
        yield record("note", wire.note(note), without=("author",))


def _beside(contact_id: UUID, sight: Sight, repositories: Repositories) -> Iterator[Record]:
    of_contact = Comparison("contact", "=", contact_id)
    for lead in _all(
        lambda listing: repositories.leads.page(listing, sight), Listing(LARGEST_SIZE, None, of_contact, Order("create_time"))
    ):
        yield record("lead", wire.lead(lead), without=("owner",))
    links = Listing(LARGEST_SIZE, None, of_contact, Order("order"))
    for link in _all(lambda listing: repositories.sub_contacts.page(None, listing, sight), links):
        yield record("link", {"relation": link.sub_contact.relation, "create_time": link.sub_contact.create_time})
    for merge in _all(lambda listing: repositories.merges.page(contact_id, listing, sight), _BY_TIME):
        yield record("merge", wire.merge(merge))
        if merge.snapshot is not None and sight.everything:
            yield record("merged_contact", wire.contact(ContactView(merge.snapshot.before.duplicate)), without=("reports_to", "version"))
    for activity in _all(lambda listing: repositories.activities.page(contact_id, None, listing, sight), _BY_TIME):
        yield record("activity", wire.activity(activity))


def _all(page: Callable[[Listing], tuple[Sequence[T], str]], listing: Listing) -> Iterator[T]:
    found, token = page(listing)
    yield from found
    while token:
        found, token = page(listing.behind(token))
        yield from found

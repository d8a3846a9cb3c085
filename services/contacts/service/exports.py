"""Use cases of exports: exactly what a list shows to the same caller, some at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from libs import audit
from libs.access import Caller
from libs.listing import LARGEST_SIZE, Listing, Order
from libs.unit_of_work import Request
from services.contacts.domain import ContactView, Sight
from services.contacts.domain.listed import Listed, Names
from services.contacts.service import Repositories, UnitOfWork, sight_of

_ALL = Listing(size=LARGEST_SIZE)


def record_export(request: Request, *, uow: UnitOfWork) -> None:
    """Leave in the audit that somebody takes data out, before the first byte leaves."""
    with uow:
        if uow.requests.claim(request, "contacts") is None:
            audit.note(resource="contacts/-")
            uow.commit()


def exported(wanted: Listing, caller: Caller, *, repositories: Repositories) -> Iterator[Sequence[Listed]]:
    """Give the people that the listing wants, page by page, each with the names that its ids stand for."""
    sight = sight_of(caller)
    names = _names(sight, repositories)
    wanted, token = replace(wanted, size=LARGEST_SIZE), ""
    while True:
        page, token = repositories.contacts.page(wanted.behind(token) if token else wanted, sight)
        yield _people(page, names, sight, repositories)
        if not token:
            return


def _people(page: Sequence[ContactView], names: Names, sight: Sight, repositories: Repositories) -> list[Listed]:
    homes = {view.contact.id: home for view in page if (home := view.home) is not None}
    customers = repositories.customers.visible({home.affiliation.customer_id for home in homes.values()}, sight)
    return [
        Listed(view.contact, home, customers.get(home.affiliation.customer_id) if home else None, names)
        for view in page
        for home in (homes.get(view.contact.id),)
    ]


def _names(sight: Sight, repositories: Repositories) -> Names:
    """Return the names of groups and contact roles, of which there are few."""
    groups, _ = repositories.groups.page(replace(_ALL, order=Order("display_name")), sight)
    roles, _ = repositories.contact_roles.page(replace(_ALL, order=Order("order")), sight)
    return Names({one.id: one.display_name for one in groups}, {one.id: (one.label_it, one.label_en or one.label_it) for one in roles})

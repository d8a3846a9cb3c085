"""All contacts: filters above, a table with filters and orders in its head, and the views that operators keep of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, redirect, request, url_for
from recapito.contacts.v1.contacts_pb2 import Contact, ListContactsResponse
from recapito.contacts.v1.fields_pb2 import Field
from recapito.contacts.v1.groups_pb2 import Group
from recapito.contacts.v1.views_pb2 import View

from services.portal.service import Page, Services
from services.portal.views.console import profile as profile_forms
from services.portal.views.console import words
from services.portal.views.console.contact_filter import NONE, ORDERS, Asked, asked_by_address, filter_names, read_back
from services.portal.views.console.context import Reply, id_of, page
from services.portal.views.console.customers import contact_roles_of, groups_of
from services.portal.views.console.lists import ALL, argument, here
from services.portal.views.console.names import customer_name
from services.portal.views.formats import short_day
from services.portal.views.i18n import N_
from services.portal.views.i18n import gettext as _

EVERYBODY = "all"  # in place of a view: the plain list, although another view opens it
COLUMNS = {
    "customer": N_("Cliente"),
    "role": N_("Ruolo"),
    "groups": N_("Gruppi"),
    "phone": N_("Telefono"),
    "portal": N_("Portale"),
    "access": N_("Ultimo accesso"),
    "language": N_("Lingua"),
    "newsletter": N_("Newsletter"),
    "tags": N_("Etichette"),
    "created": N_("Creato il"),
}
FIRST_COLUMNS = ("customer", "role", "portal", "access")
# The filters that stand in the head of a column, and are there with it alone.
IN_HEAD = {"firm": "customer", "role": "role", "portal": "portal", "seen": "access"}
PORTAL = {
    "active": N_("Attivo"),
    "invited": N_("Invitato"),
    "future": N_("Dal giorno scelto"),
    "expired": N_("Scaduto"),
    "off": N_("Non attivo"),
}
SEEN = {"never": N_("Mai entrati"), "recent": N_("Negli ultimi 30 giorni"), "old": N_("Non da 90 giorni")}
EMAIL = {"yes": N_("Con email"), "no": N_("Senza email")}
NEWSLETTER = {"yes": N_("Riceve la newsletter"), "no": N_("Senza newsletter")}


@dataclass(frozen=True)
class Chip:
    """One filter that applies, and the address without it."""

    text: str
    address: str


def contact_list(pages: Blueprint, services: Services) -> None:
    @pages.get("")
    def index() -> Reply:
        views = list(services.views.list_views(Page(size=ALL, filter='collection = "contacts"')).views) if not _partial() else []
        first = next((view for view in views if view.default), None)
        if first is not None and not request.args:
            return redirect(view_address(first))
        asked = asked_by_address()
        found = services.contacts.list_contacts(_page(asked))
        answer = page("contacts", found=found, asked=asked, views=views, **_shown(services, found, asked))
        answer.headers["HX-Replace-Url"] = _clean()
        return answer


def _partial() -> bool:
    return request.headers.get("HX-Request-Type") == "partial" and "HX-History-Restore-Request" not in request.headers


def _page(asked: Asked) -> Page:
    token = request.args.get("page", "")[:2000]
    return Page(token=token, filter=asked.filter, query=asked.query, order_by=asked.order_by, count=True)


def columns() -> tuple[str, ...]:
    """Return the columns that the address chooses, in the order of the page."""
    chosen = set(request.args.getlist("col"))
    return tuple(name for name in COLUMNS if name in chosen) or FIRST_COLUMNS


def _clean() -> str:
    """Return this address without what says nothing."""
    values: dict[str, Any] = {name: value for name, value in request.args.to_dict().items() if value and name != "col"}
    if columns() != FIRST_COLUMNS:
        values["col"] = list(columns())
    if values.get("sort") == "name":
        del values["sort"]
    return url_for("console.contacts.index", **values)


def _shown(services: Services, found: ListContactsResponse, asked: Asked) -> dict[str, Any]:
    groups, roles, shown = groups_of(services), contact_roles_of(services), columns()
    names = {name: customer_name(services, name) for name in {contact.customer for contact in found.contacts}}
    options = {
        "group": words.group_options(groups) | {NONE: _("Senza gruppo")},
        "role": words.contact_role_options(roles) | {NONE: _("Senza ruolo")},
        "portal": words.translated(PORTAL),
        "seen": words.translated(SEEN),
        "email": words.translated(EMAIL),
        "newsletter": words.translated(NEWSLETTER),
        "language": words.translated(words.LANGUAGES),
    }
    fields = _profile_fields(services)
    options |= {f"p-{field.key}": profile_forms.filter_options(field) for field in fields}
    titles = words.translated(_TITLES) | {f"p-{field.key}": words.label(field.label) for field in fields}
    hidden = {name for name, column in IN_HEAD.items() if column not in shown}
    return {
        "names": names,
        "groups": groups,
        "roles": roles,
        "columns": shown,
        "all_columns": words.translated(COLUMNS),
        "options": options,
        "profile": profile_forms,
        "profile_fields": fields,
        "chips": list(_chips(services, asked, options, titles)),
        "carried": _carried(asked, hidden | {name for name in asked.values if name not in titles}),
        "sorted_by": _sorted_by,
        "group_names_of": lambda contact: _groups_of(contact, groups),
        "view": argument("view"),
        "everybody": EVERYBODY,
        "view_address": view_address,
        "kept": kept_arguments(),
    }


def _profile_fields(services: Services) -> list[Field]:
    """Return the fields of the profile that the list offers as filters: type, categories, and the organisation's own that allow it."""
    shown = [field for field in services.fields.list_fields() if field.filterable and not field.hidden]
    return [field for field in shown if field.custom or field.key in {"kind", "categories"}]


def _carried(asked: Asked, hidden: Iterable[str]) -> dict[str, str]:
    """Return what a change of filter keeps although no field of the page shows it."""
    values = {name: value for name, value in asked.values.items() if name in hidden or name == "customer"}
    values |= {"filter": asked.rest, "view": argument("view"), "sort": argument("sort", ORDERS)}
    return {name: value for name, value in values.items() if value}


def _sorted_by(name: str) -> tuple[str, str]:
    """Return how a column is sorted now, in the words of aria-sort, and the address that sorts by it, or the other way round."""
    now = asked_by_address().sort
    first, other = (name, f"-{name}") if name == "name" else (f"-{name}", name)  # of times the latest first
    return {name: "ascending", f"-{name}": "descending"}.get(now, ""), here(sort=other if now == first else first)


def _chips(services: Services, asked: Asked, options: dict[str, dict[str, str]], titles: dict[str, str]) -> Iterable[Chip]:
    if asked.query:
        yield Chip(f"{_('Parole')}: {asked.query}", here(q=None))
    for name, value in asked.values.items():
        text = f"{titles.get(name, name)}: {_spoken(services, name, value, options)}"
        yield Chip(text, here(**{name: None, **({"portal": None} if name == "seen" else {})}))
    if asked.rest:
        yield Chip(f"{_('Altro filtro')}: {asked.rest}", here(filter=None))


_TITLES = {
    "group": N_("Gruppo"),
    "role": N_("Ruolo"),
    "customer": N_("Cliente"),
    "firm": N_("Cliente"),
    "portal": N_("Portale"),
    "seen": N_("Ultimo accesso"),
    "language": N_("Lingua"),
    "tag": N_("Etichetta"),
    "newsletter": N_("Newsletter"),
    "email": N_("Email"),
    "from": N_("Creato dal"),
    "to": N_("Creato fino al"),
}


def _spoken(services: Services, name: str, value: str, options: dict[str, dict[str, str]]) -> str:
    match name:
        case "customer":
            shown = customer_name(services, f"customers/{value}") or _("non visibile")
        case "from" | "to":
            shown = short_day(value).striptags()
        case _:
            shown = options.get(name, {}).get(value, value if name in {"firm", "tag"} or name.startswith("p-") else _("non visibile"))
    return shown


def _groups_of(contact: Contact, groups: list[Group]) -> str:
    return words.group_names(contact.groups, groups)


# --- views ---------------------------------------------------------------------------------------------------------------------------
def view_address(view: View) -> str:
    """Return the address of the list as a view keeps it."""
    values, rest = read_back(view.filter)
    sort = next((name for name, order in ORDERS.items() if order == view.order_by), "")
    kept: dict[str, Any] = values | {"q": view.query, "filter": rest, "sort": sort if sort != "name" else "", "view": id_of(view)}
    if chosen := [name for name in view.columns if name in COLUMNS]:
        kept["col"] = chosen
    return url_for("console.contacts.index", **{name: value for name, value in kept.items() if value})


def view_here(display_name: str, *, shared: bool) -> View:
    """Return a view of the list as this address shows it."""
    asked = asked_by_address()
    return View(
        display_name=display_name,
        collection="contacts",
        filter=asked.filter,
        query=asked.query,
        order_by=asked.order_by,
        columns=columns(),
        shared=shared,
    )


def kept_arguments() -> dict[str, Any]:
    """Return what of this address a view keeps."""
    names = {*filter_names(), "q", "filter", "sort", "col"}
    return {name: values for name, values in request.args.to_dict(flat=False).items() if name in names and any(values)}

"""Two contacts that turn out to be one person: whom to merge, which value stays, and the way back for 30 days."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from markupsafe import Markup
from recapito.contacts.v1.contacts_pb2 import Contact, FindDuplicatesResponse
from recapito.contacts.v1.fields_pb2 import Field
from recapito.contacts.v1.merges_pb2 import Merge

from libs.errors import NotFound
from services.portal.service import Page, Services
from services.portal.views.console import profile, words
from services.portal.views.console.confirming import ask_first, shown
from services.portal.views.console.context import Reply, existing
from services.portal.views.console.forms import Form
from services.portal.views.console.lists import argument
from services.portal.views.console.names import customer_name, customer_of, full_name
from services.portal.views.i18n import gettext as _


@dataclass(frozen=True)
class Row:
    """A field that differs. path: of the contact. label, stays, other: what is read."""

    path: str
    label: str
    stays: str
    other: str


def contact_merges(pages: Blueprint, services: Services) -> None:
    _add_merging(pages, services)
    _add_undoing(pages, services)


def _add_merging(pages: Blueprint, services: Services) -> None:
    contacts = services.contacts

    @pages.get("/<uuid:contact_id>/merge")
    def merge(contact_id: UUID) -> Reply:
        """Find the other record: who looks alike, then whoever is searched for."""
        contact, query = contacts.get_contact(contact_id), argument("q")
        alike = [] if query else [one for one in _alike(services, contact) if one.contact != contact.name]
        found = contacts.list_contacts(Page(size=20, query=query)).contacts if query else []
        others = [one for one in found if one.name != contact.name and one.state != Contact.ANONYMIZED]
        return shown("contact_merge", Form.filled({}), contact=contact, query=query, alike=alike, found=others)

    @pages.route("/<uuid:contact_id>/merge/<uuid:other_id>", methods=["GET", "POST"])
    def merge_with(contact_id: UUID, other_id: UUID) -> Reply:
        contact, other = contacts.get_contact(contact_id), contacts.get_contact(other_id)
        rows = list(_rows(contact, other, services.fields.list_fields()))
        form = Form.filled({"etag": contact.etag, "duplicate_etag": other.etag, **{row.path: "" if row.stays else "1" for row in rows}})
        if request.method == "POST":
            form = Form.sent()
            with form.sending({}):
                read = Contact(name=contact.name, etag=form["etag"]), Contact(name=other.name, etag=form["duplicate_etag"])
                services.merges.merge_contacts(*read, [row.path for row in rows if form.on(row.path)], form.request_id)
                flash(_("%(name)s: le due schede sono una sola", name=full_name(contact)))
                return redirect(url_for("console.contacts.show", contact_id=contact_id), 303)
            form.compare({"etag": contact.etag, "duplicate_etag": other.etag})
        moved = services.erasures.count_links(other_id).links
        names = [customer_name(services, f"customers/{customer_of(each)}") for each in other.affiliations]
        return shown("contact_merge_with", form, contact=contact, other=other, rows=rows, moved=moved, customers=names)


def _alike(services: Services, contact: Contact) -> list[FindDuplicatesResponse.Duplicate]:
    known = Contact(
        name=contact.name,
        first_name=contact.first_name,
        last_name=contact.last_name,
        email=contact.email,
        customer=contact.customer,
        contact_points=contact.contact_points,
        profile=contact.profile,
    )
    return list(services.relations.find_duplicates(known).duplicates)


def _rows(contact: Contact, other: Contact, fields: Sequence[Field]) -> Iterator[Row]:
    """Give the fields in which both differ, in the order of the card."""
    yes_no = {True: _("Sì"), False: _("No")}
    pairs = (
        ("first_name", _("Nome"), contact.first_name, other.first_name),
        ("last_name", _("Cognome"), contact.last_name, other.last_name),
        ("email", _("Email principale"), contact.email, other.email),
        ("language_code", _("Lingua"), words.language_name(contact.language_code), words.language_name(other.language_code)),
        ("direction", _("Direzione del testo"), words.direction_name(contact.direction), words.direction_name(other.direction)),
        ("access", _("Accesso al portale"), words.access_state(contact).label, words.access_state(other).label),
        ("newsletter", _("Newsletter"), yes_no[contact.newsletter], yes_no[other.newsletter]),
        ("do_not_call", _("Non chiamare"), yes_no[contact.do_not_call], yes_no[other.do_not_call]),
        ("block_ticket_email", _("Blocco email sui ticket"), yes_no[contact.block_ticket_email], yes_no[other.block_ticket_email]),
        ("open_tracking", _("Aperture delle email"), yes_no[contact.open_tracking], yes_no[other.open_tracking]),
        *_profile_pairs(contact, other, fields),
    )
    for path, label, stays, theirs in pairs:
        if stays != theirs:
            yield Row(path, label, stays, theirs)


def _profile_pairs(contact: Contact, other: Contact, fields: Sequence[Field]) -> Iterator[tuple[str, str, str, str]]:
    own, theirs = profile.plain(contact.profile), profile.plain(other.profile)
    for field in fields:
        values = [_in_words(field, held.get(field.key)) for held in (own, theirs)]
        yield f"profile.{field.key}", words.label(field.label), values[0], values[1]


def _in_words(field: Field, value: object) -> str:
    if field.columns and isinstance(value, list):
        rows = (Markup(", ").join(profile.shown(column, row[column.id]) for column in field.columns if column.id in row) for row in value)
        return Markup("; ").join(rows)
    return profile.shown(field, value)


def _add_undoing(pages: Blueprint, services: Services) -> None:
    contacts, merges = services.contacts, services.merges

    @pages.route("/<uuid:contact_id>/merges/<uuid:merge_id>/undo", methods=["GET", "POST"])
    def undo_merge(contact_id: UUID, merge_id: UUID) -> Reply:
        contact, merge = contacts.get_contact(contact_id), merges.get_merge(merge_id)
        if merge.contact != contact.name:
            raise NotFound("it is of another contact")

        def act(form: Form) -> Reply:
            merges.undo_merge(merge_id, form.request_id)
            flash(_("Le due schede sono di nuovo com’erano"))
            return redirect(url_for("console.contacts.show", contact_id=contact_id), 303)

        return ask_first("", act, lambda form: shown("contact_merge_undo", form, contact=contact, merge=merge))


def merges_of(services: Services, contact_id: UUID) -> list[Merge]:
    """Return the merges into a contact that can still be undone."""
    found = existing(lambda: services.merges.list_merges(contact_id)) or ()
    return [merge for merge in found if merge.HasField("undo_until_time")]

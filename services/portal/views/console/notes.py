"""Notes: what operators write for each other about a contact or a customer. One set of pages for both cards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from recapito.contacts.v1.notes_pb2 import Note

from libs.errors import NotFound
from services.portal.service import Services
from services.portal.service.notes import Notes
from services.portal.views.console.confirming import ask_first
from services.portal.views.console.context import Reply, existing, id_of, uuid_of
from services.portal.views.console.forms import Form
from services.portal.views.console.lists import asked
from services.portal.views.i18n import gettext as _

FIELDS = {r"note\.text": "text"}
OTHERS = "contacts.notes.others"  # the capability to change what somebody else wrote


@dataclass(frozen=True)
class Card:
    """Whose notes the pages show. collection: "contacts" or "customers". head: what the top of the card needs."""

    services: Services
    notes: Notes
    collection: str
    head: Callable[[UUID], dict[str, Any]]

    def parent(self, subject_id: UUID) -> str:
        return f"{self.collection}/{subject_id}"

    def address(self, page: str, **values: object) -> str:
        return url_for(f"console.{self.collection}.{page}", **values)  # type: ignore[arg-type] # any value of an address

    def listed(self, subject_id: UUID, form: Form) -> Reply:
        """Return the list, with a form for a further note above it."""
        found = self.notes.list_notes(self.parent(subject_id), asked(""))
        names = _authors(self.services, found.notes)
        return self._render("notes", subject_id, form, found=found, authors=names), form.code

    def shown(self, page: str, subject_id: UUID, form: Form, note: Note) -> Reply:
        return self._render(page, subject_id, form, note_=note, authors=_authors(self.services, [note])), form.code

    def done(self, subject_id: UUID, sentence: str) -> Reply:
        flash(sentence)
        return redirect(self.address("show_notes", subject_id=subject_id), 303)

    def _render(self, page: str, subject_id: UUID, form: Form, **values: Any) -> str:
        head = self.head(subject_id)
        return render_template(f"console/{page}.html", card=self, subject_id=subject_id, form=form.again(), mine=_mine, **head, **values)


def add_to(pages: Blueprint, card: Card) -> None:
    _add_list(pages, card)
    _add_changes(pages, card)


def _add_list(pages: Blueprint, card: Card) -> None:
    @pages.get("/<uuid:subject_id>/notes")
    def show_notes(subject_id: UUID) -> Reply:
        return card.listed(subject_id, Form.filled({}))

    @pages.post("/<uuid:subject_id>/notes")
    def add_note(subject_id: UUID) -> Reply:
        form = Form.sent()
        with form.sending(FIELDS):
            card.notes.create_note(card.parent(subject_id), _note_of(form), form.request_id)
            return card.done(subject_id, _("Nota aggiunta"))
        return card.listed(subject_id, form)

    @pages.post("/<uuid:subject_id>/notes/<uuid:note_id>/pin")
    def pin_note(subject_id: UUID, note_id: UUID) -> Reply:
        form = Form.sent()
        pinned = Note(name=f"{card.parent(subject_id)}/notes/{note_id}", pinned=form.on("pinned"))
        with form.sending({}):
            card.notes.update_note(pinned, ["pinned"], form.request_id)
            return card.done(subject_id, _("La nota è in alto") if pinned.pinned else _("La nota è tornata al suo posto"))
        return card.listed(subject_id, form)


def _add_changes(pages: Blueprint, card: Card) -> None:
    @pages.route("/<uuid:subject_id>/notes/<uuid:note_id>/edit", methods=["GET", "POST"])
    def edit_note(subject_id: UUID, note_id: UUID) -> Reply:
        name = f"{card.parent(subject_id)}/notes/{note_id}"
        try:
            note = card.notes.get_note(name)
            form = Form.filled(_values(note))
            if request.method == "POST":
                form = Form.sent()
                with form.sending(FIELDS):
                    changed = _note_of(form)
                    changed.name, changed.etag = name, form["etag"]
                    card.notes.update_note(changed, ["text", "pinned"], form.request_id)
                    return card.done(subject_id, _("Nota salvata"))
                form.compare(_values(note))
        except NotFound:
            if request.method == "GET":
                raise
            return card.listed(subject_id, _orphan())
        return card.shown("note_form", subject_id, form, note)

    @pages.route("/<uuid:subject_id>/notes/<uuid:note_id>/delete", methods=["GET", "POST"])
    def delete_note(subject_id: UUID, note_id: UUID) -> Reply:
        note = card.notes.get_note(f"{card.parent(subject_id)}/notes/{note_id}")

        def act(form: Form) -> Reply:
            card.notes.delete_note(note.name, form["etag"], form.request_id)
            return card.done(subject_id, _("Nota eliminata"))

        return ask_first(note.etag, act, lambda form: card.shown("note_delete", subject_id, form, note))


def _note_of(form: Form) -> Note:
    return Note(text=form["text"], pinned=form.on("pinned"))


def _values(note: Note) -> dict[str, str]:
    return {"etag": note.etag, "text": note.text, "pinned": "1" if note.pinned else ""}


def _orphan() -> Form:
    """Return what was typed into a note that is gone, as a new one."""
    form = Form.sent()
    form.note = _("Un’altra persona ha eliminato questa nota. Il testo è ancora qui: puoi aggiungerlo come nota nuova.")
    form.values.pop("etag", None)
    return form


def _mine(note: Note) -> bool:
    """Whether this operator may change a note."""
    return bool(g.person.may(OTHERS)) or note.author == f"accounts/{g.person.caller.account_id}"


def _authors(services: Services, notes: Any) -> dict[str, str]:
    """Return the name of each author; "" of somebody whose account this operator may not see."""
    own = f"accounts/{g.person.caller.account_id}"
    names = {own: g.person.display_name}
    for author in {note.author for note in notes} - {own}:
        account = existing(lambda author=author: services.identity.get_account(uuid_of(id_of(author))))  # type: ignore[misc] # bound now
        names[author] = account.display_name if account else ""
    return names

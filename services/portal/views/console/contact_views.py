"""Saved views of the list of contacts: keep the list as it is shown, rename it, share it, open with it, delete it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from recapito.contacts.v1.views_pb2 import View

from libs.errors import NotFound
from services.portal.service import Page, Services
from services.portal.views.console.confirming import ask_first, shown
from services.portal.views.console.contact_list import kept_arguments, view_address, view_here
from services.portal.views.console.context import Reply
from services.portal.views.console.forms import Form
from services.portal.views.console.lists import ALL
from services.portal.views.i18n import gettext as _

FIELDS = {r"view\.(display_name)": r"\1"}
PATHS = ("display_name", "shared")


def contact_views(pages: Blueprint, services: Services) -> None:
    @pages.get("/views")
    def saved_views() -> str:
        found = services.views.list_views(Page(size=ALL, filter='collection = "contacts"'))
        return render_template("console/contact_views.html", views=found.views, view_address=view_address, form=Form.filled({}))

    _add_forms(pages, services)
    _add_choices(pages, services)


def _add_forms(pages: Blueprint, services: Services) -> None:
    @pages.route("/views/new", methods=["GET", "POST"])
    def save_view() -> Reply:
        """Keep the list as the address shows it, which goes along with the form."""
        form = Form.filled({})
        if request.method == "POST":
            form = Form.sent()
            with form.sending(FIELDS):
                view = services.views.create_view(view_here(form["display_name"], shared=form.on("shared")), form.request_id)
                _open_with(services, view, form)
                return _done(view_address(view), _("Vista salvata"))
        return _form(form, None, url_for("console.contacts.index", **kept_arguments()))

    @pages.route("/views/<uuid:view_id>/edit", methods=["GET", "POST"])
    def edit_view(view_id: UUID) -> Reply:
        view = _own(services, view_id)
        now = {"etag": view.etag, "display_name": view.display_name, "shared": ["1"] * view.shared, "default": ["1"] * view.default}
        form = Form.filled(now)
        if request.method == "POST":
            form = Form.sent()
            with form.sending(FIELDS):
                changed = View(name=view.name, display_name=form["display_name"], shared=form.on("shared"), etag=form["etag"])
                _open_with(services, services.views.update_view(changed, PATHS, form.request_id), form)
                return _done(url_for("console.contacts.saved_views"), _("Vista salvata"))
            form.compare({"etag": view.etag, "display_name": view.display_name})
        return _form(form, view, url_for("console.contacts.saved_views"))

    @pages.route("/views/<uuid:view_id>/delete", methods=["GET", "POST"])
    def delete_view(view_id: UUID) -> Reply:
        view = services.views.get_view(f"views/{view_id}")

        def act(form: Form) -> Reply:
            services.views.delete_view(view.name, form["etag"], form.request_id)
            return _done(url_for("console.contacts.saved_views"), _("Vista eliminata"))

        return ask_first(view.etag, act, lambda form: shown("contact_view_delete", form, view=view))


def _add_choices(pages: Blueprint, services: Services) -> None:
    @pages.post("/views/<uuid:view_id>/default")
    def open_with_view(view_id: UUID) -> Reply:
        form = Form.sent()
        services.views.set_default_view(f"views/{view_id}", form.request_id, default=form.on("default"))
        return _done(url_for("console.contacts.saved_views"), _("Fatto: l’elenco si apre come hai scelto"))


def _own(services: Services, view_id: UUID) -> View:
    """Return a view of one's own: those of others have no page to change them."""
    view = services.views.get_view(f"views/{view_id}")
    if not view.own:
        raise NotFound("not this operator's view")
    return view


def _open_with(services: Services, view: View, form: Form) -> None:
    if view.default != form.on("default"):
        services.views.set_default_view(view.name, f"{form.request_id}-default", default=form.on("default"))


def _form(form: Form, view: View | None, back: str) -> Reply:
    shown: dict[str, Any] = {"form": form.again(), "view": view, "back": back}
    return render_template("console/contact_view_form.html", **shown), form.code


def _done(address: str, sentence: str) -> Reply:
    flash(sentence)
    return redirect(address, 303)

"""Groups: they classify customers and contacts, and decide which operators see them."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from recapito.contacts.v1.groups_pb2 import Group

from services.portal.service import Services
from services.portal.views.console.confirming import ask_first, shown
from services.portal.views.console.context import Reply
from services.portal.views.console.customers import groups_of
from services.portal.views.console.forms import Form
from services.portal.views.i18n import gettext as _

FIELDS = {r"group\.(display_name|parent_group)": r"\1"}


def blueprint(services: Services) -> Blueprint:
    contacts = services.contacts
    pages = Blueprint("groups", __name__, url_prefix="/groups")

    @pages.get("")
    def index() -> str:
        groups = groups_of(services)
        return render_template("console/groups.html", groups=ordered(groups))

    @pages.route("/new", methods=["GET", "POST"])
    def create() -> Reply:
        form = Form.filled({})
        if request.method == "POST":
            form = Form.sent()
            with form.sending(FIELDS):
                contacts.create_group(Group(display_name=form["display_name"], parent_group=form["parent_group"]), form.request_id)
                return done(_("Gruppo creato"))
        return render_template("console/group_form.html", form=form.again(), group=None, groups=groups_of(services)), form.code

    @pages.route("/<uuid:group_id>/edit", methods=["GET", "POST"])
    def edit(group_id: UUID) -> Reply:
        group = contacts.get_group(group_id)
        now = {"etag": group.etag, "display_name": group.display_name, "parent_group": group.parent_group}
        form = Form.filled(now)
        if request.method == "POST":
            form = Form.sent()
            with form.sending(FIELDS):
                changed = Group(name=group.name, etag=form["etag"], display_name=form["display_name"], parent_group=form["parent_group"])
                contacts.update_group(changed, ("display_name", "parent_group"), form.request_id)
                return done(_("Gruppo salvato"))
            form.compare(now)
        others = [other for other in groups_of(services) if other.name != group.name]
        return shown("group_form", form, group=group, groups=others)

    @pages.route("/<uuid:group_id>/delete", methods=["GET", "POST"])
    def delete(group_id: UUID) -> Reply:
        group = contacts.get_group(group_id)

        def act(form: Form) -> Reply:
            contacts.delete_group(group_id, form["etag"], form.request_id)
            return done(_("Gruppo eliminato"))

        return ask_first(group.etag, act, lambda form: shown("group_delete", form, group=group))

    def done(sentence: str) -> Reply:
        flash(sentence)
        return redirect(url_for("console.settings.groups.index"), 303)

    return pages


def ordered(groups: list[Group]) -> list[tuple[Group, int]]:
    """Return the groups as a tree, each with its depth; one whose parent is not to be seen stands at the top."""
    seen = {group.name for group in groups}
    children: dict[str, list[Group]] = {}
    for group in groups:
        children.setdefault(group.parent_group if group.parent_group in seen else "", []).append(group)

    def below(parent: str, depth: int) -> list[tuple[Group, int]]:
        return [row for group in children.get(parent, []) for row in ((group, depth), *below(group.name, depth + 1))]

    return below("", 0)

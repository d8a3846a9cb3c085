"""Versions of the privacy policy: drafted, read over, published; a published one never changes."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from recapito.identity.v1.policies_pb2 import Policy
from recapito.type.v1.type_pb2 import LocalizedText

from services.portal.service import Page, Services
from services.portal.views.console.confirming import ask_first, shown
from services.portal.views.console.context import Reply, id_of
from services.portal.views.console.forms import Form
from services.portal.views.i18n import gettext as _

FIELDS = {r"policy\.(version)": r"\1", r"policy\.text\.(it|en)": r"text_\1", r"policy\.text": "text_it"}


def blueprint(services: Services) -> Blueprint:
    identity = services.identity
    pages = Blueprint("policies", __name__, url_prefix="/privacy")

    @pages.get("")
    def index() -> str:
        return render_template("console/policies.html", policies=identity.list_policies(Page(size=100)).policies)

    @pages.get("/<uuid:policy_id>")
    def show(policy_id: UUID) -> str:
        return render_template("console/policy.html", policy=identity.get_policy(policy_id))

    @pages.route("/new", methods=["GET", "POST"])
    def create() -> Reply:
        form = Form.filled({})
        if request.method == "POST":
            form = Form.sent()
            with form.sending(FIELDS):
                policy = identity.create_policy(policy_of(form), form.request_id)
                flash(_("Bozza salvata"))
                return redirect(url_for("console.settings.policies.show", policy_id=id_of(policy)), 303)
        return shown("policy_form", form, policy=None)

    @pages.route("/<uuid:policy_id>/edit", methods=["GET", "POST"])
    def edit(policy_id: UUID) -> Reply:
        policy = identity.get_policy(policy_id)
        now = {"etag": policy.etag, "version": policy.version, "text_it": policy.text.it, "text_en": policy.text.en}
        form = Form.filled(now)
        if request.method == "POST":
            form = Form.sent()
            with form.sending(FIELDS):
                changed = policy_of(form)
                changed.name, changed.etag = policy.name, form["etag"]
                identity.update_policy(changed, ("version", "text"), form.request_id)
                flash(_("Bozza salvata"))
                return redirect(url_for("console.settings.policies.show", policy_id=policy_id), 303)
            form.compare(now)
        return shown("policy_form", form, policy=policy)

    _add_ends(pages, services)
    return pages


def _add_ends(pages: Blueprint, services: Services) -> None:
    identity = services.identity

    @pages.route("/<uuid:policy_id>/publish", methods=["GET", "POST"])
    def publish(policy_id: UUID) -> Reply:
        policy = identity.get_policy(policy_id)

        def act(form: Form) -> Reply:
            identity.publish_policy(policy_id, form["etag"], form.request_id)
            flash(_("Informativa pubblicata: sarà chiesta di nuovo a tutti al prossimo accesso"))
            return redirect(url_for("console.settings.policies.index"), 303)

        return ask_first(policy.etag, act, lambda form: shown("policy_publish", form, policy=policy))

    @pages.route("/<uuid:policy_id>/delete", methods=["GET", "POST"])
    def delete(policy_id: UUID) -> Reply:
        policy = identity.get_policy(policy_id)

        def act(form: Form) -> Reply:
            identity.delete_policy(policy_id, form["etag"], form.request_id)
            flash(_("Bozza eliminata"))
            return redirect(url_for("console.settings.policies.index"), 303)

        return ask_first(policy.etag, act, lambda form: shown("policy_delete", form, policy=policy))


def policy_of(form: Form) -> Policy:
    return Policy(version=form["version"], text=LocalizedText(it=form["text_it"], en=form["text_en"]))

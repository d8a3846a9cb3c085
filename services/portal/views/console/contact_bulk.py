"""One change to all whom a filter of the contacts' list finds: what, then how many, then done."""

from __future__ import annotations

from dataclasses import dataclass, field

from flask import Blueprint, flash, redirect, render_template, request, url_for
from recapito.contacts.v1.affiliations_pb2 import BulkUpdateAffiliationsResponse
from recapito.contacts.v1.contacts_pb2 import Affiliation
from recapito.contacts.v1.permissions_pb2 import Permissions, Preferences

from libs.errors import Aborted
from services.portal.service import Services
from services.portal.service.contacts import BulkUpdate
from services.portal.views.console import words
from services.portal.views.console.context import Reply
from services.portal.views.console.customers import contact_roles_of
from services.portal.views.console.forms import Form
from services.portal.views.console.lists import argument
from services.portal.views.i18n import N_, ngettext
from services.portal.views.i18n import gettext as _

SWITCHES = {"ON": N_("Accendi"), "OFF": N_("Spegni")}
MODES = {"ALLOW": N_("Consenti"), "DENY": N_("Nega"), "INHERIT": N_("Come il cliente")}
ALL_OFF, NO_ROLE = "none", "none"


@dataclass
class Chosen:
    """What an operator wants changed. said: the same in words."""

    affiliation: Affiliation = field(default_factory=Affiliation)
    paths: list[str] = field(default_factory=list)
    said: list[tuple[str, str]] = field(default_factory=list)

    def add(self, path: str, title: str, value: str) -> None:
        self.paths.append(path)
        self.said.append((title, value))


def contact_bulk(pages: Blueprint, services: Services) -> None:
    @pages.route("/bulk", methods=["GET", "POST"])
    def bulk() -> Reply:
        form = Form.sent() if request.method == "POST" else Form.filled({})
        roles = words.contact_role_options(contact_roles_of(services), full=True)
        wanted = chosen(form, roles)
        if request.method == "POST" and not wanted.paths:
            form.errors["profile"] = _("Scegli che cosa cambiare")
        if wanted.paths and form["expected_count"].isdigit():
            with form.sending({}):
                try:
                    done = services.contacts.bulk_update_affiliations(_asked(wanted, int(form["expected_count"])), form.request_id)
                except Aborted:
                    form.note = _("Nel frattempo il numero è cambiato. Controlla e conferma di nuovo.")
                else:
                    flash(result(done))
                    return redirect(url_for("console.contacts.index"), 303)
        count = None
        with form.sending({}):
            count = services.contacts.bulk_update_affiliations(_asked(Chosen(Affiliation(), ["preferences"])), "").matched_count
        template = "contact_bulk_confirm" if wanted.paths and count is not None else "contact_bulk"
        shown = render_template(f"console/{template}.html", form=form.again(), count=count, wanted=wanted, roles=roles, filter_=_filter())
        return shown, form.code


def chosen(form: Form, roles: dict[str, str]) -> Chosen:
    """Return what the form asks for; a field that says nothing changes nothing."""
    wanted = Chosen()
    _choose_preferences(form, wanted)
    for section, title in words.SECTIONS.items():
        if (mode := form[f"permission_{section}"]) in MODES:
            setattr(wanted.affiliation.permissions, section, Permissions.Mode.Value(mode))
            wanted.add(f"permissions.{section}", _("Nel portale, %(section)s", section=_(title)), _(MODES[mode]))
    role = form["contact_role"]
    if role == NO_ROLE or role in roles:
        wanted.affiliation.contact_role = "" if role == NO_ROLE else role
        wanted.add("contact_role", _("Ruolo"), roles.get(role) or _("Nessuno"))
    return wanted


def _choose_preferences(form: Form, wanted: Chosen) -> None:
    """A profile sets every type, and a type chosen beside it has the last word."""
    profile = form["profile"]
    if profile == ALL_OFF or profile in words.PROFILES:
        on = words.PROFILES[profile][1] if profile in words.PROFILES else frozenset[str]()
        for type_ in words.TYPES:
            setattr(wanted.affiliation.preferences, type_, Preferences.ON if type_ in on else Preferences.OFF)
        wanted.add("preferences", _("Notifiche"), _(words.PROFILES[profile][0]) if profile in words.PROFILES else _("Tutte spente"))
    for type_, title in words.TYPES.items():
        if (switch := form[f"notify_{type_}"]) in SWITCHES:
            setattr(wanted.affiliation.preferences, type_, Preferences.Switch.Value(switch))
            wanted.add(f"preferences.{type_}", _("Notifica %(type)s", type=_(title)), _(SWITCHES[switch]))
    if "preferences" in wanted.paths:
        wanted.paths[:] = [path for path in wanted.paths if not path.startswith("preferences.")]


def result(done: BulkUpdateAffiliationsResponse) -> str:
    """Say what a bulk change did, in one line."""
    parts = [ngettext("%(num)s contatto modificato", "%(num)s contatti modificati", done.updated_count)]
    if same := done.matched_count - done.updated_count - done.without_email_count:
        parts.append(ngettext("%(num)s era già così", "%(num)s erano già così", same))
    if done.without_email_count:
        parts.append(ngettext("%(num)s senza email: resta com’era", "%(num)s senza email: restano com’erano", done.without_email_count))
    return ". ".join(parts)


def _filter() -> dict[str, str]:
    return {"filter": request.args.get("filter", "")[:2000], "q": argument("q")}


def _asked(wanted: Chosen, expected_count: int | None = None) -> BulkUpdate:
    """expected_count None: only count."""
    where = _filter()
    return BulkUpdate(where["filter"], where["q"], wanted.affiliation, wanted.paths, expected_count)

"""Custom fields: the organisation's own fields in the form of a contact."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from recapito.contacts.v1.fields_pb2 import Field
from recapito.type.v1.type_pb2 import LocalizedText

from services.portal.service import Services
from services.portal.views.console import words
from services.portal.views.console.confirming import ask_first, shown
from services.portal.views.console.context import Reply
from services.portal.views.console.forms import Form, Value
from services.portal.views.console.profile import row_count, rows_added
from services.portal.views.i18n import gettext as _

FIELDS = {
    r"field\.label\.(it|en)": r"label_\1",
    r"field\.(type|position|required|filterable)": r"\1",
    r"field\.options": "options",
    r"field\.options\[(\d+)\]\.label\.(it|en)": r"options-\1-\2",
    r"field\.options\[(\d+)\].*": r"options-\1-it",
}
PATHS = ("label", "type", "options", "required", "filterable", "position")
ROWS = "options"


def blueprint(services: Services) -> Blueprint:
    pages = Blueprint("fields", __name__, url_prefix="/fields")

    @pages.get("")
    def index() -> str:
        own = [field for field in services.fields.list_fields() if field.custom]
        on = services.contacts.get_contacts_settings().modules.custom_fields
        return render_template("console/fields.html", fields=own, on=on)

    _add_forms(pages, services)
    _add_deletion(pages, services)
    return pages


def _add_forms(pages: Blueprint, services: Services) -> None:
    @pages.route("/new", methods=["GET", "POST"])
    def create() -> Reply:
        form = Form.filled({"type": "TEXT", "position": "0", f"{ROWS}-rows": "3"})
        if request.method == "POST":
            form = Form.sent()
            if not rows_added(form):
                with form.sending(FIELDS):
                    services.fields.create_field(_field_of(form), form.request_id)
                    return _done(_("Campo creato"))
        return _page(form)

    @pages.route("/<uuid:field_id>/edit", methods=["GET", "POST"])
    def edit(field_id: UUID) -> Reply:
        field = services.fields.get_field(field_id)
        form = Form.filled(_values(field))
        if request.method == "POST":
            form = Form.sent()
            if not rows_added(form):
                with form.sending(FIELDS):
                    changed = _field_of(form)
                    changed.name, changed.etag = field.name, form["etag"]
                    services.fields.update_field(changed, PATHS, form.request_id, force=form.on("force"))
                    return _done(_("Campo salvato"))
                form.compare(_values(field))
        return _page(form, field)


def _add_deletion(pages: Blueprint, services: Services) -> None:
    @pages.route("/<uuid:field_id>/delete", methods=["GET", "POST"])
    def delete(field_id: UUID) -> Reply:
        """Say how many contacts lose a value, also when they are hidden from who deletes it; who then presses the button has read it."""
        field = services.fields.get_field(field_id)

        def act(form: Form) -> Reply:
            services.fields.delete_field(field_id, form["etag"], form.request_id, force=form.on("force"))
            return _done(_("Campo eliminato"))

        def show(form: Form) -> Reply:
            return shown("field_delete", form, field=field, held=bool(field.value_count) or form.reason == "FIELD_IN_USE")

        return ask_first(field.etag, act, show)


def _page(form: Form, field: Field | None = None) -> Reply:
    rows = row_count(form, ROWS)
    shown = render_template("console/field_form.html", form=form.again(), field=field, rows=rows, labels=_labels(rows))
    return shown, form.code


def _labels(rows: int) -> dict[str, str]:
    found = {"label_it": _("Nome"), "label_en": _("Nome in inglese"), "type": _("Tipo"), "position": _("Posizione"), "options": _("Scelte")}
    for index in range(rows):
        found[f"{ROWS}-{index}-it"] = found[f"{ROWS}-{index}-en"] = _("Scelta %(number)s", number=index + 1)
    return found


def _values(field: Field) -> dict[str, Value]:
    values: dict[str, Value] = {
        "etag": field.etag,
        "label_it": field.label.it,
        "label_en": field.label.en,
        "type": Field.Type.Name(field.type),
        "required": "1" if field.required else "",
        "filterable": "1" if field.filterable else "",
        "position": str(field.position),
        f"{ROWS}-rows": str(len(field.options) + 1),
    }
    for index, option in enumerate(field.options):
        values |= {f"{ROWS}-{index}-id": option.id, f"{ROWS}-{index}-it": option.label.it, f"{ROWS}-{index}-en": option.label.en}
    return values


def _field_of(form: Form) -> Field:
    """Return the field as typed; a position that is no whole number goes on as one that is refused by name."""
    position = form["position"]
    whole = int(position) if position.isascii() and position.isdigit() and len(position) <= 4 else 0 if not position else -1
    type_ = form["type"] if form["type"] in words.FIELD_TYPES else "TEXT"
    return Field(
        label=LocalizedText(it=form["label_it"], en=form["label_en"]),
        type=Field.Type.Value(type_),
        options=_options(form) if type_ in {"CHOICE", "CHOICES"} else [],
        required=form.on("required"),
        filterable=form.on("filterable"),
        position=whole,
    )


def _options(form: Form) -> list[Field.Option]:
    """Return the choices that have a name; one whose name was taken away goes."""
    rows = ((form[f"{ROWS}-{index}-{part}"] for part in ("id", "it", "en")) for index in range(row_count(form, ROWS)))
    return [Field.Option(id=id_, label=LocalizedText(it=it, en=en)) for id_, it, en in rows if it or en]


def _done(sentence: str) -> Reply:
    flash(sentence)
    return redirect(url_for("console.settings.fields.index"), 303)

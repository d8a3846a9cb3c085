"""Imports: a file is uploaded, its columns are told, it is checked, then imported; each step is a page that may be left and found again."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from recapito.contacts.v1.customers_pb2 import Customer
from recapito.contacts.v1.transfers_pb2 import ImportJob

from services.portal.service import Services
from services.portal.views.area import file_response
from services.portal.views.console import words
from services.portal.views.console.confirming import ask_first, shown
from services.portal.views.console.context import Reply, id_of
from services.portal.views.console.customers import groups_of
from services.portal.views.console.forms import Form
from services.portal.views.console.lists import asked, condition
from services.portal.views.i18n import gettext as _

UPLOAD = "console.imports.create"  # the one page that takes a large body
LARGEST_UPLOAD = 16 * 1024 * 1024  # a file of 15 MiB and the form around it
PATHS = ("columns", "groups", "tags", "new_customers", "update_existing")
FIELDS = {
    r"import_job\.columns\[(\d+)\].*": r"column-\1",
    r"import_job\.groups.*": "groups",
    r"import_job\.tags.*": "tags",
    r"content.*": "file",
}


def blueprint(services: Services) -> Blueprint:
    pages = Blueprint("imports", __name__, url_prefix="/imports")
    _add_upload(pages, services)
    _add_columns(pages, services)
    _add_runs(pages, services)
    _add_report(pages, services)
    return pages


def _add_upload(pages: Blueprint, services: Services) -> None:
    @pages.get("")
    def index() -> str:
        return render_template("console/imports.html", found=services.transfers.list_imports(asked("")))

    @pages.route("/new", methods=["GET", "POST"])
    def create() -> Reply:
        form = Form.filled({})
        if request.method == "POST":
            form, file = Form.sent(), request.files.get("file")
            if file is None or not file.filename:
                form.errors["file"] = _("Scegli un file")
            else:
                with form.sending(FIELDS):
                    job = services.transfers.create_import(file.read(), file.filename[-255:], form.request_id)
                    return redirect(url_for("console.imports.edit_columns", job_id=id_of(job)), 303)
        return render_template("console/import_new.html", form=form.again()), form.code


def _add_columns(pages: Blueprint, services: Services) -> None:
    @pages.route("/<uuid:job_id>/columns", methods=["GET", "POST"])
    def edit_columns(job_id: UUID) -> Reply:
        job = services.transfers.get_import(job_id)
        form = Form.filled(_values(job))
        if request.method == "POST":
            form = Form.sent()
            with form.sending(FIELDS):
                services.transfers.update_import(_changed(job, form), PATHS, form.request_id)
                services.transfers.run_import(job_id, f"{form.request_id}-run", dry_run=True)
                return redirect(url_for("console.imports.show", job_id=job_id), 303)
            form.compare({"etag": job.etag})
        known = words.import_fields(services.fields.list_fields())
        options = known | {one.field: one.field for one in job.columns if one.field and one.field not in known}
        shown = render_template("console/import_columns.html", form=form.again(), job=job, options=options, groups=groups_of(services))
        return shown, form.code


def _add_runs(pages: Blueprint, services: Services) -> None:
    @pages.post("/<uuid:job_id>/run")
    def run(job_id: UUID) -> Reply:
        form = Form.sent()
        with form.sending(FIELDS):
            services.transfers.run_import(job_id, form.request_id, dry_run=False)
            return _to(job_id)
        return _shown(services, job_id, form)

    @pages.post("/<uuid:job_id>/cancel")
    def cancel(job_id: UUID) -> Reply:
        services.transfers.cancel_import(job_id, Form.sent().request_id)
        return _to(job_id)

    @pages.route("/<uuid:job_id>/delete", methods=["GET", "POST"])
    def delete(job_id: UUID) -> Reply:
        job = services.transfers.get_import(job_id)

        def act(form: Form) -> Reply:
            services.transfers.delete_import(job_id, form.request_id)
            flash(_("Importazione eliminata"))
            return redirect(url_for("console.imports.index"), 303)

        return ask_first("", act, lambda form: shown("import_delete", form, job=job))


def _add_report(pages: Blueprint, services: Services) -> None:
    @pages.get("/<uuid:job_id>")
    def show(job_id: UUID) -> Reply:
        return _shown(services, job_id, Form.filled({}))

    @pages.get("/<uuid:job_id>/progress")
    def show_progress(job_id: UUID) -> Reply:
        return _shown(services, job_id, Form.filled({}), "import_region")

    @pages.get("/<uuid:job_id>/refused.csv")
    def download_refused(job_id: UUID) -> Response:
        return file_response(services.transfers.download_refused_rows(job_id), _("righe da correggere.csv"))


def _shown(services: Services, job_id: UUID, form: Form, template: str = "import") -> Reply:
    job = services.transfers.get_import(job_id)
    refused = services.transfers.list_import_rows(job_id, asked(condition(outcome="REFUSED"))) if job.progress.failed_count else None
    names = words.import_fields(services.fields.list_fields()) if refused else {}
    return render_template(f"console/{template}.html", job=job, refused=refused, names=names, form=form.again()), form.code


def _to(job_id: UUID) -> Reply:
    return redirect(url_for("console.imports.show", job_id=job_id), 303)


def _values(job: ImportJob) -> dict[str, str | list[str]]:
    return {
        **{f"column-{index}": column.field for index, column in enumerate(job.columns)},
        "etag": job.etag,
        "groups": list(job.groups),
        "tags": ", ".join(job.tags),
        "new_customers": Customer.Kind.Name(job.new_customers) if job.new_customers else "",
        "update_existing": "1" if job.update_existing else "",
    }


def _changed(job: ImportJob, form: Form) -> ImportJob:
    kinds = Customer.Kind.keys()
    chosen = form["new_customers"]
    return ImportJob(
        name=job.name,
        etag=form["etag"],
        columns=[ImportJob.Column(field=form[f"column-{index}"]) for index in range(len(job.columns))],
        groups=form.many("groups"),
        tags=[tag.strip() for tag in form["tags"].split(",") if tag.strip()],
        new_customers=Customer.Kind.Value(chosen) if chosen in kinds else Customer.KIND_UNSPECIFIED,
        update_existing=form.on("update_existing"),
    )

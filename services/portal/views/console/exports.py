"""The list of contacts as a file: what its address asks for, in the format of choice."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from recapito.contacts.v1.transfers_pb2 import ExportContactsRequest

from services.portal.service import Services
from services.portal.views.area import file_response
from services.portal.views.console import words
from services.portal.views.console.contact_filter import asked_by_address
from services.portal.views.console.context import Reply
from services.portal.views.console.forms import Form
from services.portal.views.formats import today
from services.portal.views.i18n import gettext as _

ENDINGS = {"CSV": "csv", "XLSX": "xlsx", "VCARD": "vcf"}


def contact_export(pages: Blueprint, services: Services) -> None:
    @pages.route("/export", methods=["GET", "POST"])
    def export() -> Reply:
        own = words.profile_fields(services.fields.list_fields())
        form = Form.filled({"format": "CSV", "fields": list(words.EXPORT_FIELDS)})
        if request.method == "POST":
            form = Form.sent()
            wanted = _wanted(form)
            if not wanted.fields and wanted.format != ExportContactsRequest.VCARD:
                form.errors["fields"] = _("Scegli almeno una colonna")
            else:
                with form.sending({"format": "format", r"fields.*": "fields"}):
                    return file_response(services.transfers.export_contacts(wanted), _name(wanted))
        columns = {_("Contatto e cliente"): words.translated(words.EXPORT_FIELDS)} | own
        formats = words.translated(words.EXPORT_FORMATS)
        return render_template("console/contacts_export.html", form=form.again(), formats=formats, columns=columns), form.code


def _wanted(form: Form) -> ExportContactsRequest:
    chosen, asked = form["format"] if form["format"] in ENDINGS else "CSV", asked_by_address()
    return ExportContactsRequest(
        format=ExportContactsRequest.Format.Value(chosen),
        filter=asked.filter,
        query=asked.query,
        order_by=asked.order_by,
        fields=form.many("fields"),
        request_id=form.request_id,
    )


def _name(wanted: ExportContactsRequest) -> str:
    ending = ENDINGS[ExportContactsRequest.Format.Name(wanted.format)]
    return _("contatti") + f"-{today().isoformat()}.{ending}"

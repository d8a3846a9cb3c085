"""The organisation, the defaults of new contacts, and who issues invoices."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from recapito.contacts.v1.settings_pb2 import ContactsSettings
from recapito.documents.v1.settings_pb2 import DocumentsSettings

from services.portal.service import Services
from services.portal.views.console.contact_form import preference_values, preferences_of, profile
from services.portal.views.console.context import Reply
from services.portal.views.console.customers import ADDRESS, TAX, permission_values, permissions_of
from services.portal.views.console.forms import Form, Value
from services.portal.views.i18n import gettext as _

ORGANISATION = ("organization_name", "time_zone", "language_code")
ORGANISATION_FIELDS = {r"contacts_settings\.(organization_name|time_zone|language_code)": r"\1"}
BILLING_PATHS = ("issuer", "iban", "currency_code", "payment_term_days", "series")
BILLING_FIELDS = {
    r"documents_settings\.(iban|currency_code|payment_term_days)": r"\1",
    r"documents_settings\.issuer\.(legal_name|vat_number|tax_code|sdi_recipient_code|certified_email)": r"\1",
    r"documents_settings\.issuer\.address\.(street|city|province|postal_code|region_code)": r"\1",
    r"documents_settings\.series.*": "series",
}


def blueprint(services: Services) -> Blueprint:
    contacts, documents = services.contacts, services.documents
    pages = Blueprint("organisation", __name__)

    @pages.route("/organisation", methods=["GET", "POST"])
    def organisation() -> Reply:
        settings = contacts.get_contacts_settings()
        now = {"etag": settings.etag, **{name: getattr(settings, name) for name in ORGANISATION}}
        form = Form.filled(now)
        if request.method == "POST":
            form = Form.sent()
            with form.sending(ORGANISATION_FIELDS):
                changed = ContactsSettings(name=settings.name, etag=form["etag"])
                for name in ORGANISATION:
                    setattr(changed, name, form[name])
                contacts.update_contacts_settings(changed, ORGANISATION, form.request_id)
                return saved("organisation")
            form.compare(now)
        return render_template("console/settings_organisation.html", form=form.again()), form.code

    @pages.route("/defaults", methods=["GET", "POST"])
    def defaults() -> Reply:
        settings = contacts.get_contacts_settings()
        now: dict[str, Value] = {
            "etag": settings.etag,
            **permission_values(settings.default_permissions),
            **preference_values(settings.default_preferences),
        }
        form = Form.filled(now)
        if request.method == "POST":
            form = Form.sent()
            if not profile(form):
                with form.sending({}):
                    permissions = permissions_of(form, otherwise="DENY")
                    changed = ContactsSettings(
                        name=settings.name,
                        etag=form["etag"],
                        default_permissions=permissions,
                        default_preferences=preferences_of(form),
                    )
                    contacts.update_contacts_settings(changed, ("default_permissions", "default_preferences"), form.request_id)
                    return saved("defaults")
                form.compare(now)
        return render_template("console/settings_defaults.html", form=form.again()), form.code

    @pages.route("/billing", methods=["GET", "POST"])
    def billing() -> Reply:
        settings = documents.get_documents_settings()
        form = Form.filled(_billing_values(settings))
        if request.method == "POST":
            form = Form.sent()
            with form.sending(BILLING_FIELDS):
                changed = _billing_of(form)
                changed.name, changed.etag = settings.name, form["etag"]
                documents.update_documents_settings(
                    changed, ("issuer", "iban", "currency_code", "payment_term_days", "series"), form.request_id
                )
                return saved("billing")
            form.compare(_billing_values(settings))
        return render_template("console/settings_billing.html", form=form.again()), form.code

    def saved(page: str) -> Reply:
        flash(_("Impostazioni salvate"))
        return redirect(url_for(f"console.settings.organisation.{page}"), 303)

    return pages


def _billing_values(settings: DocumentsSettings) -> dict[str, Value]:
    series = next((series.format for series in settings.series if series.kind == DocumentsSettings.Series.INVOICE), "")
    return {
        "etag": settings.etag,
        "iban": settings.iban,
        "currency_code": settings.currency_code,
        "payment_term_days": str(settings.payment_term_days),
        "series": series,
        **{name: getattr(settings.issuer, name) for name in TAX},
        **{name: getattr(settings.issuer.address, name) for name in ADDRESS},
    }


def _billing_of(form: Form) -> DocumentsSettings:
    days = form["payment_term_days"]
    settings = DocumentsSettings(
        iban=form["iban"].replace(" ", "").upper(),
        currency_code=form["currency_code"].upper(),
        payment_term_days=int(days) if days.isdecimal() and len(days) < 5 else -1,
    )
    if form["series"]:
        settings.series.add(kind=DocumentsSettings.Series.INVOICE, format=form["series"])
    for name in TAX:
        setattr(settings.issuer, name, form[name])
    for name in ADDRESS:
        setattr(settings.issuer.address, name, form[name])
    return settings

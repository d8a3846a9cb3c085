"""Imports and exports in words."""

from __future__ import annotations

from recapito.contacts.v1.transfers_pb2 import ImportJob
from recapito.type.v1.type_pb2 import Progress

from services.portal.views.console.words.errors import error
from services.portal.views.console.words.state import State
from services.portal.views.i18n import N_
from services.portal.views.i18n import gettext as _

IMPORT_FIELDS: dict[str, str] = {  # what a column may mean, in the order of the choice
    "first_name": N_("Nome"),
    "last_name": N_("Cognome"),
    "email": N_("Email"),
    "customer.display_name": N_("Cliente: nome"),
    "customer.vat_number": N_("Cliente: partita IVA"),
    "customer.tax_code": N_("Cliente: codice fiscale"),
    "phone": N_("Telefono"),
    "mobile": N_("Cellulare"),
    "second_email": N_("Altre email"),
    "certified_email": N_("PEC"),
    "position": N_("Posizione"),
    "contact_role": N_("Ruolo del contatto"),
    "language_code": N_("Lingua"),
    "groups": N_("Gruppi"),
    "tags": N_("Etichette"),
    "newsletter": N_("Newsletter"),
    "do_not_call": N_("Non telefonare"),
    "open_tracking": N_("Consenso alle aperture"),
    "customer.email": N_("Cliente: email"),
    "customer.phone": N_("Cliente: telefono"),
}
EXPORT_FORMATS: dict[str, str] = {
    "CSV": N_("CSV, per ogni foglio di calcolo"),
    "XLSX": N_("Excel, fino a 50.000 contatti"),
    "VCARD": N_("vCard, per rubriche e telefoni"),
}
_STATES = {
    Progress.QUEUED: State(N_("In coda"), "info"),
    Progress.RUNNING: State(N_("In corso"), "info"),
    Progress.FAILED: State(N_("Non riuscita"), "bad"),
    Progress.CANCELLED: State(N_("Interrotta"), "warn"),
}


def import_state(job: ImportJob) -> State:
    progress = job.progress
    if progress.state == Progress.SUCCEEDED and job.dry_run:
        return State(N_("Controllata"), "brand")
    if progress.state == Progress.SUCCEEDED:
        return State(N_("Da correggere"), "warn") if progress.failed_count else State(N_("Completata"), "ok")
    return _STATES.get(progress.state, State(N_("Da controllare")))


def is_running(job: ImportJob) -> bool:
    return job.progress.state in {Progress.QUEUED, Progress.RUNNING}


def import_field(field: str) -> str:
    """Return a field of a file in words; one of the organisation's own by its key."""
    return _(IMPORT_FIELDS[field]) if field in IMPORT_FIELDS else field.removeprefix("profile.")


def row_problem(problem: str) -> str:
    """Return "email: EMAIL_TAKEN" as a sentence."""
    field, _colon, reason = problem.partition(": ")
    sentence = error(reason, field.rpartition(".")[2])
    return sentence if field in {"row", "customer", "contact"} else f"{import_field(field)}: {sentence}"

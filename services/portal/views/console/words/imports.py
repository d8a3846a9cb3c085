"""Imports and exports in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from recapito.contacts.v1.fields_pb2 import Field
from recapito.contacts.v1.transfers_pb2 import ImportJob
from recapito.type.v1.type_pb2 import Progress

from services.portal.views.console.words.errors import error
from services.portal.views.console.words.fields import block_name, label
from services.portal.views.console.words.state import State, translated
from services.portal.views.i18n import N_

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
EXPORT_FIELDS: dict[str, str] = IMPORT_FIELDS | {  # columns of an export, but those of the profile
    "primary": N_("Contatto principale"),
    "access.enabled": N_("Accesso al portale"),
    "last_access_time": N_("Ultimo accesso"),
    "create_time": N_("Creato il"),
    "name": N_("Codice del contatto"),
}
EXPORT_FORMATS: dict[str, str] = {
    "CSV": N_("CSV, per ogni foglio di calcolo"),
    "XLSX": N_("Excel"),
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


def profile_fields(fields: Iterable[Field]) -> dict[str, dict[str, str]]:
    """Return what of the profile a cell can hold: block -> field of a file -> its words."""
    found: dict[str, dict[str, str]] = {}
    for one in fields:
        if not one.hidden and one.type != Field.TABLE:
            found.setdefault(block_name(one.block), {})[f"profile.{one.key}"] = label(one.label)
    return found


def import_fields(fields: Iterable[Field]) -> dict[str, str]:
    """Return what a column may mean, in the order of the choice; those of the profile behind the name of their block."""
    own = {name: f"{block}: {words}" for block, named in profile_fields(fields).items() for name, words in named.items()}
    return translated(IMPORT_FIELDS) | own


def row_problem(problem: str, names: Mapping[str, str]) -> str:
    """Return "email: EMAIL_TAKEN" as a sentence. names: of the fields."""
    field, _colon, reason = problem.partition(": ")
    sentence = error(reason, field.rpartition(".")[2])
    return sentence if field in {"row", "customer", "contact"} else f"{names.get(field, field.removeprefix('profile.'))}: {sentence}"

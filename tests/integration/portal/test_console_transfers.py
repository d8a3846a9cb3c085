"""Imports and exports in the console: upload, columns, check, run, report; and the list of contacts as a file."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from recapito.contacts.v1.customers_pb2 import Customer
from recapito.contacts.v1.transfers_pb2 import ExportContactsRequest, ImportJob
from recapito.type.v1.type_pb2 import Progress

from services.portal.views.console.imports import LARGEST_UPLOAD
from tests.integration.portal.builders import Story
from tests.integration.portal.fakes import PASSWORD
from tests.integration.portal.pages import Operator
from tests.integration.portal.serve import app

PEOPLE = b"Nome;Cognome;Cliente;Boh\nAnna;Neri;ABC;x\nLuca;;ABC;y\n"


def upload(console: Operator, content: bytes = PEOPLE, name: str = "persone.csv") -> None:
    console.open("/console/imports/new")
    form, _button = console.page.form("Continua")
    data = {key: values[0] for key, values in form.values.items() if key != "file"}
    console.send(form.action, {**data, "file": (io.BytesIO(content), name)})


def only(told: Story) -> ImportJob:
    (job,) = told.backend.transfers.jobs.values()
    return job


def test_a_file_is_uploaded_told_checked_and_imported(told: Story, console: Operator) -> None:
    console.open("/console/contacts")
    assert "Ancora nessuna importazione" in console.follow("Importa").text
    upload(console)
    page = console.page
    assert "Che cosa contengono le colonne" in page.text
    assert all(word in page.text for word in ("Boh", "Anna", "Non importare"))
    console.press("Controlla il file", new_customers="COMPANY", tags="fiera, 2026", update_existing="1", column__3="position")
    job = only(told)
    assert [column.field for column in job.columns] == ["first_name", "last_name", "customer.display_name", "position"]
    assert (job.new_customers, list(job.tags), job.update_existing) == (Customer.COMPANY, ["fiera", "2026"], True)
    assert "Controllo in corso" in console.page.text
    assert 'hx-trigger="every 2s"' in console.page.markup
    told.backend.transfers.work()
    page = console.open(console.page.address)
    assert "Che cosa succederà" in page.text
    assert "Cognome: Questo campo è obbligatorio" in page.text
    page = console.press("Importa 1 contatto")
    assert "Importazione in corso" in page.text
    told.backend.transfers.work()
    page = console.open(page.address)
    assert "Che cosa è successo" in page.text
    assert "Da correggere" in page.text
    console.follow("Scarica come CSV")
    assert console.answer.mimetype == "text/csv"
    console.open("/console/imports")
    assert "persone.csv" in console.page.text


def test_what_cannot_be_read_is_said_beside_the_field(told: Story, console: Operator) -> None:
    upload(console, b"%PDF-1.7")
    assert console.answer.status_code == 422
    assert console.page.errors["file"] == "Il file non è CSV, Excel o vCard: salvalo in uno di questi formati"
    console.open("/console/imports/new")
    console.press("Continua", file=None)
    assert console.page.errors["file"] == "Scegli un file"
    assert told.backend.transfers.jobs == {}


def test_a_large_file_is_taken_there_and_nowhere_else(told: Story, console: Operator) -> None:
    """Security rule 52."""
    upload(console, PEOPLE + b"A;B;C;D\n" * 400_000)  # more than the 1 MiB of other pages
    assert "Che cosa contengono le colonne" in console.page.text
    upload(console, PEOPLE + b"x" * LARGEST_UPLOAD)
    assert console.answer.status_code == 413
    assert len(told.backend.transfers.jobs) == 1


def test_a_needed_column_that_is_missing_stops_before_the_check_and_nothing_typed_is_lost(told: Story, console: Operator) -> None:
    upload(console)
    page = console.press("Controlla il file", column__1="", tags="fiera")
    assert "Servono una colonna per il nome" in page.text
    assert page.form("Controlla il file")[0].values["tags"] == ["fiera"]
    assert only(told).progress.state == Progress.STATE_UNSPECIFIED


def test_a_running_import_is_interrupted_and_then_deleted(told: Story, console: Operator) -> None:
    upload(console)
    console.press("Controlla il file")
    page = console.press("Interrompi")
    assert "Interrotta" in page.text
    console.follow("Elimina")
    page = console.press("Elimina l’importazione")
    assert "Importazione eliminata" in page.text
    assert told.backend.transfers.jobs == {}


def test_the_progress_alone_is_asked_for_again(told: Story, console: Operator) -> None:
    upload(console)
    job = only(told)
    job.progress.CopyFrom(Progress(state=Progress.RUNNING, done_count=500, total_count=2000))
    page = console.open(f"/console/imports/{UUID(job.name.split('/')[1])}/progress")
    assert "500 righe su 2000" in page.text
    assert "<html" not in page.markup


def test_the_list_is_exported_as_it_is_filtered_after_the_password(told: Story, console: Operator) -> None:
    for session in told.backend.identity.sessions.values():
        session.fresh_until = datetime.now(UTC) - timedelta(seconds=1)
    console.open("/console/contacts?q=rossi&language=it")
    console.follow("Esporta questo elenco")
    console.press("Scarica il file")
    assert "password" in console.page.text.lower()
    console.press("Scarica il file", confirm_password=PASSWORD)
    assert console.answer.headers["Content-Disposition"].startswith('attachment; filename="contatti-')
    (wanted,) = told.backend.transfers.exported
    assert (wanted.format, wanted.query, wanted.filter) == (ExportContactsRequest.CSV, "rossi", 'language_code = "it"')
    console.open("/console/contacts/export")
    page = console.press("Scarica il file", format="XLSX")
    assert page.errors["format"] == "Sono troppi contatti per Excel: scegli CSV o restringi l’elenco"


def test_the_columns_of_a_file_are_chosen_and_the_profile_leaves_only_when_asked_for(told: Story, console: Operator) -> None:
    page = console.open("/console/contacts/export")
    assert all(word in page.text for word in ("Scegli le colonne", "Dati fiscali", "Immigrazione", "Cittadinanza"))
    console.press("Scarica il file")
    console.open("/console/contacts/export")
    console.press("Scarica il file", fields=["last_name", "profile.citizenship"])
    plain, chosen = told.backend.transfers.exported
    assert "last_name" in plain.fields
    assert not [name for name in plain.fields if name.startswith("profile.")]
    assert list(chosen.fields) == ["last_name", "profile.citizenship"]
    console.open("/console/contacts/export")
    page = console.press("Scarica il file", fields=[])
    assert page.errors["fields"] == "Scegli almeno una colonna"


def test_a_column_of_a_file_may_be_a_field_of_the_profile(told: Story, console: Operator) -> None:
    upload(console)
    assert "Immigrazione: Cittadinanza" in console.page.text
    console.press("Controlla il file", column__3="profile.citizenship")
    assert only(told).columns[3].field == "profile.citizenship"


def test_who_may_do_neither_finds_no_way_to_it(told: Story, console: Operator) -> None:
    told.backend.identity.capabilities = told.backend.identity.capabilities - {"contacts.import", "contacts.export"}
    words = {text for text, _address in console.open("/console/contacts").links}
    assert not words & {"Importa", "Esporta questo elenco"}
    for path in ("imports", "imports/new", f"imports/{uuid4()}", f"imports/{uuid4()}/refused.csv", "contacts/export"):
        console.open(f"/console/{path}")
        assert console.answer.status_code == 404


@pytest.mark.parametrize("path", ["", "/columns", "/progress", "/refused.csv", "/delete"])
def test_an_import_of_somebody_else_is_not_there(console: Operator, path: str) -> None:
    console.open(f"/console/imports/{uuid4()}{path}")
    assert console.answer.status_code == 404


def test_in_english_it_is_in_english(told: Story) -> None:
    console = Operator(app(told).test_client(), "en")
    console.sign_in()
    page = console.open("/console/imports")
    for words in ("Imports", "No import yet", "Upload a file"):
        assert words in page.text

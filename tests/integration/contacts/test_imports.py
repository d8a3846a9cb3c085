"""Imports on both databases: what a file becomes, what is refused and why, and that running it again does nothing twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from uuid import uuid4

import pytest
from recapito.contacts.events.v1 import events_pb2
from recapito.contacts.v1 import affiliations_pb2, contacts_pb2
from recapito.contacts.v1 import transfers_pb2 as pb
from recapito.type.v1.type_pb2 import Progress

from libs.errors import Aborted, FailedPrecondition, InvalidArgument, NotFound, PermissionDenied
from services.contacts import jobs, repository
from services.contacts.repository import staging
from services.contacts.service import import_rows
from tests.audit import entries_in_outbox
from tests.integration.contacts.conftest import OPERATOR, Api
from tests.integration.contacts.importing import COMPANY, IMPORTER, changed, chunk, got, now, outcomes, rows, run, stub, uploaded

ME = uuid4()
PEOPLE = (
    "Nome;Cognome;E-mail;Telefono;Azienda;Partita IVA;Ruolo;Qualifica;Lingua;Etichette\r\n"
    "Anna;D'Amico;anna@esempio.example;081 1234567;Rossi S.p.A.;;;CFO;italiano;fiera, 2026\r\n"
    'Luca;"Bianchi; figlio";luca@esempio.example;+39 345 1234567;Rossi S.p.A.;;;;en;\r\n'
    "Ugo;;ugo@esempio.example;;Rossi S.p.A.;;;;;\r\n"
    "Ida;Neri;ida;;Rossi S.p.A.;;;;;\r\n"
    "Ada;Neri;ANNA@esempio.example;;Rossi S.p.A.;;;;;\r\n"
    "Eva;Verdi;eva@esempio.example;12;Rossi S.p.A.;12345678901;nessuno;;;\r\n"
)


def contact_named(api: Api, first_name: str) -> contacts_pb2.Contact:
    found = api.contacts.ListContacts(contacts_pb2.ListContactsRequest(query=first_name)).contacts
    return next(one for one in found if one.first_name == first_name)


@pytest.mark.req("R-FLD-10", "R-IDN-01")
def test_a_file_becomes_people_row_by_row_and_each_refusal_says_its_field(api: Api) -> None:
    with api.operator(capabilities=IMPORTER, account_id=ME):
        job = uploaded(api, PEOPLE, new_customers=COMPANY)
        assert [column.field for column in job.columns] == [
            *("first_name", "last_name", "email", "phone", "customer.display_name", "customer.vat_number"),
            *("contact_role", "position", "language_code", "tags"),
        ]
        assert list(job.columns[0].samples) == ["Anna", "Luca", "Ugo"]
        done = run(api, job)
        assert (done.progress.state, done.progress.done_count, done.progress.failed_count) == (Progress.SUCCEEDED, 6, 4)
        assert outcomes(api, job) == [
            "CREATED",
            "CREATED",
            "REFUSED, last_name: REQUIRED",
            "REFUSED, email: EMAIL_MALFORMED",
            "REFUSED, email: ROW_EMAIL_TWICE_IN_FILE",
            "REFUSED, customer.vat_number: VAT_NUMBER_INVALID",
        ]
        anna, luca = contact_named(api, "Anna"), contact_named(api, "Luca")
        assert [point.value for point in anna.contact_points] == ["+390811234567"]
        assert (list(anna.tags), anna.language_code, anna.newsletter) == (["2026", "fiera"], "it", True)
        assert (anna.affiliations[0].position, anna.affiliations[0].primary) == ("CFO", True)
        assert (luca.last_name, luca.customer, luca.affiliations[0].primary) == ("Bianchi; figlio", anna.customer, False)
        assert anna.affiliations[0].preferences.invoice == 1  # the defaults, as of any new contact
    created = api.events_of(events_pb2.ContactCreated)
    assert {event.contact for event in created} == {anna.name, luca.name}
    assert all(event.skip_welcome and not event.send_set_password for event in created)


def test_a_dry_run_reports_the_same_and_leaves_nothing_behind(api: Api) -> None:
    with api.operator(capabilities=IMPORTER, account_id=ME):
        job = uploaded(api, PEOPLE, new_customers=COMPANY)
        dry = run(api, job, dry=True)
        report = outcomes(api, job)
        assert dry.dry_run
        assert dry.created_count == 2
        assert all(not row.contact for row in rows(api, job))
        assert not api.contacts.ListContacts(contacts_pb2.ListContactsRequest()).contacts
        assert api.events() == []
        run(api, job)
        assert outcomes(api, job) == report
        assert got(api, job).created_count == 2


def test_running_again_imports_only_what_is_missing(api: Api) -> None:
    with api.operator(capabilities=IMPORTER, account_id=ME):
        job = uploaded(api, "nome,cognome,email,cliente\nAnna,Neri,anna@x.example,Alfa\nLuca,Neri,luca@x.example,Beta\n")
        run(api, job)
        assert outcomes(api, job) == ["REFUSED, customer.display_name: ROW_CUSTOMER_UNKNOWN"] * 2
        api.new_customer(display_name="ALFA ")
        run(api, job)
        assert outcomes(api, job) == ["CREATED", "REFUSED, customer.display_name: ROW_CUSTOMER_UNKNOWN"]
        assert not rows(api, job)[0].values  # the registry has them now
        before = api.events()
        again = run(api, changed(api, job, new_customers=COMPANY))
        assert outcomes(api, job) == ["CREATED", "CREATED"]
        assert (again.created_count, again.progress.failed_count) == (2, 0)
        assert len(api.events_of(events_pb2.ContactCreated)) == 2
        assert api.events()[: len(before)] == before
        run(api, job, dry=True)
        assert outcomes(api, job) == ["CREATED", "CREATED"]


def test_who_is_there_is_refused_or_updated_as_the_import_says(api: Api) -> None:
    role = api.new_role("Referente")
    home, other = api.new_customer(display_name="Alfa"), api.new_customer(display_name="Beta")
    mario = api.new_contact(home, email="Mario@x.example", tags=["vecchio"])
    content = (
        "Nome;Cognome;E-mail;Cliente;Ruolo;Cellulare;Etichette\r\n"
        "Mario;Rossini;mario@X.example;Alfa;referente;333 1234567;nuovo\r\n"
        "Mario;Rossi;nuovo@x.example;Beta;;;\r\n"
    )
    with api.operator(capabilities=IMPORTER, account_id=ME):
        job = uploaded(api, content)
        run(api, job)
        assert outcomes(api, job) == ["REFUSED, email: EMAIL_TAKEN", "CREATED"]
        run(api, changed(api, job, update_existing=True))
        assert outcomes(api, job) == ["UPDATED", "CREATED"]
        now_ = api.contact_of(mario.name)
        assert (now_.last_name, list(now_.tags), now_.email) == ("Rossini", ["nuovo", "vecchio"], "mario@x.example")
        assert [point.value for point in now_.contact_points] == ["+393331234567"]
        assert now_.affiliations[0].contact_role == role.name
        second = uploaded(api, content.replace("Alfa", "Beta").replace("nuovo@x", "altro@x"), update_existing=True)
        run(api, second)
        assert outcomes(api, second) == ["REFUSED, customer.display_name: ROW_OTHER_CUSTOMER", "CREATED"]
        third = uploaded(api, content, update_existing=True)
        run(api, third)
        assert outcomes(api, third) == ["UNCHANGED", "UNCHANGED"]
        linked = affiliations_pb2.ListAffiliationsRequest(parent=other.name)
        assert len(api.affiliations.ListAffiliations(linked).affiliations) == 2


@pytest.mark.req("R-GRP-09", "R-GRP-11")
def test_an_import_sees_and_makes_only_what_its_maker_may(api: Api) -> None:
    """Security rule 26."""
    north, south = api.new_group("Nord"), api.new_group("Sud")
    api.new_customer(display_name="Alfa", groups=[south.name])
    hidden = api.new_contact(api.new_customer(groups=[north.name]), email="hidden@x.example", groups=[south.name])
    content = (
        "Nome;Cognome;E-mail;Cliente;Gruppi\nA;B;a@x.example;Alfa;\nC;D;hidden@x.example;Gamma;\nE;F;e@x.example;Gamma;Sud\nG;H;;Gamma;\n"
    )
    with api.operator(north.name, capabilities=IMPORTER, account_id=ME):
        job = uploaded(api, content, new_customers=COMPANY, groups=[north.name], update_existing=True)
        run(api, job)
        assert outcomes(api, job) == [
            "CREATED",  # a customer Alfa of its own: the other one is not there for this operator
            "REFUSED, email: EMAIL_TAKEN",
            "REFUSED, groups: ROW_GROUP_NOT_FOUND",
            "CREATED",
        ]
        assert all(one.groups == [north.name] for one in api.contacts.ListContacts(contacts_pb2.ListContactsRequest()).contacts)
    with api.operator():
        assert api.contact_of(hidden.name).last_name == "Rossi"
    with api.operator(north.name, capabilities=IMPORTER, account_id=ME):
        bare = uploaded(api, "Nome;Cognome;Cliente\nA;B;Delta\n", new_customers=COMPANY)
        run(api, bare)
        assert outcomes(api, bare) == ["REFUSED, customer.groups: GROUP_NOT_YOURS"]


def test_only_its_maker_sees_an_import_and_a_missing_one_is_answered_alike(api: Api) -> None:
    with api.operator(capabilities=IMPORTER, account_id=ME):
        job = uploaded(api, PEOPLE)
    with api.operator(capabilities=IMPORTER):
        for name in (job.name, f"importJobs/{uuid4()}"):
            for ask in (
                lambda name=name: stub(api).GetImportJob(pb.GetImportJobRequest(name=name)),
                lambda name=name: stub(api).ListImportRows(pb.ListImportRowsRequest(parent=name)),
                lambda name=name: list(stub(api).DownloadRefusedRows(pb.DownloadRefusedRowsRequest(name=name))),
                lambda name=name: stub(api).RunImportJob(pb.RunImportJobRequest(name=name)),
                lambda name=name: stub(api).DeleteImportJob(pb.DeleteImportJobRequest(name=name)),
            ):
                with pytest.raises(NotFound, match="does not exist"):
                    ask()
        assert not stub(api).ListImportJobs(pb.ListImportJobsRequest()).import_jobs
    with api.operator(capabilities=OPERATOR), pytest.raises(PermissionDenied):
        stub(api).GetImportJob(pb.GetImportJobRequest(name=job.name))


def test_columns_are_told_before_the_run_and_each_mistake_has_its_reason(api: Api) -> None:
    def fields(*names: str) -> list[pb.ImportJob.Column]:
        return [pb.ImportJob.Column(field=name) for name in names]

    with api.operator(capabilities=IMPORTER, account_id=ME):
        job = uploaded(api, "a;b;c\nAnna;Neri;Alfa\n")
        assert [column.field for column in job.columns] == ["", "", ""]
        for columns, reason in (
            (fields("", "", ""), "IMPORT_COLUMN_NEEDED"),
            (fields("first_name", "last_name", ""), "IMPORT_COLUMN_NEEDED"),
            (fields("first_name", "first_name", "last_name"), "IMPORT_COLUMN_REPEATED"),
        ):
            job = changed(api, job, columns=columns)
            with pytest.raises(InvalidArgument) as refused:
                stub(api).RunImportJob(pb.RunImportJobRequest(name=job.name))
            assert refused.value.reason == reason
        for columns in (fields("first_name"), fields("password", "", ""), [pb.ImportJob.Column(header="z")] * 3):
            with pytest.raises(InvalidArgument) as refused:
                changed(api, job, columns=columns)
            assert refused.value.reason == "IMPORT_COLUMN_UNKNOWN"
        job = changed(api, job, columns=fields("first_name", "last_name", ""), customer=api.new_customer().name)
    with api.operator(capabilities=IMPORTER, account_id=ME):
        assert run(api, job).created_count == 1


def test_a_cancelled_import_stops_before_its_next_chunk_and_goes_on_later(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_rows, "CHUNK", 2)
    content = "Nome;Cognome;Cliente\n" + "".join(f"Anna{number};Neri;Alfa\n" for number in range(7))
    with api.operator(capabilities=IMPORTER, account_id=ME):
        job = uploaded(api, content, new_customers=COMPANY)
        stub(api).RunImportJob(pb.RunImportJobRequest(name=job.name))
        assert chunk(api)  # reads the file
        assert chunk(api)
        with pytest.raises(FailedPrecondition):
            stub(api).DeleteImportJob(pb.DeleteImportJobRequest(name=job.name))
        with pytest.raises(FailedPrecondition):
            changed(api, job, update_existing=True)
        cancelled = stub(api).CancelImportJob(pb.CancelImportJobRequest(name=job.name))
        assert not chunk(api)
        assert (cancelled.progress.state, cancelled.created_count, cancelled.progress.total_count) == (Progress.CANCELLED, 2, 7)
        assert run(api, job).created_count == 7
        assert len(api.events_of(events_pb2.ContactCreated)) == 7
        stub(api).DeleteImportJob(pb.DeleteImportJobRequest(name=job.name))
        with pytest.raises(NotFound):
            got(api, job)


def test_a_worker_killed_in_a_chunk_leaves_nothing_of_it_and_the_next_goes_on(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_rows, "CHUNK", 3)
    content = "Nome;Cognome;E-mail;Cliente\n" + "".join(f"Anna;Neri;anna{number}@x.example;Alfa {number % 2}\n" for number in range(8))
    with api.operator(capabilities=IMPORTER, account_id=ME):
        job = uploaded(api, content, new_customers=COMPANY)
        stub(api).RunImportJob(pb.RunImportJobRequest(name=job.name))
        for _ in range(2):
            assert chunk(api)
        with monkeypatch.context() as dying:

            def die(_batch: staging.SqlBatch) -> None:
                raise KeyboardInterrupt

            dying.setattr(repository.SqlUnitOfWork, "commit", die)  # everything is written, nothing is committed
            with pytest.raises(KeyboardInterrupt):
                chunk(api)
        assert (got(api, job).created_count, len(api.events_of(events_pb2.ContactCreated))) == (3, 3)
        while chunk(api):
            pass
        assert (got(api, job).created_count, len(api.events_of(events_pb2.ContactCreated))) == (8, 8)
        customers = {one.customer for one in api.contacts.ListContacts(contacts_pb2.ListContactsRequest()).contacts}
        assert len(customers) == 2


def test_an_address_taken_meanwhile_refuses_its_row_alone(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    home = api.new_customer()
    written = staging.SqlBatch.write

    def later(batch: staging.SqlBatch) -> None:
        monkeypatch.setattr(staging.SqlBatch, "write", written)
        raise Aborted("somebody was faster with one of these rows")

    with api.operator(capabilities=IMPORTER, account_id=ME):
        job = uploaded(api, "Nome;Cognome;E-mail\nA;B;a@x.example\nC;D;c@x.example\n", customer=home.name)
        stub(api).RunImportJob(pb.RunImportJobRequest(name=job.name))
        assert chunk(api)
        monkeypatch.setattr(staging.SqlBatch, "write", later)
        with pytest.raises(import_rows.ChunkFailed):
            chunk(api)
    api.new_contact(home, email="a@x.example")
    with api.operator(capabilities=IMPORTER, account_id=ME):
        while chunk(api):
            pass
        assert outcomes(api, job) == ["REFUSED, email: EMAIL_TAKEN", "CREATED"]


def test_the_worker_runs_what_is_queued_and_gives_up_what_never_works(
    api: Api, monkeypatch: pytest.MonkeyPatch, eventually: Callable[..., object]
) -> None:
    stop = threading.Event()
    monkeypatch.setattr(jobs, "WAIT_SECONDS", 0.05)
    broken = threading.Event()
    chunk_of = import_rows._chunk

    def breaking(*args: object) -> object:
        if broken.is_set():
            raise RuntimeError("a defect")
        return chunk_of(*args)  # type: ignore[arg-type] # handed on as they come

    monkeypatch.setattr(import_rows, "_chunk", breaking)
    body = jobs.run_imports(
        api.engine,
        lambda: repository.SqlUnitOfWork(api.engine, "contacts", now),
        lambda: staging.SqlBatch(api.engine, "contacts", now),
        lambda _message: None,
        now,
    )
    worker = threading.Thread(target=body, args=[stop])
    worker.start()
    try:
        with api.operator(capabilities=IMPORTER, account_id=ME):
            job = uploaded(api, PEOPLE, new_customers=COMPANY)
            stub(api).RunImportJob(pb.RunImportJobRequest(name=job.name))
            eventually(lambda: got(api, job).progress.state == Progress.SUCCEEDED)
            broken.set()
            stub(api).RunImportJob(pb.RunImportJobRequest(name=job.name))
            eventually(lambda: got(api, job).progress.state == Progress.FAILED)
            assert got(api, job).progress.reason == "IMPORT_BROKE_OFF"
            broken.clear()
            stub(api).RunImportJob(pb.RunImportJobRequest(name=job.name))
            eventually(lambda: got(api, job).progress.state == Progress.SUCCEEDED)
    finally:
        stop.set()
        worker.join()


def test_the_audit_names_the_import_and_nobody_in_it(api: Api) -> None:
    """Security rule 64."""
    with api.operator(capabilities=IMPORTER, account_id=ME):
        job = uploaded(api, PEOPLE, new_customers=COMPANY)
        run(api, job)
        stub(api).DeleteImportJob(pb.DeleteImportJobRequest(name=job.name))
    entries = entries_in_outbox(api.engine)
    assert [(entry.method.rpartition(".")[2], entry.resource) for entry in entries] == [
        (method, job.name) for method in ("CreateImportJob", "UpdateImportJob", "RunImportJob", "DeleteImportJob")
    ]
    assert "Anna" not in str(entries)


def test_the_refused_rows_come_back_as_a_file_that_can_be_mended(api: Api) -> None:
    with api.operator(capabilities=IMPORTER, account_id=ME):
        job = uploaded(api, PEOPLE.replace(";Rossi S.p.A.;;;;;", ";=1+1;;;;;", 1), new_customers=COMPANY)
        run(api, job)
        text = b"".join(part.data for part in stub(api).DownloadRefusedRows(pb.DownloadRefusedRowsRequest(name=job.name))).decode(
            "utf-8-sig"
        )
        lines = text.splitlines()
        assert lines[0].startswith("Nome;Cognome;E-mail;")
        assert len(lines) == 5
        assert "'=1+1" in lines[1]
        assert lines[1].endswith("last_name: REQUIRED")
        mended = uploaded(api, text.replace("Ugo;;", "Ugo;Neri;"), new_customers=COMPANY)
        assert [column.field for column in mended.columns][-1] == ""
        assert run(api, mended).created_count == 1


def test_a_request_is_answered_once_and_a_deleted_one_not_at_all(api: Api) -> None:
    with api.operator(capabilities=IMPORTER, account_id=ME):
        request = pb.CreateImportJobRequest(file_name="a.csv", request_id="once")
        request.content.data = PEOPLE.encode()
        first, second = stub(api).CreateImportJob(request), stub(api).CreateImportJob(request)
        assert first == second
        assert len(stub(api).ListImportJobs(pb.ListImportJobsRequest()).import_jobs) == 1


@pytest.mark.req("R-FLD-10")
def test_the_fields_of_the_profile_are_held_to_their_types(api: Api) -> None:
    content = "Nome;Cognome;Cliente;Data di nascita\nAnna;Neri;Alfa;31/12/1980\nLuca;Neri;Alfa;ieri\n"
    with api.operator(capabilities=IMPORTER, account_id=ME):
        job = uploaded(api, content, new_customers=COMPANY)
        assert job.columns[3].field == "profile.birth_date"
        run(api, job)
        assert outcomes(api, job) == ["CREATED", "REFUSED, profile.birth_date: DATE_INVALID"]
        assert contact_named(api, "Anna").profile["birth_date"] == "1980-12-31"

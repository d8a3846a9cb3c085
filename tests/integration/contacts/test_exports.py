"""Exports: exactly what the list shows to the same operator, in three formats, harmless in a spreadsheet, and readable again."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import openpyxl
import pytest
import vobject
from recapito.contacts.v1 import contacts_pb2
from recapito.contacts.v1 import transfers_pb2 as pb

from libs.errors import InvalidArgument, PermissionDenied
from services.contacts.wire.files import sheets
from tests.audit import entries_in_outbox
from tests.integration.contacts.conftest import OPERATOR, Api
from tests.integration.contacts.importing import IMPORTER, exported, outcomes, run, uploaded
from tests.integration.contacts.registry import Registry, Sights

CSV, XLSX, VCARD = pb.ExportContactsRequest.CSV, pb.ExportContactsRequest.XLSX, pb.ExportContactsRequest.VCARD


def table(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";"))


def sheet(content: bytes) -> list[tuple[object, ...]]:
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
    return list(book.worksheets[0].iter_rows(values_only=True))


@pytest.mark.req("R-GRP-05", "R-GRP-09")
def test_no_export_holds_what_is_hidden_and_its_count_is_that_of_the_list(api: Api) -> None:
    """Security rule 26."""
    registry = Registry(api, 5)
    for groups in [(), *registry.some_groups(4)]:
        sight = Sights(registry, groups)
        with api.operator(*groups, capabilities=IMPORTER):
            for filter_ in ("", f"customer = {registry.customers[0].id}"):
                wanted = contacts_pb2.ListContactsRequest(page_size=1000, filter=filter_, count_total=True)
                listed = api.contacts.ListContacts(wanted)
                files = {kind: exported(api, format=kind, filter=filter_) for kind in (CSV, XLSX, VCARD)}
                counts = (len(table(files[CSV])), len(sheet(files[XLSX])) - 1, files[VCARD].count(b"BEGIN:VCARD"))
                assert counts == (listed.total_size,) * 3
                assert [row["Identificativo"] for row in table(files[CSV])] == [one.name for one in listed.contacts]
                told = files[CSV] + files[VCARD] + repr(sheet(files[XLSX])).encode()
                assert not [token for token in sight.hidden if token in told]
                assert b"nota " not in told  # R-NTE-04: notes are never exported


@pytest.mark.req("R-NTE-04")
def test_cells_that_look_like_formulas_are_texts_in_every_spreadsheet(api: Api) -> None:
    """Security rule 56."""
    evil = ['=HYPERLINK("http://x","y")', "+1+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0"]
    home = api.new_customer(display_name="=1+1")
    for text in evil:
        api.new_contact(home, first_name=text)
    with api.operator(capabilities=IMPORTER):
        lines = exported(api, format=CSV).decode("utf-8-sig").splitlines()[1:]
        assert all(cell[:1] not in {"=", "+", "-", "@"} for line in csv.reader(lines, delimiter=";") for cell in line)
        book = openpyxl.load_workbook(io.BytesIO(exported(api, format=XLSX)))
        cells = [cell for row in book.worksheets[0].iter_rows(min_row=2) for cell in row if cell.value is not None]
        assert {cell.data_type for cell in cells} == {"s"}
        assert set(evil) <= {cell.value for cell in cells}


def test_what_was_exported_is_read_again_and_nothing_differs(api: Api) -> None:
    group, role = api.new_group("Nord, Ovest"), api.new_role("Referente")
    home = api.new_customer(display_name="=Alfa; S.p.A.", tax_identity={"vat_number": "00743110157"})
    point = contacts_pb2.ContactPoint(kind=contacts_pb2.ContactPoint.MOBILE, value="+393451234567")
    for number in range(3):
        affiliation = contacts_pb2.Affiliation(position='+"CFO"', contact_role=role.name)
        more = {"groups": [group.name], "tags": ["fiera", "2026"], "contact_points": [point], "affiliations": [affiliation]}
        api.new_contact(home, first_name=f"-Anna {number}", email=f"anna{number}@x.example", do_not_call=True, **more)
    with api.operator(capabilities=IMPORTER):
        for kind in (CSV, XLSX):
            job = uploaded(api, exported(api, format=kind), update_existing=True)
            run(api, job)
            assert outcomes(api, job) == ["UNCHANGED"] * 3


def test_cards_are_vcards_of_version_4_that_others_read(api: Api) -> None:
    home = api.new_customer(display_name="Alfa, Beta; Gamma")
    point = contacts_pb2.ContactPoint(kind=contacts_pb2.ContactPoint.MOBILE, value="+393451234567")
    api.new_contact(home, first_name="Nicolò", last_name="D'Amico; \\ Rossi " + "x" * 60, email="n@x.example", contact_points=[point])
    with api.operator(capabilities=IMPORTER):
        content = exported(api, format=VCARD)
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    card = vobject.readOne(content.decode())
    assert card.version.value == "4.0"
    assert (card.n.value.given, card.n.value.family) == ("Nicolò", "D'Amico; \\ Rossi " + "x" * 60)
    assert (card.email.value, card.tel.value, card.org.value) == ("n@x.example", "tel:+393451234567", ["Alfa, Beta; Gamma"])


def test_columns_are_chosen_and_named_in_the_language_of_the_reader(api: Api) -> None:
    api.new_contact(api.new_customer(), first_name="Anna", last_name="Neri", email="a@x.example")
    with api.operator(capabilities=IMPORTER):
        content = exported(api, format=CSV, fields=["last_name", "email", "primary"])
        assert content.decode("utf-8-sig") == "Cognome;E-mail;Contatto principale\r\nNeri;a@x.example;Sì\r\n"
        for wrong, reason in (({"fields": ["password"]}, "EXPORT_FIELD_UNKNOWN"), ({"filter": "x = 1"}, "FILTER_FIELD_UNKNOWN")):
            with pytest.raises(InvalidArgument) as refused:
                exported(api, format=CSV, **wrong)
            assert refused.value.reason == reason
        with pytest.raises(InvalidArgument):
            exported(api)


def test_a_workbook_has_a_limit_and_says_so(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.contacts.wire.exports.MOST_XLSX_ROWS", 1)
    assert sheets.MOST_XLSX_ROWS == 1_048_575
    home = api.new_customer()
    for _ in range(2):
        api.new_contact(home)
    with api.operator(capabilities=IMPORTER):
        with pytest.raises(InvalidArgument) as refused:
            exported(api, format=XLSX)
        assert refused.value.reason == "EXPORT_TOO_LARGE"
        assert len(table(exported(api, format=CSV))) == 2


def test_who_exported_is_in_the_audit_once_and_needs_the_capability(api: Api) -> None:
    """Security rule 64."""
    with api.operator(capabilities=IMPORTER):
        exported(api, format=CSV, request_id="once")
        exported(api, format=CSV, request_id="once")
        with pytest.raises(InvalidArgument):
            exported(api, format=CSV, filter="x = 1")
    entries = [entry for entry in entries_in_outbox(api.engine) if entry.method.endswith("ExportContacts")]
    assert [(entry.resource, entry.result) for entry in entries] == [("contacts/-", "OK")]
    assert entries[0].record_time.ToDatetime(UTC) <= datetime.now(UTC)
    with api.operator(capabilities=OPERATOR), pytest.raises(PermissionDenied):
        exported(api, format=CSV)

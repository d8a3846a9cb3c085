"""A hundred files that nobody should upload, always the same: each with what an import must answer.

"" means that it is read; its rows are then checked one by one, and none may be imported by half.
"""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Iterator

import openpyxl

HEAD = "Nome;Cognome;E-mail;Cliente\r\n"
ROW = "Anna;Neri;anna@x.example;Alfa\r\n"
GOOD = HEAD + ROW
Hostile = tuple[str, bytes, str]  # name, content, reason


def hostile_files() -> list[Hostile]:
    return [*_texts(), *_encodings(), *_quotes(), *_formulas(), *_columns(), *_binaries(), *_workbooks(), *_cards(), *_noise()]


def _texts() -> Iterator[Hostile]:
    for name, content in (
        ("empty", b""),
        ("blanks", b" \r\n\t \r\n"),
        ("byte order mark alone", b"\xef\xbb\xbf"),
        ("newlines", b"\n" * 999),
    ):
        yield name, content, "IMPORT_EMPTY"
    yield "header alone", HEAD.encode(), "IMPORT_EMPTY"
    yield "header and blank rows", (HEAD + ";;;\r\n" * 50).encode(), "IMPORT_EMPTY"
    yield "no header", ROW.encode() * 2, "IMPORT_NO_HEADER"
    yield "numbers for header", b"1;2;3\r\n4;5;6\r\n", "IMPORT_NO_HEADER"
    yield "separators for header", b";;;\r\n;;;\r\n1;2;3\r\n4;5;6\r\n", "IMPORT_NO_HEADER"
    yield "more than 15 MiB", b"x" * (15 * 1024 * 1024 + 1), "IMPORT_TOO_BIG"
    yield "one cell of a million letters", (HEAD + "A" * 1_000_000 + ";B;;C\r\n").encode(), "IMPORT_UNREADABLE"
    yield "one cell of 40,000 letters", (HEAD + "A" * 40_000 + ";B;;C\r\n").encode(), "IMPORT_TOO_BIG"
    yield "400 columns", (";".join(f"c{n}" for n in range(400)) + "\r\n" + ";".join("x" * 400) + "\r\n").encode(), "IMPORT_TOO_BIG"
    yield "carriage returns alone", GOOD.replace("\r\n", "\r").encode(), ""
    yield "mixed ends of lines", (HEAD.replace("\r\n", "\n") + ROW + ROW.replace("\r\n", "\r")).encode(), ""
    yield "no end of the last line", GOOD.rstrip().encode(), ""
    yield "tabs", GOOD.replace(";", "\t").encode(), ""
    yield "bars", GOOD.replace(";", "|").encode(), ""
    yield "sep line", ("sep=,\r\n" + GOOD.replace(";", ",")).encode(), ""


def _encodings() -> Iterator[Hostile]:
    accents = HEAD + "Nicolò;D’Àmico;n@x.example;Società «Più» €\r\n" * 3
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"):
        yield f"accents in {encoding}", accents.encode(encoding), ""
    yield "half a letter", accents.encode()[:-9] + b"\xc3", "IMPORT_ENCODING"
    yield "utf-16 cut in a letter", accents.encode("utf-16")[:-1], "IMPORT_ENCODING"
    yield "NUL characters", GOOD.replace("Anna", "An\x00na").encode(), "IMPORT_ENCODING"
    yield "a mark of utf-8 before utf-16", b"\xef\xbb\xbf" + GOOD.encode("utf-16"), "IMPORT_ENCODING"
    yield "surrogates", HEAD.encode() + b"\xed\xa0\x80;Neri;;Alfa\r\n", ""
    yield "directions of text", GOOD.replace("Anna", "\u202eannA").encode(), ""
    yield "control characters", GOOD.replace("Anna", "An\x07na\x1b[31m").encode(), ""
    yield "letters with fifty marks", GOOD.replace("Anna", "A" + "\u0301" * 50).encode(), ""
    yield "ligatures that unfold", GOOD.replace("Anna", "\ufdfa" * 90).encode(), ""
    yield "emoji", GOOD.replace("Anna", "👩‍👩‍👧‍👦").encode(), ""


def _quotes() -> Iterator[Hostile]:
    yield "a quote that never ends", (HEAD + '"Anna;Neri;;Alfa\r\n' + ROW * 20).encode(), "LATER"
    yield "a letter after a quote", (HEAD + '"Anna"x;Neri;;Alfa\r\n').encode(), "IMPORT_UNREADABLE"
    yield "a quote inside a cell", (HEAD + 'An"na;Neri;;Alfa\r\n').encode(), ""
    yield "quotes alone", b'"""""""\r\n', "IMPORT_UNREADABLE"
    yield "a header of one quote", b'"', "IMPORT_UNREADABLE"
    yield "a line end in quotes", (HEAD + '"An\r\nna";Neri;;Alfa\r\n').encode(), ""
    yield "doubled quotes", (HEAD + '"An""na";Neri;;Alfa\r\n').encode(), ""


def _formulas() -> Iterator[Hostile]:
    for number, formula in enumerate(("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "=cmd|' /C calc'!A0", '=HYPERLINK("http://x";"y")')):
        quoted = formula.replace('"', '""')
        yield f"formula {number}", (HEAD + f'"{quoted}";Neri;;"{quoted}"\r\n').encode(), ""
    yield "markup", (HEAD + "<script>alert(1)</script>;<b>;;<img src=x onerror=alert(1)>\r\n").encode(), ""
    yield "SQL", (HEAD + "Robert'); DROP TABLE contacts;--;X;;Alfa\r\n").encode(), ""
    yield "template", (HEAD + "{{7*7}};${x};%s@x.example;{0}\r\n").encode(), ""


def _columns() -> Iterator[Hostile]:
    yield "too many cells", (HEAD + "A;B;c@x.example;Alfa;too;many\r\n").encode(), ""
    yield "too few cells", (HEAD + "A;B\r\n").encode(), ""
    yield "the same header five times", b"Nome;Nome;Nome;Nome;Cognome\r\nA;B;C;D;E\r\n", ""
    yield "headers of another file", b"Data;Importo;IBAN\r\n2026-01-01;10;IT60X0542811101000000123456\r\n", ""
    yield "headers of 5,000 letters", ("N" * 5000 + ";Cognome\r\nA;B\r\n").encode(), ""
    yield "names of 200 letters", (HEAD + "A" * 200 + ";" + "B" * 200 + ";;Alfa\r\n").encode(), ""
    yield "a hundred groups", (HEAD.replace("Cliente", "Gruppi") + "A;B;;" + ",".join(f"g{n}" for n in range(100)) + "\r\n").encode(), ""
    yield "an address of 400 letters", (HEAD + f"A;B;{'a' * 400}@x.example;Alfa\r\n").encode(), ""
    yield "one address a hundred times", (HEAD + ROW * 100).encode(), ""
    yield "telephones that are words", b"Nome;Cognome;Telefono;Cliente\r\nA;B;chiamami;Alfa\r\nC;D;" + b"1" * 300 + b";Alfa\r\n", ""
    yield "VAT numbers that are none", b"Nome;Cognome;Partita IVA\r\nA;B;00000000001\r\nC;D;IT\r\nE;F;\xd9\xa1\xd9\xa2\r\n", ""
    yield (
        "forty telephones",
        b"Nome;Cognome;Telefono;Cliente\r\nA;B;" + b",".join(b"+3934512345%02d" % n for n in range(40)) + b";Alfa\r\n",
        "",
    )


def _binaries() -> Iterator[Hostile]:
    yield "a PDF", b"%PDF-1.7\n1 0 obj", "IMPORT_FORMAT_UNKNOWN"
    yield "a PNG", b"\x89PNG\r\n\x1a\n" + bytes(100), "IMPORT_FORMAT_UNKNOWN"
    yield "a program", b"\x7fELF" + bytes(100), "IMPORT_FORMAT_UNKNOWN"
    yield "HTML", b"<html><table><tr><td>Nome", "IMPORT_FORMAT_UNKNOWN"
    yield "XML with entities", b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "IMPORT_FORMAT_UNKNOWN"
    yield "gzip", b"\x1f\x8b\x08" + bytes(100), "IMPORT_FORMAT_UNKNOWN"
    yield "an old workbook", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "IMPORT_UNREADABLE"


def _zip(parts: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return target.getvalue()


def _with_a_gigabyte(parts: dict[str, bytes]) -> bytes:
    """Return a workbook of about one MiB whose sheet is 1 GiB."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            if name != SHEET:
                archive.writestr(name, content)
        with archive.open(SHEET, "w", force_zip64=True) as sheet:
            for _ in range(1024):
                sheet.write(b" " * 1024 * 1024)
    return target.getvalue()


def _parts_of(book: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def workbook(*rows: list[object]) -> bytes:
    book, target = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.worksheets[0].append(row)
    book.save(target)
    return target.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


def _workbooks() -> Iterator[Hostile]:
    good = workbook(["Nome", "Cognome", "Cliente"], ["Anna", "Neri", "Alfa"])
    parts = _parts_of(good)
    sheet = parts[SHEET]
    yield "a workbook", good, ""
    yield "a workbook cut in half", good[: len(good) // 2], "IMPORT_UNREADABLE"
    yield "a workbook with a wrong byte", good[:60] + bytes([good[60] ^ 255]) + good[61:], "IMPORT_UNREADABLE"
    yield "a gigabyte of blanks", _with_a_gigabyte(parts), "IMPORT_TOO_BIG"
    yield "shared texts of 60 MiB", _zip(parts | {"xl/sharedStrings.xml": b"<sst>" + b"<si><t>a</t></si>" * 4_000_000}), "IMPORT_TOO_BIG"
    yield "styles of 20 MiB", _zip(parts | {"xl/styles.xml": b" " * 20 * 1024 * 1024}), "IMPORT_TOO_BIG"
    laughs = b'<!DOCTYPE w [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    yield "entities in a sheet", _zip(parts | {SHEET: b"<?xml version='1.0'?>" + laughs + sheet}), "IMPORT_UNREADABLE"
    outside = b"<!DOCTYPE w [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>"
    yield "an entity from outside", _zip(parts | {"xl/workbook.xml": outside + parts["xl/workbook.xml"]}), "IMPORT_UNREADABLE"
    yield "entities in UTF-16", _zip(parts | {SHEET: ("<!DOCTYPE w>" + sheet.decode()).encode("utf-16")}), "IMPORT_UNREADABLE"
    yield "a sheet that is no XML", _zip(parts | {SHEET: b"\x00\x01\x02"}), "IMPORT_UNREADABLE"
    yield "a sheet without an end", _zip(parts | {SHEET: sheet[:-40]}), "IMPORT_UNREADABLE"
    yield "no workbook inside", _zip({name: part for name, part in parts.items() if name != "xl/workbook.xml"}), "IMPORT_UNREADABLE"
    yield "another archive", _zip({"a.txt": b"x"}), "IMPORT_FORMAT_UNKNOWN"
    yield "a text document", _zip({"[Content_Types].xml": b"<a/>", "word/document.xml": b"<a/>"}), "IMPORT_FORMAT_UNKNOWN"
    yield "900 parts", _zip(parts | {f"xl/media/{n}.png": b"x" for n in range(900)}), "IMPORT_UNREADABLE"
    yield "paths that climb", _zip(parts | {"../../etc/passwd": b"x"}), ""
    wide = sheet.replace(b"<sheetData>", b'<dimension ref="A1:XFD1048576"/><sheetData>', 1)
    yield "dimensions of a whole sheet", _zip(parts | {SHEET: wide}), ""
    yield "a cell in the last corner", _zip(parts | {SHEET: sheet.replace(b'r="A2"', b'r="XFD1048576"')}), "ANY"
    yield "formulas and errors", workbook(["Nome", "Cognome", "Cliente"], ["=1/0", "#REF!", "=HYPERLINK(1)"]), ""
    yield "numbers, days and truth", workbook(["Nome", "Cognome", "Cliente"], [1.5, True, 10**300]), ""
    yield "an empty workbook", workbook(), "IMPORT_EMPTY"


def _cards() -> Iterator[Hostile]:
    card = "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Neri;Anna;;;\r\nFN:Anna Neri\r\nORG:Alfa\r\nEMAIL:anna@x.example\r\nEND:VCARD\r\n"
    yield "a card", card.encode(), ""
    yield "a card without an end", card.replace("END:VCARD\r\n", "").encode(), "ANY"
    yield "a card in a card", card.replace("FN:", "BEGIN:VCARD\r\nFN:").encode(), "ANY"
    yield "a card of nothing", b"BEGIN:VCARD\r\nEND:VCARD\r\n", "ANY"
    yield "a card with a bad encoding", card.replace("FN:", "FN;ENCODING=BASE64:!!!\r\nX:").encode(), "ANY"
    yield "a card with a picture of 2 MiB", card.replace("ORG", "PHOTO;ENCODING=b:" + "A" * 2_000_000 + "\r\nORG").encode(), ""
    yield "a card in quoted printable", card.replace("N:", "N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=ZZ").encode(), "ANY"


def _noise() -> Iterator[Hostile]:
    """Bytes at random, and good files with some bytes changed: whatever comes out, it is an answer."""
    chance = random.Random(20261122)
    book = workbook(["Nome", "Cognome", "Cliente"], ["Anna", "Neri", "Alfa"])
    for number in range(4):
        yield f"noise {number}", chance.randbytes(2000), "ANY"
    for number in range(6):
        for name, whole in (("CSV", GOOD.encode()), ("XLSX", book)):
            spoiled = bytearray(whole)
            for _ in range(number + 1):
                spoiled[chance.randrange(len(spoiled))] = chance.randrange(256)
            yield f"spoiled {name} {number}", bytes(spoiled), "ANY"

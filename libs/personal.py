"""All that the platform knows of one person: records of each service as JSON lines, and the archive that they become together.

What a service exports is what it erases (libs.erasing): both stand beside each other in its repository.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from google.api.httpbody_pb2 import HttpBody
from google.protobuf import json_format
from google.protobuf.message import Message

from libs.access import Caller, Kind
from libs.errors import NotFound

SERVICES = ("contacts", "identity", "documents", "notifications")  # contacts first: it knows who may see the person
CONTENT_TYPE = "application/zip"
FILE_NAME = "personal-data.zip"
CHUNK_BYTES = 64 * 1024
README = """\
ITALIANO
Questo archivio contiene i dati personali che abbiamo su una persona. Se lo ha scaricato un operatore, contiene quelli che
l’operatore può vedere. Ogni file è un elenco: una riga per ogni dato, in formato JSON. "kind" dice di che cosa si tratta,
"data" contiene i dati.
  contacts.jsonl       scheda, incarichi, permessi, preferenze e come sono cambiate, note, attività
  identity.jsonl       accessi, link ricevuti, informative accettate, registro delle operazioni
  documents.jsonl      fatture aperte
  notifications.jsonl  messaggi inviati o non inviati, con il motivo
Mancano i segreti, come le password, e i dati di altre persone. Le fatture sono del cliente e si scaricano dall’area riservata.

ENGLISH
This archive holds the personal data that we have about a person. If an operator downloaded it, it holds what that operator may
see. Each file is a list: one line for each piece of data, as JSON. "kind" says what it is,
"data" holds the data.
  contacts.jsonl       profile, roles, permissions, preferences and how they changed, notes, activities
  identity.jsonl       sign-ins, links received, accepted policies, audit trail
  documents.jsonl      invoices opened
  notifications.jsonl  messages sent or not sent, with the reason
Secrets, such as passwords, and data of other people are left out. Invoices belong to the customer and can be downloaded in the
customers’ area.
"""


# --- one service ---------------------------------------------------------------------------------------------------------------------
def subject_of(name: str, caller: Caller) -> UUID:
    """Return the id of the contact whose data is wanted; to a contact nobody but itself exists."""
    segment = name.rpartition("/")[2]
    try:
        id_ = caller.account_id if segment == "me" else UUID(segment)
    except ValueError:
        id_ = None
    if id_ is None or (caller.kind is Kind.CONTACT and caller.account_id != id_):
        raise NotFound(f"contact {segment} does not exist")
    return id_


def record(kind: str, values: Message | Mapping[str, Any], *, without: Iterable[str] = ()) -> dict[str, Any]:
    """Return one line of the export. without: fields that are about somebody else, or mean nothing to a reader."""
    if isinstance(values, Message):
        values = json_format.MessageToDict(values, preserving_proto_field_name=True)
    return {"kind": kind, "data": _plain(values, {"etag", *without})}


def _plain(value: Any, without: Container[str]) -> Any:
    match value:
        case Mapping():
            return {name: _plain(part, without) for name, part in value.items() if name not in without}
        case list() | tuple():
            return [_plain(part, without) for part in value]
        case datetime() | date():
            return value.isoformat()
        case UUID() | Decimal():
            return str(value)
        case _:
            return value


def lines(records: Iterable[Mapping[str, Any]]) -> Iterator[HttpBody]:
    """Give the records as JSON lines, some at a time; at least one message, so that who reads knows that there are none."""
    found = b""
    for each in records:
        found += json.dumps(each, ensure_ascii=False).encode() + b"\n"
        if len(found) >= CHUNK_BYTES:
            yield HttpBody(content_type="application/jsonl", data=found)
            found = b""
    yield HttpBody(content_type="application/jsonl", data=found)


# --- all of them ---------------------------------------------------------------------------------------------------------------------
def archive(download: Callable[[str], Iterable[HttpBody]], now: datetime) -> bytes:
    """Return the ZIP of what every service answers. download: asks one of SERVICES; when one of them fails, so does the whole."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as made:
        for service in SERVICES:
            with made.open(_entry(f"{service}.jsonl", now), "w") as file:
                for part in download(service):
                    file.write(part.data)
        made.writestr(_entry("README.txt", now), README)
    return content.getvalue()


def _entry(name: str, now: datetime) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, now.timetuple()[:6])
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry

"""Imports on the wire."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from uuid import UUID

from google.protobuf.field_mask_pb2 import FieldMask
from recapito.contacts.v1 import contacts_pb2, customers_pb2
from recapito.contacts.v1 import transfers_pb2 as pb
from recapito.type.v1 import type_pb2

from libs.errors import InvalidArgument
from services.contacts.domain import Contact, Customer, Given, ImportJob, ImportRow, Kind, Outcome, Stage
from services.contacts.wire import customers
from services.contacts.wire.contacts import plain_contact
from services.contacts.wire.files import csv_lines
from services.contacts.wire.names import (
    check_etag,
    contact_name,
    customer_name,
    etag,
    group_names,
    merged,
    reference_of,
    references_of,
    timestamp,
)


def import_job(domain: ImportJob) -> pb.ImportJob:
    given = domain.given
    return pb.ImportJob(
        name=f"importJobs/{domain.id}",
        format=pb.ImportJob.Format.Value(domain.format.name),
        file_name=domain.file_name,
        columns=[pb.ImportJob.Column(header=one.header, field=one.field, samples=one.samples) for one in domain.columns],
        groups=group_names(given.groups),
        tags=given.tags,
        update_existing=given.update_existing,
        dry_run=domain.dry,
        progress=_progress(domain),
        create_time=timestamp(domain.create_time),
        etag=etag(domain.version),
        customer=customer_name(given.customer_id) if given.customer_id else "",
        new_customers=customers_pb2.Customer.Kind.Value(given.new_customers.name) if given.new_customers else 0,  # type: ignore[arg-type] # 0 is unset
        created_count=domain.counts.of(Outcome.CREATED),
        updated_count=domain.counts.of(Outcome.UPDATED),
        unchanged_count=domain.counts.of(Outcome.UNCHANGED),
    )


def _progress(domain: ImportJob) -> type_pb2.Progress:
    return type_pb2.Progress(
        state=type_pb2.Progress.State.ValueType(domain.stage.value),
        done_count=domain.counts.done,
        total_count=domain.counts.total,
        failed_count=domain.counts.of(Outcome.REFUSED),
        start_time=timestamp(domain.start_time) if domain.start_time else None,
        end_time=timestamp(domain.end_time) if domain.end_time else None,
        reason=domain.reason if domain.stage is Stage.FAILED else "",
    )


def changed_import_job(wanted: pb.ImportJob, mask: FieldMask) -> Callable[[ImportJob], tuple[Sequence[str], Given]]:
    """Give what the columns mean and what every row gets, from a job as it is."""

    def change(before: ImportJob) -> tuple[Sequence[str], Given]:
        check_etag(wanted.etag, before.version)
        message = merged(import_job(before), wanted, mask)
        headers = [column.header for column in before.columns]
        if any(column.header not in {"", header} for column, header in zip(message.columns, headers, strict=False)):
            raise InvalidArgument.of("import_job.columns", "names another header than the file", "IMPORT_COLUMN_UNKNOWN")
        return [column.field for column in message.columns], _given(message)

    return change


def _given(message: pb.ImportJob) -> Given:
    return Given(
        groups=references_of(message.groups, "import_job.groups"),
        tags=tuple(message.tags),
        customer_id=reference_of(message.customer, "import_job.customer") if message.customer else None,
        new_customers=Kind(message.new_customers) if message.new_customers else None,
        update_existing=message.update_existing,
    )


def check_import_job(given: str) -> Callable[[ImportJob], None]:
    return lambda job: check_etag(given, job.version)


def import_row(domain: ImportRow, job_id: UUID) -> pb.ImportRow:
    return pb.ImportRow(
        name=f"importJobs/{job_id}/rows/{domain.number}",
        outcome=pb.ImportRow.Outcome.Value(domain.outcome.name) if domain.outcome else pb.ImportRow.OUTCOME_UNSPECIFIED,
        contact=contact_name(domain.contact_id) if domain.contact_id else "",
        problems=domain.problems,
        values=domain.values,
    )


def refused_rows(job: ImportJob, rows: Iterable[ImportRow]) -> Iterator[bytes]:
    """Give the rows as CSV as they came, with one more column that says what is wrong; an import takes no notice of that one."""
    width = len(job.columns)
    yield csv_lines([[*(column.header for column in job.columns), "Problemi / Problems"]], start=True)
    for row in rows:
        cells = [*row.values[:width], *[""] * (width - len(row.values))]
        yield csv_lines([[*cells, " · ".join(row.problems)]], start=False)


# --- the requests that a row stands for ----------------------------------------------------------------------------------------------
def contact_to_create(domain: Contact, position: str) -> contacts_pb2.CreateContactRequest:
    """Return what a caller would have sent for this person, to be held against the limits of the contract."""
    message = plain_contact(domain)
    message.affiliations.add(position=position)
    return contacts_pb2.CreateContactRequest(contact=message, skip_welcome=True)


def customer_to_create(domain: Customer) -> customers_pb2.CreateCustomerRequest:
    return customers_pb2.CreateCustomerRequest(customer=customers.customer(domain))

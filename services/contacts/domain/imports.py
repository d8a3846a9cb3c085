"""Imports: a file of people, what its columns mean, and how far it has come."""

from __future__ import annotations

import enum
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from libs.errors import FailedPrecondition, InvalidArgument, NotFound
from services.contacts.domain.columns import LISTS
from services.contacts.domain.customers import CustomerKeys, Kind
from services.contacts.domain.groups import Sight

KEPT = timedelta(days=30)  # after the last change; a file of people is not kept for ever


class ImportNotFound(NotFound):
    reason = "IMPORT_NOT_FOUND"


class ImportRunning(FailedPrecondition):
    reason = "IMPORT_RUNNING"


class Format(enum.Enum):
    CSV = 1
    XLSX = 2
    VCARD = 3


class Stage(enum.Enum):
    """How far a job is; READY before its first run and after a change."""

    READY = 0
    QUEUED = 1
    RUNNING = 2
    SUCCEEDED = 3
    FAILED = 4
    CANCELLED = 5


ACTIVE = (Stage.QUEUED, Stage.RUNNING)


class Outcome(enum.Enum):
    CREATED = 1
    UPDATED = 2
    UNCHANGED = 3
    REFUSED = 4


@dataclass(frozen=True)
class Keys:
    """What some rows may mean, to be read at once. changes: contacts that exist may be changed."""

    customers: CustomerKeys
    email_keys: frozenset[str]
    changes: bool


@dataclass(frozen=True)
class Column:
    """header: as in the file. field: what its values are; "" when it is ignored. samples: the first values."""

    header: str
    field: str = ""
    samples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Given:
    """What every row gets, and what may be done for it. customer_id: whose contacts the rows are; None: columns say.

    new_customers: what customers that are not found become; None: such rows are refused.
    """

    groups: frozenset[UUID] = frozenset()
    tags: tuple[str, ...] = ()
    customer_id: UUID | None = None
    new_customers: Kind | None = None
    update_existing: bool = False


@dataclass(frozen=True)
class Counts:
    """How many rows there are (0: not known yet), and what became of those that were looked at."""

    total: int = 0
    outcomes: tuple[tuple[Outcome, int], ...] = ()

    def of(self, outcome: Outcome) -> int:
        return dict(self.outcomes).get(outcome, 0)

    @property
    def done(self) -> int:
        return sum(count for _, count in self.outcomes)

    def plus(self, outcomes: Collection[Outcome]) -> Counts:
        added = {one: self.of(one) + sum(each is one for each in outcomes) for one in Outcome}
        return replace(self, outcomes=tuple(added.items()))


@dataclass(frozen=True)
class ImportJob:
    """owner_id: the account that made it, which alone sees it. sight: what it saw when it started the run. dry: of the last run.

    reason: why it FAILED. loaded: its rows are read; until then its file is kept.
    """

    id: UUID
    owner_id: UUID
    format: Format
    file_name: str
    columns: tuple[Column, ...]
    create_time: datetime
    update_time: datetime
    given: Given = field(default_factory=Given)
    stage: Stage = Stage.READY
    dry: bool = False
    sight: Sight = field(default_factory=Sight)
    counts: Counts = field(default_factory=Counts)
    loaded: bool = False
    reason: str = ""
    start_time: datetime | None = None
    end_time: datetime | None = None
    version: int = 1

    @property
    def active(self) -> bool:
        return self.stage in ACTIVE

    def check_idle(self) -> None:
        if self.active:
            raise ImportRunning(f"import {self.id} is running: cancel it first, or wait")

    def configured(self, fields: Sequence[str], given: Given, known: Collection[str], now: datetime) -> ImportJob:
        """Return the job with other meanings of its columns, all among the known; what the last run said counts no longer."""
        self.check_idle()
        if len(fields) != len(self.columns):
            raise InvalidArgument.of("import_job.columns", "must be as many as in the file", "IMPORT_COLUMN_UNKNOWN")
        for index, name in enumerate(fields):
            if name and name not in known:
                raise InvalidArgument.of(f"import_job.columns[{index}].field", "is not a field of a contact", "IMPORT_COLUMN_UNKNOWN")
        columns = tuple(replace(column, field=name) for column, name in zip(self.columns, fields, strict=True))
        return replace(self, columns=columns, given=given, stage=Stage.READY, reason="", update_time=now)

    def queued(self, sight: Sight, now: datetime, *, dry: bool) -> ImportJob:
        """Return the job as it waits for the worker. Its counts are for whoever forgets the former report."""
        self.check_idle()
        self._check_columns()
        return replace(self, stage=Stage.QUEUED, dry=dry, sight=sight, reason="", start_time=now, end_time=None, update_time=now)

    def _check_columns(self) -> None:
        named = [column.field for column in self.columns if column.field]
        for name in dict.fromkeys(named):
            if named.count(name) > 1 and name not in LISTS:
                raise InvalidArgument.of("import_job.columns", f"say {name} twice", "IMPORT_COLUMN_REPEATED")
        needed = [name for name in ("first_name", "last_name") if name not in named]
        if self.given.customer_id is None and not any(name in named for name in ("customer.display_name", *_CODES)):
            needed.append("customer.display_name")
        if needed:
            raise InvalidArgument.of("import_job.columns", f"must say {', '.join(needed)}", "IMPORT_COLUMN_NEEDED")

    def advanced(self, outcomes: Collection[Outcome], now: datetime) -> ImportJob:
        return replace(self, stage=Stage.RUNNING, counts=self.counts.plus(outcomes), update_time=now)

    def ended(self, stage: Stage, now: datetime, reason: str = "") -> ImportJob:
        return replace(self, stage=stage, reason=reason, end_time=now, update_time=now)


_CODES = ("customer.vat_number", "customer.tax_code")


@dataclass(frozen=True)
class ImportRow:
    """One row of the file, from 1. outcome: None until it was looked at. imported: it is in the registry and is not looked at again.

    values: as in the file, gone once imported. email_key: of a row that was accepted. problems: of one that was refused.
    """

    number: int
    values: tuple[str, ...] = ()
    outcome: Outcome | None = None
    imported: bool = False
    contact_id: UUID | None = None
    problems: tuple[str, ...] = ()
    email_key: str | None = None

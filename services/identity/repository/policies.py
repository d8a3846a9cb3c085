"""Versions of the privacy policy and the proofs of acceptance, which are only ever added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row
from sqlalchemy.sql import ColumnElement

from libs import database
from libs.database.listing import select_page
from libs.errors import Aborted, NotFound
from libs.listing import Listing
from services.identity.domain.policies import Acceptance, Policy, State
from services.identity.repository.tables import acceptances, policies


def acceptance_of_current(account_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether this account accepted the current version; false while there is none."""
    return sa.exists().where(
        acceptances.c.account_id == account_id, acceptances.c.policy_id == policies.c.id, policies.c.state == State.CURRENT.value
    )


def _policy(row: Row[Any]) -> Policy:
    return Policy(**{**row._mapping, "state": State(row.state)})  # noqa: SLF001 - the public name of a row as a mapping


def _values(policy: Policy) -> dict[str, Any]:
    return {**asdict(policy), "state": policy.state.value}


@dataclass(frozen=True)
class SqlPolicies:
    connection: Connection

    def get(self, policy_id: UUID) -> Policy:
        return self._one(policies.c.id == policy_id)

    def current(self) -> Policy:
        return self._one(policies.c.state == State.CURRENT.value)

    def _one(self, wanted: ColumnElement[bool]) -> Policy:
        row = self.connection.execute(sa.select(policies).where(wanted)).one_or_none()
        if row is None:
            raise NotFound("there is no such policy")
        return _policy(row)

    def page(self, listing: Listing) -> tuple[Sequence[Policy], str]:
        columns = {"state": policies.c.state, "create_time": policies.c.create_time}
        rows, following = select_page(self.connection, sa.select(policies), listing, columns, policies.c.id)
        return [_policy(row) for row in rows], following

    def add(self, policy: Policy) -> Policy:
        self.connection.execute(sa.insert(policies).values(_values(policy)))
        return policy

    def save(self, policy: Policy) -> Policy:
        saved = replace(policy, version=policy.version + 1)
        unchanged = (policies.c.id == policy.id, policies.c.version == policy.version)
        try:
            done = self.connection.execute(sa.update(policies).where(*unchanged).values(_values(saved)))
        except sa.exc.IntegrityError as error:
            raise Aborted("another version was published at the same moment") from error
        if done.rowcount != 1:
            raise Aborted(f"policy {policy.id} was changed by someone else")
        return saved

    def delete(self, policy: Policy) -> None:
        draft = (policies.c.id == policy.id, policies.c.version == policy.version, policies.c.state == State.DRAFT.value)
        if self.connection.execute(sa.delete(policies).where(*draft)).rowcount != 1:
            raise Aborted(f"policy {policy.id} was changed by someone else")

    def supersede(self) -> None:
        current = policies.c.state == State.CURRENT.value
        former = {"state": State.SUPERSEDED.value, "version": policies.c.version + 1}
        self.connection.execute(sa.update(policies).where(current).values(former))

    def accepted(self, account_id: UUID) -> bool:
        return bool(self.connection.execute(sa.select(acceptance_of_current(sa.literal(account_id, sa.Uuid)))).scalar_one())

    def accept(self, acceptance: Acceptance) -> Acceptance:
        new = database.insert(self.connection, acceptances).values(asdict(acceptance))
        new = new.on_conflict_do_nothing(index_elements=[acceptances.c.account_id, acceptances.c.policy_id])
        if self.connection.execute(new.returning(acceptances.c.id)).first() is not None:
            return acceptance
        of_both = (acceptances.c.account_id == acceptance.account_id, acceptances.c.policy_id == acceptance.policy_id)
        return _acceptance(self.connection.execute(sa.select(acceptances).where(*of_both)).one())

    def acceptances(self, account_id: UUID, listing: Listing) -> tuple[Sequence[Acceptance], str]:
        query = sa.select(acceptances).where(acceptances.c.account_id == account_id)
        columns = {"accept_time": acceptances.c.accept_time}
        rows, following = select_page(self.connection, query, listing, columns, acceptances.c.id)
        return [_acceptance(row) for row in rows], following


def _acceptance(row: Row[Any]) -> Acceptance:
    return Acceptance(**row._mapping)  # noqa: SLF001 - the public name of a row as a mapping

"""Accounts and their groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row
from sqlalchemy.sql import ColumnElement

from libs.database.listing import Columns, select_page
from libs.errors import Aborted, NotFound
from libs.listing import Listing, Value
from services.identity.domain.accounts import Account, EmailTaken, Kind, State, fold
from services.identity.domain.clients import ClientMetadata
from services.identity.domain.contacts import Access
from services.identity.domain.roles import ADMINISTRATOR, ROLES, id_of, unknown
from services.identity.repository.clients import metadata_of, save_metadata
from services.identity.repository.roles import name_of
from services.identity.repository.tables import account_groups, account_roles, accounts, roles
from services.identity.service import Sight

_NOBODY = UUID(int=0)


def account_of(
    row: Row[Any],
    groups: Iterable[UUID] = (),
    own_roles: Mapping[str, str] = MappingProxyType({}),
    client: ClientMetadata | None = None,
) -> Account:
    """Return the account of a row. own_roles: the capabilities of each role that is not built in, separated by blanks."""
    return Account(
        id=row.id,
        kind=Kind(row.kind),
        display_name=row.display_name,
        create_time=row.create_time,
        email=row.email,
        language_code=row.language_code,
        right_to_left=row.right_to_left,
        state=State(row.state),
        roles=tuple(sorted([*row.roles.split(), *own_roles])),
        granted=frozenset(" ".join(own_roles.values()).split()),
        groups=frozenset(groups),
        access_version=row.access_version,
        password_hash=row.password_hash,
        password_change_required=row.password_change_required,
        second_factor_set=row.second_factor_set,
        generation=row.generation,
        customer_id=row.customer_id,
        access=Access(row.access_enabled, row.access_start_date, row.access_end_date),
        contact_version=row.contact_version,
        last_sign_in_time=row.last_sign_in_time,
        delete_time=row.delete_time,
        client=client,
        version=row.version,
    )


def _values(account: Account) -> dict[str, Any]:
    return {
        "kind": account.kind.value,
        "state": account.state.value,
        "display_name": account.display_name,
        "folded_name": fold(account.display_name)[:800],
        "email": account.email,
        "login": account.login,
        "language_code": account.language_code,
        "right_to_left": account.right_to_left,
        "roles": " ".join(role for role in account.roles if role in ROLES),
        "access_version": account.access_version,
        "password_hash": account.password_hash,
        "password_change_required": account.password_change_required,
        "second_factor_set": account.second_factor_set,
        "generation": account.generation,
        "customer_id": account.customer_id,
        "access_enabled": account.access.enabled,
        "access_start_date": account.access.start_date,
        "access_end_date": account.access.end_date,
        "contact_version": account.contact_version,
        "last_sign_in_time": account.last_sign_in_time,
        "create_time": account.create_time,
        "delete_time": account.delete_time,
        "version": account.version,
    }


def _visible(sight: Sight) -> ColumnElement[bool]:
    """Operators know their colleagues and the services; a contact is seen through its groups."""
    if sight.all:
        return sa.true()
    shared = sa.exists().where(account_groups.c.account_id == accounts.c.id, account_groups.c.group_id.in_(sight.groups))
    return sa.or_(accounts.c.kind != Kind.CONTACT.value, shared)


def _has_role(operator: str, value: Value) -> ColumnElement[bool]:
    own = sa.exists().where(account_roles.c.account_id == accounts.c.id)
    if value is None:
        has = sa.or_(accounts.c.roles != "", own)
    elif (role_id := id_of(str(value))) is not None:
        has = own.where(account_roles.c.role_id == role_id)
    else:
        has = (sa.literal(" ") + accounts.c.roles + sa.literal(" ")).contains(f" {value} ", autoescape=True)
    wanted = (operator == "!=") == (value is None)
    return has if wanted else sa.not_(has)


def _in_group(operator: str, value: Value) -> ColumnElement[bool]:
    among = sa.exists().where(account_groups.c.account_id == accounts.c.id)
    if value is not None:
        among = among.where(account_groups.c.group_id == value)
    wanted = (operator == "!=") == (value is None)
    return among if wanted else sa.not_(among)


@dataclass(frozen=True)
class SqlAccounts:
    connection: Connection

    def get(self, account_id: UUID, sight: Sight | None = None) -> Account:
        of_id = sa.select(accounts).where(accounts.c.id == account_id, accounts.c.delete_time.is_(None))
        return self._one(of_id.where(_visible(sight)) if sight else of_id, account_id)

    def lock(self, account_id: UUID) -> Account:
        of_id = sa.select(accounts).where(accounts.c.id == account_id, accounts.c.delete_time.is_(None))
        return self._one(of_id.with_for_update(), account_id)

    def _one(self, query: sa.Select[Any], account_id: UUID) -> Account:
        found = self._loaded(self.connection.execute(query).all())
        if not found:
            raise NotFound(f"account {account_id} does not exist")
        return found[0]

    def find(self, account_id: UUID) -> Account | None:
        return self.find_all([account_id]).get(account_id)

    def find_all(self, account_ids: Sequence[UUID]) -> dict[UUID, Account]:
        rows = self.connection.execute(sa.select(accounts).where(accounts.c.id.in_(set(account_ids)))).all()
        return {account.id: account for account in self._loaded(rows)}

    def of_contacts(self) -> set[UUID]:
        known = sa.select(accounts.c.id).where(accounts.c.kind == Kind.CONTACT.value, accounts.c.delete_time.is_(None))
        return set(self.connection.execute(known).scalars())

    def by_login(self, email: str, kind: Kind | None) -> list[Account]:
        query = sa.select(accounts).where(accounts.c.login == fold(email)).order_by(accounts.c.kind.desc())
        return self._loaded(self.connection.execute(query.where(accounts.c.kind == kind.value) if kind else query).all())

    def _loaded(self, rows: Sequence[Row[Any]]) -> list[Account]:
        """Return the accounts of these rows with their groups and roles, in the same order; the same statements when there are none."""
        groups: dict[UUID, set[UUID]] = {row.id: set() for row in rows}
        of_them = sa.select(account_groups).where(account_groups.c.account_id.in_(list(groups) or [_NOBODY]))
        for account_id, group_id in self.connection.execute(of_them):
            groups[account_id].add(group_id)
        own_roles = self._own_roles(list(groups))
        services = [row.id for row in rows if row.kind == Kind.SERVICE.value]
        clients = metadata_of(self.connection, services) if services else {}
        return [account_of(row, groups[row.id], own_roles.get(row.id, {}), clients.get(row.id)) for row in rows]

    def _own_roles(self, account_ids: Sequence[UUID]) -> dict[UUID, dict[str, str]]:
        """Return, of those accounts that have roles which are not built in, their names with their capabilities."""
        of_them = sa.select(account_roles.c.account_id, roles.c.id, roles.c.capabilities).join_from(account_roles, roles)
        found: dict[UUID, dict[str, str]] = {}
        for account_id, role_id, held in self.connection.execute(of_them.where(account_roles.c.account_id.in_(account_ids or [_NOBODY]))):
            found.setdefault(account_id, {})[name_of(role_id)] = held
        return found

    def page(self, listing: Listing, sight: Sight) -> tuple[Sequence[Account], str]:
        query = sa.select(accounts).where(accounts.c.delete_time.is_(None), _visible(sight))
        for word in fold(listing.query).split():
            query = query.where(
                sa.or_(accounts.c.folded_name.contains(word, autoescape=True), accounts.c.login.contains(word, autoescape=True))
            )
        columns: Columns = {
            "kind": accounts.c.kind,
            "state": accounts.c.state,
            "email": accounts.c.email,
            "role": _has_role,
            "group": _in_group,
            "display_name": accounts.c.folded_name,
            "last_sign_in_time": accounts.c.last_sign_in_time,
            "create_time": accounts.c.create_time,
        }
        rows, following = select_page(self.connection, query, listing, columns, accounts.c.id)
        return self._loaded(rows), following

    def add(self, account: Account) -> Account:
        row = {"id": account.id, **_values(account), "event_version": 0}
        try:
            self.connection.execute(sa.insert(accounts).values(row))
        except sa.exc.IntegrityError as error:
            raise _conflict(account, error) from error
        self._save_parts(account)
        return self._with_own_roles(account)

    def save(self, account: Account) -> Account:
        saved = replace(account, version=account.version + 1)
        unchanged = (accounts.c.id == account.id, accounts.c.version == account.version)
        try:
            done = self.connection.execute(sa.update(accounts).where(*unchanged).values(_values(saved)))
        except sa.exc.IntegrityError as error:
            raise _conflict(account, error) from error
        if done.rowcount != 1:
            raise Aborted(f"account {account.id} was changed by someone else")
        self.connection.execute(sa.delete(account_groups).where(account_groups.c.account_id == account.id))
        self._save_parts(saved)
        return self._with_own_roles(saved)

    def _save_parts(self, account: Account) -> None:
        if account.client is not None:
            save_metadata(self.connection, account.id, account.client)
        if account.groups:
            rows = [{"account_id": account.id, "group_id": group} for group in account.groups]
            self.connection.execute(sa.insert(account_groups), rows)

    def _with_own_roles(self, account: Account) -> Account:
        """Store the roles that are not built in, and return the account with what they allow; contacts have none."""
        if account.kind is Kind.CONTACT:
            return account
        self.connection.execute(sa.delete(account_roles).where(account_roles.c.account_id == account.id))
        for name in account.roles:
            if (role_id := id_of(name)) is not None:
                try:
                    self.connection.execute(sa.insert(account_roles).values(account_id=account.id, role_id=role_id))
                except sa.exc.IntegrityError as error:
                    raise unknown(name) from error
        held = self._own_roles([account.id]).get(account.id, {})
        return replace(account, granted=frozenset(" ".join(held.values()).split()))

    def mark_sign_in(self, account_id: UUID, password_hash: str, now: datetime) -> Account:
        marked = (
            sa.update(accounts)
            .where(accounts.c.id == account_id)
            .values(state=State.ACTIVE.value, last_sign_in_time=now, password_hash=password_hash)
            .returning(accounts)
        )
        return self._loaded(self.connection.execute(marked).all())[0]

    def next_event(self, account_id: UUID) -> int:
        counted = (
            sa.update(accounts)
            .where(accounts.c.id == account_id)
            .values(event_version=accounts.c.event_version + 1)
            .returning(accounts.c.event_version)
        )
        return int(self.connection.execute(counted).scalar_one())

    def lock_administrators(self) -> list[Account]:
        query = sa.select(accounts).where(
            accounts.c.kind == Kind.OPERATOR.value,  # an application cannot help anybody back in
            accounts.c.delete_time.is_(None),
            accounts.c.state != State.DISABLED.value,
            _has_role("=", ADMINISTRATOR),
        )
        return self._loaded(self.connection.execute(query.order_by(accounts.c.id).with_for_update()).all())


def _conflict(account: Account, error: sa.exc.IntegrityError) -> EmailTaken | Aborted:
    if "login" in str(error.orig):  # the constraint's name, or its columns
        return EmailTaken("another account signs in with this address")
    return Aborted(f"account {account.id} was made by someone else at the same moment")

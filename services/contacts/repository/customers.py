"""Customers in SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row
from sqlalchemy.sql import ColumnElement

from libs.database import insert_all
from libs.database.listing import Columns
from libs.errors import Aborted
from libs.listing import Listing, Value
from services.contacts.domain import Category, Customer, CustomerKeys, CustomerNotFound, Kind, Sight, TaxIdentity
from services.contacts.repository.history import keep_customer, keep_customers
from services.contacts.repository.search import (
    Searched,
    customers_found,
    exact_page,
    refresh_contacts,
    remember_words,
    search_page,
    texts_of,
)
from services.contacts.repository.tables import affiliations, contacts, customer_groups, customers
from services.contacts.repository.visible import contact_visible, customer_visible


@dataclass(frozen=True)
class SqlCustomers:
    connection: Connection

    def get(self, customer_id: UUID, sight: Sight, *, lock: bool = False) -> Customer:
        query = sa.select(customers).where(customers.c.id == customer_id, customer_visible(sight))
        row = self.connection.execute(query.with_for_update() if lock else query).one_or_none()
        if row is None:
            raise CustomerNotFound(f"customer {customer_id} does not exist")
        return _customer(row, groups_of(self.connection, customer_groups, [customer_id])[customer_id])

    def shown(self, found: Sequence[Customer], sight: Sight) -> list[Customer]:
        """Return the customers as the caller may see them: without a primary contact that is hidden from it."""
        ids = {one.primary_contact_id for one in found if one.primary_contact_id is not None}
        if sight.everything or not ids:
            return list(found)
        seen = set(self.connection.execute(sa.select(contacts.c.id).where(contacts.c.id.in_(ids), contact_visible(sight))).scalars())
        return [one if one.primary_contact_id in seen else replace(one, primary_contact_id=None) for one in found]

    def visible(self, customer_ids: Collection[UUID], sight: Sight) -> dict[UUID, Customer]:
        """Return those that the caller may see, by id."""
        query = sa.select(customers).where(customers.c.id.in_(customer_ids), customer_visible(sight))
        rows = self.connection.execute(query).all() if customer_ids else []
        groups = groups_of(self.connection, customer_groups, [row.id for row in rows])
        return {row.id: _customer(row, groups[row.id]) for row in rows}

    def page(self, listing: Listing, sight: Sight) -> tuple[Sequence[Customer], str]:
        rows, token = exact_page(self.connection, sa.select(customers).where(customer_visible(sight)), listing, _searched(sight))
        return self._with_groups(rows), token

    def search(self, listing: Listing, sight: Sight) -> tuple[Sequence[Customer], str]:
        found = search_page(self.connection, sa.select(customers).where(customer_visible(sight)), listing, _searched(sight))
        return self._with_groups(found.rows), found.token

    def _with_groups(self, rows: Sequence[Row[Any]]) -> list[Customer]:
        groups = groups_of(self.connection, customer_groups, [row.id for row in rows])
        return [_customer(row, groups[row.id]) for row in rows]

    def add(self, customer: Customer) -> None:
        self.connection.execute(sa.insert(customers).values(_row(customer)))
        set_groups(self.connection, customer_groups, customer.id, customer.groups)
        keep_customer(self.connection, customer.id)
        remember_words(self.connection, "", customer.search_text)

    def add_all(self, new: Sequence[Customer]) -> None:
        """Do as `add` for many at once."""
        insert_all(self.connection, customers, [_row(one) for one in new])
        add_groups(self.connection, customer_groups, {one.id: one.groups for one in new})
        keep_customers(self.connection, [one.id for one in new])
        remember_words(self.connection, "", " ".join(one.search_text for one in new))

    def matching(self, keys: CustomerKeys, sight: Sight) -> list[Customer]:
        """Return the customers that the caller may see and that one of the keys may mean, locked in one order for all callers."""
        code = customers.c.tax_identity
        either = [
            column.in_(values)
            for column, values in (
                (customers.c.id, keys.ids),
                (code["vat_number"].as_string(), keys.vat_numbers),
                (code["tax_code"].as_string(), keys.tax_codes),
                (customers.c.sort_name, keys.names),
            )
            if values
        ]
        if not either:
            return []
        query = sa.select(customers).where(sa.or_(*either), customer_visible(sight)).order_by(customers.c.id).with_for_update()
        rows = self.connection.execute(query).all()
        groups = groups_of(self.connection, customer_groups, [row.id for row in rows])
        return [_customer(row, groups[row.id]) for row in rows]

    def save(self, customer: Customer) -> Customer:
        saved = replace(customer, version=customer.version + 1)
        before = texts_of(self.connection, customers, customer.id)
        unchanged = (customers.c.id == customer.id, customers.c.version == customer.version)
        if self.connection.execute(sa.update(customers).where(*unchanged).values(_row(saved))).rowcount != 1:
            raise Aborted(f"customer {customer.id} was changed by someone else")
        set_groups(self.connection, customer_groups, customer.id, customer.groups)
        keep_customer(self.connection, customer.id)
        if before != saved.search_text:
            refresh_contacts(self.connection, sa.select(affiliations.c.contact_id).where(affiliations.c.customer_id == customer.id))
            remember_words(self.connection, before, saved.search_text)
        return saved


def _row(customer: Customer) -> dict[str, Any]:
    return {
        "id": customer.id,
        "kind": customer.kind.name,
        "categories": "".join(f",{category.name}" for category in customer.categories) + ",",
        "display_name": customer.display_name,
        "sort_name": customer.sort_name,
        "search": customer.search_text,
        "email": customer.email,
        "phone": customer.phone,
        "tax_identity": {key: value for key, value in asdict(customer.tax_identity).items() if value},
        "language_code": customer.language_code,
        "permissions": customer.permissions,
        "primary_contact_id": customer.primary_contact_id,
        "create_time": customer.create_time,
        "update_time": customer.update_time,
        "version": customer.version,
    }


def _customer(row: Row[Any], groups: frozenset[UUID]) -> Customer:
    return Customer(
        id=row.id,
        kind=Kind[row.kind],
        display_name=row.display_name,
        create_time=row.create_time,
        update_time=row.update_time,
        categories=tuple(Category[name] for name in row.categories.split(",") if name),
        email=row.email,
        phone=row.phone,
        tax_identity=TaxIdentity(**row.tax_identity),
        language_code=row.language_code,
        permissions=row.permissions,
        primary_contact_id=row.primary_contact_id,
        groups=groups,
        version=row.version,
    )


def _searched(sight: Sight) -> Searched:
    columns: Columns = {
        "kind": customers.c.kind,
        "category": _category,
        "group": _group,
        "display_name": customers.c.sort_name,
        "create_time": customers.c.create_time,
    }
    return Searched(columns, customers.c.id, partial(customers_found, sight=sight))


def _category(compared: str, value: Value) -> ColumnElement[bool]:
    held = customers.c.categories == "," if value is None else customers.c.categories.contains(f",{value},")
    return _not_if(compared, held)


def _group(compared: str, value: Value) -> ColumnElement[bool]:
    of_customer = customer_groups.c.customer_id == customers.c.id
    return _not_if(compared, in_group(compared, value, of_customer, customer_groups.c.group_id))


def in_group(compared: str, value: Value, member: ColumnElement[bool], group: sa.Column[UUID]) -> ColumnElement[bool]:
    """Say whether a row belongs to the group; to none at all when the value is null."""
    return sa.not_(sa.exists().where(member)) if value is None else sa.exists().where(member, group == value)


def _not_if(compared: str, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return sa.not_(condition) if compared == "!=" else condition


# --- groups of customers and contacts ------------------------------------------------------------------------------------------------
def groups_of(connection: Connection, table: sa.Table, ids: Collection[UUID]) -> dict[UUID, frozenset[UUID]]:
    """Return the groups of each id. table: customer_groups or contact_groups."""
    found: dict[UUID, set[UUID]] = {id_: set() for id_ in ids}
    member = table.columns.values()[1]
    if found:
        for group, owner in connection.execute(sa.select(table.c.group_id, member).where(member.in_(found))):
            found[owner].add(group)
    return {id_: frozenset(groups) for id_, groups in found.items()}


def add_groups(connection: Connection, table: sa.Table, groups: Mapping[UUID, frozenset[UUID]]) -> None:
    """Give groups to members that have none yet. table: customer_groups or contact_groups."""
    member = table.columns.values()[1].name
    rows = [{"group_id": group, member: id_} for id_, given in groups.items() for group in sorted(given)]
    insert_all(connection, table, rows)


def set_groups(connection: Connection, table: sa.Table, id_: UUID, groups: frozenset[UUID]) -> None:
    member = table.columns.values()[1]
    before = groups_of(connection, table, [id_])[id_]
    if gone := before - groups:
        connection.execute(sa.delete(table).where(member == id_, table.c.group_id.in_(gone)))
    if new := groups - before:
        connection.execute(sa.insert(table), [{"group_id": group, member.name: id_} for group in sorted(new)])

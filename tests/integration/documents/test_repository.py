"""The schema, what the database itself refuses, and the projection."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.engine import Engine

from libs import database
from libs.access import Caller
from libs.errors import Aborted
from libs.ids import new_id
from libs.listing import Listing, Order
from services.documents.domain.renditions import Rendition
from services.documents.domain.settings import Kind
from services.documents.repository import SqlReader, SqlUnitOfWork, metadata
from services.documents.service import ITSELF
from tests.unit.documents.builders import ACME, NOON, NORTH, SOUTH, TODAY, contact, customer, draft, issued, operator, payment


@pytest.fixture
def uow(engine: Engine) -> SqlUnitOfWork:
    return SqlUnitOfWork(engine, "documents", lambda: NOON)


def stored_issued(uow: SqlUnitOfWork) -> Any:
    wanted = draft()
    with uow:
        uow.invoices.add(wanted)
        uow.customers.add(customer(), NOON)
        found = uow.invoices.save_draft(replace(issued(id=wanted.id), version=1))
        uow.commit()
    return found


# --- schema -------------------------------------------------------------------------------------------------------------------------
def test_the_migrations_make_what_the_repository_expects(database_url: str) -> None:
    engine = database.connect(database_url)
    database.migrate(engine, "services.documents")
    database.migrate(engine, "services.documents")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found = [difference for difference in compare_metadata(context, metadata) if "alembic_version" not in str(difference)]
    engine.dispose()
    assert found == []


@pytest.mark.parametrize(
    "change",
    [
        "number = 'INV-2026-999999'",
        "gross_amount = 1",
        "notes = 'x'",
        "lines = '[]'",
        "bill_to = '{}'",
        "state = 'DRAFT', number = NULL",
        "due_date = '2030-01-01'",
        "customer_id = '01890000000070008000000000000001'",
    ],
)
def test_the_database_refuses_to_change_what_was_issued(uow: SqlUnitOfWork, change: str) -> None:
    invoice = stored_issued(uow)
    with pytest.raises(sa.exc.DBAPIError, match="an issued invoice stays as it is"), uow:
        uow.connection.execute(sa.text(f"UPDATE invoices SET {change}"))
    with uow:
        assert uow.invoices.get(invoice.id, ITSELF) == invoice


def test_the_database_refuses_to_delete_what_was_issued(uow: SqlUnitOfWork) -> None:
    stored_issued(uow)
    with pytest.raises(sa.exc.DBAPIError, match="an issued invoice stays as it is"), uow:
        uow.connection.execute(sa.text("DELETE FROM invoices"))


def test_the_database_refuses_more_paid_than_billed(uow: SqlUnitOfWork) -> None:
    stored_issued(uow)
    with pytest.raises(sa.exc.IntegrityError), uow:
        uow.connection.execute(sa.text("UPDATE invoices SET paid_amount = gross_amount + 1"))


# --- invoices -----------------------------------------------------------------------------------------------------------------------
def test_an_invoice_comes_back_as_it_went(uow: SqlUnitOfWork) -> None:
    invoice = stored_issued(uow)
    with uow:
        assert uow.invoices.get(invoice.id, ITSELF) == invoice


def test_an_older_copy_does_not_overwrite_a_newer(uow: SqlUnitOfWork) -> None:
    invoice = draft()
    with uow:
        uow.invoices.add(invoice)
        uow.invoices.save_draft(replace(invoice, notes="first"))
        with pytest.raises(Aborted):
            uow.invoices.save_draft(replace(invoice, notes="second"))
        with pytest.raises(Aborted):
            uow.invoices.delete_draft(invoice)


def test_what_was_issued_is_no_draft_to_save_or_delete(uow: SqlUnitOfWork) -> None:
    invoice = stored_issued(uow)
    with uow, pytest.raises(Aborted):
        uow.invoices.save_draft(invoice)
    with uow, pytest.raises(Aborted):
        uow.invoices.delete_draft(invoice)


def test_nobody_unknown_sees_anything(uow: SqlUnitOfWork) -> None:
    stored_issued(uow)
    for caller in (Caller(), operator(sees_all=False), contact(customer_id=None)):
        with uow:
            assert uow.invoices.page(caller, Listing(order=Order("issue_date")), TODAY)[0] == []


def test_the_amounts_of_a_payment_come_back_exactly(uow: SqlUnitOfWork) -> None:
    invoice = stored_issued(uow)
    wanted = payment("9999999999999.99", invoice)
    with uow:
        uow.payments.add(wanted)
        assert uow.payments.get(wanted.id, ITSELF) == wanted
        assert [entry.amount for entry in uow.payments.entries(ACME)] == [Decimal("122.00"), Decimal("-9999999999999.99")]


# --- numbers ------------------------------------------------------------------------------------------------------------------------
def test_each_year_starts_at_one_and_a_rollback_gives_the_number_back(uow: SqlUnitOfWork) -> None:
    with uow:
        assert [uow.numbers.next(Kind.INVOICE, year) for year in (2026, 2026, 2027)] == [1, 2, 1]
    with uow:
        assert uow.numbers.next(Kind.INVOICE, 2026) == 1


# --- the projection -----------------------------------------------------------------------------------------------------------------
def test_an_older_event_does_not_overwrite_a_newer(uow: SqlUnitOfWork, engine: Engine) -> None:
    with uow:
        uow.customers.apply(customer(version=2, groups=frozenset({SOUTH})), NOON)
        uow.customers.apply(customer(version=1, groups=frozenset({NORTH})), NOON)
        uow.customers.add(customer(groups=frozenset({NORTH})), NOON)
        uow.commit()
    with SqlReader(database.reader(engine)) as reader:
        assert reader.customers.visible(ACME, operator(SOUTH))
        assert not reader.customers.visible(ACME, operator(NORTH))


def test_of_what_contacts_tells_the_greatest_version_stays(uow: SqlUnitOfWork, engine: Engine) -> None:
    with uow:
        uow.customers.apply(customer(version=7, groups=frozenset({SOUTH})), NOON)
        uow.customers.apply(customer(version=6, groups=frozenset({NORTH})), NOON + timedelta(seconds=1))
        uow.commit()
    with SqlReader(database.reader(engine)) as reader:
        assert reader.customers.visible(ACME, operator(SOUTH))
        assert not reader.customers.visible(ACME, operator(NORTH))


# --- copies -------------------------------------------------------------------------------------------------------------------------
def test_a_claimed_copy_is_left_alone_for_a_minute_and_a_stored_one_for_good(uow: SqlUnitOfWork) -> None:
    invoice = stored_issued(uow)
    rendition = Rendition(invoice.id, f"invoices/{new_id()}.pdf")
    with uow:
        uow.renditions.add(rendition)
        assert uow.renditions.claim(5, NOON) == [invoice.id]
        assert uow.renditions.claim(5, NOON + timedelta(seconds=59)) == []
        assert uow.renditions.claim(5, NOON + timedelta(seconds=61)) == [invoice.id]
        uow.renditions.complete(rendition.of(b"first"), NOON)
        uow.renditions.complete(rendition.of(b"second"), NOON)
        assert uow.renditions.get(invoice.id) == rendition.of(b"first")
        assert uow.renditions.claim(5, NOON + timedelta(days=1)) == []

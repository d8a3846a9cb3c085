"""The migrated schema is what the repositories expect, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.engine import Connection

from libs import database
from libs.database import UtcDateTime
from services.contacts import repository
from services.contacts.repository import history
from tests.integration.contacts.history import assert_history_ends_in_the_present

NO_PREFERENCES = '{"switches": {}, "kinds": {}}'


def test_the_migrated_schema_has_no_difference_from_the_tables_in_the_code(database_url: str) -> None:
    engine = database.connect(database_url)
    database.migrate(engine, "services.contacts")
    database.migrate(engine, "services.contacts")
    with engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        found = compare_metadata(MigrationContext.configure(connection, opts=options), repository.metadata)
    engine.dispose()
    different = [one for one in found if not (one[0] == "remove_table" and one[1].name == "alembic_version")]
    assert different == []


def test_a_process_waits_for_its_schema_and_takes_a_newer_one(database_url: str) -> None:
    engine = database.connect(database_url)

    def refused() -> str:
        with pytest.raises(database.SchemaBehind) as raised:
            database.require_schema(engine, "services.contacts")
        return str(raised.value)

    assert refused().startswith("the schema is at nothing; migration ")
    database.migrate(engine, "services.contacts", "0003")
    assert refused().startswith("the schema is at 0003; migration ")
    database.migrate(engine, "services.contacts")
    database.require_schema(engine, "services.contacts")
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))  # a later version of the program did
    database.require_schema(engine, "services.contacts")
    engine.dispose()


@pytest.mark.req("R-PRM-11")
def test_a_service_that_was_never_configured_has_settings(database_url: str) -> None:
    engine = database.connect(database_url)
    database.migrate(engine, "services.contacts")
    with engine.connect() as connection:
        settings = repository.SqlRepositories(connection).settings.get()
    engine.dispose()
    from services.contacts.domain import ContactsSettings

    assert settings == ContactsSettings()


MADE, CHANGED = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)


def insert(connection: Connection, table: str, **values: Any) -> None:
    """Insert a row as it was made when the schema was older: the tables of the code may have more columns."""
    types = {UUID: sa.Uuid, datetime: UtcDateTime, bool: sa.Boolean}
    columns: list[sa.ColumnClause[Any]] = [sa.column(name, types.get(type(value))) for name, value in values.items()]
    connection.execute(sa.insert(sa.table(table, *columns)).values(values))


def test_what_is_there_when_the_history_begins_is_its_first_state(database_url: str) -> None:
    engine = database.connect(database_url)
    database.migrate(engine, "services.contacts", "0005")
    home, other, person, group = (uuid4() for _ in range(4))
    times = {"create_time": MADE, "update_time": CHANGED, "version": 2}
    words = {"display_name": "", "sort_name": "", "search": "", "email": "", "language_code": "it"}
    allowed = '{"invoices": "DENY"}'
    with engine.begin() as connection:
        for id_ in (home, other):
            company = {"kind": "COMPANY", "categories": ",", "phone": "", "tax_identity": "{}", "permissions": allowed}
            insert(connection, "customers", id=id_, primary_contact_id=person, **company, **words, **times)
        name = {"first_name": "", "last_name": "", "direction": "LTR", "contact_points": "[]", "state": "ACTIVE"}
        switches = {"access_enabled": True, "block_ticket_email": True, "do_not_call": False, "newsletter": False}
        mine = {key: value for key, value in words.items() if key != "display_name"}
        insert(connection, "contacts", id=person, customer_id=home, **name, **switches, **mine, **times)
        for id_, version in ((home, 1), (other, 2)):
            pair = {"primary_contact_id": person, "position": "", "permissions": allowed, "preferences": NO_PREFERENCES}
            insert(connection, "affiliations", customer_id=id_, contact_id=person, create_time=MADE, version=version, **pair)
        insert(connection, "groups", id=group, display_name="Nord", name_key="nord", version=1)
        insert(connection, "contact_groups", group_id=group, contact_id=person)
    database.migrate(engine, "services.contacts")  # the history begins with 0006
    assert_history_ends_in_the_present(engine)
    with engine.connect() as connection:
        since = {row.customer_id: row.time for row in connection.execute(sa.select(history.affiliation_versions))}
        contact = connection.execute(sa.select(history.contact_versions)).one()
    engine.dispose()
    assert (since[home], contact.time) == (MADE, CHANGED)
    assert since[other] > CHANGED, "it was changed since, nobody knows when"

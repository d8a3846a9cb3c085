"""Adds what contacts are found by, the words in which a slip is forgiven, the order by last access, and saved views.

Revision ID: 0009
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op
from sqlalchemy.engine import Connection

from libs.database import NAMING

revision = "0009"
down_revision = "0008"

metadata = sa.MetaData(naming_convention=NAMING)
search_words = sa.Table(
    "search_words",
    metadata,
    sa.Column("key", sa.String(60), primary_key=True),
    sa.Column("word", sa.String(60), primary_key=True, index=True),
)
views = sa.Table(
    "views",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("account_id", sa.Uuid, nullable=False),
    sa.Column("collection", sa.String(40), nullable=False),
    sa.Column("display_name", sa.Text, nullable=False),
    sa.Column("name_key", sa.Text, nullable=False),
    sa.Column("filter", sa.Text, nullable=False),
    sa.Column("query", sa.Text, nullable=False),
    sa.Column("order_by", sa.String(200), nullable=False),
    sa.Column("columns", sa.JSON, nullable=False),
    sa.Column("shared", sa.Boolean, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("account_id", "collection", "name_key"),
)
default_views = sa.Table(
    "default_views",
    metadata,
    sa.Column("account_id", sa.Uuid, primary_key=True),
    sa.Column("collection", sa.String(40), primary_key=True),
    sa.Column("view_id", sa.Uuid, sa.ForeignKey("views.id", ondelete="CASCADE"), nullable=False, index=True),
)

LETTERS = re.compile(r"[^\W\d_]+")
AT_ONCE = 5_000


def upgrade() -> None:
    connection = op.get_bind()
    op.add_column("contacts", sa.Column("last_access_key", sa.String(40), nullable=False, server_default=sa.text("''")))
    op.add_column("contacts", sa.Column("found_by", sa.Text, nullable=False, server_default=sa.text("''")))
    metadata.create_all(connection)
    postgres = connection.dialect.name == "postgresql"
    op.execute(FOUND_BY.format(joined="string_agg(customers.search, '')" if postgres else "group_concat(customers.search, '')"))
    op.execute(LAST_ACCESS.format(key=POSTGRES_KEY if postgres else "replace(last_access_time, ' ', 'T')"))
    _learn(connection)
    op.drop_index("ix_contacts_search", "contacts")
    op.create_index("ix_contacts_last_access_key_id", "contacts", ["last_access_key", "id"])
    op.create_index("ix_contacts_found_by", "contacts", ["found_by"], postgresql_using="gin", postgresql_ops={"found_by": "gin_trgm_ops"})
    if postgres:  # how common a part of a word is, is guessed from a sample: a hundred rows are too few
        op.execute("ALTER TABLE contacts ALTER COLUMN found_by SET STATISTICS 1000")


FOUND_BY = """
UPDATE contacts SET found_by = search || coalesce((
  SELECT {joined} FROM affiliations JOIN customers ON customers.id = affiliations.customer_id WHERE affiliations.contact_id = contacts.id
), '')
"""
LAST_ACCESS = "UPDATE contacts SET last_access_key = {key} WHERE last_access_time IS NOT NULL"
POSTGRES_KEY = """to_char(last_access_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')"""


def _learn(connection: Connection) -> None:
    parts = (part for text in _texts(connection) for part in text.split() if "@" not in part or "." in part)
    words = sorted({word for part in parts for word in LETTERS.findall(part) if 5 <= len(word) <= 30})
    rows = [{"key": key, "word": word} for word in words for key in {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}]
    for at in range(0, len(rows), AT_ONCE):
        connection.execute(sa.insert(search_words), rows[at : at + AT_ONCE])


def _texts(connection: Connection) -> Iterator[str]:
    for table in ("contacts", "customers"):
        yield from connection.execute(sa.text(f"SELECT search FROM {table}")).scalars()  # noqa: S608 - both names stand here

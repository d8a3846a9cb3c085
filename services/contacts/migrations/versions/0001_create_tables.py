"""The first tables of contacts.

Revision ID: 0001
"""

import json

import sqlalchemy as sa
from alembic import op

from libs.database import NAMING, SHARED_TABLES, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

metadata = sa.MetaData(naming_convention=NAMING)
groups = sa.Table(
    "groups",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("display_name", sa.Text, nullable=False),
    sa.Column("name_key", sa.Text, nullable=False, unique=True),
    sa.Column("parent_id", sa.Uuid, sa.ForeignKey("groups.id")),
    sa.Column("version", sa.BigInteger, nullable=False),
)
customers = sa.Table(
    "customers",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("categories", sa.String(120), nullable=False),  # ",CLIENT,SUPPLIER,"
    sa.Column("display_name", sa.Text, nullable=False),
    sa.Column("sort_name", sa.Text, nullable=False),
    sa.Column("search", sa.Text, nullable=False),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("phone", sa.Text, nullable=False),
    sa.Column("tax_identity", sa.JSON, nullable=False),
    sa.Column("language_code", sa.Text, nullable=False),
    sa.Column("permissions", sa.Text, nullable=False),
    sa.Column("primary_contact_id", sa.Uuid),
    sa.Column("create_time", UtcDateTime, nullable=False),
    sa.Column("update_time", UtcDateTime, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("id", "primary_contact_id"),
    # The primary contact acts for the customer. See affiliations.
    sa.ForeignKeyConstraint(
        ["id", "primary_contact_id"],
        ["affiliations.customer_id", "affiliations.contact_id"],
        deferrable=True,
        initially="DEFERRED",
        use_alter=True,
    ),
    sa.Index("ix_customers_sort_name_id", "sort_name", "id"),
    sa.Index("ix_customers_create_time_id", "create_time", "id"),
    # Trigrams, so that a part of a word is found without reading the table; SQLite reads the whole index.
    sa.Index("ix_customers_search", "search", postgresql_using="gin", postgresql_ops={"search": "gin_trgm_ops"}),
)
contacts = sa.Table(
    "contacts",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("customer_id", sa.Uuid, sa.ForeignKey("customers.id"), nullable=False, index=True),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("first_name", sa.Text, nullable=False),
    sa.Column("last_name", sa.Text, nullable=False),
    sa.Column("sort_name", sa.Text, nullable=False),
    sa.Column("search", sa.Text, nullable=False),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("email_key", sa.Text, unique=True),  # folded; null without an address
    sa.Column("contact_points", sa.JSON, nullable=False),
    sa.Column("language_code", sa.Text, nullable=False),
    sa.Column("direction", sa.String(3), nullable=False),
    sa.Column("access_enabled", sa.Boolean, nullable=False),
    sa.Column("access_start_date", sa.Date),
    sa.Column("access_end_date", sa.Date),
    sa.Column("block_ticket_email", sa.Boolean, nullable=False),
    sa.Column("do_not_call", sa.Boolean, nullable=False),
    sa.Column("newsletter", sa.Boolean, nullable=False),
    sa.Column("last_access_time", UtcDateTime),
    sa.Column("create_time", UtcDateTime, nullable=False),
    sa.Column("update_time", UtcDateTime, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Index("ix_contacts_sort_name_id", "sort_name", "id"),
    sa.Index("ix_contacts_create_time_id", "create_time", "id"),
    # Trigrams, so that a part of a word is found without reading the table; SQLite reads the whole index.
    sa.Index("ix_contacts_search", "search", postgresql_using="gin", postgresql_ops={"search": "gin_trgm_ops"}),
)
# "Exactly one primary contact for each customer with contacts" is held by the database: the primary is one column of the customer, so
# there are never two; every affiliation repeats it and may not lack it, so there is never none; and customers.primary_contact_id names an
# affiliation, so the primary cannot be removed. The copies follow by ON UPDATE CASCADE; both keys are checked at the commit.
affiliations = sa.Table(
    "affiliations",
    metadata,
    sa.Column("customer_id", sa.Uuid, primary_key=True),
    sa.Column("contact_id", sa.Uuid, sa.ForeignKey("contacts.id"), primary_key=True, index=True),
    sa.Column("primary_contact_id", sa.Uuid, nullable=False),
    sa.Column("position", sa.Text, nullable=False),
    sa.Column("permissions", sa.Text, nullable=False),
    sa.Column("preferences", sa.Text, nullable=False),
    sa.Column("create_time", UtcDateTime, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.ForeignKeyConstraint(
        ["customer_id", "primary_contact_id"],
        ["customers.id", "customers.primary_contact_id"],
        onupdate="CASCADE",
        deferrable=True,
        initially="DEFERRED",
    ),
)
customer_groups = sa.Table(
    "customer_groups",
    metadata,
    sa.Column("group_id", sa.Uuid, sa.ForeignKey("groups.id"), primary_key=True),
    sa.Column("customer_id", sa.Uuid, sa.ForeignKey("customers.id", ondelete="CASCADE"), primary_key=True, index=True),
)
contact_groups = sa.Table(
    "contact_groups",
    metadata,
    sa.Column("group_id", sa.Uuid, sa.ForeignKey("groups.id"), primary_key=True),
    sa.Column("contact_id", sa.Uuid, sa.ForeignKey("contacts.id", ondelete="CASCADE"), primary_key=True, index=True),
)
deleted_contacts = sa.Table(  # nothing personal: that an id was a contact
    "deleted_contacts",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("delete_time", UtcDateTime, nullable=False),
)
activities = sa.Table(  # outlives the contact, hence no foreign key
    "activities",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("event_id", sa.Uuid, nullable=False),
    sa.Column("contact_id", sa.Uuid, nullable=False),
    sa.Column("customer_id", sa.Uuid),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("resource", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("time", UtcDateTime, nullable=False),
    sa.UniqueConstraint("event_id", "contact_id"),
    sa.Index("ix_activities_contact_id_time_id", "contact_id", "time", "id"),
    sa.Index("ix_activities_customer_id_time_id", "customer_id", "time", "id"),
)
settings = sa.Table(  # one row
    "settings",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("organization_name", sa.Text, nullable=False),
    sa.Column("time_zone", sa.Text, nullable=False),
    sa.Column("language_code", sa.Text, nullable=False),
    sa.Column("default_permissions", sa.Text, nullable=False),
    sa.Column("default_preferences", sa.Text, nullable=False),
    sa.Column("profiles", sa.JSON, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
)

SECTIONS = ("invoices", "estimates", "contracts", "proposals", "support", "projects")
TYPES = ("invoice", "credit_note", "estimate", "proposal", "contract", "ticket", "project", "task")
PROFILES = (
    ("finance", "Amministrazione", "Finance", {"invoice", "credit_note", "contract"}),
    ("technical", "Tecnico", "Technical", {"project", "task", "ticket"}),
    ("management", "Direzione", "Management", {"estimate", "proposal", "contract"}),
)


def switches(on: set[str]) -> dict[str, dict[str, bool]]:
    return {"switches": {name: name in on for name in TYPES}, "kinds": {}}


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")  # a trusted one: the owner of the database may
    for table in SHARED_TABLES:
        table.create(connection)
    metadata.create_all(connection)
    first = {
        "id": 1,
        "organization_name": "La mia organizzazione",
        "time_zone": "Europe/Rome",
        "language_code": "it",
        "default_permissions": json.dumps({**dict.fromkeys(SECTIONS, "ALLOW"), "ticket_scope": "OWN"}),
        "default_preferences": json.dumps(switches(set(TYPES))),
        "profiles": [[name, it, en, switches(on)] for name, it, en, on in PROFILES],
        "version": 1,
    }
    op.bulk_insert(settings, [first])

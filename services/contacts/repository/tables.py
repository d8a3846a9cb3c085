"""Tables of contacts, and how values of the domain stand in them."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import ColumnElement

from libs.database import JsonObject, UtcDateTime, tables
from services.contacts.domain import Mode, Notification, Permissions, Preferences, Section, Sight, TicketScope

# --- values --------------------------------------------------------------------------------------------------------------------------
_SECTIONS = {section.value: section for section in Section}
_NOTIFICATIONS = {type_.value: type_ for type_ in Notification}


class PermissionsText(sa.TypeDecorator[Permissions]):
    """A set of permissions as JSON text; the same text is read once, because most contacts hold one of a few sets."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Permissions | None, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(permissions_row(value), sort_keys=True)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Permissions | None:
        return None if value is None else _permissions(value)


class PreferencesText(sa.TypeDecorator[Preferences]):
    """Preferences as JSON text, read in the same way."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Preferences | None, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(preferences_row(value), sort_keys=True)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Preferences | None:
        return None if value is None else _preferences(value)


def permissions_row(permissions: Permissions) -> dict[str, str]:
    row = {section.value: mode.name for section, mode in permissions.modes.items()}
    return {**row, "ticket_scope": permissions.ticket_scope.name} if permissions.ticket_scope else row


def preferences_row(preferences: Preferences) -> dict[str, Any]:
    return {"switches": {type_.value: on for type_, on in preferences.switches.items()}, "kinds": dict(preferences.kinds)}


def preferences_of(row: dict[str, Any]) -> Preferences:
    return Preferences({_NOTIFICATIONS[key]: on for key, on in row["switches"].items()}, row["kinds"])


@lru_cache(4096)
def _permissions(text: str) -> Permissions:
    row = json.loads(text)
    scope = row.pop("ticket_scope", None)
    return Permissions({_SECTIONS[key]: Mode[value] for key, value in row.items()}, TicketScope[scope] if scope else None)


@lru_cache(4096)
def _preferences(text: str) -> Preferences:
    return preferences_of(json.loads(text))


# --- tables --------------------------------------------------------------------------------------------------------------------------
metadata = tables()

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
    sa.Column("permissions", PermissionsText, nullable=False),
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
    sa.Column("reports_to_id", sa.Uuid, sa.ForeignKey("contacts.id"), index=True),
    sa.Column("profile", JsonObject, nullable=False, server_default='{"kind": "person"}'),
    sa.Column("last_access_time", UtcDateTime),
    # What lists order by: as text, "" for never, because an index answers no page whose order has nulls in both directions.
    sa.Column("last_access_key", sa.String(40), nullable=False, server_default=sa.text("''")),
    # The search texts of the contact and of all its customers: see repository/search.py.
    sa.Column("found_by", sa.Text, nullable=False, server_default=sa.text("''")),
    sa.Column("create_time", UtcDateTime, nullable=False),
    sa.Column("update_time", UtcDateTime, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Index("ix_contacts_sort_name_id", "sort_name", "id"),
    sa.Index("ix_contacts_create_time_id", "create_time", "id"),
    sa.Index("ix_contacts_last_access_key_id", "last_access_key", "id"),
    # What lists are filtered by: a count reads this index alone, a seventh of the table.
    sa.Index(
        "ix_contacts_filters",
        *("id", "state", "language_code", "access_enabled", "access_start_date", "access_end_date"),
        *("newsletter", "last_access_key", "create_time"),
    ),
    # Trigrams, so that a part of a word is found without reading the table; SQLite reads the whole index.
    sa.Index("ix_contacts_found_by", "found_by", postgresql_using="gin", postgresql_ops={"found_by": "gin_trgm_ops"}),
)
fields = sa.Table(  # the organisation's own; built-in ones stand in the code
    "fields",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("key", sa.String(63), nullable=False, unique=True),
    sa.Column("label_it", sa.Text, nullable=False),
    sa.Column("label_en", sa.Text, nullable=False),
    sa.Column("key_it", sa.Text, nullable=False, unique=True),
    sa.Column("key_en", sa.Text, nullable=False, unique=True),
    sa.Column("type", sa.String(20), nullable=False),
    sa.Column("options", sa.JSON, nullable=False),
    sa.Column("required", sa.Boolean, nullable=False),
    sa.Column("filterable", sa.Boolean, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
)
contact_roles = sa.Table(
    "contact_roles",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("label_it", sa.Text, nullable=False),
    sa.Column("label_en", sa.Text, nullable=False),
    sa.Column("key_it", sa.Text, nullable=False, unique=True),
    sa.Column("key_en", sa.Text, nullable=False, unique=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("sort_key", sa.Text, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
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
    sa.Column("contact_role_id", sa.Uuid, sa.ForeignKey("contact_roles.id")),
    sa.Column("permissions", PermissionsText, nullable=False),
    sa.Column("preferences", PreferencesText, nullable=False),
    sa.Column("create_time", UtcDateTime, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Index("ix_affiliations_contact_role_id_contact_id", "contact_role_id", "contact_id"),
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
contact_tags = sa.Table(
    "contact_tags",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),  # folded
    sa.Column("contact_id", sa.Uuid, sa.ForeignKey("contacts.id", ondelete="CASCADE"), primary_key=True, index=True),
    sa.Column("tag", sa.Text, nullable=False),
)
sub_contacts = sa.Table(
    "sub_contacts",
    metadata,
    sa.Column("principal_id", sa.Uuid, sa.ForeignKey("contacts.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("contact_id", sa.Uuid, sa.ForeignKey("contacts.id", ondelete="CASCADE"), primary_key=True, index=True),
    sa.Column("relation", sa.Text, nullable=False),
    sa.Column("create_time", UtcDateTime, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.CheckConstraint("principal_id <> contact_id", name="not_itself"),
)
deleted_contacts = sa.Table(  # nothing personal: that an id was a contact
    "deleted_contacts",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("delete_time", UtcDateTime, nullable=False),
)
merges = sa.Table(  # outlive both contacts, hence no foreign keys
    "merges",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("survivor_id", sa.Uuid, nullable=False),
    sa.Column("duplicate_id", sa.Uuid, nullable=False, index=True),
    sa.Column("create_time", UtcDateTime, nullable=False),
    sa.Column("undo_time", UtcDateTime),
    sa.Column("snapshot", sa.Text),  # both as they were, as JSON: personal, hence emptied as soon as nothing can be undone
    sa.Index("ix_merges_survivor_id_create_time_id", "survivor_id", "create_time", "id"),
)
notes = sa.Table(
    "notes",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("contact_id", sa.Uuid, sa.ForeignKey("contacts.id", ondelete="CASCADE")),
    sa.Column("customer_id", sa.Uuid, sa.ForeignKey("customers.id", ondelete="CASCADE")),
    sa.Column("author_id", sa.Uuid, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("pinned", sa.Boolean, nullable=False),
    sa.Column("sort_key", sa.String(40), nullable=False),
    sa.Column("create_time", UtcDateTime, nullable=False),
    sa.Column("update_time", UtcDateTime, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.CheckConstraint("(contact_id IS NULL) <> (customer_id IS NULL)", name="one_subject"),
    sa.Index("ix_notes_contact_id_sort_key_id", "contact_id", "sort_key", "id"),
    sa.Index("ix_notes_customer_id_sort_key_id", "customer_id", "sort_key", "id"),
)
leads = sa.Table(
    "leads",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("first_name", sa.Text, nullable=False),
    sa.Column("last_name", sa.Text, nullable=False),
    sa.Column("sort_name", sa.Text, nullable=False),
    sa.Column("search", sa.Text, nullable=False),
    sa.Column("company", sa.Text, nullable=False),
    sa.Column("position", sa.Text, nullable=False),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("contact_points", sa.JSON, nullable=False),
    sa.Column("address", sa.JSON, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("owner_id", sa.Uuid),
    sa.Column("language_code", sa.Text, nullable=False),
    sa.Column("newsletter", sa.Boolean, nullable=False),
    # The same person: when the contact is deleted, so is the lead that it was.
    sa.Column("contact_id", sa.Uuid, sa.ForeignKey("contacts.id", ondelete="CASCADE"), index=True),
    sa.Column("create_time", UtcDateTime, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Index("ix_leads_sort_name_id", "sort_name", "id"),
    sa.Index("ix_leads_create_time_id", "create_time", "id"),
    sa.Index("ix_leads_search", "search", postgresql_using="gin", postgresql_ops={"search": "gin_trgm_ops"}),
)
lead_groups = sa.Table(
    "lead_groups",
    metadata,
    sa.Column("group_id", sa.Uuid, sa.ForeignKey("groups.id"), primary_key=True),
    sa.Column("lead_id", sa.Uuid, sa.ForeignKey("leads.id", ondelete="CASCADE"), primary_key=True, index=True),
)
search_words = sa.Table(  # each word in which a slip is forgiven, under itself and under itself without one letter
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
default_views = sa.Table(  # the view that an operator's list opens with
    "default_views",
    metadata,
    sa.Column("account_id", sa.Uuid, primary_key=True),
    sa.Column("collection", sa.String(40), primary_key=True),
    sa.Column("view_id", sa.Uuid, sa.ForeignKey("views.id", ondelete="CASCADE"), nullable=False, index=True),
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
erasures = sa.Table(  # the ledger: ids alone, no word about the person; outlives the contact
    "erasures",
    metadata,
    sa.Column("person_id", sa.Uuid, primary_key=True),
    sa.Column("collection", sa.String(20), nullable=False),
    sa.Column("customers", sa.JSON, nullable=False),
    sa.Column("erased_customers", sa.JSON, nullable=False),
    sa.Column("create_time", UtcDateTime, nullable=False),
    sa.Column("complete_time", UtcDateTime),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Index("ix_erasures_create_time_person_id", "create_time", "person_id"),
)
erasure_receipts = sa.Table(
    "erasure_receipts",
    metadata,
    sa.Column("person_id", sa.Uuid, sa.ForeignKey("erasures.person_id"), primary_key=True),
    sa.Column("service", sa.String(40), primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("erased_count", sa.BigInteger, nullable=False),
    sa.Column("held", sa.Text, nullable=False),  # separated by blanks
    sa.Column("held_until", sa.Date),
    sa.Column("erase_time", UtcDateTime, nullable=False),
)
import_jobs = sa.Table(
    "import_jobs",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("owner_id", sa.Uuid, nullable=False),
    sa.Column("format", sa.String(20), nullable=False),
    sa.Column("file_name", sa.Text, nullable=False),
    sa.Column("columns", sa.JSON, nullable=False),
    sa.Column("given", sa.JSON, nullable=False),
    sa.Column("stage", sa.String(20), nullable=False),
    sa.Column("dry", sa.Boolean, nullable=False),
    sa.Column("sees_everything", sa.Boolean, nullable=False),
    sa.Column("seen_groups", sa.JSON, nullable=False),
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("outcomes", sa.JSON, nullable=False),
    sa.Column("loaded", sa.Boolean, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("create_time", UtcDateTime, nullable=False),
    sa.Column("update_time", UtcDateTime, nullable=False),
    sa.Column("start_time", UtcDateTime),
    sa.Column("end_time", UtcDateTime),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Index("ix_import_jobs_owner_id_create_time_id", "owner_id", "create_time", "id"),
    sa.Index("ix_import_jobs_stage_update_time", "stage", "update_time"),
)
import_files = sa.Table(  # until the rows are read
    "import_files",
    metadata,
    sa.Column("job_id", sa.Uuid, sa.ForeignKey("import_jobs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
)
import_rows = sa.Table(
    "import_rows",
    metadata,
    sa.Column("job_id", sa.Uuid, sa.ForeignKey("import_jobs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("cells", sa.JSON, nullable=False),
    sa.Column("outcome", sa.String(20)),  # null: not looked at yet
    sa.Column("imported", sa.Boolean, nullable=False),
    sa.Column("contact_id", sa.Uuid),
    sa.Column("problems", sa.JSON, nullable=False),
    sa.Column("email_key", sa.Text),
    sa.Index("ix_import_rows_job_id_outcome_number", "job_id", "outcome", "number"),
    sa.Index("ix_import_rows_job_id_email_key", "job_id", "email_key"),
)
settings = sa.Table(  # one row
    "settings",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("organization_name", sa.Text, nullable=False),
    sa.Column("time_zone", sa.Text, nullable=False),
    sa.Column("language_code", sa.Text, nullable=False),
    sa.Column("default_permissions", PermissionsText, nullable=False),
    sa.Column("default_preferences", PreferencesText, nullable=False),
    sa.Column("profiles", sa.JSON, nullable=False),
    sa.Column("membership", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("reserved_area", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("custom_fields", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("hidden_blocks", sa.Text),
    sa.Column("version", sa.BigInteger, nullable=False),
)


# --- who sees what -------------------------------------------------------------------------------------------------------------------
def customer_visible(sight: Sight) -> ColumnElement[bool]:
    """Return the predicate on customers: part of every query, so that a hidden row and a missing one are the same."""
    if sight.everything:
        return sa.true()
    if sight.contact_id is not None:
        acts = (affiliations.c.customer_id == customers.c.id) & (affiliations.c.contact_id == sight.contact_id)
        return sa.exists().where(acts)
    return _in_groups(customer_groups.c.customer_id, customers.c.id, customer_groups.c.group_id, sight)


def contact_visible(sight: Sight, table: sa.FromClause = contacts) -> ColumnElement[bool]:
    """Return the predicate on contacts: a contact is seen by its own groups, whatever those of its customers.

    table: contacts, or an alias of it.
    """
    if sight.everything:
        return sa.true()
    if sight.contact_id is not None:
        colleague = sa.exists().where(affiliations.c.contact_id == table.c.id, _of_colleague(sight))
        return (table.c.id == sight.contact_id) | colleague if sight.primary_of else table.c.id == sight.contact_id
    return _in_groups(contact_groups.c.contact_id, table.c.id, contact_groups.c.group_id, sight)


def affiliation_visible(sight: Sight) -> ColumnElement[bool]:
    """Return the predicate on affiliations joined with their customers and contacts: both ends are seen.

    A contact sees its own, and a primary one those of its colleagues with that customer: not what they are for others.
    """
    if sight.contact_id is None:
        return contact_visible(sight) & customer_visible(sight)
    own = affiliations.c.contact_id == sight.contact_id
    return own | _of_colleague(sight) if sight.primary_of else own


def _of_colleague(sight: Sight) -> ColumnElement[bool]:
    """Every affiliation repeats who is primary, so that a flag that has gone to somebody else counts at once."""
    return (affiliations.c.customer_id == sight.primary_of) & (affiliations.c.primary_contact_id == sight.contact_id)


def merge_visible(sight: Sight) -> ColumnElement[bool]:
    """Return the predicate on merges: seen by who sees the survivor and, when it was undone, the other one as well."""
    if sight.everything:
        return sa.true()
    other = contacts.alias("other")
    of_survivor = sa.exists().where(contacts.c.id == merges.c.survivor_id, contact_visible(sight))
    of_other = sa.exists().where(other.c.id == merges.c.duplicate_id, contact_visible(sight, other))
    return of_survivor & (merges.c.undo_time.is_(None) | of_other)


def lead_visible(sight: Sight) -> ColumnElement[bool]:
    """Return the predicate on leads: operators of their groups see them, and nobody else."""
    if sight.everything:
        return sa.true()
    if sight.contact_id is not None:
        return sa.false()
    return _in_groups(lead_groups.c.lead_id, leads.c.id, lead_groups.c.group_id, sight)


def erasure_visible(sight: Sight) -> ColumnElement[bool]:
    """Return the predicate on erasures: seen by who sees the person's record; that of a deleted one by who sees all."""
    if sight.everything:
        return sa.true()
    of_contact = sa.exists().where(contacts.c.id == erasures.c.person_id, contact_visible(sight))
    return of_contact | sa.exists().where(leads.c.id == erasures.c.person_id, lead_visible(sight))


def _in_groups(member: sa.Column[UUID], row: ColumnElement[UUID], group: sa.Column[UUID], sight: Sight) -> ColumnElement[bool]:
    if not sight.groups:
        return sa.false()
    return sa.exists().where(member == row, group.in_(sorted(sight.groups)))

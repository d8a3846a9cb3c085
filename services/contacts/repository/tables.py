"""Tables of contacts."""

from __future__ import annotations

import sqlalchemy as sa

from libs.database import JsonObject, UtcDateTime, tables
from services.contacts.repository.sets import PermissionsText, PreferencesText

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
    sa.Column("open_tracking", sa.Boolean, nullable=False, server_default=sa.false()),
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

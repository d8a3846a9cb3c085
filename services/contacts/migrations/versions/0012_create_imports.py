"""Creates the imports: jobs, their files until they are read, and their rows.

Revision ID: 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from libs.database import NAMING, UtcDateTime

revision = "0012"
down_revision = "0011"

metadata = sa.MetaData(naming_convention=NAMING)
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


def upgrade() -> None:
    metadata.create_all(op.get_bind())

"""Alembic versions of the schema of notifications: forward only."""

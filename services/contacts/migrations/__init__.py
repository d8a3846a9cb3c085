"""Alembic versions of contacts: forward only."""

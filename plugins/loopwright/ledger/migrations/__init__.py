"""Alembic's migrations of the ledger, packaged so that an installed wheel can bring a database up."""

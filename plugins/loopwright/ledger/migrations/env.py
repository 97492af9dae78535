"""Alembic's environment: run inside the transaction that :mod:`loopwright.ledger.schema` opened."""

from __future__ import annotations

from alembic import context

from loopwright.ledger.schema import VERSION_TABLE
from loopwright.ledger.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
)
context.run_migrations()

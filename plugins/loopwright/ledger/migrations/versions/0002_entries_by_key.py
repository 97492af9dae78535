"""An index over the entries' keys: one question about every model at once, whatever else is known of each."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the index."""
    op.create_index("entries_by_key", "entries", ["key", "subject"])

"""The ledger's two tables: ``events``, which is the truth, and ``entries``, which is what follows from it.

JSON is stored as text (never ``jsonb``): an event's hash is over its exact values, and ``jsonb`` rewrites numbers.
"""

from __future__ import annotations

from sqlalchemy import JSON, Column, Index, Integer, MetaData, String, Table, Text, UniqueConstraint

REVISION = "0002"
"""The migration that these tables are at; a test holds it to the newest file in ``migrations/versions``."""

metadata = MetaData()

events = Table(
    "events",
    metadata,
    Column("id", Integer, primary_key=True, comment="order of recording, over all subjects"),
    Column("subject", String(255), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("at", String(40), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("actor", String(255), nullable=False),
    Column("reason", Text, nullable=False),
    Column("evidence", JSON, nullable=False),
    Column("previous_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    UniqueConstraint("subject", "sequence", name="one_event_per_sequence"),
)

entries = Table(
    "entries",
    metadata,
    Column("subject", String(255), primary_key=True),
    Column("key", String(512), primary_key=True),
    Column("value", JSON, nullable=False),
    Index("entries_by_key", "key", "subject"),
)

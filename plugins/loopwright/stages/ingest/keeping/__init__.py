"""Keeping: the writes of ingest, each of which can be done again with the same end."""

"""Examining: one arrival read, cleaned and judged, and nothing written."""

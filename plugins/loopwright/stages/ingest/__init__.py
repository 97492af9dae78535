"""Ingest: an arrival is read, cleaned and judged, and its rows are published or quarantined whole.

``arrivals`` is light (triggers and sensors import it); everything else is imported by the task that uses it.
"""

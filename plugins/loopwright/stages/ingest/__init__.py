"""Ingest: an arrival is read, cleaned and judged, and its rows are published or quarantined, whole or in part.

``arriving`` (its listing and what waits) is light, since triggers and sensors import it; everything else is imported
by the task that uses it. ``stage`` goes through them all: ``arriving``, ``reading``, ``cleaning``, ``judging`` in
``examining``, then ``keeping``. ``pieces`` does the same for what should not be held in memory, ``quarantine`` is what
waits for a person, and ``infer`` proposes what to declare.
"""

"""A corpus of bad input: files that are each broken in one way, and what becomes of each. It reads as documentation.

Every case is a small daily batch of orders with one thing done to it. ``becomes`` is its verdict: ``published`` (odd,
and not bad), ``quarantined`` by the named check, ``refused`` (it can be no batch, and no byte of it is read), or
``ignored`` (it is no arrival).
"""

from __future__ import annotations

from support.corpus import packing, places, tables, texts, values
from support.corpus.making import DATASET, EXPECTATIONS, NAMES, Case, rows, text

__all__ = ["CASES", "DATASET", "EXPECTATIONS", "NAMES", "Case", "rows", "text"]

CASES: dict[str, Case] = {**packing.CASES, **texts.CASES, **values.CASES, **tables.CASES, **places.CASES}

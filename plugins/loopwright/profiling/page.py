"""Evidently's page about a comparison, for people: on demand, since it is 4 MB and three seconds of work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopwright.profiling.columns import COMPARED, sides
from loopwright.profiling.evidently import html

if TYPE_CHECKING:
    import pandas as pd


def page(reference: pd.DataFrame, current: pd.DataFrame) -> str:
    """Return a comparison as HTML; numbers are in the reference's standard deviations, outliers brought to its bounds.

    :param reference: the reference sample.
    :param current: today's sample.
    """
    columns = [sides(str(column), reference, current) for column in reference.columns]
    return html([side for side in columns if side.kind in COMPARED])

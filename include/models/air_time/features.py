"""What is known of a flight's way before it leaves."""

from __future__ import annotations

import pandas as pd


def build(flights: pd.DataFrame) -> pd.DataFrame:
    """Return one row of features a flight: its plan only.

    :param flights: rows of the dataset.
    """
    return pd.DataFrame(
        {
            "carrier": flights["carrier"],
            "origin": flights["origin"],
            "dest": flights["dest"],
            "distance": flights["distance"],
            "departs": flights["hour"] + flights["minute"] / 60,
        }
    )

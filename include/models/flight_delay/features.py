"""What is known of a flight before it leaves, and what it is to be predicted."""

from __future__ import annotations

import pandas as pd

LATE = 15  # minutes; the US Department of Transportation's own line


def build(flights: pd.DataFrame) -> pd.DataFrame:
    """Return one row of features a flight: its plan only, nothing that is measured on the day.

    :param flights: rows of the dataset.
    """
    return pd.DataFrame(
        {
            "carrier": flights["carrier"],
            "origin": flights["origin"],
            "dest": flights["dest"],
            "departs": flights["hour"] + flights["minute"] / 60,
            "arrives": flights["sched_arr_time"] // 100 + flights["sched_arr_time"] % 100 / 60,
            "weekday": pd.to_datetime(flights[["year", "month", "day"]]).dt.dayofweek,
            "distance": flights["distance"],
        }
    )


def late(flights: pd.DataFrame) -> pd.Series:
    """Return 1.0 for a flight that arrived late, 0.0 for one that did not, missing for one that never arrived.

    :param flights: rows of the dataset.
    """
    return (flights["arr_delay"] > LATE).astype("float64").where(flights["arr_delay"].notna())

"""What is held is what came."""

from __future__ import annotations

import numpy as np
import pandas as pd

from loopwright.stages.ingest.keeping.held import packed, unpacked
from loopwright.stages.ingest.reading.frames import Reading


def test_what_is_held_is_the_same_frame_again() -> None:
    frame = pd.DataFrame(
        {
            "n": pd.array([1, None, 2**62], "Int64"),
            "t": pd.to_datetime(["2024-01-01", None, "2024-01-03"]),
            "s": ["a", None, "007"],
            "mixed": [1, "b", 2.5],
            "x": [0.1, np.nan, -0.0],
        },
        index=[0, 2, 5],
    )
    again = unpacked(packed(Reading(frame, ("s",))))
    assert again.doubled == ("s",)
    pd.testing.assert_frame_equal(again.frame.drop(columns="mixed"), frame.drop(columns="mixed"))
    assert again.frame["mixed"].tolist() == ["1", "b", "2.5"]

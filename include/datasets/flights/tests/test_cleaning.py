from __future__ import annotations

import numpy as np
import pandas as pd
from cleaning import midnight_is_zero


def test_midnight_becomes_zero_and_nothing_else_changes():
    flights = pd.DataFrame(
        {"dep_time": [2400.0, 2359.0, np.nan], "arr_time": [1.0, 2400.0, np.nan], "flight": [1, 2, 3]}
    )
    cleaned = midnight_is_zero(flights)
    assert cleaned["dep_time"].tolist()[:2] == [0.0, 2359.0]
    assert cleaned["arr_time"].tolist()[:2] == [1.0, 0.0]
    assert cleaned[["dep_time", "arr_time"]].isna().sum().tolist() == [1, 1]
    assert flights["dep_time"].tolist()[0] == 2400.0

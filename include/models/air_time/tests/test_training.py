from __future__ import annotations

import numpy as np
import pandas as pd
from features import build
from training import build as estimator


def flights(rows: int) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    dest = rng.choice(["BOS", "ATL", "LAX"], rows)
    return pd.DataFrame(
        {
            "carrier": rng.choice(["UA", "B6"], rows),
            "origin": rng.choice(["EWR", "JFK"], rows),
            "dest": dest,
            "distance": pd.Series(dest).map({"BOS": 187, "ATL": 762, "LAX": 2475}),
            "hour": rng.integers(5, 23, rows),
            "minute": rng.integers(0, 60, rows),
            "air_time": np.nan,
        }
    )


def test_the_line_finds_the_speed():
    rows = flights(500)
    fitted = estimator(alpha=0.1).fit(build(rows), 20 + rows["distance"] / 8)
    told = fitted.predict(build(rows))
    assert np.abs(told - (20 + rows["distance"] / 8)).max() < 1


def test_a_place_it_never_saw_gets_an_answer():
    rows = flights(500)
    fitted = estimator().fit(build(rows), 20 + rows["distance"] / 8)
    assert np.isfinite(fitted.predict(build(rows.head(3).assign(dest="XXX", carrier="ZZ")))).all()

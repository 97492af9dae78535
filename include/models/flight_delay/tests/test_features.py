from __future__ import annotations

import numpy as np
import pandas as pd
from features import build, late
from training import CODES
from training import build as estimator

FLIGHTS = pd.DataFrame(
    {
        "year": 2013,
        "month": [1, 1, 7],
        "day": [1, 5, 4],
        "carrier": ["UA", "B6", "EV"],
        "origin": ["EWR", "JFK", "LGA"],
        "dest": ["IAH", "BOS", "ATL"],
        "hour": [5, 23, 12],
        "minute": [15, 59, 0],
        "sched_arr_time": [819, 49, 1430],
        "distance": [1400, 187, 762],
        "dep_delay": [2.0, 40.0, np.nan],
        "arr_delay": [15.0, 16.0, np.nan],
    }
)


def test_the_plan_is_read_as_hours_and_weekdays():
    features = build(FLIGHTS)
    assert features["departs"].round(3).tolist() == [5.25, 23.983, 12.0]
    assert features["arrives"].round(3).tolist() == [8.317, 0.817, 14.5]
    assert features["weekday"].tolist() == [1, 5, 3]


def test_nothing_measured_on_the_day_is_a_feature():
    measured_otherwise = FLIGHTS.assign(dep_delay=-1.0, arr_delay=99.0)
    pd.testing.assert_frame_equal(build(FLIGHTS), build(measured_otherwise))


def test_late_is_over_fifteen_minutes_and_unknown_for_who_never_arrived():
    assert late(FLIGHTS).tolist()[:2] == [0.0, 1.0]
    assert late(FLIGHTS).isna().tolist() == [False, False, True]


def test_the_estimator_takes_an_airport_it_never_saw():
    many = pd.concat([FLIGHTS.iloc[:2]] * 40, ignore_index=True)
    fitted = estimator(max_iter=5, min_samples_leaf=5).fit(build(many), late(many))
    new = build(FLIGHTS.assign(dest="XXX"))
    assert np.isfinite(fitted.predict_proba(new)).all()
    assert set(CODES) <= set(new.columns)

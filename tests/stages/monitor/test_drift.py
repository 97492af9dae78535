from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from loopwright.errors import NotReady
from loopwright.stages.monitor import DriftReport, detect_drift, draw_drift
from loopwright.verdict import Outcome
from support import toy as toys


@pytest.fixture
def watching(house):
    house.publish(1, rows=3000)
    house.champion()
    return house


def drift_of(house, month: int, frame=None, **law):
    [batch] = house.publish(month, frame=frame, **law)
    house.score(batch)
    return detect_drift(house.workspace, house.model, batch)


def found(report):
    return {
        (column.column, measure.name)
        for column in report.columns
        for measure in column.measures
        if measure.outcome is Outcome.FAIL
    }


@pytest.mark.parametrize("month", [3, 4, 5, 6, 7, 8])
def test_months_of_the_same_law_are_no_drift(watching, month):
    report = drift_of(watching, month)
    assert report.outcome is Outcome.PASS
    assert found(report) == set()
    assert {column.column for column in report.columns} >= {"distance", "hour", "zone", "fare", "score", "prediction"}


def test_another_law_is_drift(watching):
    report = drift_of(watching, 3, shift=1.0)
    assert report.outcome is Outcome.FAIL
    assert {"distance", "fare"} <= set(report.drifted)
    assert report.version == "1"
    assert report.rows == 2000
    assert DriftReport.from_dict(json.loads(json.dumps(report.to_dict()))) == report
    json.dumps(report.summary(), allow_nan=False)


def test_nulls_that_rise_are_found_in_the_column_they_rise_in(watching):
    rides = toys.rides(3)
    rides.loc[rides.sample(frac=0.08, random_state=1).index, "zone"] = None
    # The estimator takes no missing values, so the features are looked at without scoring them.
    report = _of_features(watching, rides)
    assert ("zone", "nulls") in report


def test_a_zone_never_seen_is_found(watching):
    rides = toys.rides(3)
    rides.loc[rides.sample(frac=0.05, random_state=1).index, "zone"] = "new"
    assert ("zone", "nulls") in _of_features(watching, rides)


def _of_features(house, rides):
    from loopwright.profiling import compare
    from loopwright.serving import load_version

    predictor = load_version(house.workspace, house.state.champion)
    columns = compare(predictor.made(toys.rides(1, rows=3000)), predictor.made(rides), threshold=0.1)
    return {(c.column, m.name) for c in columns for m in c.measures if m.outcome is Outcome.FAIL}


def test_what_it_was_trained_on_is_not_asked_about(watching):
    watching.score("2024-01")
    report = detect_drift(watching.workspace, watching.model, "2024-01")
    assert report.outcome is Outcome.NOT_APPLICABLE
    assert "was trained on it" in report.why


def test_a_model_that_declares_none_is_asked_nothing(watching):
    watching.toy.edit("include/models/tips/model.yaml", "drift: {share: 0.25, persists: 1 of 1}", "drift: null")
    assert drift_of(watching, 3).outcome is Outcome.NOT_APPLICABLE


def test_a_small_batch_cannot_be_told_and_is_no_alarm(watching):
    report = drift_of(watching, 3, rows=40)
    assert report.outcome is not Outcome.FAIL


def test_an_empty_batch_cannot_be_told(watching):
    report = drift_of(watching, 3, frame=toys.rides(3, rows=5).iloc[:0])
    assert report.outcome is Outcome.INCONCLUSIVE


def test_a_batch_must_have_been_scored(watching):
    watching.publish(3)
    with pytest.raises(NotReady, match="was not scored"):
        detect_drift(watching.workspace, watching.model, "2024-03")


def test_reading_twice_gives_the_same(watching):
    first = drift_of(watching, 3, shift=0.2)
    assert detect_drift(watching.workspace, watching.model, "2024-03") == first
    assert watching.kinds()[-1] == "batch_scored"


def test_a_column_that_was_empty_at_the_training_and_is_not_now(house):
    house.toy.edit(
        "include/models/tips/features.py", '        "fare"', '        "toll": rides.get("toll"),\n        "fare"'
    )
    house.publish(1, frame=toys.rides(1).assign(toll=np.nan))
    house.publish(2, frame=toys.rides(2).assign(toll=np.nan))
    house.champion(estimator=make_pipeline(SimpleImputer(keep_empty_features=True), LogisticRegression(max_iter=500)))
    same = drift_of(house, 3, frame=toys.rides(3).assign(toll=np.nan))
    assert {c.column: c.outcome for c in same.columns}["toll"] is Outcome.INCONCLUSIVE
    assert same.outcome is Outcome.PASS
    filled = drift_of(house, 4, frame=toys.rides(4).assign(toll=2.5))
    assert "toll" in filled.drifted


def test_the_page_is_drawn_on_demand(watching):
    drift_of(watching, 3, shift=1.0)
    path = draw_drift(watching.workspace, watching.model, "2024-03")
    assert path == "monitor/2024-03/drift.html"
    page = watching.tracking.download(watching.state.champion["run_id"], path, watching.toy.path / "page")
    assert "distance" in page.read_text()

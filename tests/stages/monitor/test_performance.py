from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest

from loopwright.errors import NotReady, UnknownName
from loopwright.evaluation.estimates import Interval
from loopwright.evaluation.intervals import interval
from loopwright.evaluation.predicted import Predicted
from loopwright.stages.monitor import PerformanceReport, measure_performance
from loopwright.stages.monitor.performance import gate_saw, judge
from loopwright.verdict import Outcome
from support import toy as toys


@pytest.fixture
def watching(house):
    house.champion()
    house.publish(3, rows=1500)
    house.score("2024-01", "2024-02", "2024-03")
    return house


def measured(house, batch="2024-03", **how):
    return measure_performance(house.workspace, house.model, batch, **how)


def test_as_good_as_at_the_gate(watching):
    report = measured(watching)
    assert report.outcome is Outcome.PASS
    assert report.metric == "roc_auc"
    assert report.n == 1500
    assert report.value["low"] < report.value["point"] < report.value["high"]
    assert report.reference == watching.state.champion["primary"]["value"]
    assert PerformanceReport.from_dict(json.loads(json.dumps(report.to_dict()))) == report


def test_a_drop_is_found(watching):
    watching.publish(4, rows=1500, noise=30.0)
    watching.score("2024-04")
    report = measured(watching, "2024-04")
    assert report.outcome is Outcome.FAIL
    assert report.drop >= 0.1
    assert "at least the 0.1 that counts" in report.why


def test_what_it_was_trained_or_judged_on_tells_nothing(watching):
    assert measured(watching, "2024-01").outcome is Outcome.NOT_APPLICABLE
    assert "was trained on it" in measured(watching, "2024-01").why
    assert "the gate judged version 1 on it" in measured(watching, "2024-02").why


def test_labels_that_are_not_final_are_waited_for(watching):
    watching.toy.edit("include/datasets/rides/dataset.yaml", "clean:", "labels: {matures_after: 7d}\nclean:")
    report = measured(watching)
    assert report.outcome is Outcome.INCONCLUSIVE
    assert datetime.fromisoformat(report.matures_at) > datetime.now(UTC) + timedelta(days=6)
    later = measured(watching, now=datetime.now(UTC) + timedelta(days=8))
    assert (later.outcome, later.matures_at) == (Outcome.PASS, None)


def test_rows_without_a_label_are_left_out(watching):
    rides = toys.rides(4, rows=1000)
    rides.loc[:899, "tip"] = np.nan
    watching.publish(4, frame=rides)
    watching.score("2024-04")
    assert measured(watching, "2024-04").n == 100


def test_no_labels_at_all_cannot_tell(watching):
    rides = toys.rides(4, rows=100).assign(tip=np.nan)
    watching.publish(4, frame=rides)
    watching.score("2024-04")
    report = measured(watching, "2024-04")
    assert report.outcome is Outcome.INCONCLUSIVE
    assert report.n == 0
    json.dumps(report.to_dict(), allow_nan=False)


def test_rows_that_come_in_groups_are_drawn_in_groups_as_the_gate_draws_them(watching):
    """Rows that depend on each other hold less than so many rows: taken for more, chance is called a drop."""
    once = toys.rides(4, rows=400)
    fourfold = pd.concat([once.assign(ride_id=once["ride_id"] + 400 * n, rider=once["ride_id"]) for n in range(4)])
    watching.publish(4, frame=fourfold.reset_index(drop=True))
    watching.score("2024-04")
    alone = measured(watching, "2024-04")
    watching.toy.edit("include/models/tips/model.yaml", "gate: {", "gate: {groups: rider, ")
    grouped = measured(watching, "2024-04")
    assert grouped.n == alone.n == 1600
    assert grouped.value["point"] == pytest.approx(alone.value["point"])
    wider = (grouped.value["high"] - grouped.value["low"]) / (alone.value["high"] - alone.value["low"])
    assert wider == pytest.approx(2, abs=0.4)


@pytest.mark.parametrize(
    ("groups", "why"), [("zone", "the rows come in 4 groups, fewer than the 20"), ("rider", "has no column 'rider'")]
)
def test_groups_that_are_too_few_or_not_there_cannot_tell(watching, groups, why):
    watching.publish(4, rows=1500, noise=30.0)
    watching.score("2024-04")
    watching.toy.edit("include/models/tips/model.yaml", "gate: {", f"gate: {{groups: {groups}, ")
    report = measured(watching, "2024-04")
    assert report.outcome is Outcome.INCONCLUSIVE
    assert why in report.why


def test_a_model_that_declares_none_is_asked_nothing(watching):
    watching.toy.edit("include/models/tips/model.yaml", ", performance: {drop: 0.1}", "")
    assert measured(watching).outcome is Outcome.NOT_APPLICABLE


def test_only_what_was_scored_as_it_is(watching):
    watching.publish(3, rows=90)
    with pytest.raises(NotReady, match="was not scored, or changed since"):
        measured(watching)
    with pytest.raises(UnknownName, match="no published batch '2024-33'"):
        measured(watching, "2024-33")


@pytest.mark.parametrize(
    ("metric", "point", "low", "high", "outcome"),
    [
        ("roc_auc", 0.80, 0.78, 0.82, Outcome.PASS),
        ("roc_auc", 0.90, 0.88, 0.92, Outcome.PASS),
        ("roc_auc", 0.74, 0.72, 0.76, Outcome.FAIL),
        ("roc_auc", 0.74, 0.60, 0.88, Outcome.INCONCLUSIVE),
        ("roc_auc", 0.76, 0.75, 0.77, Outcome.PASS),
        ("roc_auc", 0.74, float("nan"), float("nan"), Outcome.INCONCLUSIVE),
        ("roc_auc", float("nan"), float("nan"), float("nan"), Outcome.INCONCLUSIVE),
        ("brier_score", 0.86, 0.84, 0.88, Outcome.FAIL),
        ("brier_score", 0.74, 0.72, 0.76, Outcome.PASS),
        ("brier_score", 0.86, 0.78, 0.99, Outcome.INCONCLUSIVE),
    ],
)
def test_judging_a_drop_of_a_twentieth_from_four_fifths(metric, point, low, high, outcome):
    exact = gate_saw({"metric": metric, "value": 0.8})  # as it was recorded before bounds were kept
    assert judge(metric, Interval(point, low, high, 500, 0.95), exact, 0.05)[0] is outcome


@pytest.mark.parametrize(
    ("gate", "outcome"),
    [
        ({"low": 0.79, "high": 0.81, "n": 500, "confidence": 0.95}, Outcome.FAIL),
        ({"low": 0.73, "high": 0.87, "n": 500, "confidence": 0.95}, Outcome.INCONCLUSIVE),
        ({"low": 0.75, "high": 0.85, "n": 500, "confidence": 0.95}, Outcome.FAIL),
        ({"low": 0.75, "high": 0.85, "n": 500, "confidence": 0.8}, Outcome.INCONCLUSIVE),
        ({"low": None, "high": None, "n": 500, "confidence": 0.95}, Outcome.FAIL),
    ],
)
def test_what_the_gate_saw_is_no_more_exact_than_its_own_bounds(gate, outcome):
    batch = Interval(0.74, 0.72, 0.76, 500, 0.95)
    assert judge("roc_auc", batch, gate_saw({"value": 0.8, **gate}), 0.05)[0] is outcome


def found(rows, loss, draws):
    """Return how often a drop of 0.02 is said and how often it is passed over, in gates and batches of one law."""
    rng = np.random.default_rng(20)

    def measured(auc):
        truth = rng.random(rows) < 0.3
        score = rng.normal(size=rows) + truth * NormalDist().inv_cdf(auc) * 2**0.5
        return interval("roc_auc", truth, Predicted(score > 0, score), resamples=150, seed=int(rng.integers(2**31)))

    outcomes = [judge("roc_auc", measured(0.8 - loss), measured(0.8), 0.02)[0] for _ in range(draws)]
    return outcomes.count(Outcome.FAIL) / draws, outcomes.count(Outcome.PASS) / draws


def test_a_calm_world_alarms_in_one_of_twenty_batches_at_most():
    alarms, _ = found(rows=1000, loss=0.0, draws=600)
    assert alarms <= 0.06


def test_a_loss_of_twice_the_drop_is_found_where_the_rows_can_tell_it_and_else_is_seldom_a_pass():
    alarms, _ = found(rows=8000, loss=0.04, draws=150)
    assert alarms >= 0.97
    # A thousand rows on either side hold a difference of 0.04 to two standard errors only: there is no more to be had.
    alarms, overlooked = found(rows=1000, loss=0.04, draws=400)
    assert alarms >= 0.45
    assert overlooked <= 0.23


@pytest.mark.parametrize(("point", "said"), [(0.85, "a gain of 0.05"), (0.8, "no loss"), (0.79, "a loss of 0.01")])
def test_better_than_at_the_gate_is_called_a_gain(point, said):
    exact = Interval(0.8, 0.79, 0.81, 500, 0.95)
    outcome, why, _ = judge("roc_auc", Interval(point, point - 0.01, point + 0.01, 500, 0.95), exact, 0.05)
    assert outcome is Outcome.PASS
    assert said in why

"""The bootstrap against scipy's, its corrections against jackknives, and rows that come in groups."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import f1_score

from loopwright.declaration.metrics import METRICS
from loopwright.evaluation import Predicted, interval, paired_difference
from loopwright.evaluation.bootstrap import Resampling, bootstrapped
from loopwright.evaluation.intervals import bootstrapped_difference, difference, lacking
from loopwright.evaluation.metrics import prepared
from loopwright.evaluation.sums import mean


def answers(seed: int, n: int, *, task: str = "binary_classification") -> tuple[np.ndarray, Predicted]:
    rng = np.random.default_rng(seed)
    if task == "regression":
        truth = rng.normal(0, 1, n)
        return truth, Predicted(truth + rng.normal(0, 0.5, n))
    truth = (rng.random(n) < 0.35).astype(int)
    score = np.round(stats.norm.cdf(rng.normal(1.2 * truth - 0.6, 1)), 2)
    return truth, Predicted((score > 0.5).astype(int), score, (0, 1))


@pytest.mark.parametrize("name", sorted(METRICS))
def test_influence_is_what_leaving_a_row_out_says(name) -> None:
    """The infinitesimal jackknife and the ordinary one agree: Efron & Tibshirani (1993), section 21.3."""
    task = "regression" if METRICS[name].tasks == {"regression"} else "binary_classification"
    truth, predicted = answers(0, 400, task=task)
    value = prepared(name, truth, predicted)
    without = value(1 - np.eye(400))
    jackknife = (400 - 1) * (without.mean() - without)
    influence = value.influence()
    assert influence.mean() == pytest.approx(0, abs=1e-9)
    assert np.corrcoef(influence, jackknife)[0, 1] > 0.999
    assert influence.std() == pytest.approx(jackknife.std(), rel=0.03)


def test_the_bounds_are_scipys_bca() -> None:
    values = np.random.default_rng(1).lognormal(0, 1, 200)
    metric = mean(values)
    found = bootstrapped(metric, float(values.mean()), metric.influence(), Resampling(8000, 2)).at(0.95)
    reference = stats.bootstrap((values,), np.mean, method="BCa", confidence_level=0.9, n_resamples=8000, rng=3)
    low, high = reference.confidence_interval
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.06 * (high - low))


def test_a_metric_without_closed_form_is_covered_about_as_often_as_it_says() -> None:
    true = f1_score(*(lambda t, p: (t, p.label))(*answers(9, 400_000)))
    held = 0
    for turn in range(150):
        found = interval("f1", *answers(100 + turn, 250), resamples=200, seed=turn)
        held += found.low <= true <= found.high
    assert held / 150 == pytest.approx(0.9, abs=3 * np.sqrt(0.09 / 150))


def test_a_worse_model_of_heavy_tails_gets_through_no_more_often_than_declared() -> None:
    """Of squared errors that a few rows carry, the corrections of BCa passed eleven in a hundred."""
    rng, passed = np.random.default_rng(11), 0
    for turn in range(200):
        truth, ours = rng.normal(0, 3, 500), rng.laplace(0, 1, 500)
        other = 1.045 * np.where(rng.random(500) < 0.8, ours, rng.laplace(0, 1, 500))
        found = paired_difference(
            "r2", truth, Predicted(truth + other), Predicted(truth + ours), resamples=200, seed=turn
        )
        passed += found.low >= -2 * (1.045**2 - 1) / 9
    assert passed / 200 <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 200)


def test_threads_and_blocks_change_nothing(monkeypatch) -> None:
    truth, predicted = answers(2, 500)
    value = prepared("roc_auc", truth, predicted)
    alone = Resampling(60, 5, strata=truth).draws(value, 500)
    monkeypatch.setattr("loopwright.evaluation.bootstrap.THREADED", 1)
    monkeypatch.setattr("loopwright.evaluation.bootstrap.BLOCK", 3000)
    assert (Resampling(60, 5, strata=truth).draws(value, 500) == alone).all()


def test_strata_keep_their_sizes() -> None:
    truth, _ = answers(3, 300)
    drawn = Resampling(20, 1, strata=truth).draws(lambda weights: weights[:, truth == 1].sum(axis=1), 300)
    assert (drawn == truth.sum()).all()


def test_the_bootstrap_of_two_areas_agrees_with_delong() -> None:
    truth, ours = answers(4, 1500)
    noisy = np.clip(ours.score + np.random.default_rng(5).normal(0, 0.2, 1500), 0, 1)
    theirs = Predicted((noisy > 0.5).astype(int), noisy, (0, 1))
    closed = difference("roc_auc", truth, ours, theirs, Resampling()).at(0.95)
    prepared_ = [prepared("roc_auc", truth, p) for p in (ours, theirs)]
    drawn = bootstrapped_difference("roc_auc", truth, *prepared_, Resampling(3000, 1)).at(0.95)
    assert (drawn.low, drawn.high) == pytest.approx((closed.low, closed.high), abs=0.1 * (closed.high - closed.low))


def test_rows_that_repeat_in_groups_are_worth_one_row_each() -> None:
    """Each row five times, as a group: the interval is that of the rows themselves, not of five times as many."""
    truth, predicted = answers(6, 200)
    five = np.repeat(np.arange(200), 5)
    grouped = interval("f1", truth[five], predicted.take(five), resamples=2000, groups=five)
    once = interval("f1", truth, predicted, resamples=2000)
    blind = interval("f1", truth[five], predicted.take(five), resamples=2000)
    assert grouped.high - grouped.low == pytest.approx(once.high - once.low, rel=0.1)
    assert blind.high - blind.low < 0.6 * (grouped.high - grouped.low)


def test_groups_decide_a_difference_too_and_a_few_of_them_cannot() -> None:
    truth, ours = answers(7, 300)
    theirs = answers(8, 300)[1]
    many = np.arange(300) // 5
    assert paired_difference("accuracy", truth, ours, theirs, groups=many).method.startswith(
        "paired bootstrap of whole"
    )
    assert not paired_difference("accuracy", truth, ours, theirs, groups=np.arange(300) // 30).known


def test_a_bound_goes_on_beyond_the_outermost_draw() -> None:
    """A hundred draws end at two standard errors and a half; a bound at 0.99999 lies at more than four."""
    values = np.random.default_rng(1).normal(0, 1, 400)
    metric = mean(values)
    found = bootstrapped(metric, float(values.mean()), metric.influence(), Resampling(100, 2))
    reference = stats.t(399, values.mean(), values.std() / np.sqrt(399))
    for confidence in (0.95, 0.999, 0.99999):
        low, high = found.bounds(confidence)
        assert low <= reference.ppf(1 - confidence) + 1e-9
        assert high >= reference.ppf(confidence) - 1e-9
    assert found.bounds(0.5) == pytest.approx((values.mean(), values.mean()), abs=0.02)


def test_so_many_draws_show_nothing_rarer_than_one_of_them() -> None:
    """Davison & Hinkley (1997), section 4.2: no p-value under 1 / (R + 1)."""
    values = np.random.default_rng(1).normal(0, 1, 400)
    metric = mean(values)
    found = bootstrapped(metric, float(values.mean()), metric.influence(), Resampling(199, 2))
    assert found.chance_of_at_least(values.mean() + 1) == pytest.approx(1 / 200)


def test_a_perfect_score_of_few_rows_is_not_surely_perfect() -> None:
    truth = (np.arange(80) < 15).astype(int)
    found = interval("f1", truth, Predicted(truth, truth.astype(float), (0, 1)))
    assert (found.point, found.high) == (1, 1)
    assert found.low == pytest.approx(0.05 ** (1 / 15))


def test_a_perfect_score_of_few_groups_rests_on_groups_and_not_on_rows() -> None:
    """300 rows in 30 groups, of which 12 have any of the rarer class: it is those 12 that could have shown an error."""
    group = np.repeat(np.arange(30), 10)
    truth = ((group < 12) & (np.arange(300) % 10 < 5)).astype(int)
    found = interval("f1", truth, Predicted(truth, truth.astype(float), (0, 1)), groups=group)
    assert (found.point, found.high) == (1, 1)
    assert found.low == pytest.approx(0.05 ** (1 / 12))
    rarer = ((group < 9) & (truth == 1)).astype(int)
    assert lacking("f1", rarer, group) == "the rarer class has 9 groups of rows, fewer than the 10 an interval needs"


def test_models_that_come_out_alike_in_groups_may_still_differ_elsewhere() -> None:
    truth, ours = answers(9, 300)
    theirs = Predicted(ours.label, np.clip(ours.score + 0.001, 0, 1), (0, 1))
    group = np.arange(300) // 10
    found = paired_difference("accuracy", truth, ours, theirs, groups=group)
    assert (found.low, found.high) == pytest.approx((0.05 ** (1 / 30) - 1, 1 - 0.05 ** (1 / 30)))
    assert paired_difference("accuracy", truth, ours, ours, groups=group).low == 0

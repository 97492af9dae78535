"""Fairness against fairlearn's published definitions, computed the slow way."""

from __future__ import annotations

import numpy as np
import pytest

from loopwright.evaluation.bootstrap import Resampling
from loopwright.evaluation.fairness import disparity

METRICS = ("demographic_parity", "equal_opportunity", "equalized_odds")


def world(seed: int, n: int = 900) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    group = rng.integers(0, 3, n)
    truth = rng.random(n) < 0.3 + 0.1 * group
    return truth, rng.random(n) < 0.2 + 0.4 * truth + 0.08 * group, group


def slowly(metric: str, truth: np.ndarray, selected: np.ndarray, group: np.ndarray, how: str) -> float:
    """fairlearn's user guide: selection rate, true and false positive rate by group; worst case over the two."""
    asked = {"demographic_parity": [truth | ~truth], "equal_opportunity": [truth], "equalized_odds": [truth, ~truth]}
    found = []
    for among in asked[metric]:
        rates = [selected[among & (group == g)].mean() for g in np.unique(group)]
        found.append(max(rates) - min(rates) if how == "difference" else min(rates) / max(rates))
    return max(found) if how == "difference" else min(found)


@pytest.mark.parametrize("how", ["difference", "ratio"])
@pytest.mark.parametrize("metric", METRICS)
def test_the_metrics_are_fairlearns(metric, how) -> None:
    truth, selected, group = world(0)
    found = disparity(f"{metric}_{how}", truth, selected, group, Resampling(100))
    assert found.point == pytest.approx(slowly(metric, truth, selected, group, how))


@pytest.mark.parametrize("how", ["difference", "ratio"])
@pytest.mark.parametrize("metric", METRICS)
def test_fairlearn_itself_agrees(metric, how) -> None:
    fairlearn = pytest.importorskip("fairlearn.metrics")
    truth, selected, group = world(1)
    theirs = getattr(fairlearn, f"{metric}_{how}")(truth, selected, sensitive_features=group)
    assert disparity(f"{metric}_{how}", truth, selected, group, Resampling(100)).point == pytest.approx(theirs)


def test_the_interval_of_a_difference_of_two_rates_is_the_textbooks() -> None:
    """Of two groups the difference of selection rates is one of independent proportions."""
    rng = np.random.default_rng(2)
    group = np.repeat([0, 1], 800)
    selected = rng.random(1600) < np.where(group == 1, 0.5, 0.3)
    found = disparity("demographic_parity_difference", selected, selected, group, Resampling(2000, 1))
    rates = [selected[group == g].mean() for g in (0, 1)]
    error = np.sqrt(sum(p * (1 - p) / 800 for p in rates))
    low, high = found.bounds(0.95)
    assert (low, high) == pytest.approx((found.point - 1.645 * error, found.point + 1.645 * error), abs=0.1 * error)


def test_nobody_selected_has_no_ratio() -> None:
    truth, _, group = world(3)
    assert not disparity("demographic_parity_ratio", truth, np.zeros(900, dtype=bool), group, Resampling(100)).known


def test_rows_that_all_depend_on_each_other_say_nothing_sure() -> None:
    truth, selected, group = world(4)
    alone = Resampling(100, groups=np.zeros(len(truth), dtype=int))
    assert disparity("demographic_parity_difference", truth, selected, group, alone).bounds is None

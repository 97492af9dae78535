"""Fairness against fairlearn's published definitions, computed the slow way."""

from __future__ import annotations

import numpy as np
import pytest

from loopwright.declaration.gate import Gate
from loopwright.evaluation import Predicted
from loopwright.evaluation.asking import Asking
from loopwright.evaluation.bootstrap import Resampling
from loopwright.evaluation.disparity import rates_of
from loopwright.evaluation.fairness import fairness_checks
from loopwright.verdict import Outcome

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
    found = rates_of(f"{metric}_{how}", truth, selected, group, Resampling(100)).estimate()
    assert found.point == pytest.approx(slowly(metric, truth, selected, group, how))


@pytest.mark.parametrize("how", ["difference", "ratio"])
@pytest.mark.parametrize("metric", METRICS)
def test_fairlearn_itself_agrees(metric, how) -> None:
    fairlearn = pytest.importorskip("fairlearn.metrics")
    truth, selected, group = world(1)
    theirs = getattr(fairlearn, f"{metric}_{how}")(truth, selected, sensitive_features=group)
    assert rates_of(f"{metric}_{how}", truth, selected, group, Resampling(100)).estimate().point == pytest.approx(
        theirs
    )


def test_the_interval_of_a_difference_of_two_rates_is_the_textbooks() -> None:
    """Of two groups the difference of selection rates is one of independent proportions."""
    rng = np.random.default_rng(2)
    group = np.repeat([0, 1], 800)
    selected = rng.random(1600) < np.where(group == 1, 0.5, 0.3)
    found = rates_of("demographic_parity_difference", selected, selected, group, Resampling()).estimate()
    rates = [selected[group == g].mean() for g in (0, 1)]
    error = np.sqrt(sum(p * (1 - p) / 800 for p in rates))
    low, high = found.bounds(0.95)
    assert (low, high) == pytest.approx((found.point - 1.645 * error, found.point + 1.645 * error), abs=0.1 * error)


def test_nobody_selected_has_no_ratio() -> None:
    truth, _, group = world(3)
    nobody = np.zeros(900, dtype=bool)
    assert not rates_of("demographic_parity_ratio", truth, nobody, group, Resampling()).estimate().known


def at_the_kink(rng: np.random.Generator, rates: list[float], n: int, luck: float = 0.0):
    """Groups of people with these selection rates; rows come in forties that share their luck."""
    group, unit = rng.integers(0, len(rates), n), np.arange(n) // 40
    lucky = rng.uniform(-luck, luck, (unit.max() + 1, len(rates)))[unit, group]
    return rng.random(n) < np.array(rates)[group] + lucky, group, unit


def seldom(passed: list[bool]) -> bool:
    return float(np.mean(passed)) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / len(passed))


@pytest.mark.parametrize(("rates", "n"), [([0.5, 0.55], 600), ([0.5, 0.55], 5000), ([0.4, 0.43, 0.47, 0.5], 1200)])
def test_groups_apart_by_the_limit_seldom_pass(rates, n) -> None:
    """Near no difference at all, where its sign is not told, a bootstrap of the largest one passed one in five."""
    rng = np.random.default_rng(3)
    gaps, ratios = [], []
    for _ in range(100):
        selected, group, _ = at_the_kink(rng, rates, n)
        found = [
            rates_of(f"demographic_parity_{how}", selected, selected, group, Resampling()).estimate().at(0.95)
            for how in ("difference", "ratio")
        ]
        gaps.append(found[0].high <= rates[-1] - rates[0])
        ratios.append(found[1].low >= rates[0] / rates[-1])
    assert seldom(gaps)
    assert seldom(ratios)


def test_groups_of_people_whose_rows_share_their_luck_seldom_pass_at_the_limit() -> None:
    rng = np.random.default_rng(4)
    gaps, ratios, blind = [], [], []
    for turn in range(60):
        selected, group, unit = at_the_kink(rng, [0.4, 0.5], 2400, 0.35)
        drawn = Resampling(200, turn, unit)
        found = [
            rates_of(f"demographic_parity_{how}", selected, selected, group, drawn).estimate().at(0.95)
            for how in ("difference", "ratio")
        ]
        gaps.append(found[0].high <= 0.1)
        ratios.append(found[1].low >= 0.8)
        alone = rates_of("demographic_parity_difference", selected, selected, group, Resampling()).estimate()
        blind.append(alone.at(0.95).high <= 0.1)
    assert seldom(gaps)
    assert seldom(ratios)
    assert not seldom(blind)


def test_alike_groups_are_seldom_called_unfair_however_many_there_are() -> None:
    rng = np.random.default_rng(5)
    failed = []
    for _ in range(100):
        selected, group, _ = at_the_kink(rng, [0.5] * 7 + [0.55], 2400)
        found = rates_of("demographic_parity_difference", selected, selected, group, Resampling()).estimate()
        failed.append(found.at(0.95).low > 0.05)
    assert seldom(failed)


def test_a_rate_that_rests_on_a_few_rows_cannot_tell() -> None:
    """900 rows, of which 9 of the one group are of the second class: their true positive rate is anybody's guess."""
    truth, selected, group = world(6)
    truth = np.where(group == 1, np.cumsum(truth & (group == 1)) <= 9, True) & truth
    found = rates_of("equal_opportunity_difference", truth, selected, group, Resampling(), ["a", "b", "c"])
    assert not found.estimate().known
    assert "true positive rate of b rests on 9 rows, fewer than the 10" in str(found.lacks)
    assert rates_of("demographic_parity_difference", truth, selected, group, Resampling()).estimate().known


def test_none_of_each_in_groups_of_rows_is_not_surely_none() -> None:
    group, unit = np.arange(1200) % 2, np.arange(1200) // 40
    nobody = np.zeros(1200, dtype=bool)
    found = rates_of("demographic_parity_difference", nobody, nobody, group, Resampling(100, 0, unit)).estimate()
    assert found.point == 0
    assert found.at(0.95).high == pytest.approx(1.6449**2 / (30 + 1.6449**2), abs=1e-3)


def test_rows_that_all_depend_on_each_other_say_nothing_sure() -> None:
    truth, selected, group = world(4)
    alone = Resampling(100, groups=np.zeros(len(truth), dtype=int))
    assert not rates_of("demographic_parity_difference", truth, selected, group, alone).estimate().known


@pytest.mark.parametrize(
    ("more", "outcome"),
    [
        ({}, Outcome.INCONCLUSIVE),
        ({"left_out": "2%"}, Outcome.PASS),
        ({"left_out": "1%"}, Outcome.INCONCLUSIVE),
        ({"required": False}, Outcome.PASS),
    ],
)
def test_a_group_that_is_left_out_is_named_and_keeps_the_answer_open(more, outcome) -> None:
    rng = np.random.default_rng(0)
    group = np.array(["a"] * 2000 + ["b"] * 2000 + ["c"] * 60, dtype=object)
    truth = (rng.random(len(group)) < 0.5).astype(int)
    score = np.clip(truth * 0.4 + rng.random(len(group)) * 0.6, 0, 1)
    limits = {"demographic_parity_difference": {"at_most": 0.2}}
    fairness = {"columns": ["sex"], "limits": limits, **more}
    gate = Gate.model_validate({"primary": "roc_auc", "resamples": 100, "fairness": fairness})
    candidate = Predicted((score > 0.5).astype(int), score, (0, 1))
    (check,) = fairness_checks(Asking(gate, candidate, truth, {"sex": group}))
    assert check.outcome is outcome, check.why
    assert "not judged, with fewer than 100 rows: c (60)" in check.why

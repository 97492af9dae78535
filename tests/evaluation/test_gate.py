"""The gate's judgement: three-valued, fail closed, and wrong no more often than declared."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats

from loopwright.declaration import ModelSpec
from loopwright.evaluation import Beside, Predicted, Unseen, judge, judge_live
from loopwright.verdict import Check, Outcome, Verdict, overall

BASE = {
    "name": "m",
    "owner": "o",
    "dataset": "d",
    "label": "y",
    "features": "f:f",
    "train": {"entrypoint": "t:t"},
}


def binary_spec(**gate) -> ModelSpec:
    settings = {"primary": "roc_auc", "resamples": 200, "champion": {"margin": 0.02}, **gate}
    return ModelSpec.model_validate({**BASE, "task": "binary_classification", "gate": settings})


def regression_spec(**gate) -> ModelSpec:
    settings = {"primary": "mean_absolute_error", "resamples": 200, **gate}
    return ModelSpec.model_validate({**BASE, "task": "regression", "gate": settings})


def scorer(strength: float, seed: int = 0, n: int = 2000):
    """A truth, and a scorer whose AUC is Φ(strength / √2)."""
    truth = (np.random.default_rng(99).random(n) < 0.4).astype(int)
    score = stats.norm.cdf(np.random.default_rng(seed).normal(strength * truth, 1))
    return truth, Predicted((score > 0.7).astype(int), score, (0, 1))


def answers(checks: tuple[Check, ...]) -> dict[str, Outcome]:
    return {check.name: check.outcome for check in checks}


def test_a_good_first_candidate_passes_without_a_champion() -> None:
    truth, candidate = scorer(1.5)
    checks = judge(binary_spec(thresholds={"roc_auc": {"at_least": 0.7}}), candidate, None, truth)
    assert answers(checks) == {
        "finite": Outcome.PASS,
        "measured": Outcome.PASS,
        "threshold:roc_auc": Outcome.PASS,
        "looks": Outcome.PASS,
        "non_inferiority": Outcome.NOT_APPLICABLE,
        "improvement": Outcome.NOT_APPLICABLE,
        "baseline:prior": Outcome.PASS,
    }
    assert overall(checks) is Outcome.PASS


def test_what_is_spent_of_a_holdout_is_shown_without_a_champion_too() -> None:
    truth, candidate = scorer(1.5)
    spec = binary_spec(thresholds={"roc_auc": {"at_least": 0.7}})
    found = {c.name: c for c in judge(spec, candidate, None, truth, beside=Beside(before=[0.95, 0.975]))}
    assert (found["looks"].n, found["looks"].required) == (3, False)
    assert found["looks"].observed["confidence"] == found["measured"].observed["confidence"] > 0.975


@pytest.mark.parametrize(
    ("before", "says"),
    [
        ([], "this is the first look at this shadow; 0.05 of its error budget of 0.1 is spent"),
        ([0.95, 0.975], "this shadow was looked at 2 times before, so every bound is held to 0.9875"),
        ([0.9, 0.9], "nothing can be shown on it any more; a newer candidate begins another"),
    ],
)
def test_looks_at_a_shadow_are_shown_with_what_they_cost(before, says) -> None:
    truth, champion = scorer(1.0, seed=1)
    _, candidate = scorer(1.6, seed=2)
    found = {c.name: c for c in judge_live(binary_spec().gate, candidate, champion, truth, before=before)}
    assert says in found["looks"].why
    assert (found["looks"].n, found["looks"].required) == (len(before) + 1, False)
    assert found["looks"].observed["confidence"] == found["non_inferiority"].asked["confidence"]


@pytest.mark.parametrize(
    ("bound", "outcome"),
    [
        ({"at_least": 0.70}, Outcome.PASS),
        ({"at_least": 0.855}, Outcome.INCONCLUSIVE),
        ({"at_least": 0.95}, Outcome.FAIL),
        ({"at_most": 0.95}, Outcome.PASS),
        ({"at_most": 0.855}, Outcome.INCONCLUSIVE),
        ({"at_most": 0.70}, Outcome.FAIL),
    ],
)
def test_a_threshold_is_asked_of_the_bounds_and_not_of_the_point(bound, outcome) -> None:
    truth, candidate = scorer(1.5)
    found = answers(judge(binary_spec(thresholds={"roc_auc": bound}), candidate, None, truth))
    assert found["threshold:roc_auc"] is outcome


def test_a_candidate_clearly_better_passes() -> None:
    truth, champion = scorer(1.0, seed=1)
    _, candidate = scorer(1.6, seed=2)
    checks = judge(binary_spec(), candidate, champion, truth)
    assert overall(checks) is Outcome.PASS
    assert {"non_inferiority", "improvement"} <= set(answers(checks))


def test_a_candidate_clearly_worse_fails_both_questions() -> None:
    truth, champion = scorer(1.6, seed=1)
    _, candidate = scorer(1.0, seed=2)
    found = answers(judge(binary_spec(), candidate, champion, truth))
    assert found["non_inferiority"] is found["improvement"] is Outcome.FAIL


def test_a_candidate_that_is_the_champion_again_is_no_worse_and_no_better() -> None:
    truth, champion = scorer(1.5)
    found = answers(judge(binary_spec(), champion, champion, truth))
    assert found["non_inferiority"] is Outcome.PASS
    assert found["improvement"] is Outcome.FAIL


def test_equal_quality_is_enough_where_the_team_says_so() -> None:
    truth, champion = scorer(1.5)
    checks = judge(binary_spec(champion={"margin": 0.02, "better": False}), champion, champion, truth)
    assert "improvement" not in answers(checks)
    assert overall(checks) is Outcome.PASS


def test_better_at_the_point_but_perhaps_much_worse_is_inconclusive() -> None:
    truth, champion = scorer(1.5, seed=1, n=80)
    _, candidate = scorer(1.5, seed=5, n=80)
    better, worse = sorted([candidate, champion], key=lambda p: -np.corrcoef(p.score, truth)[0, 1])
    checks = judge(binary_spec(champion={"margin": 0.0}), better, worse, truth)
    assert answers(checks)["non_inferiority"] is Outcome.INCONCLUSIVE
    assert overall(checks) is Outcome.INCONCLUSIVE


def test_lower_is_better_for_a_loss() -> None:
    truth = np.random.default_rng(0).normal(0, 1, 500)
    noise = np.random.default_rng(1).normal(0, 1, 500)
    close, far = Predicted(truth + 0.1 * noise), Predicted(truth + noise)
    spec = regression_spec(thresholds={"mean_absolute_error": {"at_most": 0.2}})
    assert overall(judge(spec, close, far, truth)) is Outcome.PASS
    found = answers(judge(spec, far, close, truth))
    assert found["threshold:mean_absolute_error"] is found["non_inferiority"] is Outcome.FAIL


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_one_prediction_that_is_no_number_fails_and_nothing_else_passes(bad) -> None:
    truth, champion = scorer(1.5)
    score = champion.score.copy()
    score[3] = bad
    spec = binary_spec(thresholds={"roc_auc": {"at_least": 0.1}})
    found = answers(judge(spec, Predicted(champion.label, score, (0, 1)), champion, truth))
    assert found.pop("finite") is Outcome.FAIL
    assert set(found.values()) == {Outcome.INCONCLUSIVE}


def test_a_missing_label_prediction_fails() -> None:
    truth = np.array(["a", "b"] * 50, dtype=object)
    label = truth.copy()
    label[0] = None
    checks = judge(binary_spec(primary="accuracy"), Predicted(label, None, ("a", "b")), None, truth)
    assert answers(checks)["finite"] is Outcome.FAIL


def test_constant_predictions_fail() -> None:
    truth, _ = scorer(1.5)
    flat = Predicted(np.zeros(2000, int), np.full(2000, 0.4), (0, 1))
    assert answers(judge(binary_spec(), flat, None, truth))["finite"] is Outcome.FAIL


def test_one_predicted_class_is_fine_while_the_scores_differ() -> None:
    truth, candidate = scorer(1.5)
    rare = Predicted(np.zeros(2000, int), candidate.score / 3, (0, 1))
    assert answers(judge(binary_spec(), rare, None, truth))["finite"] is Outcome.PASS


@pytest.mark.parametrize("truth", [np.array([]), np.zeros(4), np.zeros(300)], ids=["none", "few", "one class"])
def test_rows_that_cannot_tell_are_inconclusive_everywhere(truth) -> None:
    n = len(truth)
    candidate = Predicted(np.arange(n) % 2, np.linspace(0.1, 0.9, n), (0, 1))
    checks = judge(binary_spec(thresholds={"roc_auc": {"at_least": 0.0}}), candidate, candidate, truth)
    found = answers(checks)
    assert found["measured"] is found["threshold:roc_auc"] is found["non_inferiority"] is Outcome.INCONCLUSIVE
    assert overall(checks) is not Outcome.PASS


def test_a_holdout_that_the_candidate_saw_fails() -> None:
    truth, candidate = scorer(1.5)
    checks = judge(binary_spec(), candidate, None, truth, unseen=Unseen(["b3"], ["b1", "b3"]))
    assert answers(checks)["holdout_unseen"] is Outcome.FAIL


def test_a_holdout_that_the_champion_saw_cannot_tell() -> None:
    truth, candidate = scorer(1.5)
    checks = judge(binary_spec(), candidate, candidate, truth, unseen=Unseen(["b2", "b3"], ["b1"], ["b1", "b2"]))
    assert answers(checks)["holdout_unseen"] is Outcome.INCONCLUSIVE


def test_a_holdout_that_nobody_saw_passes() -> None:
    truth, candidate = scorer(1.5)
    checks = judge(binary_spec(), candidate, None, truth, unseen=Unseen(["b3"], ["b1", "b2"]))
    assert answers(checks)["holdout_unseen"] is Outcome.PASS


def test_a_champion_that_cannot_answer_is_never_beaten_by_silence() -> None:
    truth, candidate = scorer(1.5)
    broken = Predicted(candidate.label, np.full(2000, np.nan), (0, 1))
    for checks in (
        judge(binary_spec(), candidate, broken, truth),
        judge(binary_spec(), candidate, None, truth, champion_fault="its features raised KeyError"),
    ):
        assert answers(checks)["non_inferiority"] is Outcome.INCONCLUSIVE
        assert overall(checks) is Outcome.INCONCLUSIVE


def test_a_champion_without_probabilities_is_no_match_for_a_metric_of_them() -> None:
    """The team changed its primary metric since; a metric of labels compares the two as before."""
    truth, candidate = scorer(1.5)
    champion = Predicted(candidate.label, None, (0, 1))
    checks = judge(binary_spec(), candidate, champion, truth)
    assert answers(checks)["non_inferiority"] is answers(checks)["improvement"] is Outcome.INCONCLUSIVE
    assert "gives no probabilities, which roc_auc is computed from" in next(
        check.why for check in checks if check.name == "improvement"
    )
    assert answers(judge(binary_spec(primary="f1"), candidate, champion, truth))["non_inferiority"] is Outcome.PASS


def test_the_checks_make_a_verdict_of_plain_json() -> None:
    _, candidate = scorer(1.5)
    checks = judge(binary_spec(), candidate, candidate, np.zeros(2000), unseen=Unseen(["b2"], ["b1"]))
    verdict = Verdict("gate", "model/m", checks)
    assert Verdict.from_dict(json.loads(json.dumps(verdict.to_dict(), allow_nan=False))) == verdict


def test_a_candidate_worse_by_the_margin_rarely_gets_through() -> None:
    """At confidence 0.95 the non-inferiority check may pass one such candidate in twenty."""
    spec = regression_spec(champion={"margin": 0.05, "confidence": 0.95})
    rng = np.random.default_rng(0)
    passed = 0
    for turn in range(400):
        error = 5 + rng.exponential(1, 400)  # the truth is 0, so the answers are the losses; skewed, as losses are
        candidate = Predicted(error + 0.05 + rng.normal(0, 0.3, 400))
        found = answers(judge(spec, candidate, Predicted(error), np.zeros(400), seed=turn))
        passed += found["non_inferiority"] is Outcome.PASS
    assert 0 < passed / 400 <= 0.05 + 2.5 * np.sqrt(0.05 * 0.95 / 400)


def test_a_ranking_worse_by_the_margin_rarely_gets_through() -> None:
    strong, weak = 1.2, 1.1
    margin = float(stats.norm.cdf(strong / np.sqrt(2)) - stats.norm.cdf(weak / np.sqrt(2)))
    spec = binary_spec(champion={"margin": margin, "better": False})
    rng = np.random.default_rng(1)
    truth = (rng.random(600) < 0.4).astype(int)
    passed = 0
    for turn in range(250):
        shared = rng.normal(0, np.sqrt(0.8), 600)
        ours, theirs = (stats.norm.cdf(s * truth + shared + rng.normal(0, np.sqrt(0.2), 600)) for s in (weak, strong))
        models = [Predicted((score > 0.7).astype(int), score, (0, 1)) for score in (ours, theirs)]
        passed += answers(judge(spec, *models, truth, seed=turn))["non_inferiority"] is Outcome.PASS
    assert 0 < passed / 250 <= 0.05 + 2.5 * np.sqrt(0.05 * 0.95 / 250)

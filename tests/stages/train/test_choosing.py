"""Choosing among entrypoints and parameters on the newest training rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from loopwright.declaration.code import code_of
from loopwright.declaration.model import Choices, Range
from loopwright.errors import UserCodeFailed
from loopwright.stages.train.choosing import choose, newest_rows, suggested
from loopwright.stages.train.snapshot import Learnable

from .test_fitting import fitted, predictor, training

TWO = """\
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression


def dull():
    return DummyClassifier()


def build(C=1.0):
    return LogisticRegression(C=C)
"""


def learnable(*batches: str, rows: int = 100) -> Learnable:
    rng = np.random.default_rng(0)
    n = rows * len(batches)
    x = rng.normal(0, 1, n)
    labels = (x + rng.normal(0, 1, n) > 0).astype(int)
    return Learnable(pd.DataFrame({"x": x}), labels, np.repeat(batches, rows))


def test_the_newest_batch_validates() -> None:
    assert newest_rows(learnable("a", "b", "c")).tolist() == [False] * 200 + [True] * 100


def test_the_newest_fifth_of_an_only_batch_validates() -> None:
    assert newest_rows(learnable("a")).tolist() == [False] * 80 + [True] * 20


def test_without_a_choice_nothing_is_tried(tips) -> None:
    told = []
    way = choose(tips.spec, tips.folder, learnable("a", "b"), {"C": 2}, tell=told.append)
    assert (way.entrypoint, way.params, way.value) == ("training:build", {"C": 2}, None)
    assert told == []


def test_the_better_of_two_entrypoints_is_chosen_whatever_their_order(tips) -> None:
    training(tips, TWO)
    tips.edit("model.yaml", "entrypoint: training:build", "entrypoint: [training:dull, training:build]")
    with code_of(tips.folder):
        way = choose(tips.spec, tips.folder, learnable("a", "b"), {})
    assert way.entrypoint == "training:build"
    assert way.value > 0.6


def test_a_search_keeps_its_trials_and_refits_with_the_best(tips) -> None:
    from mlflow.tracking import MlflowClient

    training(tips, TWO)
    tips.edit("model.yaml", "seed: 7", "seed: 7, tune: {trials: 4, space: {C: {low: 0.001, high: 10, log: true}}}")
    tips.publish(1, 2, 3)
    fit = fitted(tips)
    client = MlflowClient(tips.workspace.tracking)
    runs = client.search_runs([tips.tracking.experiment("tips")], f"tags.mlflow.parentRunId = '{fit.run_id}'")
    assert len(runs) == 4
    values = {float(run.data.params["C"]): run.data.metrics["validation_roc_auc"] for run in runs}
    assert values[fit.params["C"]] == max(values.values()) == fit.metrics["validation_roc_auc"]
    model = predictor(tips, fit)
    assert fit.params["C"] == model.estimator.C
    assert fit.metrics["train_rows"] == 4000, "fitted again on all training rows, the validation batch included"


def test_a_search_is_the_same_twice(tips) -> None:
    training(tips, TWO)
    tips.edit("model.yaml", "seed: 7", "seed: 7, tune: {trials: 5, space: {C: {low: 0.001, high: 10, log: true}}}")
    with code_of(tips.folder):
        first, again = (choose(tips.spec, tips.folder, learnable("a", "b"), {}) for _ in range(2))
    assert first == again


def test_the_declared_parameters_are_the_first_trial_and_a_persons_are_not_searched(tips) -> None:
    training(tips, TWO)
    tips.edit("model.yaml", "seed: 7", "seed: 7, tune: {trials: 3, space: {C: {low: 0.001, high: 10}}}")
    told = []
    with code_of(tips.folder):
        choose(tips.spec, tips.folder, learnable("a", "b"), {"C": 0.5}, tell=told.append)
        assert told[0].params == {"C": 0.5}
        assert len(told) == 3
        way = choose(tips.spec, tips.folder, learnable("a", "b"), {"C": 0.5}, fixed=("C",))
    assert way.params == {"C": 0.5}


def test_parameters_that_do_not_go_together_are_passed_over_unless_none_do(tips) -> None:
    training(tips, TWO.replace("return LogisticRegression", "assert C > 0.3\n    return LogisticRegression"))
    tips.edit("model.yaml", "seed: 7", "seed: 7, tune: {trials: 4, space: {C: {choices: [0.1, 0.5, 0.2]}}}")
    with code_of(tips.folder):
        assert choose(tips.spec, tips.folder, learnable("a", "b"), {"C": 0.5}).params == {"C": 0.5}
        tips.edit("training.py", "C > 0.3", "C > 3")
    with code_of(tips.folder), pytest.raises(UserCodeFailed, match="raised AssertionError"):
        choose(tips.spec, tips.folder, learnable("a", "b"), {"C": 0.5})


def test_validation_rows_of_one_class_leave_the_declared_parameters(tips) -> None:
    training(tips, TWO)
    tips.edit("model.yaml", "seed: 7", "seed: 7, tune: {trials: 2, space: {C: {low: 0.1, high: 1}}}")
    rows = learnable("a", "b")
    rows.labels[rows.batch == "b"] = 0
    with code_of(tips.folder):
        assert choose(tips.spec, tips.folder, rows, {"C": 0.7}).params == {"C": 0.7}


def test_ranges_are_whole_when_both_ends_are() -> None:
    class Asked:
        def suggest_int(self, name, low, high, log):
            return ("int", low, high, log)

        def suggest_float(self, name, low, high, log):
            return ("float", low, high, log)

        def suggest_categorical(self, name, choices):
            return ("categorical", choices)

    assert suggested(Asked(), "n", Range(low=1, high=9)) == ("int", 1, 9, False)
    assert suggested(Asked(), "n", Range(low=1, high=9, integer=False)) == ("float", 1, 9, False)
    assert suggested(Asked(), "n", Range(low=0.1, high=9, log=True)) == ("float", 0.1, 9, True)
    assert suggested(Asked(), "n", Choices(choices=["a", None])) == ("categorical", ["a", None])

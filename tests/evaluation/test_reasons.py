"""Shapley values: exact where they are known, adding up always, for words as for numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from loopwright.evaluation.reasons import shapley_values, told


@pytest.fixture(scope="module")
def rows() -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(0)

    def drawn(n: int) -> pd.DataFrame:
        words = pd.Categorical(rng.choice(["red", "blue"], n), categories=["blue", "red"])
        return pd.DataFrame({"a": rng.normal(0, 1, n), "b": rng.normal(0, 1, n), "word": words})

    return drawn(6), drawn(300)


def linear(frame: pd.DataFrame) -> np.ndarray:
    return (2 * frame["a"] - frame["b"] + 3 * (frame["word"] == "red")).to_numpy(dtype=float)


def test_of_a_linear_model_they_are_what_the_formula_says(rows) -> None:
    """Lundberg & Lee (2017), corollary 1: the coefficient times the distance to the background's mean."""
    asked, background = rows
    values = shapley_values(asked, background, linear, samples=2000, seed=1)
    exact = np.column_stack(
        [
            2 * (asked["a"] - background["a"].mean()),
            -(asked["b"] - background["b"].mean()),
            3 * ((asked["word"] == "red") - (background["word"] == "red").mean()),
        ]
    )
    assert values == pytest.approx(exact, abs=0.15)


def test_two_features_that_act_together_share_alike(rows) -> None:
    """Shapley's symmetry: of a product from a background of zeros each factor has one half."""
    asked = pd.DataFrame({"a": [2.0], "b": [3.0], "idle": [9.0]})
    background = pd.DataFrame({"a": [0.0], "b": [0.0], "idle": [0.0]})
    values = shapley_values(asked, background, lambda f: (f["a"] * f["b"]).to_numpy(), samples=2)
    assert values == pytest.approx(np.array([[3.0, 3.0, 0.0]]))


def test_they_add_up_to_the_answer_less_the_backgrounds(rows) -> None:
    asked = rows[0]
    background = rows[1].head(1)
    values = shapley_values(asked, background, linear, samples=2)
    assert values.sum(axis=1) == pytest.approx(linear(asked) - linear(background)[0])


@pytest.mark.parametrize("samples", [2, 4, 64])
def test_every_row_starts_from_the_same_answer_which_is_near_the_backgrounds(rows, samples) -> None:
    """So that effects of different rows compare, however few orders there are."""
    asked, background = rows
    values = shapley_values(asked, background, linear, samples=samples, seed=3)
    base = linear(asked) - values.sum(axis=1)
    assert base == pytest.approx(np.full(len(asked), base[0]))
    assert abs(base[0] - linear(background).mean()) < 0.5


def test_blocks_change_nothing_but_memory(rows, monkeypatch) -> None:
    asked, background = rows
    sizes: list[int] = []

    def answer(frame: pd.DataFrame) -> np.ndarray:
        sizes.append(len(frame))
        return linear(frame)

    monkeypatch.setattr("loopwright.evaluation.reasons.CELLS", 1)
    values = shapley_values(asked, background.head(1), answer, samples=2)
    assert max(sizes) == 2 * 4
    assert values.sum(axis=1) == pytest.approx(linear(asked) - linear(background)[0])


def test_the_reasons_that_did_most_are_told_in_plain_values(rows) -> None:
    asked = rows[0].head(1)
    (why,) = told(asked, np.array([[0.1, -0.5, 0.3]]), 2)
    assert [(reason["feature"], reason["effect"]) for reason in why] == [("b", -0.5), ("word", 0.3)]
    assert why[1]["value"] == asked["word"].iloc[0]
    assert type(why[0]["value"]) is float


def test_a_feature_about_people_is_named_without_its_value() -> None:
    asked = pd.DataFrame({"income": [85_123.17], "zone": ["a"]})
    (why,) = told(asked, np.array([[0.5, 0.1]]), 2, ["income"])
    assert why == [
        {"feature": "income", "value": "(sensitive)", "effect": 0.5},
        {"feature": "zone", "value": "a", "effect": 0.1},
    ]

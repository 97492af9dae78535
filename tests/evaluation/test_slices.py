"""Slices: how they are cut, and Holm's correction."""

from __future__ import annotations

import numpy as np
import pytest

from loopwright.declaration.gate import Gate, Slices
from loopwright.evaluation import Predicted
from loopwright.evaluation.asking import MOST_DRAWN, Asking
from loopwright.evaluation.looks import SUREST, planned
from loopwright.evaluation.slices import holm, slice_checks
from loopwright.evaluation.slicing import MOST, slices_of
from loopwright.verdict import Outcome


def test_holms_example() -> None:
    """Holm's step-down by hand: 0.01 x 4, 0.02 x 3, 0.03 x 2, 0.04 x 1, each no less than the one before."""
    assert holm([0.03, 0.01, 0.04, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]


def test_any_false_alarm_is_as_rare_as_one_alone() -> None:
    rng = np.random.default_rng(0)
    alarms = [min(holm(list(rng.random(12)))) <= 0.05 for _ in range(2000)]
    assert np.mean(alarms) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 2000)


def test_values_numbers_and_gaps_make_slices() -> None:
    zone = np.array(["a", "b", None, "a"] * 50, dtype=object)
    fare = np.arange(200.0)
    found = slices_of(Slices(columns=["zone", "fare"], crosses=[["zone", "fare"]]), {"zone": zone, "fare": fare})
    names = {s.name: s.n for s in found}
    assert (names["zone=a"], names["zone=missing"]) == (100, 50)
    quartiles = {"fare=0 to 49.75", "fare=over 49.75 to 99.5", "fare=over 99.5 to 149.2", "fare=over 149.2 to 199"}
    assert {name for name in names if name.startswith("fare=")} == quartiles
    assert sum(" and " in name for name in names) == 12
    assert [s.n for s in found] == sorted([s.n for s in found], reverse=True)


def asked(sizes: dict[str, int], *, worse: str = "", by: float = 0.0, **declared):
    """Both checks of a regression whose champion errs by one everywhere, and whose candidate errs less but in one."""
    rng = np.random.default_rng(1)
    zone = np.repeat(list(sizes), list(sizes.values())).astype(object)
    truth = rng.normal(0, 1, len(zone))
    sign = rng.choice([-1.0, 1.0], len(zone))
    error = np.where(zone == worse, 1.0 + by, 0.9) + rng.normal(0, 0.1, len(zone))
    gate = Gate.model_validate(
        {
            "primary": "mean_absolute_error",
            "champion": {"margin": 0.02},
            "slices": {"columns": ["zone"], "required": True, **declared},
        }
    )
    asking = Asking(gate, Predicted(truth + sign * error), truth, {"zone": zone})
    return slice_checks(asking, Predicted(truth + sign))


def test_a_required_slice_that_is_left_out_is_named_and_keeps_the_answer_open() -> None:
    open_, harmed = asked({"a": 600, "b": 500, "c": 60, "d": 4})
    assert open_.outcome is Outcome.INCONCLUSIVE
    assert open_.required
    assert "not judged, with fewer than 200 rows: zone=c (60), zone=d (4)" in open_.why
    assert open_.observed["left_out"] == [
        {"slice": "zone=c", "n": 60, "because": "small"},
        {"slice": "zone=d", "n": 4, "because": "small"},
    ]
    assert harmed.outcome is Outcome.PASS


def test_few_rows_may_be_left_out_where_that_is_declared_or_slices_only_inform() -> None:
    sizes = {"a": 600, "b": 500, "c": 60, "d": 4}
    assert asked(sizes, left_out="6%")[0].outcome is Outcome.PASS
    assert asked(sizes, left_out=0.05)[0].outcome is Outcome.INCONCLUSIVE
    informing = asked(sizes, required=False)[0]
    assert informing.outcome is Outcome.PASS
    assert "zone=d (4)" in informing.why


def test_harm_is_shown_in_a_slice_that_is_too_small_to_be_judged() -> None:
    open_, harmed = asked({"a": 600, "b": 500, "c": 60}, worse="c", by=1.0, left_out=1)
    assert open_.outcome is Outcome.PASS
    assert harmed.outcome is Outcome.FAIL
    assert "zone=c" in harmed.why


def test_below_thirty_rows_nothing_is_shown_and_nothing_passes() -> None:
    open_, harmed = asked({"a": 600, "c": 29}, worse="c", by=1.0)
    assert open_.outcome is Outcome.INCONCLUSIVE
    assert harmed.outcome is Outcome.PASS
    assert [row["slice"] for row in harmed.observed["slices"]] == ["zone=a"]


def test_slices_beyond_the_most_are_not_said_to_be_too_small() -> None:
    open_, _ = asked({f"z{k:03d}": 40 for k in range(MOST + 3)}, minimum_rows=30)
    assert open_.outcome is Outcome.INCONCLUSIVE
    assert f"not judged, beyond the {MOST} largest: " in open_.why
    assert {row["because"] for row in open_.observed["left_out"]} == {"many"}
    assert open_.observed["left_out_slices"] == 3


def test_infinities_are_missing_in_quartiles_and_lists_are_their_text() -> None:
    fare = np.append(np.arange(100.0), [np.inf, -np.inf])
    found = {part.name: part.n for part in slices_of(Slices(columns=["fare"]), {"fare": fare})}
    assert found["fare=missing"] == 2
    assert len(found) == 5
    tokens = np.empty(4, dtype=object)
    tokens[:] = [["a"], ["a"], ["b"], None]
    assert {part.n for part in slices_of(Slices(columns=["tokens"]), {"tokens": tokens})} == {1, 2}


def test_harm_is_shown_at_the_thirtieth_look_as_well_and_costs_no_more_draws() -> None:
    """What a correction asks of a bootstrap doubles with every look: at the thirtieth it would be draws without end."""
    rng = np.random.default_rng(3)
    zone = np.repeat(["a", "b"], 200).astype(object)
    truth = rng.integers(0, 2, 400)
    right = np.where(zone == "a", 0.05, 0.9), 0.9
    ours, theirs = (np.where(rng.random(400) < share, truth, 1 - truth) for share in right)
    gate = Gate(primary="f1", slices=Slices(columns=["zone"], required=True))
    asking = Asking(gate, Predicted(ours), truth, {"zone": zone}, planned(gate.champion, 29))
    assert asking.confidence == SUREST
    assert asking.resampled(zone == "a", among=2).resamples == MOST_DRAWN
    _, harmed = slice_checks(asking, Predicted(theirs))
    assert harmed.outcome is Outcome.FAIL
    assert "zone=a" in harmed.why
    assert "zone=b" not in harmed.why

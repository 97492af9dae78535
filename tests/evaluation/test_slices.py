"""Slices: how they are cut, and Holm's correction."""

from __future__ import annotations

import numpy as np
import pytest

from loopwright.declaration.gate import Slices
from loopwright.evaluation.slices import holm, slices_of


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
    assert sum(name.startswith("fare=(") and " and " not in name for name in names) == 4
    assert sum(" and " in name for name in names) == 12
    assert [s.n for s in found] == sorted([s.n for s in found], reverse=True)

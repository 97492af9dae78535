"""Batches too small to tell are looked at together with the next, until they can, and no row is asked twice."""

from __future__ import annotations

import numpy as np
import pytest

from loopwright.stages.monitor import conclude, measure_performance
from loopwright.stages.monitor.judging import too_small
from loopwright.verdict import Outcome
from support import toy as toys


@pytest.fixture
def small(house):
    """Days of 8 riders, of 60 rides each: of 20 it takes."""
    house.champion()
    house.toy.edit("include/models/tips/model.yaml", "gate: {", "gate: {groups: rider, ")
    return house


def day(house, number: int, **law) -> None:
    riders = number * 100 + np.arange(480) % 8
    house.publish(number, frame=toys.rides(number, rows=480, **law).assign(rider=riders))
    house.score(f"2024-{number:02d}")


def watch(house, number: int):
    batch = f"2024-{number:02d}"
    report = measure_performance(house.workspace, house.model, batch)
    conclude(house.workspace, house.model, batch, None, report)
    return report


def test_the_third_small_batch_tells_with_the_two_before_it_and_the_fourth_begins_anew(small):
    for number in (3, 4, 5, 6):
        day(small, number)
    first, second, third, fourth = (watch(small, number) for number in (3, 4, 5, 6))
    assert [report.outcome for report in (first, second, fourth)] == [Outcome.INCONCLUSIVE] * 3
    assert "the rows come in 8 groups, fewer than the 20" in second.why
    assert all(too_small(report.to_dict()) for report in (first, second, fourth))
    assert (third.outcome, third.n) == (Outcome.PASS, 3 * 480)
    assert "with 2 batches before it, too small to tell" in third.why
    assert fourth.n == 480
    assert measure_performance(small.workspace, small.model, "2024-05") == third


def test_a_loss_of_small_batches_is_found_and_asks_for_a_training(small):
    for number in (3, 4, 5):
        day(small, number, noise=30.0)
        report = watch(small, number)
    assert report.outcome is Outcome.FAIL
    assert small.state.request("retrain")["because"] == "performance"


def test_batches_too_small_to_tell_do_not_stand_between_those_that_told(small):
    """Two of the last two: the third and the sixth, with the ones between reckoned with the sixth."""
    small.toy.edit("include/models/tips/model.yaml", "{drop: 0.1}", "{drop: 0.1, persists: 2 of 2}")
    for number in range(3, 9):
        day(small, number, noise=30.0)
        assert (small.state.request("retrain") is None) or number == 8
        watch(small, number)
    assert small.state.request("retrain")["because"] == "performance"


def test_an_earlier_batch_without_the_column_of_groups_is_passed_over(small):
    small.publish(3, rows=480)
    small.score("2024-03")
    assert "has no column 'rider'" in watch(small, 3).why
    for number in (4, 5, 6):
        day(small, number)
    watch(small, 4), watch(small, 5)
    assert "with 2 batches before it" in watch(small, 6).why

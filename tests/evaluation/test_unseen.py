"""Rows of the holdout among those trained on: how many are a slip, how many a leak, and what is not known."""

from __future__ import annotations

import numpy as np
import pytest

from loopwright.evaluation.unseen import Seen, Unseen, unseen_checks
from loopwright.verdict import Check, Outcome


def by_row(**seen) -> Check:
    rows = Seen(**{"key": (), "n": 2000, "candidate": 0, "champion": 0, **seen})
    return unseen_checks(Unseen(["b4"], ["b1"], ["b1"], rows))[1]


@pytest.mark.parametrize("usual", [0.0, 0.3])
def test_memorised_rows_are_found_without_a_key(usual) -> None:
    """A tenth of the rows, beyond those that have a twin by nature."""
    found = round(2000 * (usual + 0.1 * (1 - usual)))
    check = by_row(candidate=found, usual=usual)
    assert check.outcome is Outcome.FAIL
    assert check.asked["at_most"] < usual + 0.06


def test_twins_that_are_usual_are_no_leak_in_few_rows_either() -> None:
    rng = np.random.default_rng(0)
    refused = [by_row(n=100, candidate=int(k), usual=0.3).outcome is Outcome.FAIL for k in rng.binomial(100, 0.3, 2000)]
    assert np.mean(refused) < 0.005
    assert by_row(n=50, candidate=1).outcome is Outcome.PASS


def test_a_candidate_of_which_nothing_was_kept_is_no_pass() -> None:
    check = by_row(key=("id",), candidate=None)
    assert check.outcome is Outcome.INCONCLUSIVE
    assert "was not kept" in check.why


def test_a_champion_of_which_nothing_is_known_is_said_and_stops_nobody() -> None:
    """It was adopted, or is older than the record; if it saw these rows it is flattered, and nothing worse gets by."""
    check = by_row(key=("id",), champion=None, champion_unknown=True)
    assert check.outcome is Outcome.PASS
    assert "what the champion was trained on is not known" in check.why
    assert "not known" not in by_row(key=("id",), champion=None).why


TIMES = {
    "by the text later, by the clock before": ("2024-04-01T23:30:00+05:00", "2024-04-01T19:00:00+00:00", Outcome.PASS),
    "by the text before, by the clock later": ("2024-04-01T18:00:00-05:00", "2024-04-01T19:00:00+00:00", Outcome.FAIL),
    "without an offset it is UTC": ("2024-04-01T18:00:00", "2024-04-01T20:00:00+01:00", Outcome.PASS),
    "the same moment": ("2024-04-01T18:00:00.000000000", "2024-04-01T20:00:00+02:00", Outcome.PASS),
    "no time": ("April", "2024-04-01", Outcome.INCONCLUSIVE),
}


@pytest.mark.parametrize("case", TIMES)
def test_times_are_compared_as_times(case) -> None:
    until, held, outcome = TIMES[case]
    (*_, check) = unseen_checks(Unseen(["b2"], ["b1"], trained_until=until, held_from=held))
    assert check.outcome is outcome, check.why


@pytest.mark.parametrize(
    ("last", "first", "says"),
    [
        ("2024-03-31", "2024-04-01", "every row trained on happened before every one held out"),
        ("2024-04-02", "2024-04-01", "by their middle rows (2024-03-15, 2024-04-15); their ends overlap"),
        (None, None, "by their middle rows (2024-03-15, 2024-04-15)"),
    ],
)
def test_what_is_proved_is_said(last, first, says) -> None:
    ends = {"trained_last": last, "held_first": first}
    asked = Unseen(["b2"], ["b1"], trained_until="2024-03-15", held_from="2024-04-15", **ends)
    (*_, check) = unseen_checks(asked)
    assert check.outcome is Outcome.PASS
    assert says in check.why

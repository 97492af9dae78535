"""Looks at a holdout: known again by batch and by rows, whatever they are called, and counted by what was asked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from loopwright.ledger.state import ModelState
from loopwright.stages.train.looks import asked_before, shared_rows, sketch_of

IDS = np.random.default_rng(0).integers(0, 2**64, 60_000, dtype=np.uint64)


def sketch(start: int, stop: int, *, keyed: bool = True) -> dict[str, Any]:
    return sketch_of(IDS[start:stop], keyed=keyed)


@pytest.mark.parametrize(
    ("ours", "theirs", "share"),
    [
        ((0, 2000), (0, 2000), 1.0),
        ((0, 2000), (2000, 4000), 0.0),
        ((0, 2000), (1000, 3000), 0.5),
        ((0, 1000), (0, 10_000), 1.0),
        ((0, 40), (20, 60), 0.5),
        ((0, 0), (0, 2000), 0.0),
    ],
)
def test_the_sketch_tells_how_many_rows_are_shared(ours, theirs, share) -> None:
    assert shared_rows(sketch(*ours), sketch(*theirs)) == pytest.approx(share, abs=0.25 if 0 < share < 1 else 0.04)


def test_rows_of_their_own_are_no_look_in_any_world() -> None:
    shares = [shared_rows(sketch(k, k + 500), sketch(k + 500, k + 1000)) for k in range(0, 60_000, 1000)]
    assert np.mean([share >= 0.05 for share in shares]) < 0.1


def judged(number: int, **more: Any) -> dict[str, Any]:
    known = {
        "artifact_digest": f"a{number}",
        "declaration_digest": "d1",
        "champion": "1",
        "holdout": ["b4"],
        "data_versions": {"b4": 1},
        "held_rows": sketch(0, 2000),
        "verdict": {"checks": [{"name": "measured"}]},
    }
    return {**known, **more}


MINE = {"artifact_digest": "a0", "declaration_digest": "d1", "holdout": ["b4"], "data_versions": {"b4": 1}}
OTHERS: dict[str, tuple[dict[str, Any], int]] = {
    "another artifact": (judged(1), 2),
    "a batch that was sent again": (judged(1, data_versions={"b4": 9}, held_rows=sketch(9000, 11_000)), 2),
    "its rows under another name": (judged(1, holdout=["b4-again"]), 2),
    "most of its rows under another name": (judged(1, holdout=["b4-again"], held_rows=sketch(500, 2500)), 2),
    "other rows": (judged(1, holdout=["b3"], held_rows=sketch(2000, 4000)), 1),
    "judged before rows were kept, other batches": (judged(1, holdout=["b3"], held_rows=None), 1),
    "the same question": (judged(0), 1),
    "the same artifact under another declaration": (judged(0, declaration_digest="d2"), 2),
    "the same artifact beside another champion": (judged(0, champion="2"), 2),
    "nothing was measured": (judged(1, verdict={"checks": [{"name": "answers"}]}), 1),
    "not judged yet": (judged(1, verdict=None), 1),
}


@pytest.mark.parametrize("case", OTHERS)
def test_what_counts_as_a_look(case) -> None:
    other, looks = OTHERS[case]
    state = ModelState("model/m", 1, {"training/t": other})
    assert 1 + len(asked_before(state, MINE, "1", sketch(0, 2000))) == looks


def test_what_was_spent_is_what_the_record_says() -> None:
    checks = [{"name": "measured", "observed": {"confidence": 0.9}}]
    entries = {"training/t": judged(1, verdict={"checks": checks}), "training/u": judged(0)}
    assert asked_before(ModelState("model/m", 1, entries), MINE, "1", sketch(0, 2000)) == [0.9]


def test_rows_that_nothing_names_may_have_twins() -> None:
    entries = {"training/t": judged(1, holdout=["b3"], held_rows=sketch(1600, 3600, keyed=False))}
    assert 1 + len(asked_before(ModelState("model/m", 1, entries), MINE, "1", sketch(0, 2000, keyed=False))) == 1
    entries = {"training/t": judged(1, holdout=["b3"], held_rows=sketch(0, 2000, keyed=False))}
    assert 1 + len(asked_before(ModelState("model/m", 1, entries), MINE, "1", sketch(0, 2000, keyed=False))) == 2

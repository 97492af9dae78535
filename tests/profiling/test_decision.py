from __future__ import annotations

import json

import pytest

from loopwright.profiling import ColumnDrift, judge_columns
from loopwright.verdict import Outcome


def columns(text: str) -> list[ColumnDrift]:
    """``d`` drifted, ``s`` steady, ``u`` unsure, ``-`` with nothing to compare."""
    outcomes = {"d": Outcome.FAIL, "s": Outcome.PASS, "u": Outcome.INCONCLUSIVE, "-": Outcome.INCONCLUSIVE}
    return [
        ColumnDrift(f"c{i}", "number", outcomes[letter], letter != "-", "", (9, 9), ()) for i, letter in enumerate(text)
    ]


@pytest.mark.parametrize(
    ("seen", "share", "outcome"),
    [
        ("ssssssssss", 0.3, Outcome.PASS),
        ("ddssssssss", 0.3, Outcome.PASS),
        ("dddsssssss", 0.3, Outcome.FAIL),
        ("ddusssssss", 0.3, Outcome.INCONCLUSIVE),
        ("dussssssss", 0.3, Outcome.PASS),
        ("uuuu", 0.3, Outcome.INCONCLUSIVE),
        ("----", 0.3, Outcome.INCONCLUSIVE),
        ("", 0.3, Outcome.INCONCLUSIVE),
        ("ds------", 0.5, Outcome.FAIL),
        ("ss------", 0.5, Outcome.PASS),
        ("ssss", 0.0, Outcome.PASS),
        ("dsss", 0.0, Outcome.FAIL),
        ("dsss", 0.25, Outcome.FAIL),
        ("ddds", 1.0, Outcome.PASS),
        ("dddd", 1.0, Outcome.FAIL),
    ],
)
def test_share_of_columns(seen, share, outcome):
    assert judge_columns(columns(seen), share).outcome is outcome


def test_it_says_which_and_how_many():
    said = judge_columns(columns("dus-"), 0.3)
    assert (said.drifted, said.unsure, said.counted) == (("c0",), ("c1",), 3)
    assert "1 of 3 columns drifted (c0), 1 cannot be told from chance" in said.why
    assert json.loads(json.dumps(said.to_dict()))["outcome"] == "fail"

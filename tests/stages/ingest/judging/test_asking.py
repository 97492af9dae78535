"""Which engine is asked: the answers do not depend on it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from loopwright.stages.ingest.judging import asking
from loopwright.stages.ingest.judging.asking import ask
from loopwright.stages.ingest.judging.suite import Suite
from loopwright.stages.ingest.stage import ingest_batch
from support.toy import Toy

FRAME = pd.DataFrame(
    {
        "n": [1, 2, 3, 3],
        "x": [0.5, np.nan, 2.5, 9.0],
        "s": ["a", None, "b", "z"],
        "gaps": pd.array([1, None, 3, 4], dtype="Int64"),
        "single": np.array([0.1, 0.2, 0.3, 0.4], dtype="float32"),
        "kind": pd.Categorical(["a", "b", "a", "b"]),
        "mixed": [1, "a", None, 2.5],
        "nothing": [None] * 4,
        "late": pd.to_datetime(["2024-01-01"] * 4).as_unit("ns"),
        "zoned": pd.to_datetime(["2024-01-01"] * 4).tz_localize("America/New_York"),
    },
    index=[1, 3, 5, 7],
)
SUITE = Suite.model_validate(
    {
        "expectations": [
            *({"type": "expect_column_values_to_not_be_null", "kwargs": {"column": name}} for name in FRAME),
            *(
                {"type": "expect_column_values_to_be_between", "kwargs": {"column": name, "max_value": 0.3}}
                for name in ("n", "x", "gaps", "single")
            ),
            *(
                {"type": "expect_column_values_to_be_between", "kwargs": {"column": name, "max_value": "2024-01-01"}}
                for name in ("late", "zoned")
            ),
            *(
                {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": name, "value_set": ["a"]}}
                for name in ("s", "kind", "mixed", "nothing")
            ),
            *({"type": "expect_column_values_to_be_unique", "kwargs": {"column": name}} for name in FRAME),
        ]
    }
)


def test_a_large_batch_is_answered_as_a_small_one_is(monkeypatch: pytest.MonkeyPatch) -> None:
    small = ask(FRAME, SUITE)
    monkeypatch.setattr(asking, "LARGE", 0)
    large = ask(FRAME, SUITE)
    assert {answer.engine for answer in small.expectations} == {"great_expectations"}
    assert {answer.engine for answer in large.expectations} == {"great_expectations", "scan"}
    for one, other in zip(small.expectations, large.expectations, strict=True):
        assert (one.success, one.unexpected_count, one.raised) == (other.success, other.unexpected_count, other.raised)
    assert large.failing.reasons() == small.failing.reasons()


def test_a_large_batch_is_ingested_by_the_scan_alone(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "LARGE", 0)
    toy.arrive(1)
    toy.arrive(2, faults=True)
    good, bad = (ingest_batch(toy.workspace, toy.rides, batch) for batch in ("2024-01", "2024-02"))
    assert (good.status, bad.status) == ("published", "quarantined")
    assert bad.verdict is not None
    assert "50 of 2,000" in bad.verdict.why()

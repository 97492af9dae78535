"""What groups of columns about people are called: nobody's value is in a check, which the ledger keeps for ever."""

from __future__ import annotations

import json

import numpy as np

from loopwright.declaration.gate import Gate, Slices
from loopwright.evaluation import Predicted
from loopwright.evaluation.asking import Asking
from loopwright.evaluation.fairness import fairness_checks
from loopwright.evaluation.slices import slice_checks
from loopwright.evaluation.slicing import slices_of

RNG = np.random.default_rng(5)
ROWS = 2000
DIAGNOSIS = np.array([*["flu", "none"] * 998, *["rare-1", "rare-1", "rare-2", "rare-3"]], dtype=object)
INCOME = np.array([*RNG.lognormal(10, 1, ROWS - 1), 98_765_432.1])
NAMED = {"diagnosis": ["flu", "none"], "income": []}
ASKED = {
    "primary": "roc_auc",
    "slices": {"columns": ["diagnosis", "income"], "minimum_rows": 100},
    "fairness": {"columns": ["diagnosis"], "limits": {"demographic_parity_difference": {"at_most": 0.5}}},
}


def asking(named):
    truth = RNG.random(ROWS) < 0.5
    score = np.clip(0.4 * truth + 0.6 * RNG.random(ROWS), 0, 1)
    candidate = Predicted((score > 0.5).astype(int), score, (0, 1))
    columns = {"diagnosis": DIAGNOSIS, "income": INCOME}
    return Asking(Gate.model_validate(ASKED), candidate, truth.astype(int), columns, named=named)


def told(named) -> str:
    asked = asking(named)
    return json.dumps([check.to_dict() for check in (*slice_checks(asked, None), *fairness_checks(asked))])


def test_groups_are_named_where_the_column_is_about_nobody():
    said = told({})
    assert "diagnosis=rare-1" in said
    assert " to 98765432" in said


def test_a_few_rows_value_and_the_ends_of_quartiles_are_not_named():
    said = told(NAMED)
    assert "rare" not in said
    assert "98765432" not in said
    assert "diagnosis=flu" in said
    assert "diagnosis=(sensitive 1) (2)" in said
    assert all(f"income=Q{number}" in said for number in (1, 2, 3, 4))


def test_groups_are_the_same_by_whatever_name():
    declared = Slices(columns=["diagnosis", "income"], crosses=[["diagnosis", "income"]])
    columns = {"diagnosis": DIAGNOSIS, "income": INCOME}
    plain, unnamed = slices_of(declared, columns), slices_of(declared, columns, NAMED)
    assert sorted(part.rows.tobytes() for part in plain) == sorted(part.rows.tobytes() for part in unnamed)
    assert not any("rare" in part.name for part in unnamed)
    assert all("(sensitive" in part.name for part in unnamed if part.n < 10)

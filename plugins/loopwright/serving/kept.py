"""Where stages find what another one kept: in a training's MLflow run, and in the table of a model's predictions."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

REFERENCE = "reference/features.parquet"
"""A sample of the training's features, and predictions for rows it had not learned from."""
REHEARSAL_ROWS, REHEARSAL_EXPECTED = "rehearsal/rows.parquet", "rehearsal/expected.parquet"
"""The golden sample: raw rows to ask a fresh process about, and the answers that they got."""
GOLDEN = "golden"
"""Under which name the sample's digest stands among a verdict's, or in the entry of a version taken over."""
CHAMPION = "champion"
"""Whose predictions they are, in the column ``_role``: a challenger's are beside them, never in their place."""
CHALLENGER = "challenger"
"""The role of a candidate that answers beside the champion, and its alias in MLflow's registry."""
TRAINED_ROWS = "lineage/identities.npy"
"""The identities of the rows that it was trained on."""
EVALUATION = "evaluation.html"
"""The gate's report, for people."""
PHASE = "phase"
"""The file beside a rehearsal's artifact that says how far its process came."""


def golden_digest(rows: Path, expected: Path) -> str:
    """Return one digest over both files of a golden sample.

    :param rows: what is asked.
    :param expected: the answers.
    :return: 64 hexadecimal digits.
    """
    both = (hashlib.sha256(path.read_bytes()).digest() for path in (rows, expected))
    return hashlib.sha256(b"".join(both)).hexdigest()

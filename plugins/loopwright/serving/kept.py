"""Where stages find what another one kept: in a training's MLflow run, and in the table of a model's predictions."""

from __future__ import annotations

REFERENCE = "reference/features.parquet"
"""A sample of the training's features, and predictions for rows it had not learned from."""
REHEARSAL_ROWS, REHEARSAL_EXPECTED = "rehearsal/rows.parquet", "rehearsal/expected.parquet"
"""Raw rows to ask a fresh process about, and the answers that they got."""
CHAMPION = "champion"
"""Whose predictions they are, in the column ``_role``: a challenger's are beside them, never in their place."""
CHALLENGER = "challenger"
"""The role of a candidate that answers beside the champion, and its alias in MLflow's registry."""
TRAINED_ROWS = "lineage/rows.npy"
"""The identities of the rows that it was trained on."""
EVALUATION = "evaluation.html"
"""The gate's report, for people."""
PHASE = "phase"
"""The file beside a rehearsal's artifact that says how far its process came."""

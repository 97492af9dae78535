"""Where a training's MLflow run keeps what its model is held against later: written once, read by other stages."""

from __future__ import annotations

REFERENCE = "reference/features.parquet"
"""A sample of the training's features, and predictions for rows it had not learned from."""
REHEARSAL_ROWS, REHEARSAL_EXPECTED = "rehearsal/rows.parquet", "rehearsal/expected.parquet"
"""Raw rows to ask a fresh process about, and the answers that they got."""

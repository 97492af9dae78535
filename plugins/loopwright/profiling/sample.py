"""A bounded, seeded sample: drift is measured on so many rows at the most, and on the same ones again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


def sampled(frame: pd.DataFrame, rows: int, seed: int = 0) -> pd.DataFrame:
    """Return at most ``rows`` rows, drawn without replacement, in their old order.

    :param frame: any frame; its index is left behind.
    :param rows: how many rows to keep at the most.
    :param seed: the same seed draws the same rows.
    """
    if len(frame) <= rows:
        return frame.reset_index(drop=True)
    kept = np.random.default_rng(seed).choice(len(frame), size=rows, replace=False)
    return frame.iloc[np.sort(kept)].reset_index(drop=True)

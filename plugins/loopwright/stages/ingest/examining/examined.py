"""What an examination comes to: the report, and the rows it speaks of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from loopwright.stages.ingest.judging.failing import FailingRows

if TYPE_CHECKING:
    import pandas as pd

    from loopwright.stages.ingest.pieces.staging import Staged
    from loopwright.stages.ingest.reading.frames import Reading
    from loopwright.stages.ingest.results import ValidationReport


@dataclass(frozen=True)
class Examined:
    """A batch that was looked at.

    :param report: what was found.
    :param frame: the rows to publish if the verdict is to: cleaned, without those that are set aside, their index the
        row numbers of the arrival; ``None`` if there are none such.
    :param reading: all rows, as read; ``None`` if they could not be.
    :param aside: the rows that are set aside while the rest is published, each with its reasons.
    :param failing: which rows fail which expectation, all of them, under the names of the checks.
    :param staged: instead of a frame, where the batch was looked at in pieces: all rows, to be published.
    """

    report: ValidationReport
    frame: pd.DataFrame | None
    reading: Reading | None = None
    aside: pd.DataFrame | None = None
    failing: FailingRows = field(default_factory=FailingRows)
    staged: Staged | None = None

"""Toy batches taken in, and what became of them: what the tests of ingest ask again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopwright.lake import Lake
from loopwright.ledger.events import Kind
from loopwright.ledger.store import Ledger
from loopwright.stages.ingest.stage import IngestResult, ingest_batch

if TYPE_CHECKING:
    import pandas as pd

    from support.toy import Toy


def ingest(toy: Toy, month: int, **how: object) -> IngestResult:
    """Ingest a month of 2024."""
    return ingest_batch(toy.workspace, toy.rides, f"2024-{month:02d}", **how)  # type: ignore[arg-type]


def kinds(toy: Toy) -> list[Kind]:
    """Return what was recorded about the dataset, in order."""
    return [event.kind for event in Ledger.of(toy.workspace).events("dataset/rides")]


def published(toy: Toy) -> pd.DataFrame:
    """Return every published row."""
    return Lake.of(toy.workspace).batches("rides").read()


def set_aside(toy: Toy) -> pd.DataFrame:
    """Return every row in quarantine."""
    return Lake.of(toy.workspace).quarantine("rides").read()


def failed(result: IngestResult) -> dict[str, str]:
    """Return the checks that failed, each with why."""
    assert result.verdict is not None
    return {check.name: check.why for check in result.verdict.checks if check.outcome == "fail"}

"""A batch of which some rows are bad: what tests of the quarantine share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from loopwright.lake import Lake
from loopwright.ledger.store import Ledger
from loopwright.stages.ingest.quarantine.ruling import Ruled, rule
from loopwright.stages.ingest.stage import IngestResult, ingest_batch
from support.toy import Toy, rides

BATCH = "2024-01"


BETWEEN, IN_SET = "expect_column_values_to_be_between(distance)", "expect_column_values_to_be_in_set(zone)"


def declared(toy: Toy, *lines: str) -> Toy:
    toy.edit("include/datasets/rides/dataset.yaml", "owner: tests", "\n".join(["owner: tests", *lines]))
    return toy


def bad(rows: int = 60, far: int = 3, odd: int = 2) -> pd.DataFrame:
    """Rows of which some are too far, some of an odd zone, and the first of these both."""
    frame = rides(1, rows=rows)
    frame.loc[: far - 1, "distance"] = -1.0
    frame.loc[far - 1 : far + odd - 2, "zone"] = "?"
    return frame


def ingest(toy: Toy, **how: Any) -> IngestResult:
    return ingest_batch(toy.workspace, toy.rides, BATCH, **how)


def decide(toy: Toy, word: Any, **how: Any) -> Ruled:
    return rule(toy.workspace, toy.rides, BATCH, word, **{"why": "Because.", "actor": "person:ada", **how})


def published(toy: Toy) -> pd.DataFrame:
    return Lake.of(toy.workspace).batches("rides").read([BATCH])


def aside(toy: Toy) -> pd.DataFrame:
    return Lake.of(toy.workspace).quarantine("rides").read([BATCH])


def kinds(toy: Toy) -> list[str]:
    return [event.kind.value for event in Ledger.of(toy.workspace).events("dataset/rides")]


def held(toy: Toy) -> list[str]:
    return sorted(path.name for path in Path(toy.workspace.lake).rglob("held/*/*"))


def killed_on_the_way(toy: Toy, monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    """Decide, and have the process go away before anything is done."""

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("loopwright.stages.ingest.quarantine.ruling.resume_batch", killed)
        with pytest.raises(KeyboardInterrupt):
            decide(toy, word)


def killed_at(patch: pytest.MonkeyPatch, at: tuple[type, str], *, before: bool) -> None:
    """Have the process go away at a writing: before it, or just after."""
    real = getattr(*at)

    def killed(*given: Any, **named: Any) -> None:
        if not before:
            real(*given, **named)
        raise KeyboardInterrupt

    patch.setattr(*at, killed)

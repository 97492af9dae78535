"""One spelling for what is meant to be the same: ``yes``, ``Y`` and `` Yes ``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loopwright.stages.ingest.cleaning.done import Done, require
from loopwright.stages.ingest.reading.conversion import to_text

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from loopwright.declaration import cleaning as steps


def spell(frame: pd.DataFrame, step: steps.Spell, _: Path) -> Done:
    """Bring texts to one spelling; values that were missing stay so and are not counted."""
    require(frame, step.columns)
    spelled = {name: _spelled(frame[name], step) for name in step.columns}
    changed = sum(int((became.ne(frame[name]) & frame[name].notna()).sum()) for name, became in spelled.items())
    return Done(frame.assign(**spelled), changed)


def _spelled(column: pd.Series[Any], step: steps.Spell) -> pd.Series[Any]:
    texts = to_text(column)
    if step.strip:
        texts = texts.str.strip().str.replace(r"\s+", " ", regex=True)
    if step.case != "keep":
        texts = getattr(texts.str, step.case)()
    said = texts.str.strip().str.casefold()
    for wanted, spellings in step.words.items():
        texts = texts.mask(said.isin([word.strip().casefold() for word in [wanted, *spellings]]), wanted)
    return texts.mask(said.isin([word.strip().casefold() for word in step.missing]))

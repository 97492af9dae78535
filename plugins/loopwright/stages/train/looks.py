"""How often a holdout was asked: counted from the ledger, whatever a batch is called or which version it came in.

Two holdouts are the same when they share a batch, or rows under whatever name. Rows are known again by a sketch: their
identities fall into bins, and of the smallest in each bin eight bits are kept. Two sets that share rows share bins in
the same measure, and no row can be told from eight bits: the ledger forgets nothing, so it must not know whom it saw.
Sources: Li, Owen & Zhang (2012) for one permutation in bins, Li & König (2010) for few bits.

What must stay true: the count is a pure function of the ledger's state, so that it can be taken again in the
transaction that records the verdict; and the same artifact is asked again once anything that it hangs on changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from loopwright.evaluation.predicted import Array
    from loopwright.ledger.state import ModelState

BINS = 128
SHARED, SHARED_UNKEYED = 0.05, 0.5
"""Share of the smaller holdout's rows from which two are one; rows that nothing names may have twins by nature."""
_NONE = "--"
_BY_CHANCE = 1 / 256


def sketch_of(ids: Array, *, keyed: bool) -> dict[str, Any]:
    """Return what is kept of a holdout to know its rows again, as plain JSON values.

    :param ids: the identities of its rows, as :func:`loopwright.stages.train.seen.identities` gives them.
    :param keyed: whether a declared key names them.
    """
    distinct = np.unique(ids)
    bins, first = np.unique(distinct >> np.uint64(64 - BINS.bit_length() + 1), return_index=True)
    kept = [_NONE] * BINS
    for number, smallest in zip(bins.tolist(), distinct[first].tolist(), strict=True):
        kept[number] = f"{smallest & 0xFF:02x}"
    return {"rows": len(distinct), "keyed": keyed, "sketch": "".join(kept)}


def shared_rows(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> float:
    """Return the estimated share of the smaller holdout's rows that are the larger one's as well.

    :param ours: the sketch of one.
    :param theirs: the sketch of the other.
    """
    pairs = [(ours["sketch"][k : k + 2], theirs["sketch"][k : k + 2]) for k in range(0, 2 * BINS, 2)]
    filled = [pair for pair in pairs if pair != (_NONE, _NONE)]
    if not ours["rows"] or not theirs["rows"]:
        return 0.0
    matched = sum(a == b for a, b in filled) / len(filled)
    alike = max(matched - _BY_CHANCE, 0.0) / (1 - _BY_CHANCE)
    common = alike / (1 + alike) * (ours["rows"] + theirs["rows"])
    return float(min(common / min(ours["rows"], theirs["rows"]), 1.0))


def asked_before(
    state: ModelState, entry: Mapping[str, Any], champion: str | None, rows: Mapping[str, Any]
) -> list[float]:
    """Return the confidence on record of each other question to a training's holdout: what was spent on it.

    Every other artifact is another question, and so is the same one under another declaration or beside another
    champion. What gave no measure was not asked.

    :param state: of the model.
    :param entry: the training as the ledger has it.
    :param champion: the version that it is compared with.
    :param rows: the sketch of its holdout.
    """
    asked = {
        _question(other, other.get("champion")): confidence
        for other in state.under("training").values()
        if other.get("artifact_digest")
        and (confidence := _measured(other)) is not None
        and _same_holdout(entry, rows, other)
    }
    asked.pop(_question(entry, champion), None)
    return list(asked.values())


def _question(entry: Mapping[str, Any], champion: str | None) -> tuple[str, str, str | None]:
    return entry["artifact_digest"], entry["declaration_digest"], champion


def _same_holdout(entry: Mapping[str, Any], rows: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    if set(entry["holdout"]) & set(other["holdout"]):
        return True
    theirs = other.get("held_rows")  # what was judged before they were kept is known by its batches alone
    if not theirs or theirs["keyed"] != rows["keyed"]:
        return False
    return shared_rows(rows, theirs) >= (SHARED if rows["keyed"] else SHARED_UNKEYED)


def _measured(entry: Mapping[str, Any]) -> float | None:
    """Return the confidence that a training was measured with; ``None`` where it was not."""
    checks = (entry.get("verdict") or {}).get("checks") or []
    found = [check for check in checks if check["name"] == "measured"]
    return float((found[0].get("observed") or {}).get("confidence", 1.0)) if found else None

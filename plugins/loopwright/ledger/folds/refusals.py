"""Candidates refused in a row: by the gate, or after it had said yes, which is taken back then."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from loopwright.ledger.folds.words import Changes, Entries

_BEFORE = "refused_before"


def passed(training: Mapping[str, Any], entries: Entries) -> tuple[dict[str, Any], Changes]:
    """Return a training that passed the gate, with how many were refused before it, and that none is refused now.

    :param training: its entry.
    :param entries: of the model.
    """
    before = _so_far(entries)
    return {**training, **({_BEFORE: before} if before else {})}, {"refusals": 0}


def refused(entries: Entries) -> Changes:
    """Return that one more was refused.

    :param entries: of the model.
    """
    return {"refusals": _so_far(entries) + 1}


def refused_after_all(version: Mapping[str, Any], entries: Entries, *, counts: bool = True) -> Changes:
    """Return that a version which passed the gate was refused after it, so that its pass ended no row of refusals.

    :param version: its entry.
    :param entries: of the model.
    :param counts: whether the refusal is one more.
    """
    training = entries.get(f"training/{version.get('training_id')}") or {}
    return {"refusals": _so_far(entries) + int(training.get(_BEFORE) or 0) + counts}


def _so_far(entries: Entries) -> int:
    return int(entries.get("refusals") or 0)

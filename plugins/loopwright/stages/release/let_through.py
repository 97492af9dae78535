"""In which words a version came through: whom the gate refused and a person let through passed nothing there.

What must stay true: wherever it is told why a version was released, it is told who decided what the gate did not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from loopwright.stages.release.conditions import known_version
from loopwright.verdict import Outcome

if TYPE_CHECKING:
    from loopwright.ledger.state import ModelState


def override_of(state: ModelState, version: str) -> Mapping[str, Any] | None:
    """Return who let a version through that the gate did not, and why; ``None`` where nobody did.

    :param state: the model's state.
    :param version: a version the ledger knows.
    """
    entry = known_version(state, version)
    training = state.training(entry.get("training_id") or "") or {}
    return training.get("override") or entry.get("override")


def who_overrode(override: Mapping[str, Any]) -> str:
    """Return the person; where somebody gave another's name, with who typed it."""
    typed_by = override.get("typed_by")
    return f"{override['by']} (typed by {typed_by})" if typed_by else str(override["by"])


def why_promoted(state: ModelState, version: str) -> str:
    """Return what a promotion rests on, in a sentence or two for the record.

    :param state: the model's state at the moment of the promotion, when everything that it asks is true.
    :param version: the version.
    """
    override = override_of(state, version)
    if override:
        said = override.get("outcome") or "no pass"
        return (
            f"Version {version} did not pass the gate, which said {said}: {who_overrode(override)} overrode it:"
            f" {override['why'].rstrip('.')}. It passed everything else that was asked of it."
        )
    entry = known_version(state, version)
    open_ones = _open(state, entry)
    if not open_ones:
        return f"Version {version} passed everything that was asked of it."
    by = (entry.get("approval") or {}).get("by")
    return (
        f"Version {version} was let through by {by}, for {' and '.join(open_ones)} could not tell."
        " It passed everything else that was asked of it."
    )


def _open(state: ModelState, entry: Mapping[str, Any]) -> list[str]:
    """Return who could not tell, and left it to a person."""
    asked = {
        "the gate": (state.training(entry["training_id"]) or {}).get("verdict"),
        "the comparison in production": (entry.get("shadow") or {}).get("verdict"),
    }
    return [who for who, said in asked.items() if said and said["outcome"] == Outcome.INCONCLUSIVE]

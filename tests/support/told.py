"""What a ledger tells of one model, in words that two ways of turning the loop can be compared by.

Left out is what may differ without a difference in meaning: times, hashes, sequences, who acted, ids that MLflow gives,
and decisions not to train (Airflow asks more often, and each "no" on a state of its own is recorded). A request of the
monitor may come while a training for new data is under way already; so its word is no part of that training's reasons.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loopwright.ledger.events import Event, Kind
from loopwright.ledger.store import Ledger

ASKED_BY_MONITOR = ("drift", "performance")
MEASURED = ("pace", "latency_ms", "rows_per_second", "memory_mb", "size_mb")
"""Checks that observe what a machine needed: time, memory, and files in which times are written."""


def told(ledger: Ledger, dataset: str, model: str) -> list[tuple[Any, ...]]:
    """Return everything that was decided about a dataset and a model, in an order that does not depend on timing."""
    events = [*ledger.events(f"dataset/{dataset}"), *ledger.events(f"model/{model}")]
    return sorted((found for event in events if (found := in_words(event))), key=repr)


def in_words(event: Event) -> tuple[Any, ...] | None:
    """Return an event as its kind, the batches that it is about, and what was decided."""
    seen = event.evidence
    if event.kind is Kind.TRAINING_DECIDED and not seen["train"]:
        return None
    batches = (*(seen.get("batches") or ()), *(seen.get("holdout") or ())) or (seen.get("batch_id"),)
    about = tuple(sorted(batch for batch in batches if batch))
    return event.kind.value, about, *_decided(event)


def _decided(event: Event) -> tuple[Any, ...]:
    seen = event.evidence
    named = ("rows", "content_digest", "version", "action", "because", "request", "refused")
    facts = {name: seen[name] for name in named if name in seen}
    if "reasons" in seen:
        facts["reasons"] = [reason for reason in seen["reasons"] if reason not in ASKED_BY_MONITOR]
    checks = (seen.get("verdict") or {}).get("checks", [])
    return repr(facts), *((one["name"], one["outcome"], _observed(one)) for one in checks)


def _observed(check: Mapping[str, Any]) -> Any:
    return "what it took" if check["name"] in MEASURED else _rounded(check["observed"])


def _rounded(value: Any) -> Any:
    """Round floats to what does not depend on how many threads summed them up."""
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, Mapping):
        return {key: _rounded(one) for key, one in value.items()}
    return [_rounded(one) for one in value] if isinstance(value, list) else value

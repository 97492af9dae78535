"""Rehearsal: a version loaded and asked as it will be served, in a fresh process, before anybody depends on it.

A fresh process has no module, no cache and no object of the training left, so what only worked there fails here. JSON
goes in and comes out; it runs in a session of its own and is ended, whole, when it takes too long. The files come from
the registry and are fetched by us: the process is told where they lie, and is given no address and no login.
"""

from __future__ import annotations

import hashlib
import json
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from loopwright.errors import CannotRun, LoopwrightError, UnknownName
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.stages.release.conditions import known_version
from loopwright.stages.release.fresh_process import FreshProcess
from loopwright.stages.release.golden import golden_of, golden_sample
from loopwright.stages.release.model_card import keep_card
from loopwright.stages.release.rehearsal_judging import judge
from loopwright.tracking import Tracking
from loopwright.verdict import Verdict

if TYPE_CHECKING:
    from loopwright.declaration import ModelSpec, Workspace
    from loopwright.ledger.state import ModelState


@dataclass(frozen=True)
class Rehearsal:
    """How a version did in its rehearsal.

    :param model: the model's name.
    :param version: the version.
    :param verdict: whether it loads, and answers as it did at its training.
    :param seconds: how long the whole took.
    :param figures: rows, rows that differ, seconds to load and to predict, latency, throughput, memory and size.
    :param held: when it was held, where that was before; ``None`` for one that was held now.
    """

    model: str
    version: str
    verdict: Verdict
    seconds: float
    figures: Mapping[str, Any]
    held: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "model": self.model,
            "version": self.version,
            "verdict": self.verdict.to_dict(),
            "seconds": self.seconds,
            "figures": dict(self.figures),
            "held": self.held,
        }


def rehearse(
    workspace: Workspace, model: ModelSpec, version: str, *, timeout: float | None = None, actor: str = "release"
) -> Rehearsal:
    """Load a version by its digest in a fresh process, let it predict the rows kept at its training, and compare.

    A model that hangs, crashes or wants more memory than it may have is a no, on record; the process is ended.

    :param version: a registered version.
    :param timeout: seconds after which the process is ended; else as declared.
    :param actor: who asks for it.
    :raises UnknownName: if there is no such version.
    :raises CannotRun: if the process was ended, the surroundings failed or this MLflow is another one; nothing is
        recorded then.
    """
    held, conditions = _held(workspace, model, version, timeout)
    verdict = held.verdict
    evidence = {"version": version, "verdict": verdict.to_dict(), "seconds": held.seconds, "figures": held.figures}
    evidence["conditions"] = conditions
    Ledger.of(workspace).record(verdict.subject, Draft(Kind.REHEARSED, actor, verdict.why(), evidence))
    keep_card(workspace, model, version)
    return held


def tried(workspace: Workspace, model: ModelSpec, version: str) -> Rehearsal:
    """Rehearse a version as :func:`rehearse` does, and record nothing of it anywhere.

    :param version: a registered version.
    :raises UnknownName: if there is no such version.
    :raises CannotRun: if the process was ended or the surroundings failed.
    """
    return _held(workspace, model, version)[0]


def _held(workspace: Workspace, model: ModelSpec, version: str, timeout: float | None = None) -> tuple[Rehearsal, str]:
    """Hold a rehearsal; with it comes the digest of what its outcome rests on."""
    state = Ledger.of(workspace).model(model.name)
    entry, champion = known_version(state, version), state.champion or {}
    seconds_at_most = timeout or model.release.rehearsal_timeout.total_seconds()
    started = time.monotonic()
    question, golden = {"memory_mb": model.release.budget.memory_mb}, golden_of(state, entry)
    imports = (entry.get("figures") or {}).get("imports") or []  # as its last rehearsal saw
    where = f"model/{model.name}, version {version}"
    answer = _answer(workspace, entry, question, golden, seconds_at_most, where, imports)
    seconds = time.monotonic() - started
    if (answer.get("fault") or {}).get("type") == UnknownName.__name__:
        Tracking.of(workspace).require_known(model.name)
    subject = f"model/{model.name}"
    before = (champion.get("figures") or {}) if champion.get("version") != version else {}
    checks = judge(answer, model.release.budget, before, golden=golden)
    verdict = Verdict("rehearsal", subject, checks, digests={"artifact": entry["artifact_digest"]})
    figures = answer.get("figures") or {}
    return Rehearsal(model.name, version, verdict, seconds, figures), _conditions(model, state, entry)


def rehearsed_before(workspace: Workspace, model: ModelSpec, version: str) -> Rehearsal | None:
    """Return the rehearsal that a version passed as it is, here as it is, and as it is declared; ``None`` without one.

    :param version: a registered version.
    :raises UnknownName: if there is no such version.
    """
    ledger, subject = Ledger.of(workspace), f"model/{model.name}"
    state = ledger.model(model.name)
    entry = known_version(state, version)
    if entry.get("rehearsal") != "pass":
        return None
    held = ledger.events(subject, kinds=[Kind.REHEARSED], newest_first=True)
    last = next(event for event in held if event.evidence["version"] == version)
    if last.evidence.get("conditions") != _conditions(model, state, entry):
        return None
    seen = last.evidence
    verdict = Verdict.from_dict(seen["verdict"])
    return Rehearsal(model.name, version, verdict, seen["seconds"], seen["figures"], held=last.at)


def _conditions(model: ModelSpec, state: ModelState, entry: Mapping[str, Any]) -> str:
    """Return one digest of all that a rehearsal's outcome rests on: nothing else could make another outcome of it."""
    budget = model.release.budget
    said = {
        "artifact": entry["artifact_digest"],
        "golden": golden_of(state, entry),
        "python": sys.version,
        "machine": platform.machine(),
        # By their folders' names, name and version: to read what each says of itself takes a quarter of a second.
        "installed": sorted(one.name for folder in sys.path for one in Path(folder).glob("*.dist-info")),
        "budget": budget.model_dump(),
        "beside": (state.champion or {}).get("version") if budget.times_champion else None,
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _answer(
    workspace: Workspace,
    entry: Mapping[str, Any],
    asked: Mapping[str, Any],
    golden: str | None,
    timeout: float,
    where: str,
    imports: Sequence[str],
) -> dict[str, Any]:
    with TemporaryDirectory(prefix="loopwright-") as folder, FreshProcess(workspace, where, imports) as process:
        try:
            question = _fetched(workspace, entry, golden, Path(folder))
        except CannotRun:
            raise
        except LoopwrightError as fault:  # the registry has no such files: nor will it have them for serving
            return {"fault": {**fault.to_dict(), "type": type(fault).__name__}}
        return process.answer({**asked, **question}, timeout)


def _fetched(workspace: Workspace, entry: Mapping[str, Any], golden: str | None, folder: Path) -> dict[str, str]:
    """Fetch what the process is asked about; whether the model's bytes are those that were judged, it looks for itself.

    :raises GoldenSampleTampered: if rows or answers are not those that were kept.
    """
    rows, expected = golden_sample(workspace, entry, golden, folder)
    files = Tracking.of(workspace).download_source(entry["source"], folder / "model")
    return {"files": str(files), "digest": entry["artifact_digest"], "rows": str(rows), "expected": str(expected)}

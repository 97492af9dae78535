"""Rehearsal: a version loaded and asked as it will be served, in a fresh process, before anybody depends on it.

A fresh process has no module, no cache and no object of the training left, so what only worked there fails here. JSON
goes in and comes out; it runs in a session of its own and is ended, whole, when it takes too long. The files come from
the registry and are fetched by us: the process is told where they lie, and is given no address and no login.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from loopwright.errors import CannotRun, LoopwrightError
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.serving.kept import REHEARSAL_EXPECTED, REHEARSAL_ROWS
from loopwright.stages.release.conditions import known_version
from loopwright.stages.release.fresh_process import FreshProcess
from loopwright.tracking import Tracking
from loopwright.verdict import Check, Outcome, Verdict

if TYPE_CHECKING:
    from loopwright.declaration import ModelSpec, Workspace

TIMEOUT = 300.0
"""Seconds after which a rehearsal is ended: most of it is imports; to fetch the files does not count."""


@dataclass(frozen=True)
class Rehearsal:
    """How a version did in its rehearsal.

    :param model: the model's name.
    :param version: the version.
    :param verdict: whether it loads, and answers as it did at its training.
    :param seconds: how long the whole took.
    :param figures: rows, seconds to load and to predict, rows that differ.
    """

    model: str
    version: str
    verdict: Verdict
    seconds: float
    figures: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "model": self.model,
            "version": self.version,
            "verdict": self.verdict.to_dict(),
            "seconds": self.seconds,
            "figures": dict(self.figures),
        }


def rehearse(
    workspace: Workspace, model: ModelSpec, version: str, *, timeout: float = TIMEOUT, actor: str = "release"
) -> Rehearsal:
    """Load a version by its digest in a fresh process, let it predict the rows kept at its training, and compare.

    :param version: a registered version.
    :param timeout: seconds after which the process is ended.
    :param actor: who asks for it.
    :raises UnknownName: if there is no such version.
    :raises CannotRun: if the process was ended or the surroundings failed; nothing is recorded then.
    """
    ledger = Ledger.of(workspace)
    entry = known_version(ledger.model(model.name), version)
    started = time.monotonic()
    answer = _answer(workspace, entry, timeout, f"model/{model.name}, version {version}")
    seconds = time.monotonic() - started
    subject = f"model/{model.name}"
    verdict = Verdict("rehearsal", subject, judge(answer), digests={"artifact": entry["artifact_digest"]})
    evidence = {"version": version, "verdict": verdict.to_dict(), "seconds": seconds}
    ledger.record(subject, Draft(Kind.REHEARSED, actor, verdict.why(), evidence))
    return Rehearsal(model.name, version, verdict, seconds, answer.get("figures") or {})


def _answer(workspace: Workspace, entry: Mapping[str, Any], timeout: float, where: str) -> dict[str, Any]:
    with TemporaryDirectory(prefix="loopwright-") as folder, FreshProcess(workspace, where) as process:
        try:
            question = _fetched(workspace, entry, Path(folder))
        except CannotRun:
            raise
        except LoopwrightError as fault:  # the registry has no such files: nor will it have them for serving
            return {"fault": {**fault.to_dict(), "type": type(fault).__name__}}
        return process.answer(question, timeout)


def _fetched(workspace: Workspace, entry: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """Fetch what the process is asked about; whether the bytes are those that were judged, it looks for itself."""
    registry = Tracking.of(workspace)
    return {
        "files": str(registry.download_source(entry["source"], folder / "model")),
        "digest": entry["artifact_digest"],
        "rows": str(registry.download(entry["run_id"], REHEARSAL_ROWS, folder)),
        "expected": str(registry.download(entry["run_id"], REHEARSAL_EXPECTED, folder)),
    }


def judge(answer: Mapping[str, Any]) -> tuple[Check, ...]:
    """Decide on what the fresh process answered.

    :param answer: ``figures`` of a rehearsal that ran, or the ``fault`` that ended it.
    """
    fault = answer.get("fault")
    if fault:
        why = f"it cannot be served: {fault['what']}" + (f" ({fault['got']})" if fault.get("got") else "")
        return (Check("loads", Outcome.FAIL, why, fault["type"], "loads and predicts"),)
    seen = answer["figures"]
    loads = Check("loads", Outcome.PASS, f"it was loaded by its digest in {seen['load_seconds']:.2g} s")
    return (loads, _same_answers(seen), _pace(seen))


def _same_answers(seen: Mapping[str, Any]) -> Check:
    rows, differ = seen["rows"], seen["differ"]
    if rows == 0:
        return Check("same_answers", Outcome.INCONCLUSIVE, "no rows were kept at its training to ask it about", n=0)
    outcome = Outcome.FAIL if differ else Outcome.PASS
    said = f"{rows - differ} of {rows} rows got the answer they got at its training"
    most = f"; the largest difference is {seen['largest']:.3g}" if differ and seen["largest"] is not None else ""
    return Check("same_answers", outcome, said + most, differ, 0, rows)


def _pace(seen: Mapping[str, Any]) -> Check:
    why = f"{seen['rows']} rows took {seen['predict_seconds']:.2g} s"
    return Check("pace", Outcome.PASS, why, seen["predict_seconds"], n=seen["rows"], required=False)

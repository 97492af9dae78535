"""A person lets through what the gate did not: with a name, a reason, and a mark that never goes away.

The verdict stays what it is; the override is an event of its own, bound to the artifact that was judged. What follows
(rehearsal, approval, release) follows as ever. What must stay true: nobody overrides anonymously or without a word.
"""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, cast

from loopwright.errors import DataFault, LoopwrightError, NotReady, UnknownName, shown_names
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.serving.kept import EVALUATION
from loopwright.stages.train.registering import Candidate, register_candidate
from loopwright.tracking import Tracking
from loopwright.verdict import Outcome, Verdict

if TYPE_CHECKING:
    from loopwright.declaration import ModelSpec, Workspace
    from loopwright.ledger.state import ModelState, State

_ANONYMOUS = re.compile(r"person:(unknown|uid-\d+)?")
_LEAST_WORDS = 8
"""Characters of a reason: enough to be one."""


class OverrideRefused(DataFault):
    """An override that must not be: nobody signs it, there is nothing to override, or it was released before."""


def override_gate(
    workspace: Workspace, model: ModelSpec, training: str | None, *, why: str, actor: str, typed_by: str | None = None
) -> Candidate:
    """Record that a person lets a judged candidate through, and register it.

    Done twice it is done once.

    :param workspace: where everything is.
    :param model: the model's declaration.
    :param training: the training's id or its MLflow run; the last that was judged when left out.
    :param why: the person's reason.
    :param actor: who decides, such as ``person:ada``.
    :param typed_by: whose hands typed it, as an actor, as the system knows; recorded where it is another.
    :raises OverrideRefused: if nobody signs it, no reason is given, or there is nothing that could be overridden.
    :raises UnknownName: if there is no such training.
    """
    _require_signed(why, actor)
    ledger = Ledger.of(workspace)
    chosen = _chosen(ledger.model(model.name), training)["training_id"]

    def decision(state: State) -> Draft | None:
        now = cast("ModelState", state)
        entry = now.training(chosen) or {}
        if entry.get("override"):
            _require_waiting(now, entry)
            return None
        verdict = _require_overridable(now, entry)
        typed = {"typed_by": typed_by} if typed_by not in (None, actor) else {}
        said = {"by": actor, "why": why.strip(), "outcome": verdict.outcome.value, "said": verdict.why()}
        evidence = {
            "training_id": chosen,
            "run_id": entry["run_id"],
            "artifact_digest": entry["artifact_digest"],
            "override": {**said, **typed},
            **typed,
        }
        return Draft(
            Kind.GATE_OVERRIDDEN, actor, f"overridden: {why.strip()} (the gate said {verdict.why()})", evidence
        )

    ledger.decide(f"model/{model.name}", decision)
    entry = ledger.model(model.name).training(chosen) or {}
    _mark(Tracking.of(workspace), entry)
    return register_candidate(workspace, model, chosen)


def _require_signed(why: str, actor: str) -> None:
    if not actor.startswith("person:") or _ANONYMOUS.fullmatch(actor):
        raise OverrideRefused(
            "An override needs a name.", got=actor, allowed="a person's", mend="Say who decides: --by NAME."
        )
    if len(why.strip()) < _LEAST_WORDS:
        raise OverrideRefused(
            "An override needs a reason.",
            got=repr(why.strip()),
            allowed=f"at least {_LEAST_WORDS} characters",
            mend="Say in --why what the gate could not know.",
        )


def _chosen(state: ModelState, training: str | None) -> dict[str, Any]:
    known: dict[str, dict[str, Any]] = state.under("training")
    judged = [entry for entry in known.values() if entry.get("verdict")]
    if training is not None:
        found = [entry for entry in known.values() if training in (entry["training_id"], entry.get("run_id"))]
        if not found:
            raise UnknownName(
                f"No training {training!r} of this model was decided.",
                where=state.subject,
                allowed=shown_names(sorted(known)) or "none yet",
            )
        return max(found, key=_place)
    if not judged:
        raise NotReady("No candidate was judged yet.", where=state.subject, mend="Train first.")
    return max(judged, key=_place)


def _place(entry: dict[str, Any]) -> int:
    return int(entry.get("sequence") or 0)


def _require_waiting(state: ModelState, entry: dict[str, Any]) -> None:
    """Refuse to say again that a version goes on, where it went on or was let go since."""
    version = state.version(str(entry.get("version"))) or {}
    if version and version["status"] != "candidate":
        stands = "is champion already" if version["status"] == "champion" else f"is {version['status']} by now"
        raise OverrideRefused(
            f"There is nothing to override: version {version['version']} {stands}; "
            f"it was overridden by {entry['override']['by']}.",
            where=f"{state.subject}, training {entry['training_id']}",
            mend="`--run ID` names another training; `loopwright history` lists them.",
        )


def _require_overridable(state: ModelState, entry: dict[str, Any]) -> Verdict:
    where = f"{state.subject}, training {entry.get('training_id')}"
    if not entry.get("verdict"):
        raise NotReady("This candidate was not judged yet.", where=where, mend="Let the gate judge it first.")
    verdict = Verdict.from_dict(entry["verdict"])
    if verdict.passed or entry.get("version"):
        said = "is registered already" if entry.get("version") else "passed the gate"
        raise OverrideRefused(f"There is nothing to override: this candidate {said}.", where=where)
    failed = {check.name for check in verdict.checks if check.outcome is Outcome.FAIL}
    if "trained" in failed or not entry.get("artifact_digest"):
        raise OverrideRefused("There is no candidate: its training failed.", where=where, got=verdict.why())
    if "another" in failed:
        raise OverrideRefused(
            "This candidate was released before.", where=where, got=verdict.why(), mend="Roll back to it instead."
        )
    return verdict


def _mark(tracking: Tracking, entry: dict[str, Any]) -> None:
    """Write the override across the report, and on the run."""
    said = entry["override"]
    tracking.log_tags(entry["run_id"], {"loopwright.override": f"{said['by']}: {said['why']}"})
    with TemporaryDirectory() as scratch:
        try:
            page = tracking.download(entry["run_id"], EVALUATION, Path(scratch)).read_text(encoding="utf-8")
        except LoopwrightError:  # judged before there were reports: the run's tag says it
            return
    typed = f" (typed by {escape(said['typed_by'])})" if said.get("typed_by") else ""
    banner = '<div class="verdict fail" id="override">'
    banner += f"<b>Overridden by {escape(said['by'])}{typed}</b><p>{escape(said['why'])}</p>"
    if 'id="override"' not in page:
        tracking.log_text(entry["run_id"], EVALUATION, page.replace("<body>", f"<body>\n{banner}</div>", 1))

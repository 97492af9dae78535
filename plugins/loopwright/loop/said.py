"""What each stage's result comes to in one word and one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from loopwright.errors import shown_names

if TYPE_CHECKING:
    from loopwright.loop.telling import Said
    from loopwright.stages.ingest.labelling import LabelsTaken
    from loopwright.stages.ingest.results import IngestResult
    from loopwright.stages.monitor import Monitored
    from loopwright.stages.release import Released, Shadow
    from loopwright.stages.score import Scored, Shadowed
    from loopwright.stages.train import Candidate, Fitted, TrainingDecision
    from loopwright.verdict import Verdict


class Judged(Protocol):
    """Anything with a verdict."""

    @property
    def verdict(self) -> Verdict:
        """The verdict."""


def ingested(result: IngestResult) -> Said:
    """Say what came of an arrival."""
    if result.verdict is None:
        return result.status, "the same bytes as before"
    why = result.verdict.why().partition(": ")[2]
    rows = f"{result.rows_published} of {result.rows_read} rows; " if result.status == "published" else ""
    if rows and result.rows_quarantined:
        rows += f"{result.rows_quarantined} set aside (`loopwright quarantine show` says why); "
    cleaned = ", ".join(f"{step.partition('.')[2]} {n}" for step, n in result.cleaned.items() if n)
    return result.status, f"{rows}{why}" + (f"; cleaned: {cleaned}" if cleaned else "")


def labelled(result: LabelsTaken) -> Said:
    """Say what came of files of labels."""
    shares = [f"{batch} {share:.0%}" for batch, share in result.covered.items()]
    of = f"rows that have one: {shown_names(shares)}" if shares else "about no row that is published yet"
    return "taken", f"{shown_names(list(result.files))}; {of}"


def decision(result: TrainingDecision) -> Said:
    """Say whether to train."""
    return ("train" if result.train else "no"), result.why


def fitted(result: Fitted) -> Said:
    """Say what was fitted."""
    metrics = ", ".join(f"{name} {_number(value)}" for name, value in result.metrics.items())
    return "fitted", f"in {result.seconds:.1f} s" + (f"; {metrics}" if metrics else "")


def judged(result: Judged) -> Said:
    """Say what a verdict is."""
    outcome, _, why = result.verdict.why().partition(": ")
    return outcome, why


def registered(result: Candidate) -> Said:
    """Say which version waits for its release."""
    return "registered", f"version {result.version}"


def released(result: Released) -> Said:
    """Say who is champion now."""
    before = f", after version {result.previous}" if result.previous and result.action == "promote" else ""
    said = result.override
    overridden = f"; the gate was overridden by {said['by']}: {said['why']}" if said else ""
    return result.status.replace("_", " "), f"version {result.version} is champion{before}{overridden}"


def scored(result: Scored) -> Said:
    """Say how many rows have a prediction."""
    return result.status, f"{result.rows} rows by version {result.version}"


def shadowed(result: Shadowed) -> Said:
    """Say how many rows the challenger answered for."""
    return result.status, f"{result.rows} rows by version {result.version}, beside the champion"


def in_shadow(result: Shadow) -> Said:
    """Say where a candidate stands beside the champion."""
    if result.verdict is None or result.status == "waits":
        return "waits", f"version {result.version} is in shadow: {result.why}"
    outcome, _, why = result.verdict.why().partition(": ")
    return outcome, f"version {result.version} beside the champion: {why}"


def monitored(result: Monitored) -> Said:
    """Say how the champion does, and what is asked for."""
    outcome, why = judged(result)
    return outcome, f"{why}; asks to {result.request}" if result.request else why


def _number(value: float) -> str:
    """Return a count whole, and a measure with the digits that matter."""
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) >= 1 else f"{value:.4g}"

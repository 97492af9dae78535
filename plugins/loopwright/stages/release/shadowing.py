"""Shadow: a rehearsed candidate answers beside the champion, and the two are compared once the labels are final.

It is state in the ledger that each run advances: begun, answered for batch by batch (the stage *score* does), judged.
Nothing waits. A newer candidate, or another champion, ends it like any candidate's waiting.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from loopwright.declaration import Project
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.serving.kept import CHALLENGER, CHAMPION
from loopwright.serving.matured import labelled_rows, labels_complete, labels_mature_at
from loopwright.stages.release.conditions import is_in_shadow, known_version, needs_shadow
from loopwright.tracking import Tracking
from loopwright.verdict import Check, OnInconclusive, Outcome, Verdict

if TYPE_CHECKING:
    import pandas as pd

    from loopwright.declaration import ModelSpec, Workspace
    from loopwright.ledger.state import ModelState, State

PHASE = "shadow"
"""How a candidate proves itself in production; a canary and shares of the traffic would be others."""
_THEN = {OnInconclusive.WAIT: "wait", OnInconclusive.ASK: "ask", OnInconclusive.REFUSE: "refuse"}


@dataclass(frozen=True)
class Shadow:
    """Where a candidate stands beside the champion.

    :param model: the model's name.
    :param version: the candidate.
    :param status: ``not needed``, ``waits``, ``due`` when the next step can be taken, what the verdict leads to:
        ``release``, ``ask`` or ``refuse``; or ``over`` when it ended without one, as for a version that was superseded.
    :param why: one sentence.
    :param verdict: the comparison, once there is one.
    """

    model: str
    version: str
    status: str
    why: str
    verdict: Verdict | None = None

    @property
    def done(self) -> bool:
        """Whether the release may go on."""
        return self.status in {"not needed", "release", "ask"}

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {**vars(self), "verdict": self.verdict.to_dict() if self.verdict else None}


def shadow(
    workspace: Workspace, model: ModelSpec, version: str, *, actor: str = "release", now: datetime | None = None
) -> Shadow:
    """Begin a candidate's shadow, or judge it when all it waits for is there; else say what it waits for.

    :param version: the candidate, after its rehearsal.
    :param actor: who does it.
    :param now: the present, when it is not now.
    :raises UnknownName: if there is no such version.
    :raises TrackingUnavailable: if the registry cannot be reached; the next run goes on from there.
    """
    moment = now or datetime.now(UTC)
    found = standing(workspace, model, version, now=moment)
    if found.status == "not needed":
        return found
    for _ in range(2):  # what was begun late may be complete at once
        if found.status != "due":
            break
        state = Ledger.of(workspace).model(model.name)
        if is_in_shadow(state, known_version(state, version)):
            ready, _ = _together(workspace, model, state, version, moment)
            _judge(workspace, model, version, ready, actor)
        else:
            _begin(Ledger.of(workspace), model, version, actor)
        found = standing(workspace, model, version, now=moment)
    project_challenger(workspace, model)
    return found if found.status != "due" else replace(found, status="waits")


def standing(workspace: Workspace, model: ModelSpec, version: str, *, now: datetime | None = None) -> Shadow:
    """Return where a candidate stands; ``due`` when :func:`shadow` has something to do. Reads only the ledger.

    :param version: a registered version.
    :param now: the present, when it is not now.
    :raises UnknownName: if there is no such version.
    """
    state = Ledger.of(workspace).model(model.name)
    entry = known_version(state, version)
    if not needs_shadow(model, state, entry):
        return Shadow(model.name, version, "not needed", "nothing is to be compared in production first")
    found = _as_recorded(state, model.name, version)
    if found.status != "waits":
        return found
    if not is_in_shadow(state, entry):
        rehearsed = entry.get("rehearsal") == "pass"
        why = "it is rehearsed, and not begun" if rehearsed else "its rehearsal comes first"
        return replace(found, status="due" if rehearsed else "waits", why=why)
    _, lacks = _together(workspace, model, state, version, now or datetime.now(UTC))
    return replace(found, status="waits" if lacks else "due", why=lacks or "both answered, and the labels are final")


def project_challenger(workspace: Workspace, model: ModelSpec) -> str | None:
    """Make the alias ``challenger`` what the ledger says; a model that never had one is not asked about.

    :return: what was done, or ``None`` where it was there.
    :raises TrackingUnavailable: if the registry cannot be reached.
    """
    ledger, tracking = Ledger.of(workspace), Tracking.of(workspace)
    said = None
    while strayed := strayed_challenger(tracking, model, ledger.model(model.name)):
        tracking.move_alias(model.name, CHALLENGER, strayed[1])
        said = put_challenger(*strayed)
        if _challenger(model, ledger.model(model.name)) == strayed[1]:
            break
    return said


def put_challenger(found: str | None, wanted: str | None) -> str:
    """Return what is done about an alias ``challenger`` that strayed, a phrase.

    :param found: the version that it is at.
    :param wanted: the one that it belongs to.
    """
    at, to = (f"version {version}" if version else "none" for version in (found, wanted))
    return f"put the challenger alias from {at} to {to}"


def strayed_challenger(tracking: Tracking, model: ModelSpec, state: ModelState) -> tuple[str | None, str | None] | None:
    """Return where the alias ``challenger`` is and where it belongs; ``None`` where it is there, or never was needed.

    :param tracking: the registry.
    :param model: the model's declaration.
    :param state: the model's state.
    :raises TrackingUnavailable: if the registry cannot be reached.
    """
    if not any("shadow" in entry for entry in state.under("version").values()):
        return None
    found, wanted = tracking.alias_of(model.name, CHALLENGER), _challenger(model, state)
    return (found, wanted) if found != wanted else None


def _begin(ledger: Ledger, model: ModelSpec, version: str, actor: str) -> None:
    # Read before the model's state is: a batch published in between counts as one that came later.
    since = ledger.dataset(model.dataset).sequence

    def decide(state: State) -> Draft | None:
        known = cast("ModelState", state)
        entry, champion = known_version(known, version), known.champion
        candidate = known.get("candidate") == version and entry.get("rehearsal") == "pass"
        if champion is None or model.release.shadow is None or not candidate or is_in_shadow(known, entry):
            return None
        wanted = model.release.shadow.batches
        why = f"Version {version} answers beside version {champion['version']} for {wanted} batches."
        evidence = {"version": version, "phase": PHASE, "champion": champion["version"], "batches": wanted}
        return Draft(Kind.SHADOW_STARTED, actor, why, {**evidence, "dataset_sequence": since})

    ledger.decide(f"model/{model.name}", decide)


def _as_recorded(state: ModelState, name: str, version: str) -> Shadow:
    entry = known_version(state, version)
    said = entry.get("shadow") or {}
    verdict = Verdict.from_dict(said["verdict"]) if said.get("verdict") else None
    if state.get("candidate") != version and said.get("then") != "refuse":
        return Shadow(name, version, "over", f"version {version} is {entry['status']}", verdict)
    if verdict is None or said["then"] == "wait":
        return Shadow(name, version, "waits", "it is not over", verdict)
    return Shadow(name, version, said["then"], verdict.why(), verdict)


_Pair = tuple[Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]]
"""A batch, the challenger's record of it, and the champion's."""


def _together(
    workspace: Workspace, model: ModelSpec, state: ModelState, version: str, now: datetime
) -> tuple[list[_Pair], str]:
    """Return what both answered for, and what is still waited for, if anything is."""
    ledger, said = Ledger.of(workspace), known_version(state, version)["shadow"]
    done: dict[str, Any] = state.shadowed(version)
    both: list[_Pair] = []
    for batch in ledger.dataset(model.dataset).since(said["dataset_sequence"]):
        ours, theirs = done.get(batch["batch_id"]) or {}, state.get(f"scored/{batch['batch_id']}") or {}
        same = ours.get("content_digest") == theirs.get("content_digest") == batch["content_digest"]
        if same and theirs["version"] == said["champion"]:
            both.append((batch, ours, theirs))
    if any("fault" in ours for _, ours, _ in both):
        return both, ""
    if len(both) < said["batches"]:
        return both, f"{len(both)} of {said['batches']} batches are answered by both"
    dataset = Project.at(workspace.project).dataset(model.dataset)
    for answered, _, _ in both:
        final = labels_mature_at(dataset, answered)
        if final > now:
            return both, f"the labels of {answered['batch_id']} are final on {final:%Y-%m-%d %H:%M} UTC"
        if not labels_complete(workspace, dataset, answered):
            lack = f"fewer than {dataset.labels.complete_at:.0%} of the rows of {answered['batch_id']} have a label yet"
            return both, lack
    return both, ""


def _judge(workspace: Workspace, model: ModelSpec, version: str, pairs: list[_Pair], actor: str) -> None:
    from loopwright.evaluation import speaks_against

    ledger = Ledger.of(workspace)
    state = ledger.model(model.name)
    entry = known_version(state, version)
    said = entry["shadow"]
    verdict = Verdict(
        PHASE,
        f"model/{model.name}",
        _checks(workspace, model, entry, known_version(state, said["champion"]), pairs),
        model.gate.on_inconclusive,
        {"artifact": entry["artifact_digest"]},
    )
    then = "release" if verdict.passed else "refuse" if verdict.refused else _THEN[verdict.on_inconclusive]
    evidence = {
        "version": version,
        "champion": said["champion"],
        "verdict": verdict.to_dict(),
        "then": then,
        "counts": then == "refuse" and speaks_against(verdict),
        "judged": len(pairs),
        "batches": {batch["batch_id"]: batch["content_digest"] for batch, _, _ in pairs},
    }

    def decide(now: State) -> Draft | None:
        challenger = cast("ModelState", now).challenger or {}
        same = challenger.get("version") == version and challenger["shadow"] == said
        return Draft(Kind.SHADOW_DECIDED, actor, verdict.why(), evidence) if same else None

    ledger.decide(f"model/{model.name}", decide)


def _checks(
    workspace: Workspace,
    model: ModelSpec,
    entry: Mapping[str, Any],
    champion: Mapping[str, Any],
    pairs: list[_Pair],
) -> tuple[Check, ...]:
    faults = {batch["batch_id"]: ours["fault"] for batch, ours, _ in pairs if "fault" in ours}
    if faults:
        batch, fault = next(iter(faults.items()))
        return (Check("answers", Outcome.FAIL, f"it could not answer for {batch}: {fault}", observed=faults),)
    import numpy as np
    import pandas as pd

    from loopwright.evaluation import judge_live
    from loopwright.evaluation.comparison import uncompared
    from loopwright.evaluation.looks import planned
    from loopwright.serving import known_labels, load_version
    from loopwright.serving.measures import own_metrics

    folder = Project.at(workspace.project).model_folder(model.name)
    rows = pd.concat([labelled_rows(workspace, model, batch) for batch, _, _ in pairs], ignore_index=True)
    groups = model.gate.groups
    if groups and groups not in rows:
        why = f"the batches have no column {groups!r}, whose equal values are declared to make rows one group"
        return uncompared(model.gate, Outcome.INCONCLUSIVE, why)
    known = known_labels(model, folder, rows)
    labelled = np.flatnonzero(known.mask)
    ours, theirs = (
        load_version(workspace, who).as_arrays(_answers(workspace, model, pairs, place, role)).take(labelled)
        for who, place, role in ((entry, 1, CHALLENGER), (champion, 2, CHAMPION))
    )
    columns = {groups: np.asarray(rows[groups])[labelled]} if groups else {}
    before = planned(model.gate.champion, entry["shadow"]["looks"])
    with own_metrics(model, folder):
        return judge_live(model.gate, ours, theirs, known.values, columns=columns, before=before, seed=model.train.seed)


def _answers(workspace: Workspace, model: ModelSpec, pairs: list[_Pair], place: int, role: str) -> pd.DataFrame:
    """Return the answers as they were given, in the order of the batches' rows."""
    import pandas as pd

    from loopwright.lake import Lake

    table = Lake.of(workspace).predictions(model.name)
    return pd.concat(
        [table.read([pair[0]["batch_id"]], version=pair[place]["table_version"], role=role) for pair in pairs],
        ignore_index=True,
    )


def _challenger(model: ModelSpec, state: ModelState) -> str | None:
    """Return who answers beside the champion; nobody does any more once that is not declared."""
    return str(state.challenger["version"]) if model.release.shadow and state.challenger else None

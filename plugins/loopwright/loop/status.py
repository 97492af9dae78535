"""How everything stands: a fold over the ledger beside what is declared, and who needs a person.

Reads the ledger, the declarations and the listing of arrivals, and nothing heavier; a broken declaration is a line of
the answer and hides no other.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from loopwright.declaration import Project
from loopwright.errors import LoopwrightError
from loopwright.ledger.events import Kind
from loopwright.ledger.state import view
from loopwright.ledger.store import Ledger
from loopwright.stages.score.waiting import scored

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loopwright.declaration import DatasetSpec, ModelSpec, Workspace
    from loopwright.ledger.state import DatasetState, ModelState, State
    from loopwright.stages.ingest.arriving.arrival import Listing


def status(workspace: Workspace, model: str | None = None) -> dict[str, Any]:
    """Return how models and datasets stand, as plain JSON values.

    :param workspace: where everything is.
    :param model: only this one, and its dataset; else all.
    :return: ``models``, ``datasets``, and ``record``: whether the ``events`` that this rests on were ``verified``, and
        the ``problems`` by subject.
    :raises UnknownName: if there is no such model.
    """
    project, ledger = Project.at(workspace.project), Ledger.of(workspace)
    names = project.model_names() if model is None else [project.model(model).name]
    read = _Read(ledger, whole=model is None)
    models = [_model(project, read, name) for name in names]
    wanted = project.dataset_names() if model is None else sorted({m["dataset"] for m in models if m["dataset"]})
    datasets = [_dataset(workspace, project, read, name) for name in wanted]
    record = read.record()
    for kind, found in (("model", models), ("dataset", datasets)):
        for one in found:
            problems = record["problems"].get(f"{kind}/{one['name']}")
            one["needs"] = [*([_tampered(one["name"], problems)] if problems else []), *one["needs"]]
    return {"models": models, "datasets": datasets, "record": record}


VERIFIED = {"all": 2_000, "one": 20_000}
"""So many events are verified at a glance, at some 30 µs each; of more it is said that they were not."""


def _tampered(name: str, problems: list[str]) -> str:
    return (
        f"the record is not what was recorded: {problems[0]} Nothing is trained or released on it; "
        f"`loopwright history {name} --verify` tells all"
    )


class _Read:
    """The ledger's states, each read once: all of them over one connection where all are asked for.

    :param whole: whether they are.
    """

    def __init__(self, ledger: Ledger, *, whole: bool) -> None:
        self._ledger, self._whole = ledger, whole
        self._known = ledger.states() if whole else {}

    def answer(self, state: ModelState) -> dict[str, Any] | None:
        """Return the no that a person, or nobody in time, said to the version that was last trained; else nothing."""
        entry = state.version(str(_came_to(state)["version"])) or {}
        said = entry.get("approval") or {}
        if said.get("answer") not in {"refused", "expired"}:
            return None
        kinds = [Kind.APPROVAL_REFUSED, Kind.APPROVAL_EXPIRED]
        last = self._ledger.events(state.subject, kinds=kinds, limit=1, newest_first=True)
        return {
            "version": entry["version"],
            **_some(said, "answer", "by", "at"),
            "why": last[0].reason if last else None,
        }

    def record(self) -> dict[str, Any]:
        """Return whether what was read is what was recorded, if that is soon found out: ``problems`` by subject."""
        events = sum(state.sequence for state in self._known.values())
        verified = events <= VERIFIED["all" if self._whole else "one"]
        problems: dict[str, list[str]] = {}
        if verified and self._whole:
            problems = self._ledger.unsound()
        elif verified:
            problems = {name: found for name in self._known if (found := self._ledger.verify(name))}
        return {"events": events, "verified": verified, "problems": problems}

    def model(self, name: str) -> ModelState:
        return cast("ModelState", self._state(f"model/{name}"))

    def dataset(self, name: str) -> DatasetState:
        return cast("DatasetState", self._state(f"dataset/{name}"))

    def _state(self, subject: str) -> State:
        if subject not in self._known:
            self._known[subject] = view(subject, 0, {}) if self._whole else self._ledger.state(subject)
        return self._known[subject]


def _model(project: Project, read: _Read, name: str) -> dict[str, Any]:
    state = read.model(name)
    stands: dict[str, Any] = {"name": name, "dataset": None, "owner": None, "broken": None, **_known(state)}
    stands["answer"] = read.answer(state)
    try:
        spec = project.model(name)
    except LoopwrightError as error:
        return {**stands, "broken": error.to_dict(), "needs": [f"the declaration is wrong: {error.what}"]}
    return {
        **stands,
        "dataset": spec.dataset,
        "owner": spec.owner,
        "shadow": stands["shadow"] if spec.release.shadow else None,
        "unscored": _unscored(spec, state, read.dataset(spec.dataset)),
        "needs": _needs(spec, state),
    }


def _known(state: ModelState) -> dict[str, Any]:
    champion, candidate, decision = state.champion, state.candidate, state.decision
    verdict = _last_judged(state)
    # What a version before it did is its own history, and says nothing about the one in production.
    version = champion and champion["version"]
    watched = _newest({batch: seen for batch, seen in state.under("monitored").items() if seen["version"] == version})
    return {
        "champion": champion and _some(champion, "version", "since", "primary", "run_id", "override", "adopted_from"),
        "candidate": candidate
        and _some(candidate, "version", "registered_at", "primary", "rehearsal", "approval", "override"),
        "gate": verdict
        and {**_some(verdict, "outcome", "why", "at", "override", "version"), **_reported(state, verdict)},
        "decision": decision and {**_some(decision, "train", "reason", "reasons", "brakes", "at"), **_came_to(state)},
        "answer": None,
        "monitored": watched and {**_some(watched, "batch_id", "version", "at"), **_outcome(watched)},
        "scored": len(state.under("scored")),
        "refusals": state.refusals,
        "requests": {what: state.request(what) for what in ("retrain", "rollback") if state.request(what)},
        "release": state.release,
        "shadow": _shadow(state),
    }


def _last_judged(state: ModelState) -> dict[str, Any] | None:
    """Return the gate's last verdict, with the override of the very training that it is about, if there was one."""
    last = state.get("last_verdict")
    if last is None:
        return None
    about = [
        entry
        for entry in state.under("training").values()
        if entry.get("verdict") and entry["verdict"] == {key: last.get(key) for key in entry["verdict"]}
    ]
    told = max(about, key=lambda entry: int(entry.get("sequence") or 0), default=None)
    override = told.get("override") if told else last.get("override")
    return {**last, "override": override, "version": told.get("version") if told else None}


def _reported(state: ModelState, verdict: Mapping[str, Any]) -> dict[str, Any]:
    """Return the training whose report tells of the last verdict; nothing where none was made."""
    made = [entry for entry in state.under("training").values() if entry.get("evaluation")]
    told = max(made, key=lambda entry: int(entry.get("sequence") or 0), default=None)
    if told is None or told["verdict"]["why"] != verdict["why"]:
        return {}
    return {"training_id": told["training_id"]}


def _shadow(state: ModelState) -> dict[str, Any] | None:
    """Return how far the challenger came: its version, and how many batches of how many it answered for."""
    challenger = state.challenger
    if challenger is None:
        return None
    said, answered = challenger["shadow"], len(state.shadowed(challenger["version"]))
    return {"version": challenger["version"], **_some(said, "phase", "champion", "batches"), "answered": answered}


def _came_to(state: ModelState) -> dict[str, Any]:
    """Return how far the training that was last decided came: a word, and its version where it has one."""
    training = state.training((state.decision or {}).get("training_id") or "") or {}
    version = state.version(str(training.get("version"))) or {}
    word = _CAME_TO.get(version.get("status") or training.get("status") or "")
    return {"came_to": word, "version": version.get("version")}


_CAME_TO = {
    "decided": "not finished",
    "trained": "not finished",
    "gate:pass": "not finished",
    "gate:fail": "refused",
    "gate:inconclusive": "cannot tell yet",
    "candidate": "waits for release",
    "rejected": "refused",
    "superseded": "superseded",
    "champion": "in production",
    "retired": "was in production",
    "rolled_back": "rolled back",
    "removed": "removed",
}
"""Where a training, or the version that it made, stands."""


def _needs(spec: ModelSpec, state: ModelState) -> list[str]:
    """Return why a person is needed, a sentence each; nothing when the loop turns by itself."""
    needs = []
    candidate, champion = state.candidate, state.champion
    if candidate and not _before_its_shadow_is_over(spec, state, candidate):
        needs += _approval(spec, state, candidate)
    if state.refusals >= spec.retrain.refusals:
        needs.append(f"{state.refusals} candidates in a row were refused; only a person starts another training")
    if failed := _failure(state):
        needs.append(f"the last training failed: {failed}")
    if state.request("rollback") and not state.previous:
        needs.append("a roll back is asked for, and there is no earlier champion")
    if state.release:
        needs.append(f"the release of version {state.release['version']} is not finished; the next run finishes it")
    needs += _untold(state)
    found = state.get("alias_found")
    if champion and champion.get("lost", "") > (found or {}).get("at", ""):
        needs.append(f"version {champion['version']} is champion, and MLflow has it no more: roll back")
    if found and champion and found["at"] > champion["since"]:
        needs.append(f"somebody moved the champion alias to {found['found']}")
    return needs


def _before_its_shadow_is_over(spec: ModelSpec, state: ModelState, candidate: dict[str, Any]) -> bool:
    if spec.release.shadow is None:
        return False
    from loopwright.stages.release.conditions import is_still_to_prove

    return is_still_to_prove(spec, state, candidate)


def _untold(state: ModelState) -> list[str]:
    if not state.under("outbox"):
        return []
    from loopwright.stages.release.outbox import undelivered

    return [f"not told yet, and tried again each run: {said}" for said in undelivered(state)]


def _failure(state: ModelState) -> str | None:
    """Return why the last training came to nothing at all; it is not tried again until something changes."""
    checks = (state.get("last_verdict") or {}).get("checks") or []
    return next((check["why"] for check in checks if check["name"] == "trained" and check["outcome"] == "fail"), None)


def _approval(spec: ModelSpec, state: ModelState, candidate: dict[str, Any]) -> list[str]:
    """Return that a person's yes is missing, asked as the release itself asks it."""
    from loopwright.stages.release.consent import missing

    why = missing(spec, state, candidate, datetime.now(UTC))
    if why is None:
        return []
    version = candidate["version"]
    return [f"version {version} waits for approval: {why}; `loopwright approve {spec.name} {version} --why …`"]


def _unscored(spec: ModelSpec, state: ModelState, dataset: DatasetState) -> int:
    if spec.score is None or state.champion is None:
        return 0
    return sum(scored(state, batch) is None for batch in dataset.published())


def _dataset(workspace: Workspace, project: Project, read: _Read, name: str) -> dict[str, Any]:
    state = read.dataset(name)
    published = state.published()
    quarantined = state.set_aside()
    stands: dict[str, Any] = {
        "name": name,
        "owner": None,
        "broken": None,
        "waiting": None,
        "batches": len(published),
        "rows": sum(batch["rows"] for batch in published),
        "last_batch": published[-1]["batch_id"] if published else None,
        "quarantined": {a["batch_id"]: {"why": a["reason"], "at": a["at"], "report": a["report"]} for a in quarantined},
        "needs": [f"batch {a['batch_id']} is quarantined: {a['reason'].removeprefix('fail: ')}" for a in quarantined],
    }
    try:
        spec = project.dataset(name)
        found = _waiting(workspace, spec)
        stands |= {"owner": spec.owner, "waiting": [arrival.batch_id for arrival in found.arrivals]}
        stands["needs"] += [f"{one.name} cannot be taken in: {one.fault.what}" for one in found.refused]
    except LoopwrightError as error:
        stands |= {"broken": error.to_dict(), "needs": [_named(error), *stands["needs"]]}
    return stands


def _named(error: LoopwrightError) -> str:
    """Say what keeps a dataset from being looked at, and where it is."""
    return error.what if error.where is None or "\n" in error.what else f"{error.what} ({error.where})"


def _waiting(workspace: Workspace, spec: DatasetSpec) -> Listing:
    from loopwright.stages.ingest.arriving.waiting import waiting

    return waiting(workspace, spec)


def _newest(entries: dict[str, Any]) -> dict[str, Any] | None:
    found: dict[str, Any] | None = max(entries.values(), key=lambda entry: entry["sequence"], default=None)
    return found


def _outcome(monitored: dict[str, Any]) -> dict[str, Any]:
    return _some(monitored["verdict"], "outcome", "why")


def _some(entry: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: entry.get(key) for key in keys}

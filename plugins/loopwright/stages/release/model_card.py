"""The model card of a version: what it is for, what it learned from, how it was judged, who let it go where.

Everything on it is read from the declaration and the ledger, so it can be written again at any time and says the same.
After Mitchell et al., "Model Cards for Model Reporting" (2019).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from loopwright.errors import UnknownName, counted
from loopwright.ledger.store import Ledger
from loopwright.stages.release.card_page import ModelCard, Section
from loopwright.stages.release.conditions import known_version
from loopwright.stages.release.let_through import override_of, who_overrode

if TYPE_CHECKING:
    from loopwright.declaration import ModelSpec, Workspace
    from loopwright.ledger.events import Event
    from loopwright.ledger.state import ModelState

_MARKS = {"pass": "✓", "fail": "✗", "inconclusive": "?", "not_applicable": "–"}


def card_for(workspace: Workspace, model: ModelSpec, version: str) -> ModelCard:
    """Return a version's card as things stand.

    :param workspace: where everything is.
    :param model: the model's declaration.
    :param version: a registered version.
    :raises UnknownName: if there is no such version.
    """
    ledger = Ledger.of(workspace)
    state = ledger.model(model.name)
    entry = known_version(state, version)
    names = ("version", entry["version"]), ("training_id", entry.get("training_id"))  # the gate judges before there is
    about = [e for e in ledger.events(state.subject) if any(e.evidence.get(key) == value for key, value in names)]
    return card_of(model, state, version, about)


def keep_card(workspace: Workspace, model: ModelSpec, version: str) -> None:
    """Write a version's card beside it, in the MLflow run that made it: ``model_card.md`` and ``model_card.html``.

    :param workspace: where everything is.
    :param model: the model's declaration.
    :param version: a registered version; one whose run was deleted in MLflow has no place for a card.
    :raises UnknownName: if there is no such version.
    :raises TrackingUnavailable: if MLflow cannot be reached.
    """
    from loopwright.tracking import Tracking

    entry = known_version(Ledger.of(workspace).model(model.name), version)
    card = card_for(workspace, model, version)
    tracking = Tracking.of(workspace)
    try:
        tracking.log_text(entry["run_id"], "model_card.md", card.markdown())
        tracking.log_text(entry["run_id"], "model_card.html", card.html())
    except UnknownName:
        return


def card_of(model: ModelSpec, state: ModelState, version: str, about: Sequence[Event]) -> ModelCard:
    """Return a version's card.

    :param model: the model's declaration.
    :param state: the model's state.
    :param version: a registered version.
    :param about: the events that are about this version, in order.
    """
    entry = known_version(state, version)
    training = state.training(entry.get("training_id") or "") or {}
    checks = (training.get("verdict") or {}).get("checks") or []
    override = override_of(state, version)
    rehearsed = next((e.evidence["verdict"] for e in reversed(about) if e.kind == "rehearsed"), None)
    sections = [
        _purpose(model, entry),
        _data(model, entry, training),
        Section(
            "How it was judged",
            _judged(entry, training),
            ("", "check", "what was found", "n"),
            _rows(checks, _general),
            warned=_overridden(override),
        ),
        Section(
            "Slices and fairness", _none(checks, _groups), ("", "check", "what was found", "n"), _rows(checks, _groups)
        ),
        _serving(rehearsed),
        _limits(entry, checks, override),
        _lineage(entry, training),
        Section("Decisions", (), ("when", "what", "by", "why"), [_decision(event) for event in about]),
    ]
    return ModelCard(f"{model.name}, version {version}", sections)


def _purpose(model: ModelSpec, entry: Mapping[str, Any]) -> Section:
    rows = [
        ("owner", model.owner),
        ("task", model.task.replace("_", " ")),
        ("answers for rows of", model.dataset),
        ("label", model.label),
        ("status", str(entry.get("status"))),
    ]
    purpose = model.description or "The declaration does not say what it is for (`description`)."
    return Section("Purpose", [purpose], ("", ""), rows)


def _data(model: ModelSpec, entry: Mapping[str, Any], training: Mapping[str, Any]) -> Section:
    learned, held = entry.get("batches") or [], entry.get("holdout") or []
    rows = [
        ("dataset", f"{model.dataset}, version {training.get('data_version', 'unknown')} of its table"),
        ("learned from", f"{counted(len(learned), 'batch')}: {_span(learned)}"),
        ("judged on", f"{counted(len(held), 'batch')}: {_span(held)}"),
        ("digest of the rows", str(training.get("data_digest") or "unknown")),
        ("features", model.features if isinstance(model.features, str) else ", ".join(model.features)),
    ]
    return Section("Data", (), ("", ""), rows)


def _judged(entry: Mapping[str, Any], training: Mapping[str, Any]) -> list[str]:
    primary = entry.get("primary") or {}
    said = []
    if primary.get("value") is not None:
        interval = ""
        if primary.get("low") is not None and primary.get("high") is not None:
            sure = f" ({primary['confidence']:.0%})" if primary.get("confidence") else ""
            interval = f", between {primary['low']:.4g} and {primary['high']:.4g}{sure}"
        n = f" on {primary['n']:,} rows" if primary.get("n") else ""
        said.append(f"{primary['metric']}: {primary['value']:.4g}{interval}{n} that it had not learned from.")
    verdict = training.get("verdict") or {}
    live = (entry.get("shadow") or {}).get("verdict") or {}
    said += [f"In production, beside the champion: {live['why']}."] if live else []
    return [*said, f"The gate said {verdict['why']}." if verdict.get("why") else "No gate judged it."]


def _overridden(override: Mapping[str, Any] | None) -> list[str]:
    """Say who let it through; the verdict above stays what it is."""
    if not override:
        return []
    at = f" at {_minute(override['at'])}" if override.get("at") else ""
    return [f"The gate was overridden by {who_overrode(override)}{at}: {override['why']}"]


def _serving(rehearsed: Mapping[str, Any] | None) -> Section:
    if rehearsed is None:
        return Section("Serving", ["It was not rehearsed yet."])
    rows = _rows(rehearsed.get("checks") or [], lambda _: True)
    return Section(
        "Serving", [f"Its rehearsal said {rehearsed.get('why')}."], ("", "check", "what was found", "n"), rows
    )


def _limits(
    entry: Mapping[str, Any], checks: Sequence[Mapping[str, Any]], override: Mapping[str, Any] | None
) -> Section:
    failed = [check for check in checks if check["outcome"] == "fail"]
    said = [
        "It knows only what its batches held: rows of other times, places or kinds are beyond what was judged.",
        *[f"Not decided: {check['why']}." for check in checks if check["outcome"] == "inconclusive"],
        *[f"Found, and not held against it: {check['why']}." for check in failed if not check["required"]],
        *[f"Not known: {missing}." for missing in entry.get("missing") or []],
    ]
    if not override:
        return Section("Limits", said)
    asked = [check["why"] for check in failed if check["required"]]
    warned = [f"Refused by the gate, and let through by {who_overrode(override)}: {why}." for why in asked]
    return Section("Limits", said, warned=warned or ["The gate did not let it through; a person did."])


def _lineage(entry: Mapping[str, Any], training: Mapping[str, Any]) -> Section:
    theirs = entry.get("adopted_from")
    rows = [
        *([("taken over from", theirs), ("digest of what was", str(entry.get("source_digest")))] if theirs else []),
        ("artifact digest", str(entry.get("artifact_digest"))),
        ("MLflow run", str(entry.get("run_id"))),
        ("training", str(entry.get("training_id"))),
        ("why it was trained", str(training.get("reason") or "unknown")),
        ("code digest", str(training.get("code_digest") or "unknown")),
        ("declaration digest", str(training.get("declaration_digest") or "unknown")),
        ("parameters", ", ".join(f"{k}={v}" for k, v in (training.get("params") or {}).items()) or "none"),
        ("compared with", f"version {training['champion']}" if training.get("champion") else "no champion"),
    ]
    return Section("Lineage", (), ("", ""), rows)


def _general(check: Mapping[str, Any]) -> bool:
    return not _groups(check)


def _groups(check: Mapping[str, Any]) -> bool:
    return str(check["name"]).partition(":")[0] in {"slice", "slices", "fairness"}


def _none(checks: Sequence[Mapping[str, Any]], of_kind: Any) -> list[str]:
    if not checks:
        return ["No gate judged it, so none were looked at."]
    return [] if any(of_kind(check) for check in checks) else ["None were declared, so none were looked at."]


def _rows(checks: Sequence[Mapping[str, Any]], of_kind: Any) -> list[list[str]]:
    return [
        [
            _MARKS[check["outcome"]],
            f"{check['name']}{'' if check['required'] else ' (advisory)'}",
            str(check["why"]),
            f"{check['n']:,}" if check.get("n") is not None else "",
        ]
        for check in checks
        if of_kind(check)
    ]


def _decision(event: Event) -> list[str]:
    return [_minute(event.at), event.kind.value.replace("_", " "), event.who, event.reason]


def _span(batches: Sequence[str]) -> str:
    return "none" if not batches else batches[0] if len(batches) == 1 else f"{batches[0]} to {batches[-1]}"


def _minute(at: str) -> str:
    return at[:16].replace("T", " ")

"""The question to a person before a release: whether there is one, and the evidence that the person is shown.

What must stay true: the evidence is that of the version asked about, the very verdict whose digest the answer is bound
to, whatever else was judged in the meantime.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from loopwright.declaration.fields import duration_text
from loopwright.errors import counted
from loopwright.ledger.store import Ledger
from loopwright.stages.release.approval import record_approval
from loopwright.stages.release.conditions import known_version
from loopwright.stages.release.consent import is_needed, is_over, void

if TYPE_CHECKING:
    from loopwright.declaration import ModelSpec, Workspace


@dataclass(frozen=True)
class Question:
    """What a person is asked.

    :param version: the version that would be promoted.
    :param state: ``ask``, or why there is nothing to ask: ``not needed``, ``given already``, ``asked elsewhere``.
    :param body: the question, as Markdown.
    """

    version: str
    state: str
    body: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


def ask_person(
    workspace: Workspace,
    model: ModelSpec,
    version: str,
    *,
    asker: str,
    on_behalf_of: str | None = None,
    now: datetime | None = None,
) -> Question:
    """Find out whether a person has to be asked about a version, and record that one is.

    :param workspace: where everything is.
    :param model: the model's declaration.
    :param version: the version that would be promoted.
    :param asker: who asks, as an actor: ``run:<id>``.
    :param on_behalf_of: the person who started it, as an actor, who may not be the one to answer.
    :param now: the present, when it is not now.
    :raises UnknownName: if there is no such version.
    :raises ReleaseRefused: if the version is no longer the candidate.
    """
    state = Ledger.of(workspace).model(model.name)
    entry = known_version(state, version)
    moment = now or datetime.now(UTC)
    found = question_state(model, entry, asker=asker, now=moment, void=void(model, state, entry, moment))
    if found == "ask":
        said = "A person is asked."
        record_approval(workspace, model, version, "asked", asker, said, on_behalf_of=on_behalf_of, now=moment)
    verdict = (state.training(entry["training_id"]) or {}).get("verdict") or {}
    return Question(version, found, question_body(model, entry, verdict, state.champion))


def question_state(spec: ModelSpec, entry: Mapping[str, Any], *, asker: str, now: datetime, void: str | None) -> str:
    """Tell whether a person has to be asked about a version.

    :param spec: the model's declaration.
    :param entry: what the ledger knows of the version.
    :param asker: this run, as it would be recorded.
    :param now: the current time.
    :param void: why the yes that stands counts for nothing, if it does not.
    """
    if not is_needed(spec, entry):
        return "not needed"
    said = entry.get("approval") or {}
    if said.get("answer") == "given" and void is None:
        return "given already"
    if said.get("answer") == "asked" and said.get("by") != asker and not is_over(spec, said, now):
        return "asked elsewhere"
    return "ask"


def question_body(
    spec: ModelSpec, entry: Mapping[str, Any], verdict: Mapping[str, Any], champion: Mapping[str, Any] | None = None
) -> str:
    """Return what a person needs to know to answer, as Markdown.

    :param spec: the model's declaration.
    :param entry: what the ledger knows of the version.
    :param verdict: the gate's verdict about this version.
    :param champion: what the ledger knows of the version in production, if there is one.
    """
    checks = sorted(verdict.get("checks", []), key=lambda check: _FIRST.get(check["outcome"], len(_FIRST)))
    version = entry.get("version")
    return "\n".join(
        [
            f"**{spec.name}** version {version}, trained on {counted(len(entry.get('batches') or []), 'batch')};"
            f" {_reached(entry)} on the rows held out. {_in_production(champion)}",
            "",
            *_overridden(entry),
            f"The gate says: {_cell(verdict.get('why', 'nothing is recorded'))}",
            *_in_shadow(entry),
            "",
            "| check | outcome | why |",
            "|---|---|---|",
            *(_row(check) for check in checks),
            "",
            f"A yes promotes it, a no ends it, and no answer within {duration_text(spec.release.timeout)} is a no. The"
            f" gate's whole report is behind the button of the task `gate` in `{spec.name}.train`, and on Loopwright's"
            f" page (Browse); `loopwright card {spec.name} --version {version}` prints the model card.",
        ]
    )


_FIRST = {"fail": 0, "inconclusive": 1, "pass": 2}
"""What speaks against a version is read before what speaks for it."""


def _row(check: Mapping[str, Any]) -> str:
    advisory = "" if check.get("required", True) else " (advisory)"
    return f"| {check['name']}{advisory} | {check['outcome'].replace('_', ' ')} | {_cell(check['why'])} |"


def _in_production(champion: Mapping[str, Any] | None) -> str:
    if champion is None:
        return "There is no champion yet."
    return f"In production is version {champion['version']} ({_reached(champion)} when it was judged, on other rows)."


def _reached(entry: Mapping[str, Any]) -> str:
    primary = entry.get("primary") or {}
    value = primary.get("value")
    return f"{primary.get('metric')} {'unknown' if value is None else format(value, '.4g')}"


def _in_shadow(entry: Mapping[str, Any]) -> list[str]:
    said = (entry.get("shadow") or {}).get("verdict")
    return ["", f"In production, beside the champion: {_cell(said['why'])}"] if said else []


def _overridden(entry: Mapping[str, Any]) -> list[str]:
    said = entry.get("override")
    return [f"**Overridden by {said['by']}**: {_cell(said['why'])}", ""] if said else []


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")

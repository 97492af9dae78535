"""What a pull request changes about its own judging: the declaration that judges it is part of it.

Loosening a gate may well be right, and no other code can tell; but nobody should find out afterwards. So each change
is named, with what the base's own gate would have said of the same answers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from loopwright.errors import LoopwrightError, shown, shown_names
from loopwright.verdict import Check, Outcome

if TYPE_CHECKING:
    from pathlib import Path

    from loopwright.declaration import ModelSpec, Project

JUDGED_BY = ("task", "label", "gate", "ci")
"""The parts of a declaration that say what a pull request is asked."""
CHANGED = "declaration"
"""What the check about such a change is called, behind the model's."""


def change_check(project: Project, name: str, against: Project | None, instead: str | None = None) -> Check | None:
    """Say whether this code changes what it is judged by; it refuses nobody, for a person is to see it.

    :param project: the project.
    :param name: the model's name.
    :param against: another checkout of it; without one nothing is said.
    :param instead: what the base's gate says of the same answers, where it was asked.
    """
    if against is None or name not in against.model_names():
        return None
    about = f"gate:model/{name}:{CHANGED}"
    try:
        before, after = against.model(name), project.model(name)
    except LoopwrightError as error:
        why = f"whether it is judged by what the base declares cannot be told: {error.what}"
        return Check(about, Outcome.INCONCLUSIVE, why, required=False)
    changes = dict(declared_changes(before, after))
    files = _sample_changes(before, against.model_folder(name), after, project.model_folder(name))
    if not changes and not files:
        return Check(about, Outcome.PASS, "it is judged by what the base declares, on the same rows", required=False)
    said = [f"{key}: {shown(was)} → {shown(now)}" for key, (was, now) in changes.items()]
    said += [f"sample: {file}" for file in files]
    why = f"this change alters what it is judged by: {shown_names(said)}" + (f". {instead}" if instead else "")
    observed = {"changes": {key: list(pair) for key, pair in changes.items()}, "sample": files}
    return Check(about, Outcome.INCONCLUSIVE, why, observed, required=False)


def is_notice(check: Check) -> bool:
    """Whether a check only tells a person of such a change: it is no answer of the data's that could not be given."""
    return check.name.endswith(f":{CHANGED}") and check.outcome is not Outcome.PASS


def gone_checks(project: Project, against: Project) -> Iterator[Check]:
    """Yield a check for each model that the base declares and this code does not."""
    for name in sorted(set(against.model_names()) - set(project.model_names())):
        why = "the base declares this model and this code does not, so nothing was asked of it"
        yield Check(f"gate:model/{name}:{CHANGED}", Outcome.INCONCLUSIVE, why, required=False)


def declared_changes(before: ModelSpec, after: ModelSpec) -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Yield each key that says what is asked, with its value before and after, where the two differ.

    :param before: the base's declaration.
    :param after: this one's.
    """
    was, now = (dict(_flat(spec.model_dump(mode="json", include=set(JUDGED_BY)))) for spec in (before, after))
    for key in sorted(was.keys() | now.keys()):
        if was.get(key) != now.get(key):
            yield key, (was.get(key), now.get(key))


def _flat(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from _flat(inner, f"{key}.{name}" if key else str(name))
    else:
        yield key, value


def _sample_changes(before: ModelSpec, base: Path, after: ModelSpec, folder: Path) -> list[str]:
    """Return which files of the sample are new, gone or other than the base's."""
    was, now = _digests(before, base), _digests(after, folder)
    words = {True: "changed", False: "gone"}
    return [
        f"{file} {'new' if file not in was else words[file in now]}"
        for file in sorted(was.keys() | now.keys())
        if was.get(file) != now.get(file)
    ]


def _digests(spec: ModelSpec, folder: Path) -> dict[str, str]:
    if spec.ci is None:
        return {}
    files = (path for path in folder.glob(spec.ci.sample) if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

"""Judges a project before it goes anywhere: declarations, suites, the folders' own tests, a training on a sample.

The verdict is recorded with the digest of the code that it judged. Nothing here touches the lake or MLflow.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from loopwright.declaration import Project
from loopwright.declaration.code import code_digest
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.loop.checks import declaration_checks, declared
from loopwright.loop.gate_changes import gone_checks
from loopwright.loop.own_tests import folder_tests
from loopwright.loop.smoke import smoke_check
from loopwright.loop.trial import trial_checks
from loopwright.verdict import Check, Outcome, Verdict

if TYPE_CHECKING:
    from loopwright.declaration import Workspace


def check_project(
    workspace: Workspace,
    model: str | None = None,
    *,
    against: Project | None = None,
    actor: str = "ci",
    on_check: Callable[[Check], None] | None = None,
) -> Verdict:
    """Judge a project, and record the verdict.

    :param workspace: where everything is.
    :param model: only this model and its dataset; else everything that is declared.
    :param against: another checkout of it, whose models are compared with on the declared samples.
    :param actor: who asked.
    :param on_check: told of every check as it falls.
    :raises UnknownName: if there is no such model.
    """
    project = Project.at(workspace.project)
    if model is not None:
        project.model(model)
    things = declared(project, model)
    checks = []
    for check in _checks(workspace, project, things, against, model):
        checks.append(check)
        if on_check:
            on_check(check)
    digest = _digest(project, things)
    subject = f"model/{model}" if model else "project"
    verdict = Verdict("ci", subject, tuple(checks), digests={"code": digest})
    # Of two projects on one ledger, both are the subject `project`: each verdict says whose it is.
    evidence = {"project": project.path.name, "verdict": verdict.to_dict(), "code_digest": digest}
    Ledger.of(workspace).record(subject, Draft(Kind.CI_JUDGED, actor, verdict.why(), evidence))
    return verdict


def _checks(
    workspace: Workspace,
    project: Project,
    things: list[tuple[str, str]],
    against: Project | None,
    model: str | None,
) -> Iterator[Check]:
    for kind, name in things:
        sound = True
        for check in declaration_checks(workspace, project, kind, name):
            sound = sound and check.outcome is not Outcome.FAIL
            yield check
        folder = project.dataset_folder(name) if kind == "dataset" else project.model_folder(name)
        yield folder_tests(folder, f"{kind}/{name}")
        if kind == "model" and sound:
            yield smoke_check(workspace, project, name)
            yield from trial_checks(workspace, project, name, against)
    if against is not None and model is None:
        yield from gone_checks(project, against)


def _digest(project: Project, things: list[tuple[str, str]]) -> str:
    digest = hashlib.sha256()
    for kind, name in things:
        folder = project.dataset_folder(name) if kind == "dataset" else project.model_folder(name)
        digest.update(f"{kind}/{name}\0{code_digest(folder)}\0".encode())
        for path in sorted(folder.glob("*.yaml")):
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()

"""Says whether what a team declared is right: the YAML, its suite, the functions and columns that it names.

Each question is a check of its own, answered as it falls, so that one broken declaration hides no other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from loopwright.declaration.cleaning import Apply
from loopwright.declaration.code import code_of, load_function
from loopwright.declaration.fields import is_entrypoint
from loopwright.errors import LoopwrightError, UnknownName, counted, shown_names
from loopwright.ledger.store import Ledger
from loopwright.verdict import Check, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from loopwright.declaration import ModelSpec, Project, Workspace


def declared(project: Project, name: str | None = None) -> list[tuple[str, str]]:
    """Return what is declared as (kind, name), datasets first; with a name only that and what it stands on.

    :param project: the project.
    :param name: a dataset's or a model's; a model brings its dataset along when its declaration can be read.
    :raises UnknownName: if nothing is called that; the nearest is said.
    """
    datasets, models = project.dataset_names(), project.model_names()
    if name is None:
        return [("dataset", d) for d in datasets] + [("model", m) for m in models]
    chosen = [("dataset", name)] if name in datasets else []
    if name in models:
        below = _dataset_of(project, name)
        chosen += [("dataset", below)] if below and below != name else []
        chosen.append(("model", name))
    if not chosen:
        near = get_close_matches(name, [*datasets, *models], n=1)
        raise UnknownName(
            f"Neither a dataset nor a model is called {name!r}.",
            allowed=shown_names([*datasets, *models]) or "nothing is declared yet",
            mend=f"Did you mean {near[0]!r}?" if near else f"`loopwright new dataset {name}` starts one.",
        )
    return chosen


def declaration_checks(workspace: Workspace, project: Project, kind: str, name: str) -> Iterator[Check]:
    """Yield the checks of one declaration; the first that fails is the last where the rest depends on it.

    :param workspace: for what is known of the published columns.
    :param project: the project.
    :param kind: ``dataset`` or ``model``.
    :param name: its name.
    """
    if kind == "dataset":
        yield from _dataset_checks(project, name)
    else:
        yield from _model_checks(workspace, project, name)


def asked(name: str, question: Callable[[], str]) -> Check:
    """Answer one question: its sentence when it passes, the error's parts when it does not.

    :param name: the check's name.
    :param question: returns why it passes, or raises.
    """
    try:
        return Check(name, Outcome.PASS, question())
    except LoopwrightError as error:
        return Check(name, Outcome.FAIL, str(error), observed=error.to_dict())


def _dataset_checks(project: Project, name: str) -> Iterator[Check]:
    about = f"dataset/{name}"
    read = asked(f"declaration:{about}", lambda: f"batches from {project.dataset(name).arrivals or 'a query'}")
    yield read
    if read.outcome is not Outcome.PASS:
        return
    spec, folder = project.dataset(name), project.dataset_folder(name)
    if spec.expectations:
        suite = folder / spec.expectations
        yield asked(f"expectations:{about}", lambda: _suite(suite))
    functions = [step.function for step in spec.clean if isinstance(step, Apply)]
    if functions:
        yield asked(f"code:{about}", lambda: _functions(functions, folder))


def _model_checks(workspace: Workspace, project: Project, name: str) -> Iterator[Check]:
    about = f"model/{name}"
    read = asked(f"declaration:{about}", lambda: f"{project.model(name).task} on {project.model(name).dataset}")
    yield read
    if read.outcome is not Outcome.PASS:
        return
    spec, folder = project.model(name), project.model_folder(name)
    named = [spec.label, *([spec.features] if isinstance(spec.features, str) else []), *spec.train.entrypoints]
    yield asked(f"code:{about}", lambda: _functions([word for word in named if is_entrypoint(word)], folder))
    yield _columns_check(workspace, project, spec)


def _suite(path: Path) -> str:
    from loopwright.stages.ingest.judging.suite import check_suite

    suite = check_suite(path)
    return counted(len(suite.expectations), "expectation")


def _functions(entrypoints: list[str], folder: Path) -> str:
    with code_of(folder):
        for entrypoint in entrypoints:
            load_function(entrypoint, folder)
    return f"{', '.join(dict.fromkeys(entrypoints))} can be imported"


def _columns_check(workspace: Workspace, project: Project, spec: ModelSpec) -> Check:
    """Hold declared columns against those of the last published batch; without one there is nothing to hold against."""
    name = f"columns:model/{spec.name}"
    published = Ledger.of(workspace).dataset(spec.dataset).published()
    columns: Mapping[str, Any] = published[-1].get("columns") or {} if published else {}
    wanted = [] if spec.label_is_function or _labels_come_apart(project, spec.dataset) else [spec.label]
    wanted += spec.features if isinstance(spec.features, list) else []
    if not columns or not wanted:
        why = "no batch is published yet" if wanted else "label and features are no columns of a batch"
        return Check(name, Outcome.NOT_APPLICABLE, why, required=False)
    absent = [column for column in wanted if column not in columns]
    if not absent:
        return Check(name, Outcome.PASS, f"{', '.join(wanted)}: in the last batch", n=len(wanted))
    near = get_close_matches(absent[0], columns, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else f"; there are {shown_names(list(columns))}"
    return Check(name, Outcome.FAIL, f"{spec.dataset} has no column {absent[0]!r}{hint}", observed=absent)


def _labels_come_apart(project: Project, dataset: str) -> bool:
    try:
        return bool(project.dataset(dataset).labels.arrivals)
    except LoopwrightError:  # what is wrong with it is said of it
        return False


def _dataset_of(project: Project, model: str) -> str | None:
    try:
        return project.model(model).dataset
    except LoopwrightError:
        return None

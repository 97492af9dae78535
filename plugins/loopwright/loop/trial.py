"""The gate in a pull request: this code's model, trained and judged on a declared sample, beside another checkout's.

The rows are files of the project, cleaned as ingest would, so neither lake nor MLflow nor a published batch is needed.
The newest part is held out, and asked what the gate asks in production but for what a sample on a shared machine cannot
tell; that is named in the verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from loopwright.declaration.code import code_of
from loopwright.errors import DeclarationError, LoopwrightError, shown_names
from loopwright.loop.gate_changes import change_check
from loopwright.loop.sample import as_arrival, cleaned, sample_files
from loopwright.verdict import Check, Outcome, Verdict

if TYPE_CHECKING:
    import pandas as pd

    from loopwright.declaration import ModelSpec, Project, Workspace
    from loopwright.evaluation import Predicted
    from loopwright.evaluation.predicted import Array
    from loopwright.stages.train.snapshot import Learnable

NOT_ASKED = (
    "a gain over the base (code may change at equal quality), latency (another machine's clock), the worth of features,"
    " the choice among entrypoints and the search for parameters (the first is taken, as declared), how often the rows"
    " were asked"
)
"""What the gate asks of a candidate and not of a pull request."""
_OF_A_LEDGER = "looks"
"""A question to the record of a holdout, which a sample has none of."""
HELD_OUT = 0.25
"""Of the rows, where the sample is one file; else the last file is held out."""


def trial_checks(workspace: Workspace, project: Project, name: str, against: Project | None = None) -> Iterator[Check]:
    """Yield what the gate says of a model's code on its declared sample; nothing where none is declared.

    :param workspace: where the ledger is.
    :param project: the project.
    :param name: the model's name; its declaration can be read.
    :param against: another checkout of the project, whose code is the champion here.
    """
    spec = project.model(name)
    about = f"gate:model/{name}"
    if spec.ci is None:
        changed = change_check(project, name, against)
        if changed is not None and changed.outcome is not Outcome.PASS:
            yield changed
        return
    try:
        rows = _Sample.of(workspace, project, spec)
        ours = _answered(project, spec, rows)
        theirs, fault = _others(against, name, rows)
        checks = _asked(project, spec, rows, ours, theirs, fault)
    except LoopwrightError as error:
        yield Check(f"{about}:answers", Outcome.FAIL, str(error), observed=error.to_dict())
        return
    for check in (check for check in checks if check.name != _OF_A_LEDGER):
        yield replace(check, name=f"{about}:{check.name}")
    yield Check(f"{about}:not_asked", Outcome.NOT_APPLICABLE, f"not asked here: {NOT_ASKED}", required=False)
    changed = change_check(project, name, against, _by_the_base(against, name, rows, ours, theirs, fault))
    if changed is not None:
        yield changed


def _by_the_base(
    against: Project | None,
    name: str,
    rows: _Sample,
    ours: _Answered,
    theirs: _Answered | None,
    fault: str | None,
) -> str | None:
    """Return what the base's gate says of this code's answers; nothing where there is no base to ask."""
    if against is None or name not in against.model_names():
        return None
    try:
        checks = _asked(against, against.model(name), rows, ours, theirs, fault)
    except LoopwrightError as error:
        return f"The base's gate could not be asked of it: {error.what}"
    return f"By the base's gate: {Verdict('gate', f'model/{name}', tuple(checks)).why()}"


@dataclass(frozen=True)
class _Sample:
    """The declared rows: older ones to learn from, the newest to be judged on."""

    learned: pd.DataFrame
    held: pd.DataFrame

    @classmethod
    def of(cls, workspace: Workspace, project: Project, spec: ModelSpec) -> _Sample:
        import pandas as pd

        assert spec.ci is not None  # noqa: S101 - asked by the only caller
        folder = project.model_folder(spec.name)
        files = sample_files(project, spec)
        if not files:
            raise DeclarationError(
                "The sample that the model declares for its pull requests is not there.",
                where=f"model {spec.name}, ci.sample",
                got=spec.ci.sample,
                allowed=shown_names(sorted(p.name for p in folder.iterdir())),
                mend="Keep a few thousand rows beside the model, as files of the dataset's format.",
            )
        frames = [cleaned(workspace, project, spec.dataset, as_arrival(path)) for path in files]
        if len(frames) > 1:
            return cls(pd.concat(frames[:-1], ignore_index=True), frames[-1])
        cut = int(len(frames[0]) * (1 - HELD_OUT))
        return cls(frames[0].iloc[:cut].reset_index(drop=True), frames[0].iloc[cut:].reset_index(drop=True))


@dataclass(frozen=True)
class _Answered:
    """What one code's model says of the newest rows, and what it says it from.

    :param truth: of those that it finds a label for: those of the features' index.
    :param answers: for these.
    :param features: of these.
    :param learned: what it was fitted on.
    :param made: what its code makes of raw rows.
    """

    truth: Array
    answers: Predicted
    features: pd.DataFrame
    learned: Learnable
    made: Callable[[pd.DataFrame], pd.DataFrame]

    def simple(self, spec: ModelSpec) -> dict[str, Predicted]:
        """Return the answers of the simple models that a declaration wants to be fitted."""
        if "linear" not in spec.gate.baselines or self.features.empty:
            return {}
        from loopwright.stages.train.simple import linear

        return {"linear": linear(spec.task, self.learned, self.features, spec.train.seed)}


def _answered(project: Project, spec: ModelSpec, rows: _Sample) -> _Answered:
    """Train a model's first entrypoint on the older rows, and let it answer for the newest."""
    from loopwright.serving.measures import own_metrics
    from loopwright.serving.predictor import answers_by, arrays_of
    from loopwright.serving.rows import features_of, known_labels
    from loopwright.serving.served import conformed
    from loopwright.stages.train.learning import learn
    from loopwright.stages.train.snapshot import learnable

    folder = project.model_folder(spec.name)
    with own_metrics(spec, folder), code_of(folder):
        known = known_labels(spec, folder, rows.held)
        older = learnable(spec, folder, rows.learned)
        learned = learn(spec, folder, older, spec.train.entrypoints[0], spec.train.params)
        card = learned.card.to_dict()
        features = conformed(features_of(spec, folder, rows.held), card)
        answers = answers_by(learned.estimator, features, card, folder, f"model {spec.name}").loc[known.mask]
    return _Answered(
        known.values,
        arrays_of(answers, card["classes"]),
        features.loc[known.mask],
        older,
        lambda raw: features_of(spec, folder, raw).reindex(columns=list(features.columns)),
    )


def _others(against: Project | None, name: str, rows: _Sample) -> tuple[_Answered | None, str | None]:
    """Return what the other checkout's model answers for the same rows, or why it cannot."""
    if against is None or name not in against.model_names():
        return None, None
    try:
        return _answered(against, against.model(name), rows), None
    except LoopwrightError as error:
        return None, f"{error.what} ({error.got})"


def _asked(
    project: Project, spec: ModelSpec, rows: _Sample, ours: _Answered, theirs: _Answered | None, fault: str | None
) -> Sequence[Check]:
    """Ask one declaration's gate of this code's answers, beside those of another's.

    :param project: where the declaration is, with the code of its own metrics.
    """
    from loopwright.evaluation import Beside, Unseen, judge
    from loopwright.serving.measures import own_metrics
    from loopwright.stages.train.examining import absent_check, looked_at, named_of
    from loopwright.stages.train.seen import identities, rows_seen

    if theirs is not None and not theirs.features.index.equals(ours.features.index):
        theirs, fault = None, "its code finds labels for other rows"
    kept, key = rows.held.loc[ours.features.index], project.dataset(spec.dataset).key
    seen, _ = rows_seen(identities(kept, key), key, np.sort(identities(rows.learned, key)), None)
    features = {str(n): np.asarray(c) for n, c in ours.features.items()}
    looked = looked_at(spec, kept)
    named = named_of(looked, project.dataset(spec.dataset))
    beside = Beside(looked, features, ours.simple(spec), named=named)
    # A change of code must do no harm; it need not be a better model. Clocks of a shared runner tell nothing.
    champion = spec.gate.champion.model_copy(update={"better": False})
    asked = spec.model_copy(update={"gate": spec.gate.model_copy(update={"latency": None, "champion": champion})})
    with own_metrics(spec, project.model_folder(spec.name)):
        judged = judge(
            asked,
            ours.answers,
            theirs.answers if theirs else None,
            ours.truth,
            unseen=Unseen(["the newest rows"], ["the older rows"], rows=seen),
            champion_fault=fault,
            beside=beside,
            seed=spec.train.seed,
        )
    return (*judged, *absent_check(spec, ours.made, rows.held))

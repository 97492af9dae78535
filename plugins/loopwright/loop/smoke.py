"""Trains a model's code on a handful of real rows, to find in seconds what a training would find in hours.

It needs neither MLflow nor a published batch: the rows are those that :mod:`loopwright.loop.sample` finds.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from loopwright.declaration.code import code_of
from loopwright.errors import DeclarationError, LoopwrightError
from loopwright.loop.sample import rows_to_try
from loopwright.verdict import Check, Outcome

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from loopwright.declaration import ModelSpec, Project, Workspace

ROWS = 1000
"""Rows trained on at the most."""
FEW = 200
"""Rows that label and features are tried on."""


def smoke_check(workspace: Workspace, project: Project, name: str) -> Check:
    """Train each of a model's entrypoints on a sample, and let it answer.

    :param workspace: where arrivals and lake are.
    :param project: the project.
    :param name: the model's name; its declaration can be read.
    """
    about, spec = f"smoke:model/{name}", project.model(name)
    try:
        rows = rows_to_try(workspace, project, spec, ROWS)
        if rows is None:
            return Check(about, Outcome.NOT_APPLICABLE, "no batch with labels is there to train on", required=False)
        started = time.monotonic()
        for entrypoint in spec.train.entrypoints:
            _train(spec, project.model_folder(name), rows, entrypoint)
    except LoopwrightError as error:
        return Check(about, Outcome.FAIL, str(error), observed=error.to_dict())
    why = f"trained on {len(rows)} rows and answered, in {time.monotonic() - started:.1f} s"
    return Check(about, Outcome.PASS, why, n=len(rows))


def tried_check(workspace: Workspace, project: Project, name: str) -> Check:
    """Call a model's label and features on a few rows, where there are any; nothing is trained.

    :param workspace: where arrivals and lake are.
    :param project: the project.
    :param name: the model's name; its declaration can be read.
    """
    from loopwright.stages.train.snapshot import learnable

    about, spec = f"answers:model/{name}", project.model(name)
    try:
        project.dataset(spec.dataset)
    except DeclarationError:
        why = f"the declaration of dataset {spec.dataset} is wrong: label and features were not called"
        return Check(about, Outcome.NOT_APPLICABLE, why, required=False)
    try:
        rows = rows_to_try(workspace, project, spec, FEW)
        if rows is None:
            why = "no batch with labels is there: label and features were not called"
            return Check(about, Outcome.NOT_APPLICABLE, why, required=False)
        known = learnable(spec, project.model_folder(name), rows)
    except LoopwrightError as error:
        return Check(about, Outcome.FAIL, str(error), observed=error.to_dict())
    what = f"label and features answered for {len(rows)} rows, {len(known.labels)} of them with a label"
    return Check(about, Outcome.PASS, f"{what}; `loopwright ci` trains as well", n=len(rows))


def _train(spec: ModelSpec, folder: Path, rows: pd.DataFrame, entrypoint: str) -> None:
    from loopwright.serving.predictor import answers_by
    from loopwright.serving.served import conformed
    from loopwright.stages.train.learning import learn
    from loopwright.stages.train.snapshot import learnable

    with code_of(folder):
        known = learnable(spec, folder, rows)
        learned = learn(spec, folder, known, entrypoint, spec.train.params)
        card = learned.card.to_dict()
        answers_by(learned.estimator, conformed(known.features, card), card, folder, f"model {spec.name}")

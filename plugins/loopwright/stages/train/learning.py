"""Fitting one estimator: the team's entrypoint, called with the parameters it takes and seeded."""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from loopwright.declaration.code import load_function, raised_by
from loopwright.declaration.metrics import metric as named
from loopwright.declaration.quoting import cause, dataset_of
from loopwright.declaration.sensitive import readable, shy_of
from loopwright.errors import LoopwrightError, UserCodeFailed
from loopwright.serving.card import Card
from loopwright.serving.served import conformed
from loopwright.stages.train.environment import imported_modules
from loopwright.stages.train.recalibrating import older_rows, recalibrated

if TYPE_CHECKING:
    import pandas as pd

    from loopwright.declaration import ModelSpec
    from loopwright.stages.train.snapshot import Learnable


@dataclass(frozen=True)
class Learned:
    """A fitted estimator.

    :param estimator: as the entrypoint gave it, fitted.
    :param card: what it was fitted on.
    """

    estimator: Any
    card: Card


def learn(spec: ModelSpec, folder: Path, rows: Learnable, entrypoint: str, params: Mapping[str, Any]) -> Learned:
    """Fit an estimator. What pickles it must happen in the same ``code_of`` block: call this inside one.

    An entrypoint that names ``features`` and ``labels`` among its parameters is given them and returns a fitted
    model of any framework; any other returns an unfitted estimator. One that names ``random_state`` (or ``seed``)
    is given the declared seed.

    :param spec: the model's declaration.
    :param folder: its code.
    :param rows: to learn from.
    :param entrypoint: ``module:function``.
    :param params: its keyword arguments.
    :raises UserCodeFailed: if it raises, or what it returns cannot be used.
    """
    classes = [] if spec.task == "regression" else sorted(np.unique(rows.labels).tolist())
    modules = sorted({*imported_modules(folder), *spec.train.types})
    about = dataset_of(folder)
    shy = shy_of(rows.features.columns, readable(about)) if about else []
    more: dict[str, Any] = {"classes": classes, "seed": spec.train.seed, "modules": modules, "shy": shy}
    card = Card.of(model=spec.name, task=spec.task, declared=spec.features, features=rows.features, **more)
    features = conformed(rows.features, card.to_dict())
    build = load_function(entrypoint, folder)
    _seed(spec.train.seed)
    where = f"model {spec.name}, train.entrypoint {entrypoint}"
    step = spec.train.recalibrate
    older = older_rows(step, rows.labels)
    first = (features, rows) if older.all() else (features[older].reset_index(drop=True), rows.take(older))
    estimator = _fitted(build, *first, _accepted(build, params, spec), where, folder)
    if step is not None:
        newest = features[~older].reset_index(drop=True)
        estimator = recalibrated(step, _require_usable(spec, estimator, where), newest, rows.labels[~older], where)
    return Learned(_require_usable(spec, estimator, where), card)


def _fitted(
    build: Callable[..., Any],
    features: pd.DataFrame,
    rows: Learnable,
    params: Mapping[str, Any],
    where: str,
    folder: Path,
) -> Any:
    try:
        if {"features", "labels"} <= set(_named(build)):
            return build(features=features, labels=rows.labels, **params)
        estimator = build(**params)
        if not callable(getattr(estimator, "fit", None)):
            return estimator
        fitted = estimator.fit(features, rows.labels)
    except LoopwrightError:
        raise
    except Exception as error:  # noqa: BLE001 - raised again, in words that may be repeated
        mend = "Try it by hand on a sample: the folder's own tests are the place."
        raise raised_by("The training", f"{where} ({len(rows.labels)} rows)", folder, error, mend=mend) from cause(
            error, folder
        )
    return estimator if fitted is None else fitted


def _accepted(build: Callable[..., Any], params: Mapping[str, Any], spec: ModelSpec) -> dict[str, Any]:
    seeds: dict[str, Any] = {name: spec.train.seed for name in ("random_state", "seed") if name in _named(build)}
    return {**seeds, **params}


def _named(build: Callable[..., Any]) -> list[str]:
    try:
        return list(inspect.signature(build).parameters)
    except (TypeError, ValueError):  # a built-in or a class without a signature
        return []


def _require_usable(spec: ModelSpec, estimator: Any, where: str) -> Any:
    if not callable(getattr(estimator, "predict", None)):
        raise UserCodeFailed(
            "The entrypoint did not return an estimator.",
            where=where,
            got=type(estimator).__name__,
            allowed="an object with fit and predict",
        )
    asked = [spec.gate.primary, *spec.gate.thresholds]
    scored = [name for name in asked if named(name).needs == "score"]
    if scored and not hasattr(estimator, "predict_proba"):
        raise UserCodeFailed(
            f"The gate asks for {scored[0]}, which needs probabilities, and the estimator gives none.",
            where=where,
            got=type(estimator).__name__,
            mend="Return one with predict_proba (CalibratedClassifierCV adds it), or ask for a metric of classes.",
        )
    return estimator


def _seed(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)

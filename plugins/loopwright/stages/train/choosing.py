"""Which entrypoint, with which parameters: answered on the newest training rows, never on the holdout."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from loopwright.declaration.model import Choices
from loopwright.errors import UserCodeFailed
from loopwright.evaluation.metrics import gain, metric_value
from loopwright.serving.predictor import answers_by, arrays_of
from loopwright.serving.served import conformed
from loopwright.stages.train.learning import learn

if TYPE_CHECKING:
    from loopwright.declaration import ModelSpec
    from loopwright.declaration.model import Range, Tune
    from loopwright.evaluation.predicted import Array
    from loopwright.stages.train.snapshot import Learnable

NEWEST_SHARE = 0.2
"""Of the rows, where there is one batch only."""


@dataclass(frozen=True)
class Trial:
    """One way to train, tried.

    :param entrypoint: ``module:function``.
    :param params: its parameters.
    :param value: the primary metric on the validation rows; ``None`` when nothing was tried, or it is not defined.
    :param number: counted from 1 in the order of trying.
    """

    entrypoint: str
    params: Mapping[str, Any]
    value: float | None = None
    number: int = 0


Tell = Callable[[Trial], None]


def choose(
    spec: ModelSpec,
    folder: Path,
    rows: Learnable,
    params: Mapping[str, Any],
    *,
    fixed: tuple[str, ...] = (),
    tell: Tell | None = None,
) -> Trial:
    """Return the best way to train; the only declared one when there is no choice.

    :param spec: the model's declaration.
    :param folder: its code.
    :param rows: the training rows; their newest batch (or fifth) is what the others are validated on.
    :param params: declared parameters.
    :param fixed: parameters that a person gave: they are not searched.
    :param tell: told of each trial.
    """
    entrypoints, tune = spec.train.entrypoints, spec.train.tune
    if len(entrypoints) == 1 and tune is None:
        return Trial(entrypoints[0], dict(params))
    newest = newest_rows(rows)
    if not newest.any() or newest.all() or (spec.task != "regression" and len(np.unique(rows.labels[~newest])) < 2):
        return Trial(entrypoints[0], dict(params))
    attempt = _Attempt(spec, folder, rows.take(~newest), rows.take(newest), tell)
    tried: list[Trial] = []
    for entrypoint in entrypoints:
        ways = _searched(attempt, entrypoint, params, tune, fixed) if tune else [attempt(entrypoint, params)]
        tried.extend(ways)
    known = [trial for trial in tried if trial.value is not None]
    return max(known, key=lambda t: gain(spec.gate.primary, t.value), default=tried[0])


def newest_rows(rows: Learnable) -> Array:
    """Return which training rows the others are validated on: the last batch, or the last fifth of the only one."""
    last: Array = rows.batch == rows.batch[-1]
    if not last.all():
        return last
    return np.arange(len(last)) >= len(last) * (1 - NEWEST_SHARE)


@dataclass
class _Attempt:
    """Trains one way on the older rows and measures it on the newest."""

    spec: ModelSpec
    folder: Path
    older: Learnable
    newest: Learnable
    tell: Tell | None
    count: int = 0

    def __call__(self, entrypoint: str, params: Mapping[str, Any]) -> Trial:
        learned = learn(self.spec, self.folder, self.older, entrypoint, params)
        card = learned.card.to_dict()
        where = f"model {self.spec.name}, train.entrypoint {entrypoint}, trial {self.count + 1}"
        answers = answers_by(learned.estimator, conformed(self.newest.features, card), card, self.folder, where)
        value = metric_value(self.spec.gate.primary, self.newest.labels, arrays_of(answers, card["classes"]))
        self.count += 1
        trial = Trial(entrypoint, dict(params), value if math.isfinite(value) else None, self.count)
        if self.tell:
            self.tell(trial)
        return trial


def _searched(
    attempt: _Attempt, entrypoint: str, params: Mapping[str, Any], tune: Tune, fixed: tuple[str, ...]
) -> list[Trial]:
    """Search one entrypoint's parameters with Optuna's seeded TPE; the declared ones are the first trial."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    spec = attempt.spec
    space = {name: given for name, given in tune.space.items() if name not in fixed}
    share = max(1, tune.trials // len(spec.train.entrypoints))
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=spec.train.seed), direction="maximize")
    if space and set(space) <= set(params):
        study.enqueue_trial({name: params[name] for name in space}, skip_if_exists=True)
    done: list[Trial] = []
    faults: list[UserCodeFailed] = []

    def objective(suggest: optuna.Trial) -> float:
        chosen = {name: suggested(suggest, name, given) for name, given in space.items()}
        try:
            done.append(attempt(entrypoint, {**params, **chosen}))
        except UserCodeFailed as fault:  # some parameters may not go together; that all fail is another matter
            faults.append(fault)
            raise optuna.TrialPruned from fault
        if done[-1].value is None:
            raise optuna.TrialPruned
        return float(gain(spec.gate.primary, done[-1].value))

    timeout = tune.timeout.total_seconds() / len(spec.train.entrypoints)
    study.optimize(objective, n_trials=share if space else 1, timeout=timeout)
    if not done:
        raise faults[-1]
    return done


def suggested(trial: Any, name: str, given: Range | Choices) -> Any:
    """Return Optuna's suggestion for a declared range or list.

    :param trial: an ``optuna.Trial``.
    :param name: the parameter.
    :param given: as declared.
    """
    if isinstance(given, Choices):
        return trial.suggest_categorical(name, list(given.choices))
    whole = given.integer
    if whole is None:
        whole = float(given.low).is_integer() and float(given.high).is_integer()
    if whole:
        return trial.suggest_int(name, int(given.low), int(given.high), log=given.log)
    return trial.suggest_float(name, given.low, given.high, log=given.log)

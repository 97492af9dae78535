"""A team's own metrics: a cost or a value of each answer, made by a function of theirs, known while a block lasts."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loopwright.declaration.code import code_of, load_function
from loopwright.declaration.metrics import Metric, known_besides
from loopwright.declaration.quoting import cause, said
from loopwright.errors import LoopwrightError, UserCodeFailed

if TYPE_CHECKING:
    from loopwright.declaration import ModelSpec

_GIVEN = ("truth", "prediction", "score")


@contextmanager
def own_metrics(spec: ModelSpec, folder: Path) -> Iterator[None]:
    """Make the metrics that a model declares known by their names, for the length of a ``with`` block.

    :param spec: the model's declaration.
    :param folder: its code, or an artifact's copy of it.
    :raises UserCodeFailed: if a function cannot be imported.
    """
    if not spec.gate.metrics:
        yield
        return
    found = {}
    with code_of(folder):
        for name, own in spec.gate.metrics.items():
            function = _checked(load_function(own.function, folder), f"model {spec.name}, gate.metrics.{name}", folder)
            # Not of classes as such: how many rows of each it needs is not ours to say.
            tasks = frozenset({spec.task, "own"})
            found[name] = Metric(name, tasks, own.greater_is_better, own.needs, function)
    with known_besides(found):
        yield


def _checked(function: Callable[..., Any], where: str, folder: Path) -> Callable[..., Any]:
    """Return a function that is given what it names, and whose faults say whose they are."""
    named = [name for name in _GIVEN if name in inspect.signature(function).parameters]

    def values(**given: Any) -> Any:
        try:
            return function(**{name: given[name] for name in named})
        except LoopwrightError:
            raise
        except Exception as error:  # noqa: BLE001 - raised again, in words that may be repeated
            raise UserCodeFailed(
                f"The metric raised {type(error).__name__}.",
                where=where,
                got=said(error, folder),
                allowed=f"a function of {', '.join(_GIVEN)} (arrays), or of some of them",
            ) from cause(error, folder)

    return values

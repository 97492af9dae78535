"""The fresh process of a rehearsal: ``python -m`` this. It imports no MLflow, and as little as serving needs.

Its arguments name packages that the model will want, as its last rehearsal saw: they are imported while the question
is still on its way, for importing takes longer than all the rest.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from loopwright.serving import asked as process
from loopwright.serving import measuring

if TYPE_CHECKING:
    import pandas as pd

RELATIVE, ABSOLUTE = 1e-6, 1e-9
"""How far two answers may differ: the order of a sum, not the model."""
_AHEAD: list[str] = []
"""Packages that were imported before the question came."""


def main() -> None:
    """Read the question, rehearse, write the answer."""
    process.answer(_rehearsed, _prepared)


def _prepared() -> None:
    import_module("loopwright.serving.artifact")
    for package in sys.argv[1:]:
        with suppress(Exception):  # whoever needs it says better what is wrong with it
            import_module(package)
            _AHEAD.append(package)


def answered(question: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``figures``, a ``fault`` of the model's, or a ``failure`` of the surroundings.

    :param question: ``files``, the folder of the artifact; its ``digest``; ``rows`` and ``expected``, two Parquet
        files: what to ask, and the answers at the training; ``memory_mb``, what it may use beyond the libraries.
    """
    return process.answered(_rehearsed, question)


def _rehearsed(question: Mapping[str, Any]) -> dict[str, Any]:
    files, rows, expected = (Path(question[name]) for name in ("files", "rows", "expected"))
    return rehearsed(files, question["digest"], rows, expected, question.get("memory_mb"))


def rehearsed(files: Path, digest: str, rows: Path, expected: Path, memory_mb: float | None = None) -> dict[str, Any]:
    """Load a version, compare its answers with those of its training, and measure what they cost.

    :return: ``rows``, ``differ``, ``largest`` difference, ``load_seconds``, ``predict_seconds``, and as
        :mod:`loopwright.serving.measuring` gives them ``latency_p50_ms``, ``latency_p95_ms``, ``rows_per_second``,
        ``memory_mb``, ``size_mb``, ``environment`` and ``imports``; ``signature``, where it is not kept to.
    """
    import pandas as pd

    from loopwright.serving.artifact import load
    from loopwright.serving.signature import departures

    asked, before = pd.read_parquet(rows), pd.read_parquet(expected)
    size, environment = measuring.size_mb(files), measuring.differing_environment(files)
    measuring.hand_over(files, memory_mb)
    here = set(sys.modules)
    started = time.perf_counter()
    predictor = load(files, digest)
    loaded = time.perf_counter()
    found = predictor.predict(asked)
    done = time.perf_counter()
    differ, largest = difference(before, found)
    return {
        "rows": len(before),
        "differ": differ,
        "largest": largest,
        "load_seconds": loaded - started,
        "predict_seconds": done - loaded,
        **measuring.pace(predictor, asked),
        "memory_mb": measuring.peak_memory_mb(),
        "size_mb": size,
        "environment": environment,
        "signature": departures(files, asked, found),
        "imports": list(dict.fromkeys([*_AHEAD, *measuring.packages(set(sys.modules) - here)]))[: measuring.PACKAGES],
    }


def difference(expected: pd.DataFrame, found: pd.DataFrame, *, relative: float = RELATIVE) -> tuple[int, float | None]:
    """Return how many rows got another answer, and the largest difference of a number among them.

    :param expected: the answers at the training.
    :param found: the answers here.
    :param relative: how far a number may be from the expected one, relative to it.
    """
    if len(expected) != len(found) or not set(expected) <= set(found):
        return max(len(expected), 1), None
    differs, largest, absolute = np.zeros(len(expected), dtype=bool), None, min(ABSOLUTE, relative)
    for column in expected:
        before, after = expected[column].to_numpy(), found[column].to_numpy()
        if before.dtype.kind in "fiub" and after.dtype.kind in "fiub":
            before, after = before.astype(float), after.astype(float)
            off = ~np.isclose(after, before, rtol=relative, atol=absolute, equal_nan=True)
            if off.any():
                apart = np.abs(after - before)[off]
                numbers = apart[np.isfinite(apart)]  # what is infinite or missing is apart by no number
                largest = max(largest or 0.0, float(numbers.max())) if numbers.size else largest
        else:
            off = np.array([a is not b and str(a) != str(b) for a, b in zip(before, after, strict=True)], dtype=bool)
        differs |= off
    return int(differs.sum()), largest


if __name__ == "__main__":
    main()

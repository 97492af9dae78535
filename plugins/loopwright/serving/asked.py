"""What a fresh process does with its one question: JSON on standard input, an answer on output.

It is given files and told where they lie, and nothing else: no address, no login. The team's code runs here and may
print: standard output is kept for the answer alone. What the model does is a ``fault`` of the model's; a ``failure`` is
one of the surroundings.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

from loopwright.errors import CannotRun, LoopwrightError, shown
from loopwright.serving import measuring

Work = Callable[[Mapping[str, Any]], dict[str, Any]]
"""From the question to the figures."""


def answer(work: Work, warm: Callable[[], object]) -> None:
    """Read the question, do the work, write the answer.

    :param work: what is asked for.
    :param warm: imports what the work needs, while the question is still on its way.
    """
    with os.fdopen(os.dup(1), "w") as said:
        os.dup2(2, 1)
        warm()
        said.write(_as_text(answered(work, json.load(sys.stdin))))


def _as_text(answer: dict[str, Any]) -> str:
    try:
        return json.dumps(answer, allow_nan=False)
    except ValueError as error:  # a figure that is no number: the model's
        return json.dumps(
            {"fault": {"what": "It gave figures that are no numbers.", "got": str(error), "type": "model"}}
        )


def answered(work: Work, question: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``figures``, a ``fault`` of the model's, or a ``failure`` of the surroundings.

    :param work: what is asked for.
    :param question: plain JSON values.
    """
    try:
        return {"figures": work(question)}
    except CannotRun as error:
        return {"failure": {**error.to_dict(), "type": type(error).__name__}}
    except LoopwrightError as error:
        if isinstance(error.__cause__ or error.__context__, MemoryError):
            return _out_of_memory()
        return {"fault": {**error.to_dict(), "type": type(error).__name__}}
    except MemoryError:
        return _out_of_memory()
    except Exception as error:  # noqa: BLE001 - whatever the model raises here it would raise in production
        return {"fault": {"what": f"It raised {type(error).__name__}.", "got": shown(str(error)), "type": "model"}}


def _out_of_memory() -> dict[str, Any]:
    import resource

    limit = f"{resource.getrlimit(resource.RLIMIT_DATA)[0] / measuring.MEGABYTE:,.0f} MB, libraries included"
    return {"fault": {"what": "It needs more memory than there is for it.", "got": limit, "type": "memory"}}

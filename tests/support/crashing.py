"""Killing a process before or after any of its writes: not by an exception, but by the signal that nothing catches.

Every write of the loop goes through one of :data:`WRITES`. A child process counts them; armed, it kills itself at one
of them. Children are forked by a server that imported what they need and never used any of it.
"""

from __future__ import annotations

import importlib
import json
import multiprocessing
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WRITES = (
    ("loopwright.ledger.journal", "append"),  # inside the transaction: what is killed after it was never committed
    ("loopwright.ledger.store:Ledger", "_raced"),
    ("loopwright.lake.writing", "create"),
    ("loopwright.lake.writing", "overwrite"),
    ("loopwright.lake.part", "create_with"),
    ("loopwright.lake.part", "replace_by"),
    ("loopwright.lake.part", "remove"),
    ("loopwright.lake.table:Table", "remove"),
    ("loopwright.lake.table:Table", "forget"),
    ("loopwright.lake.table:Table", "erase_old_versions"),
    ("loopwright.lake.lake", "write_whole"),
    ("loopwright.lake.lake", "remove"),
    ("loopwright.lake.erasing", "remove"),
    ("loopwright.tracking.runs:Runs", "log_text"),
    ("loopwright.tracking.registry:Registry", "_make_model"),
    ("loopwright.tracking.registry:Registry", "_make_version"),
    ("loopwright.tracking.registry:Registry", "move_alias"),
    ("loopwright.tracking.registry:Registry", "tag_version"),
    ("loopwright.stages.release.copying", "_upload"),
    ("loopwright.stages.release.copying", "write_whole"),
    ("loopwright.stages.release.webhook", "send"),
)
PRELOADED = ["support.crashing", "loopwright.stages.release", "loopwright.stages.train", "loopwright.stages.ingest",
             "loopwright.stages.score", "loopwright.lake.table", "loopwright.tracking", "sklearn.linear_model",
             "great_expectations", "mlflow", "support.house", "support.crash_steps"]  # fmt: skip


@dataclass(frozen=True)
class Point:
    """One write, and the side of it on which the process dies.

    :param call: the number of the write, from 0.
    :param side: ``before`` or ``after``.
    :param name: what was called, for people.
    """

    call: int
    side: str
    name: str

    def __str__(self) -> str:
        return f"{self.side}-{self.call}-{self.name}"


class Children:
    """Runs functions in processes of their own.

    :param folder: for what they answer.
    """

    def __init__(self, folder: Path) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(PRELOADED)
        self._answer = folder / "answer.json"

    def points(self, act: Callable[..., Any], *args: Any) -> list[Point]:
        """Run to the end, and return every point at which it might have been killed."""
        calls = self._run(_counting, act, args)
        return [Point(number, side, name) for number, name in enumerate(calls) for side in ("before", "after")]

    def killed(self, point: Point, act: Callable[..., Any], *args: Any) -> None:
        """Run until the point, and make sure that it died there."""
        status = self._status(_armed, point, act, args)
        assert status == -signal.SIGKILL, f"it was to die {point}, and ended with {status}"

    def whole(self, act: Callable[..., Any], *args: Any) -> Any:
        """Run to the end, and return what it returned: plain JSON values."""
        return self._run(_quietly, act, args)

    def _run(self, how: Callable[..., Any], *args: Any) -> Any:
        status = self._status(how, *args)
        assert status == 0, f"{args[0].__name__} ended with {status}"
        return json.loads(self._answer.read_text())

    def _status(self, how: Callable[..., Any], *args: Any) -> int | None:
        child = self._context.Process(target=how, args=(*args, str(self._answer)))
        child.start()
        child.join(300)
        return child.exitcode


def _counting(act: Callable[..., Any], args: tuple[Any, ...], answer: str) -> None:
    calls: list[str] = []

    def note(number: int, name: str) -> None:
        calls.append(name)

    _watch(note, lambda *_: None)
    act(*args)
    Path(answer).write_text(json.dumps(calls))


def _armed(point: Point, act: Callable[..., Any], args: tuple[Any, ...], _answer: str) -> None:
    def die(side: str) -> Callable[[int, str], None]:
        def at(number: int, _name: str) -> None:
            if (number, side) == (point.call, point.side):
                os.kill(os.getpid(), signal.SIGKILL)

        return at

    _watch(die("before"), die("after"))
    act(*args)


def _quietly(act: Callable[..., Any], args: tuple[Any, ...], answer: str) -> None:
    Path(answer).write_text(json.dumps(act(*args)))


def _watch(before: Callable[[int, str], None], after: Callable[[int, str], None]) -> None:
    """Put both around every write of this process; writes are numbered as they begin."""
    count = iter(range(1_000_000))
    for place, name in WRITES:
        module, _, owner = place.partition(":")
        holder = importlib.import_module(module)
        holder = getattr(holder, owner) if owner else holder
        setattr(holder, name, _watched(getattr(holder, name), name, count, before, after))


def _watched(real: Callable[..., Any], name: str, count: Any, before: Any, after: Any) -> Callable[..., Any]:
    def watched(*args: Any, **kwargs: Any) -> Any:
        if name == "append" and not args[2]:
            return real(*args, **kwargs)  # a decision to record nothing writes nothing
        number = next(count)
        before(number, name)
        result = real(*args, **kwargs)
        after(number, name)
        return result

    return watched

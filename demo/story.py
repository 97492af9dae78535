"""The story that the demonstration tells: what is promised, what is done, and what the ledger says came of it.

Nothing here decides anything about models: months are dropped where a source would drop them, buttons of Airflow's UI
are pressed by its API, and each promise is checked against the ledger and MLflow, which the loop alone writes.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Any

from demo.airflow_api import AirflowApi
from demo.stack import REPOSITORY, Stack, StackError
from loopwright.errors import shown_names
from loopwright.ledger.events import Event, Kind
from loopwright.ledger.store import Ledger

if TYPE_CHECKING:
    from rich.console import Console

    from loopwright.ledger.state import DatasetState, ModelState

DATASET, MODEL = "flights", "flight_delay"


@dataclass(frozen=True)
class Promise:
    """One row of the closing table.

    :param said: what was promised.
    :param happened: what came of it.
    :param kept: whether the two agree.
    :param seconds: how long it took.
    """

    said: str
    happened: str
    kept: bool
    seconds: float


@dataclass
class Story:
    """The demonstration, chapter by chapter.

    :param stack: the running Airflow and MLflow.
    :param console: where it is told.
    """

    stack: Stack
    console: Console
    told: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.api = AirflowApi(self.stack)
        self.ledger = Ledger(self.stack.env["LOOPWRIGHT_LEDGER"])
        self.source = _arrivals_of(DATASET)

    @property
    def wanted_dags(self) -> set[str]:
        """The DAGs that the story needs."""
        return {
            f"{DATASET}.ingest",
            *(f"{MODEL}.{stage}" for stage in ("train", "release", "rollback", "score", "monitor")),
        }

    def chapters(self) -> Iterator[Promise]:
        """Live through the story; one promise after another."""
        yield self._chapter("A first model goes into production by itself", self._first_champion)
        yield self._chapter("A month with real faults is stopped, and production does not notice", self._faulty_month)
        yield self._chapter("The mended month is taken in without a nudge", self._mended_month)
        yield self._chapter("Where there is no reason to train, a “no” is recorded with its why", self._recorded_no)
        yield self._chapter("A candidate that is no better is refused", self._no_better)
        yield self._chapter("With a reason, it trains again, and the better model goes into production", self._better)
        yield self._chapter("Roll back: the model before is in production again", self._roll_back)
        yield self._chapter("Every month was scored once, and the ledger verifies", self._in_order)

    def _chapter(self, said: str, act: Callable[[], tuple[str, bool]]) -> Promise:
        self.console.print(f"\n[bold]{said}[/bold]")
        started = time.monotonic()
        try:
            happened, kept = act()
        except StackError as error:
            happened, kept = str(error).splitlines()[0], False
            self.console.print(str(error), style="red", markup=False)
        self._tell()
        return Promise(said, happened, kept, time.monotonic() - started)

    def _first_champion(self) -> tuple[str, bool]:
        self._drop("2013-01")
        self._drop("2013-02")
        champion = self._model.champion
        return (f"version {champion['version']} is champion" if champion else "no champion"), champion is not None

    def _faulty_month(self) -> tuple[str, bool]:
        before = self._model.champion
        self._drop("2013-03", faults=True)
        arrival = self._dataset.arrival("2013-03") or {}
        untouched = self._model.champion == before
        kept = arrival.get("status") == "quarantined" and untouched and "2013-03" not in self._published
        return f"2013-03 {arrival.get('status')}; champion {'untouched' if untouched else 'changed'}", kept

    def _mended_month(self) -> tuple[str, bool]:
        self._drop("2013-03")
        return f"{len(self._published)} months published: {', '.join(self._published)}", "2013-03" in self._published

    def _recorded_no(self) -> tuple[str, bool]:
        """Look up what was decided when the mended month came: a champion is there, and nothing asks for another."""
        said = self._events(Kind.TRAINING_DECIDED)[-1]
        kept = not said.evidence["train"] and "2013-03" in said.evidence["seen"] and self._model.champion is not None
        return said.reason, kept

    def _no_better(self) -> tuple[str, bool]:
        before = self._model.champion
        self._press(
            "train", reason="a smaller model, to save memory", force=True, params='{"max_iter": 5, "max_leaf_nodes": 2}'
        )
        verdict = self._events(Kind.GATE_DECIDED)[-1]
        kept = verdict.evidence["verdict"]["outcome"] == "fail" and self._model.champion == before
        return verdict.evidence["verdict"]["why"], kept

    def _better(self) -> tuple[str, bool]:
        before = self._model.champion or {}
        for month in ("2013-04", "2013-05", "2013-06", "2013-07", "2013-08", "2013-09"):
            self._drop(month)
            champion = self._model.champion or {}
            if champion.get("version") != before.get("version"):
                why = (self._model.training(champion["training_id"]) or {}).get("reasons")
                reasons = shown_names(why or [])
                return f"version {before.get('version')} → {champion['version']} at {month}, because of {reasons}", True
        return f"still version {before.get('version')}", False

    def _roll_back(self) -> tuple[str, bool]:
        before, target = self._model.champion or {}, self._model.previous or {}
        self._press("rollback", reason="the demonstration asks for it")
        champion = self._model.champion or {}
        kept = bool(target) and champion.get("version") == target.get("version")
        return f"version {before.get('version')} → {champion.get('version')}", kept

    def _in_order(self) -> tuple[str, bool]:
        scored = sorted(self._model.under("scored"))
        problems = [found for subject in self.ledger.subjects() for found in self.ledger.verify(subject)]
        first_published = [e.evidence["batch_id"] for e in self._events(Kind.BATCH_PUBLISHED, f"dataset/{DATASET}")]
        kept = scored == sorted(self._published) and not problems and first_published == sorted(first_published)
        return f"{len(scored)} of {len(self._published)} months scored; {len(problems)} problems in the ledger", kept

    def _drop(self, month: str, *, faults: bool = False) -> None:
        """Put a month where a real source would, and wait until the loop has done with it."""
        handled = self._dataset.sequence
        note = " with faults" if faults else ""
        self.console.print(f"  → a source drops {month}{note}", style="cyan", markup=False, soft_wrap=True)
        self.source.write_month(month, self.stack.home / "arrivals" / DATASET, faults=faults)
        self.api.until(
            lambda: self._tell() and self._dataset.sequence > handled, 120, lambda: f"{month} was not taken in."
        )
        self._await_quiet()

    def _press(self, stage: str, **form: Any) -> None:
        """Start a run as a person does in the UI."""
        shown = ", ".join(f"{key}={value}" for key, value in form.items())
        self.console.print(f"  → a person starts {MODEL}.{stage} ({shown})", style="cyan", markup=False, soft_wrap=True)
        self.api.trigger(f"{MODEL}.{stage}", **form)
        self._await_quiet()

    def _await_quiet(self) -> None:
        self.api.await_quiet(settle=3.0)
        self._tell()

    def _tell(self) -> bool:
        """Print what the ledger recorded since it was last told."""
        for subject in self.ledger.subjects():
            fresh = [e for e in self.ledger.events(subject) if e.sequence > self.told.get(subject, 0)]
            for event in fresh:
                self.told[subject] = event.sequence
                self.console.print(
                    f"    {event.at[11:19]}  {subject:<20} {event.kind:<22} {event.about:<14} {event.reason}",
                    markup=False,
                )
        return True

    @property
    def _model(self) -> ModelState:
        return self.ledger.model(MODEL)

    @property
    def _dataset(self) -> DatasetState:
        return self.ledger.dataset(DATASET)

    @property
    def _published(self) -> list[str]:
        return [batch["batch_id"] for batch in self._dataset.published()]

    def _events(self, kind: Kind, subject: str = f"model/{MODEL}") -> list[Event]:
        return self.ledger.events(subject, kinds=[kind])


def _arrivals_of(dataset: str) -> ModuleType:
    """Return the dataset's own script that plays its source."""
    path = REPOSITORY / "include" / "datasets" / dataset / "arrive.py"
    found = importlib.util.spec_from_file_location(f"{dataset}_source", path)
    if found is None or found.loader is None:
        raise StackError(f"There is no {path}.")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module

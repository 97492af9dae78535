"""The story of the end-to-end tests: two projects in one, what arrives when, and a person at Airflow's UI."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from demo.airflow_api import AirflowApi
from demo.stack import Stack
from loopwright.declaration import Workspace
from loopwright.lake import Lake
from loopwright.ledger.store import Ledger
from support import stranger
from support import toy as toys

MONTHS = [f"2024-{month:02d}" for month in range(1, 13)]
ONE_BY_ONE, AT_ONCE, WHILE_DOWN, BEFORE_BUSY, WHILE_BUSY, LATER = (1, 2, 3), (4, 5, 6, 7, 8), 9, 10, 11, 12
MODELS = (("rides", "tips"), ("rides", "minutes"), ("parcels", "late_parcel"))
FAULTY = MONTHS[WHILE_DOWN - 1]
UNLIKE = {"shift": 1.0, "jam": 30.0}
"""What the third month brings: drift for ``tips``, and answers of ``minutes`` that are far off."""
PARCELS_ONE_BY_ONE = ("2022-01", "2022-02", "2023-01")
PARCELS_AT_ONCE = ("2022-06", "2022-12", "2023-02", "2023-06", "2023-12")
PARCELS = sorted((*PARCELS_ONE_BY_ONE, *PARCELS_AT_ONCE))
"""Months of a stranger's two years; all 24 of them go round in a test that takes longer."""

MINUTES = """\
name: minutes
owner: tests
dataset: rides
task: regression
label: minutes
features: [distance, hour]
train: {entrypoint: training:build}
gate:
  primary: mean_absolute_error
  thresholds: {mean_absolute_error: {at_most: 8}}
  champion: {margin: 5, better: false}
  resamples: 200
monitor: {drift: null, performance: {drop: 2.0, request: rollback}}
retrain: {on: [code]}
"""
HELD = """\
import os
import time
from pathlib import Path

HOLD = Path(os.environ.get("E2E_HOLD", "nowhere"))


def held(frame):
    if HOLD.exists():
        HOLD.write_text(str(os.getpid()))
        while HOLD.exists():
            time.sleep(0.1)
    return frame
"""


def declare(project: Path) -> toys.Toy:
    """Write both projects' declarations: ``rides``, whose code can be held in the middle, and a stranger's."""
    toy = toys.make(project)
    (project / "include/models/minutes/model.yaml").write_text(MINUTES)
    (project / "include/datasets/rides/cleaning.py").write_text(HELD)
    toy.edit(
        "include/datasets/rides/dataset.yaml", "clean:\n", 'clean:\n  - {step: apply, function: "cleaning:held"}\n'
    )
    training = project / "include/models/tips/training.py"
    training.write_text(HELD + training.read_text().replace("    return", "    held(None)\n    return"))
    stranger.declare(project)
    return toy


@dataclass
class Story:
    """The story so far.

    :param commands: where the installed commands are.
    :param stack: the running Airflow and MLflow.
    :param api: a person at Airflow's UI.
    :param workspace: where everything is.
    :param kept: what was true at the end of a chapter, by its name.
    """

    commands: Path
    stack: Stack
    api: AirflowApi
    workspace: Workspace
    kept: dict[str, object] = field(default_factory=dict)

    @property
    def ledger(self) -> Ledger:
        return Ledger.of(self.workspace)

    @property
    def hold(self) -> Path:
        """The file that holds the team's code as long as it is there."""
        return Path(self.stack.environment["E2E_HOLD"])

    def arrive(self, month: int, **law: object) -> None:
        toys.Toy(self.stack.home).arrive(month, **law)

    def handled(self, dataset: str = "rides") -> list[str]:
        return sorted(self.ledger.dataset(dataset).under("arrival"))

    def await_handled(self, months: list[str], dataset: str = "rides", seconds: float = 240) -> None:
        self.api.until(
            lambda: self.handled(dataset) == months, seconds, lambda: f"handled {self.handled(dataset)}, not {months}"
        )

    def await_quiet(self) -> None:
        self.api.await_quiet(400, settle=8)  # on a busy machine, a run may take that long to follow another

    def champion(self, model: str) -> str | None:
        return (self.ledger.model(model).champion or {}).get("version")


def contents(story: Story) -> dict[str, object]:
    """Return what must not change when tasks run again: rows, predictions, versions, champions."""
    lake, ledger = Lake.of(story.workspace), story.ledger
    found: dict[str, object] = {}
    for dataset, model in MODELS:
        published = [batch["batch_id"] for batch in ledger.dataset(dataset).published()]
        state = ledger.model(model)
        found[f"rows of {dataset}"] = {batch: lake.batches(dataset).count(batch) for batch in published}
        found[f"predictions of {model}"] = {batch: lake.predictions(model).count(batch) for batch in published}
        found[f"champions of {model}"] = state.lineage
        found[f"versions of {model}"] = sorted(state.under("version"))
    return {**found, "set aside": lake.quarantine("rides").count(FAULTY)}

"""A small project whose truths are known: dataset ``rides``, models ``tips`` (binary) and ``minutes`` (regression).

Batches are monthly Parquet files drawn from a fixed law and a seed per month. ``faults`` plants what a real source
plants; ``shift`` moves the law, so that drift is there to be found; ``jam`` adds minutes that no feature tells of.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from loopwright.declaration import ModelSpec, Project, Workspace
from loopwright.declaration.dataset import DatasetSpec

DATASET = """\
name: rides
owner: tests
arrivals: arrivals/rides/*.parquet
event_time: started_at
key: [ride_id]
clean:
  - {step: drop_duplicates, columns: [ride_id]}
"""
EXPECTATIONS = """\
expectations:
  - {type: expect_column_values_to_not_be_null, kwargs: {column: ride_id}}
  - {type: expect_column_values_to_be_between, kwargs: {column: distance, min_value: 0, max_value: 100}}
  - {type: expect_column_values_to_be_in_set, kwargs: {column: zone, value_set: [a, b, c, d]}}
"""
FEATURES = """\
import pandas as pd


def build(rides: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({
        "distance": rides["distance"],
        "hour": rides["hour"],
        "zone": rides["zone"].map({"a": 0, "b": 1, "c": 2, "d": 3}).astype("float64"),
        "fare": rides["fare"],
    })


def tipped(rides: pd.DataFrame) -> pd.Series:
    return (rides["tip"] > 0.2 * rides["fare"]).where(rides["tip"].notna())
"""
TRAINING = """\
from sklearn.linear_model import {estimator}
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def build(**params):
    return make_pipeline(StandardScaler(), {estimator}(**params))
"""
TIPS = """\
name: tips
owner: tests
dataset: rides
task: binary_classification
label: features:tipped
features: features:build
train: {entrypoint: training:build, seed: 7}
gate: {primary: roc_auc, thresholds: {roc_auc: {at_least: 0.6}}, champion: {margin: 0.02}, resamples: 200}
monitor: {drift: {share: 0.25, persists: 1 of 1}, performance: {drop: 0.1}}
"""
MINUTES = """\
name: minutes
owner: tests
dataset: rides
task: regression
label: minutes
features: [distance, hour]
train: {entrypoint: training:build}
gate: {primary: mean_absolute_error, thresholds: {mean_absolute_error: {at_most: 8}}, resamples: 200}
"""


@dataclass(frozen=True)
class Toy:
    """A toy project on disk."""

    path: Path

    @property
    def project(self) -> Project:
        return Project.at(self.path)

    @property
    def workspace(self) -> Workspace:
        return Workspace.resolve(self.path, environ={})

    @property
    def rides(self) -> DatasetSpec:
        return self.project.dataset("rides")

    @property
    def tips(self) -> ModelSpec:
        return self.project.model("tips")

    @property
    def minutes(self) -> ModelSpec:
        return self.project.model("minutes")

    def arrive(self, month: int, frame: pd.DataFrame | None = None, **law: object) -> Path:
        """Drop a month where the source would, atomically."""
        target = self.path / "arrivals" / "rides" / f"2024-{month:02d}.parquet"
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_suffix(".part")
        (rides(month, **law) if frame is None else frame).to_parquet(part)  # type: ignore[arg-type]
        part.replace(target)
        return target

    def edit(self, relative: str, old: str, new: str) -> None:
        """Change a file of the project, and fail when there was nothing to change."""
        path = self.path / relative
        text = path.read_text()
        assert old in text, f"{old!r} is not in {relative}"
        path.write_text(text.replace(old, new))


def make(path: Path) -> Toy:
    """Write the toy project's files below ``path``."""
    files = {
        "datasets/rides/dataset.yaml": DATASET,
        "datasets/rides/expectations.yaml": EXPECTATIONS,
        "models/tips/model.yaml": TIPS,
        "models/tips/features.py": FEATURES,
        "models/tips/training.py": TRAINING.format(estimator="LogisticRegression"),
        "models/minutes/model.yaml": MINUTES,
        "models/minutes/training.py": TRAINING.format(estimator="Ridge"),
    }
    for name, text in files.items():
        target = path / "include" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return Toy(path)


def rides(
    month: int,
    *,
    rows: int = 2000,
    shift: float = 0.0,
    faults: bool = False,
    noise: float = 1.0,
    jam: float = 0.0,
) -> pd.DataFrame:
    """Return one month of rides; the same arguments give the same rows."""
    rng = np.random.default_rng([2024, month])
    distance = rng.gamma(2.0, 2.0, rows) + 3 * shift
    hour = rng.integers(0, 24, rows)
    zone = rng.choice(list("abcd"), rows, p=[0.4, 0.3, 0.2, 0.1])
    fare = 3 + 2 * distance + rng.normal(0, 0.5, rows)
    generosity = 0.4 * (hour - 12) / 6 + 0.8 * (zone == "a") - 0.15 * (distance - 4) + noise * rng.normal(0, 1, rows)
    frame = pd.DataFrame(
        {
            "ride_id": np.arange(rows) + month * 1_000_000,
            "started_at": pd.Timestamp(2024, month, 1) + pd.to_timedelta(rng.integers(0, 27 * 86_400, rows), unit="s"),
            "distance": distance,
            "hour": hour,
            "zone": zone,
            "fare": fare,
            "tip": np.where(generosity > 0.3, 0.25, 0.1) * fare,
            "minutes": 4 + 3 * distance + 2 * np.abs(hour - 12) / 6 + rng.normal(0, 3, rows) + jam,
        }
    )
    if faults:
        frame.loc[frame.index[:50], "distance"] = -1.0
        frame.loc[frame.index[50:90], "zone"] = "?"
    return frame

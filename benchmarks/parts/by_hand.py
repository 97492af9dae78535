"""The loop's year as a plain script: the same calls to the same libraries, and nothing of Loopwright around them.

In it: each month is read, cleaned and judged (Great Expectations), written to Delta, scored with the present model,
compared with the model's training (Evidently's statistics; its page, where a month drifted) and measured, and what was
measured is kept with the model's run. Every few months it trains, evaluates on the newest month, logs to MLflow,
registers, loads what it registered in a fresh process (`mlflow.pyfunc.load_model`), lets that answer for a sample, and
moves the alias if the answers are the same.

Not in it: what the loop decides (whether to train, whether drift is above chance and persists), what it records beside
MLflow, digests, and being run twice or killed. It keeps the year in memory, where the loop reads each batch from the
table again. Two things are shared so that both do the same work: the user's feature and training code, and the
intervals, which no library has (`loopwright.evaluation`).
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

STARTED = time.perf_counter()
for variable in ("MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK"):
    os.environ[variable] = "true"
os.environ["GX_ANALYTICS_ENABLED"] = "False"
os.environ["MLFLOW_LOGGING_LEVEL"] = "ERROR"
os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"

import great_expectations as gx  # noqa: E402 - after the switches that its import reads
import mlflow  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import yaml  # noqa: E402
from deltalake import write_deltalake  # noqa: E402
from evidently import DataDefinition, Dataset, Report  # noqa: E402
from evidently.legacy.calculations.stattests import jensenshannon_stat_test, wasserstein_stat_test  # noqa: E402
from evidently.legacy.core import ColumnType  # noqa: E402
from evidently.metrics import ValueDrift  # noqa: E402
from great_expectations.data_context.types.base import (  # noqa: E402
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)

from loopwright.evaluation import Predicted  # noqa: E402
from loopwright.evaluation.intervals import Interval, interval, paired_difference  # noqa: E402
from loopwright.evaluation.metrics import metric_value  # noqa: E402

KEY = ["year", "month", "day", "carrier", "flight", "origin"]
METRICS = ["roc_auc", "average_precision", "brier_score", "log_loss", "accuracy", "balanced_accuracy", "f1", "f1_macro",
    "precision", "recall"]  # fmt: skip
WINDOW, SAMPLE, REHEARSED = 3, 20_000, 500
REHEARSAL = """
import sys
from pathlib import Path
import mlflow, numpy as np, pandas as pd
run_id, version = sys.argv[1:]
kept = Path(mlflow.artifacts.download_artifacts(f"runs:/{run_id}/kept"))
found = mlflow.pyfunc.load_model(f"models:/flight_delay/{version}").predict(pd.read_parquet(kept / "rows.parquet"))
expected = pd.read_parquet(kept / "expected.parquet")
sys.exit(0 if np.allclose(found[expected.columns], expected, rtol=1e-6) else "it answers otherwise than before")
"""
"""What a fresh process is given: nothing of this one but the addresses."""


class Year:
    """One year, month after month.

    :param project: the folder that holds ``include/`` and ``arrivals/``.
    :param home: where tables and MLflow's database go.
    """

    def __init__(self, project: Path, home: Path) -> None:
        self.project, self.home = project, home
        dataset, model = project / "include/datasets/flights", project / "include/models/flight_delay"
        sys.path[:0] = [str(dataset), str(model)]
        self.cleaning = importlib.import_module("cleaning")
        self.code = [str(model / "features.py"), str(model / "training.py")]
        self.features, self.training = importlib.import_module("features"), importlib.import_module("training")
        self.spec = yaml.safe_load((model / "model.yaml").read_text())
        self.suite = yaml.safe_load((dataset / "expectations.yaml").read_text())["expectations"]
        self.months: dict[str, pd.DataFrame] = {}
        self.champion: dict[str, Any] | None = None
        self.told: dict[str, Any] = {"trainings": [], "performance": {}, "drift": {}}
        self.told["seconds"] = {"imports": time.perf_counter() - STARTED}
        self.tracking = f"sqlite:///{home / 'mlflow.db'}"
        mlflow.set_tracking_uri(self.tracking)
        self.experiment = mlflow.create_experiment("flight_delay", artifact_location=str(home / "artifacts"))

    def run(self) -> dict[str, Any]:
        last_trained = 0
        for number, path in enumerate(sorted((self.project / "arrivals/flights").glob("*.parquet")), start=1):
            month = path.stem
            if not self.timed("ingest", lambda path=path: self.ingest(path)):
                continue
            if self.champion:
                self.timed("score", lambda month=month: self.score(month))
                self.timed("monitor", lambda month=month: self.watch(month))
            if number >= 2 and (not self.champion or number - last_trained >= self.spec["retrain"]["new_batches"]):
                last_trained = number
                trained = self.timed("train", self.train)
                if trained and self.timed("rehearse", lambda trained=trained: self.release(trained)) and number == 2:
                    for earlier in self.months:
                        self.timed("score", lambda month=earlier: self.score(month))
                    self.timed("monitor", lambda month=month: self.watch(month, measured=False))
        return self.told

    def timed(self, part: str, act: Callable[[], Any]) -> Any:
        started = time.perf_counter()
        result = act()
        self.told["seconds"][part] = self.told["seconds"].get(part, 0.0) + time.perf_counter() - started
        return result

    def ingest(self, path: Path) -> bool:
        rows = self.clean(pd.read_parquet(path))
        if not self.expect(rows):
            return False
        kept = rows.assign(_batch_id=path.stem, _row=range(len(rows)))
        write_deltalake(str(self.home / "batches"), kept, mode="append", partition_by=["_batch_id"])
        self.months[path.stem] = rows
        return True

    def clean(self, rows: pd.DataFrame) -> pd.DataFrame:
        rows = rows.drop_duplicates(KEY)
        rows = rows.assign(time_hour=pd.to_datetime(rows["time_hour"]).dt.tz_localize(None))
        return self.cleaning.midnight_is_zero(rows)

    def expect(self, rows: pd.DataFrame) -> bool:
        config = DataContextConfig(
            store_backend_defaults=InMemoryStoreBackendDefaults(),
            progress_bars=ProgressBarsConfig(globally=False),
            analytics_enabled=False,
        )
        context = gx.get_context(mode="ephemeral", project_config=config)
        asset = context.data_sources.add_pandas("arrivals").add_dataframe_asset("month")
        batch = asset.add_batch_definition_whole_dataframe("whole").get_batch({"dataframe": rows})
        suite = gx.ExpectationSuite(name="flights")
        for asked in self.suite:
            expectation = gx.expectations.registry.get_expectation_impl(asked["type"])
            suite.add_expectation(expectation(**asked["kwargs"], severity=asked.get("severity", "critical")))
        return bool(batch.validate(suite, result_format={"result_format": "BASIC"}).success)

    def score(self, month: str) -> None:
        rows = self.months[month]
        answers = self.champion["loaded"].predict(rows)
        kept = pd.concat([rows[[*KEY, "time_hour"]].reset_index(drop=True), answers.reset_index(drop=True)], axis=1)
        kept = kept.assign(_batch_id=month, _row=range(len(kept)), model_version=self.champion["version"])
        write_deltalake(str(self.home / "predictions"), kept, mode="append", partition_by=["_batch_id"])
        self.champion["answers"][month] = answers

    def watch(self, month: str, *, measured: bool = True) -> None:
        rows = self.months[month]
        answers = self.champion["answers"][month].reset_index(drop=True)
        current = self.features.build(rows).reset_index(drop=True)
        current = pd.concat([current, answers[[c for c in self.champion["reference"] if c in answers]]], axis=1)
        sides, seen = (_sampled(self.champion["reference"]), _sampled(current)), {}
        seen["drift"] = self.told["drift"][month] = _drift(*sides)
        asked = self.spec["monitor"]["drift"]
        if sum(value >= asked["threshold"] for value in seen["drift"].values()) >= asked["share"] * len(seen["drift"]):
            mlflow.MlflowClient().log_text(self.champion["run_id"], _page(*sides), f"monitor/{month}/drift.html")
        if measured:
            truth = self.features.late(rows).reset_index(drop=True)
            known = truth.notna().to_numpy()
            found = interval("roc_auc", truth[known].to_numpy().astype(int),
                Predicted(answers["prediction"][known].to_numpy(), answers["score"][known].to_numpy()),
                resamples=self.spec["gate"]["resamples"])  # fmt: skip
            self.told["performance"][month] = found.point
            seen["performance"] = found.to_dict()
        mlflow.MlflowClient().log_dict(self.champion["run_id"], seen, f"monitor/{month}/seen.json")

    def train(self) -> dict[str, Any] | None:
        """Return the candidate, if it is good enough and no worse than the champion."""
        *past, holdout = self.months
        rows = pd.concat([self.months[month] for month in past[-WINDOW:]], ignore_index=True)
        labels = self.features.late(rows)
        known = labels.notna()
        features = self.features.build(rows)[known].reset_index(drop=True)
        params, seed = self.spec["train"]["params"], self.spec["train"]["seed"]
        held = self.months[holdout]
        with mlflow.start_run(experiment_id=self.experiment, run_name=holdout) as run:
            estimator = self.training.build(random_state=seed, **params).fit(features, labels[known].astype(int))
            mlflow.log_input(mlflow.data.from_pandas(rows.head(1), name="flights", digest=holdout))
            mlflow.log_params({**params, "seed": seed})
            version = self._register(run.info.run_id, estimator, rows)
            loaded = mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/model")
            better, metrics = self._judge(loaded, held)
            mlflow.log_metrics(metrics)
            reference = self._reference(features, loaded.predict(held))
            self._keep(run.info.run_id, reference, held, loaded)
        self.told["trainings"].append({"holdout": holdout, "better": better, **metrics})
        candidate = {"run_id": run.info.run_id, "loaded": loaded, "version": version, "reference": reference}
        return candidate if better else None

    def release(self, candidate: dict[str, Any]) -> bool:
        told = subprocess.run(
            [sys.executable, "-c", REHEARSAL, candidate["run_id"], str(candidate["version"])],
            env={**os.environ, "MLFLOW_TRACKING_URI": self.tracking}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if told.returncode:
            raise SystemExit(f"version {candidate['version']} cannot be served: {told.stderr[-500:]}")
        mlflow.MlflowClient().set_registered_model_alias("flight_delay", "champion", candidate["version"])
        self.champion = {**candidate, "answers": self.champion["answers"] if self.champion else {}}
        return True

    def _register(self, run_id: str, estimator: Any, rows: pd.DataFrame) -> str:
        example = rows.head(5)
        served = Served(self.features.build, estimator)
        logged = mlflow.pyfunc.log_model(
            name="model",
            python_model=served,
            signature=mlflow.models.infer_signature(example, served.predict(None, example)),
            input_example=example,
            code_paths=self.code,
            pip_requirements=["scikit-learn", "pandas"],
        )
        client = mlflow.MlflowClient()
        if not client.search_registered_models("name = 'flight_delay'"):
            client.create_registered_model("flight_delay")
        return client.create_model_version("flight_delay", logged.model_uri, run_id).version

    def _judge(self, loaded: Any, held: pd.DataFrame) -> tuple[bool, dict[str, float]]:
        truth = self.features.late(held)
        known = truth.notna().to_numpy()
        truth = truth[known].to_numpy().astype(int)
        ours, gate = _predicted(loaded.predict(held), known), self.spec["gate"]
        metrics = {f"holdout_{name}": metric_value(name, truth, ours) for name in METRICS}
        asks = {"resamples": gate["resamples"], "seed": self.spec["train"]["seed"]}
        found = {name: interval(name, truth, ours, **asks) for name in dict.fromkeys(["roc_auc", *gate["thresholds"]])}
        good = all(_reaches(found[name], bound) for name, bound in gate["thresholds"].items())
        if not self.champion:
            return good, metrics
        theirs = _predicted(self.champion["loaded"].predict(held), known)
        metrics |= {f"champion_holdout_{name}": metric_value(name, truth, theirs) for name in METRICS}
        gained = paired_difference("roc_auc", truth, ours, theirs, **asks)
        return good and gained.low >= -gate["champion"]["margin"] and gained.point > 0, metrics

    def _reference(self, features: pd.DataFrame, unseen: pd.DataFrame) -> pd.DataFrame:
        rng = np.random.default_rng(self.spec["train"]["seed"])
        size = min(len(features), SAMPLE)
        sample = features.iloc[np.sort(rng.choice(len(features), size, replace=False))].reset_index(drop=True)
        drawn = unseen.iloc[rng.integers(0, len(unseen), size)]
        return sample.assign(**{name: drawn[name].to_numpy() for name in drawn})

    def _keep(self, run_id: str, reference: pd.DataFrame, held: pd.DataFrame, loaded: Any) -> None:
        rehearsed = held.sample(min(REHEARSED, len(held)), random_state=0)
        with tempfile.TemporaryDirectory() as folder:
            for name, frame in {
                "features": reference,
                "rows": rehearsed,
                "expected": loaded.predict(rehearsed),
            }.items():
                path = Path(folder) / f"{name}.parquet"
                frame.to_parquet(path, index=False)
                mlflow.log_artifact(str(path), "kept", run_id=run_id)


class Served(mlflow.pyfunc.PythonModel):
    """Feature code and estimator as one model."""

    def __init__(self, build: Any, estimator: Any) -> None:
        self.build, self.estimator = build, estimator

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> pd.DataFrame:  # noqa: ARG002
        features = self.build(model_input)
        chosen, scores = self.estimator.predict(features), self.estimator.predict_proba(features)
        return pd.DataFrame({"prediction": chosen, "score": scores[:, 1]}, index=model_input.index)


def _predicted(answers: pd.DataFrame, known: np.ndarray) -> Predicted:
    return Predicted(answers["prediction"].to_numpy()[known], answers["score"].to_numpy()[known])


def _reaches(found: Interval, bound: dict[str, float]) -> bool:
    return found.low >= bound["at_least"] if "at_least" in bound else found.high <= bound["at_most"]


def _sampled(frame: pd.DataFrame) -> pd.DataFrame:
    return frame if len(frame) <= SAMPLE else frame.sample(SAMPLE, random_state=0)


def _drift(reference: pd.DataFrame, current: pd.DataFrame) -> dict[str, float]:
    numbers, levels = _kinds(reference)
    asked = [(name, wasserstein_stat_test, ColumnType.Numerical) for name in numbers]
    asked += [(name, jensenshannon_stat_test, ColumnType.Categorical) for name in levels]
    found = {}
    for name, method, kind in asked:
        before, after = reference[name].dropna(), current[name].dropna()
        if kind == ColumnType.Categorical:
            before, after = before.astype(str), after.astype(str)
        found[name] = float(method(before, after, kind, None).drift_score)
    return found


def _page(reference: pd.DataFrame, current: pd.DataFrame) -> str:
    numbers, levels = _kinds(reference)
    definition = DataDefinition(numerical_columns=numbers, categorical_columns=levels)
    metrics = [ValueDrift(column=name, method="wasserstein") for name in numbers]
    metrics += [ValueDrift(column=name, method="jensenshannon") for name in levels]
    texts = dict.fromkeys(levels, str)
    sides = [Dataset.from_pandas(frame.astype(texts), definition) for frame in (current, reference)]
    return str(Report(metrics).run(*sides).get_html_str(as_iframe=False))


def _kinds(reference: pd.DataFrame) -> tuple[list[str], list[str]]:
    numbers = [name for name in reference if pd.api.types.is_numeric_dtype(reference[name]) and
        reference[name].nunique() > 10]  # fmt: skip
    return numbers, [name for name in reference if name not in numbers]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("project", type=Path)
    parser.add_argument("home", type=Path)
    asked = parser.parse_args()
    asked.home.mkdir(parents=True, exist_ok=True)
    print(json.dumps(Year(asked.project, asked.home).run()))


if __name__ == "__main__":
    main()

"""A folder to start from: written whole, never over another, and right as it stands."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from loopwright.declaration import Project
from loopwright.loop.own_tests import folder_tests
from loopwright.verdict import Outcome

ROOT = Path(__file__).parents[2]


@pytest.fixture
def started(loopwright, tmp_path):
    assert loopwright("new", "dataset", "trips", "--project", tmp_path).status == 0
    assert loopwright("new", "model", "tip", "--project", tmp_path).status == 0
    return tmp_path


def test_the_folders_hold_what_the_readme_says(started):
    names = {str(path.relative_to(started / "include")) for path in (started / "include").rglob("*") if path.is_file()}
    assert names == {
        "datasets/trips/dataset.yaml",
        "datasets/trips/expectations.yaml",
        "datasets/trips/cleaning.py",
        "datasets/trips/tests/test_cleaning.py",
        "models/tip/model.yaml",
        "models/tip/features.py",
        "models/tip/training.py",
        "models/tip/tests/test_features.py",
        "models/tip/tests/test_training.py",
    }


@pytest.mark.parametrize("task", ["binary_classification", "multiclass_classification", "regression"])
def test_what_is_written_is_declared_right_and_its_tests_pass(loopwright, started, task):
    assert loopwright("new", "model", "other", "--task", task, "--project", started).status == 0
    project = Project.at(started)
    assert project.model("other").task == task
    assert project.model("other").dataset == "trips"
    check = folder_tests(project.model_folder("other"), "other")
    assert check.outcome is Outcome.PASS, check.observed


def test_its_tests_stand_the_code_of_the_readme_and_try_it_on_what_has_arrived(started):
    project = Project.at(started)
    blocks = (ROOT / "README.md").read_text(encoding="utf-8").split("```")
    for name in ("datasets/trips/dataset.yaml", "models/tip/model.yaml", "models/tip/features.py",
                 "models/tip/training.py"):  # fmt: skip
        [code] = [block for block in blocks if f"\n# include/{name}\n" in block]
        (started / "include" / name).write_text(code.partition("\n")[2], encoding="utf-8")
    (started / "arrivals/trips").mkdir(parents=True)
    rows = pd.DataFrame({
        "pickup_datetime": pd.date_range("2024-01-01", periods=40, freq="h"), "passenger_count": 1, "payment_type": 1,
        "trip_distance": np.linspace(1, 9, 40), "fare_amount": 10.0, "tip_amount": 3.0,
    })  # fmt: skip
    rows.to_csv(started / "arrivals/trips/2024-01.csv", index=False)
    check = folder_tests(project.model_folder("tip"), "model/tip")
    assert check.outcome is Outcome.PASS, check.observed
    assert check.why.startswith("3 passed")
    features = project.model_folder("tip") / "features.py"
    features.write_text(features.read_text().replace("return trips[[", "return trips.head(7)[["))
    check = folder_tests(project.model_folder("tip"), "model/tip")
    assert "test_every_row_has_features at tests/test_features.py:" in check.why


def test_the_tests_of_a_new_dataset_pass(started):
    check = folder_tests(Project.at(started).dataset_folder("trips"), "trips")
    assert check.outcome is Outcome.PASS, check.observed


def test_check_finds_nothing_wrong_with_it(loopwright, started):
    answer = loopwright("check", "--project", started, "--json")
    assert answer.status == 0, answer.out
    assert answer.document["outcome"] == "pass"


@pytest.mark.parametrize("task", ["binary_classification", "multiclass_classification", "regression"])
def test_what_is_written_goes_round_on_files_with_its_columns(loopwright, tmp_path, task):
    assert loopwright("new", "dataset", "trips", "--project", tmp_path).status == 0
    assert loopwright("new", "model", "tip", "--task", task, "--project", tmp_path).status == 0
    (tmp_path / "arrivals/trips").mkdir(parents=True)
    for month in (1, 2):
        rng = np.random.default_rng(month)
        rows = pd.DataFrame({"kind": " a", "amount": rng.normal(size=600), "duration": rng.normal(size=600)})
        signal = rows["amount"] + 0.3 * rng.normal(size=600)
        labels = {"regression": signal, "binary_classification": signal > 0}.get(task, np.digitize(signal, [-0.5, 0.5]))
        rows.assign(label=labels).to_csv(tmp_path / f"arrivals/trips/2024-0{month}.csv", index=False)
    answer = loopwright("run", "tip", "--project", tmp_path)
    assert answer.status == 0, answer.out + answer.err
    assert "tip: version 1 is champion" in answer.out


def test_nothing_is_overwritten(loopwright, started):
    mine = started / "include/models/tip/features.py"
    mine.write_text("mine")
    answer = loopwright("new", "model", "tip", "--project", started)
    assert answer.status == 2
    assert "already" in answer.err
    assert mine.read_text() == "mine"


@pytest.mark.parametrize("name", ["Trips", "1st", "a-b", "../escape", "a b", ""])
def test_a_bad_name_is_refused_and_writes_nothing(loopwright, tmp_path, name):
    answer = loopwright("new", "dataset", name, "--project", tmp_path)
    assert answer.status == 2
    assert "lower-case" in answer.err
    assert not list(tmp_path.iterdir())


def test_a_model_needs_to_know_its_dataset(loopwright, tmp_path):
    answer = loopwright("new", "model", "tip", "--project", tmp_path)
    assert answer.status == 2
    assert "loopwright new dataset" in answer.err


def test_an_unknown_dataset_is_answered_with_the_nearest(loopwright, started):
    answer = loopwright("new", "model", "other", "--dataset", "tripz", "--project", started)
    assert answer.status == 2
    assert "'trips'" in answer.err
    assert not (started / "include/models/other").exists()


def test_a_folder_that_cannot_be_written_leaves_nothing_behind(loopwright, started):
    kept = sorted(started.rglob("*"))
    (started / "include/models").rename(started / "include/elsewhere")
    (started / "include/models").write_text("a file where the folder should be")
    answer = loopwright("new", "model", "other", "--dataset", "trips", "--project", started)
    assert answer.status == 2
    assert "could not be written" in answer.err
    assert len(list(started.rglob("*"))) == len(kept) + 1

"""What a parse costs and yields: nothing heavy, one DAG for a worker, and no DAG lost to another's mistake."""

import json
import os
import subprocess
import sys

import pytest

from support import airflow_home
from support import toy as toys

DAG_FILES = sorted(path.name for path in (airflow_home.REPOSITORY / "dags").glob("*.py"))
HEAVY = {
    "pandas", "numpy", "pyarrow", "deltalake", "duckdb", "mlflow", "great_expectations", "evidently", "sklearn",
    "scipy", "optuna", "alembic",
}  # fmt: skip
PARSE = """
import json, sys
import airflow.sdk
from pathlib import Path
from airflow.dag_processing.dagbag import BundleDagBag
bag = BundleDagBag(dag_folder=sys.argv[1], bundle_path=Path(sys.argv[1]).parent, bundle_name="dags-folder")
print(json.dumps({
    "dags": sorted(bag.dags), "errors": list(bag.import_errors.values()),
    "starts_on": {name: sorted(a.uri for a in getattr(dag.timetable.asset_condition, "objects", ()))
                  for name, dag in bag.dags.items() if getattr(dag.timetable, "asset_condition", None)},
    "clocks": {name: type(dag.timetable).__name__ for name, dag in bag.dags.items()},
    "fields": {f"{dag.dag_id}: {name}": dag.params.get_param(name).schema["type"]
               for dag in bag.dags.values() for name in dag.params},
    "modules": sorted({name.partition(".")[0] for name in sys.modules}),
}))
"""


def parsed(path, **environment):
    """Parse a DAG file as Airflow does: in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", PARSE, str(path)], capture_output=True, text=True, check=False,
        env={**os.environ, **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def project(tmp_path):
    """A toy project with the suite's DAG files copied beside it."""
    toy = toys.make(tmp_path / "project")
    (toy.path / "dags").mkdir()
    for name in DAG_FILES:
        (toy.path / "dags" / name).write_text((airflow_home.REPOSITORY / "dags" / name).read_text())
    return toy


@pytest.mark.parametrize("name", DAG_FILES)
def test_a_parse_imports_nothing_heavy(project, name):
    found = parsed(project.path / "dags" / name)
    assert found["errors"] == []
    assert found["dags"]
    assert not HEAVY & set(found["modules"])


def test_each_stage_has_its_dag_for_each_declaration(project):
    dags = {dag for name in DAG_FILES for dag in parsed(project.path / "dags" / name)["dags"]}
    models = {f"{model}.{stage}" for model in ("tips", "minutes") for stage in
              ("train", "release", "rollback", "score", "monitor")}  # fmt: skip
    assert dags == {"rides.ingest", "loopwright.ci", *models}


@pytest.mark.parametrize("name", DAG_FILES)
def test_every_field_of_a_form_may_be_left_as_it_is(project, name):
    """Airflow's form does not start a run while a field that must be text is empty."""
    fields = parsed(project.path / "dags" / name)["fields"]
    assert fields
    assert {field: kind for field, kind in fields.items() if kind != "boolean" and "null" not in kind} == {}


@pytest.mark.parametrize("name", DAG_FILES)
def test_a_worker_builds_the_one_dag_it_came_for(project, name):
    file = project.path / "dags" / name
    for dag in parsed(file)["dags"]:
        assert parsed(file, _AIRFLOW_PARSING_CONTEXT_DAG_ID=dag)["dags"] == [dag]


def test_every_stage_of_a_model_looks_by_the_clock_as_well_for_an_event_may_be_lost(project):
    clocks = {}
    for name in ("train.py", "release.py", "score.py", "monitor.py"):
        clocks |= parsed(project.path / "dags" / name)["clocks"]
    assert "tips.rollback" in clocks
    assert set(clocks.values()) == {"AssetOrTimeSchedule"}


def test_nobody_learns_from_a_batch_before_production_has_answered_for_it(project):
    project.edit("include/models/minutes/model.yaml", "resamples: 200}", "resamples: 200}\nscore: null")
    starts_on = parsed(project.path / "dags" / "train.py")["starts_on"]
    assert starts_on == {
        "tips.train": ["loopwright://tips/predictions", "loopwright://tips/request"],
        "minutes.train": ["loopwright://minutes/request", "loopwright://rides/batches"],
    }


def test_a_model_that_is_not_scored_or_watched_has_no_such_dag(project):
    project.edit("include/models/minutes/model.yaml", "resamples: 200}", "resamples: 200}\nscore: null\nmonitor: null")
    assert parsed(project.path / "dags" / "score.py")["dags"] == ["tips.score"]
    assert parsed(project.path / "dags" / "monitor.py")["dags"] == ["tips.monitor"]


def test_a_broken_declaration_is_one_dag_and_stops_nobody(project):
    project.edit("include/models/tips/model.yaml", "label:", "lable:")
    found = parsed(project.path / "dags" / "train.py")
    assert found["errors"] == []
    assert found["dags"] == ["minutes.train", "tips.broken"]
    others = [parsed(project.path / "dags" / name)["dags"] for name in ("release.py", "score.py", "monitor.py")]
    assert all("tips.broken" not in dags and "minutes." in dags[0] for dags in others)


def test_a_broken_dataset_is_shown_by_ingest(project):
    (project.path / "include/datasets/rides/dataset.yaml").write_text("name: [")
    found = parsed(project.path / "dags" / "ingest.py")
    assert (found["dags"], found["errors"]) == (["rides.broken"], [])


def test_a_schedule_that_airflow_would_refuse_breaks_its_own_model_only(project):
    project.edit("include/models/tips/model.yaml", "owner: tests", "owner: tests\nschedule: every day")
    found = parsed(project.path / "dags" / "train.py")
    assert (found["dags"], found["errors"]) == (["minutes.train", "tips.broken"], [])


def test_a_worker_of_another_model_does_not_see_the_broken_one(project):
    project.edit("include/models/tips/model.yaml", "label:", "lable:")
    found = parsed(project.path / "dags" / "train.py", _AIRFLOW_PARSING_CONTEXT_DAG_ID="minutes.train")
    assert found["dags"] == ["minutes.train"]
    found = parsed(project.path / "dags" / "train.py", _AIRFLOW_PARSING_CONTEXT_DAG_ID="tips.broken")
    assert found["dags"] == ["tips.broken"]


MODULES = sorted(
    f"loopwright.{room}.{path.stem}"
    for room in ("operators", "sensors", "triggers", "hooks", "links", "suite", "ui")
    for path in (airflow_home.REPOSITORY / "plugins" / "loopwright" / room).glob("*.py")
    if path.stem != "__init__"
)


def test_no_module_of_airflows_face_imports_anything_heavy():
    code = f"""
import importlib, sys
for name in {[*MODULES, "loopwright.provider", "loopwright.bundles"]!r}:
    importlib.import_module(name)
print(*{{name.partition(".")[0] for name in sys.modules}})
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not HEAVY & set(done.stdout.split())

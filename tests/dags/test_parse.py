"""What a parse costs and yields: nothing heavy, one DAG for a worker, and no DAG lost to another's mistake."""

import json
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
import json, os, sys
import airflow.sdk
from pathlib import Path
from airflow.dag_processing.dagbag import BundleDagBag

def parsed(path, dag_id):
    os.environ.pop("_AIRFLOW_PARSING_CONTEXT_DAG_ID", None)
    if dag_id:
        os.environ["_AIRFLOW_PARSING_CONTEXT_DAG_ID"] = dag_id
    bag = BundleDagBag(dag_folder=path, bundle_path=Path(path).parent, bundle_name="dags-folder")
    return {
        "dags": sorted(bag.dags), "errors": list(bag.import_errors.values()),
        "starts_on": {name: sorted(one.uri for one in getattr(starts, "objects", [starts]))
                      for name, dag in bag.dags.items() if (starts := getattr(dag.timetable, "asset_condition", None))},
        "tasks": {name: sorted(dag.task_ids) for name, dag in bag.dags.items()},
        "clocks": {name: type(dag.timetable).__name__ for name, dag in bag.dags.items()},
        "fields": {f"{dag.dag_id}: {name}": dag.params.get_param(name).schema["type"]
                   for dag in bag.dags.values() for name in dag.params},
        "modules": sorted({name.partition(".")[0] for name in sys.modules}),
        "notifiers": sorted(name for name in sys.modules if name.startswith("airflow.providers.smtp.notifications")),
    }

print(json.dumps([parsed(*asked) for asked in json.loads(sys.argv[1])]))
"""


def parsed_each(*asked):
    """Parse DAG files one after another, in a process of their own as Airflow's is.

    :param asked: of each, the path and the one DAG that a worker wants; ``None`` for all.
    """
    wanted = json.dumps([(str(path), dag_id) for path, dag_id in asked])
    done = subprocess.run([sys.executable, "-c", PARSE, wanted], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def parsed(path, dag_id=None):
    """Parse one DAG file."""
    return parsed_each((path, dag_id))[0]


def copied(path):
    """A toy project with the suite's DAG files copied beside it."""
    toy = toys.make(path)
    (toy.path / "dags").mkdir()
    for name in DAG_FILES:
        (toy.path / "dags" / name).write_text((airflow_home.REPOSITORY / "dags" / name).read_text())
    return toy


@pytest.fixture
def project(tmp_path):
    """A project to change."""
    return copied(tmp_path / "project")


@pytest.fixture(scope="module")
def untouched(tmp_path_factory):
    """A project that nobody changes, and what each of its DAG files comes to."""
    dags = copied(tmp_path_factory.mktemp("untouched") / "project").path / "dags"
    return dags, dict(zip(DAG_FILES, parsed_each(*((dags / name, None) for name in DAG_FILES)), strict=True))


TIPS, MINUTES, RIDES = (f"include/{what}" for what in (
    "models/tips/model.yaml", "models/minutes/model.yaml", "datasets/rides/dataset.yaml"
))  # fmt: skip
AGAIN = (
    "release: {{approval: required, reproduce: {clock}, "
    "notify: [{{notifier: airflow.providers.smtp.notifications.smtp.SmtpNotifier, arguments: {{to: ada}}}}]}}\nlabel:"
)
CHANGES = {
    "neither scored nor watched": (MINUTES, "resamples: 200}", "resamples: 200}\nscore: null\nmonitor: null"),
    "made again": (TIPS, "label:", AGAIN.format(clock="'@monthly'")),
    "made again now and then": (TIPS, "label:", AGAIN.format(clock="every now and then")),
    "a slip": (TIPS, "label:", "lable:"),
    "a broken dataset": (RIDES, "name: rides", "name: ["),
    "an odd clock": (TIPS, "owner: tests", "owner: tests\nschedule: every day"),
}
ASKED = [
    *(("neither scored nor watched", name, None) for name in ("train.py", "score.py", "monitor.py")),
    ("made again", "release.py", None),
    ("made again now and then", "release.py", None),
    *(("a slip", name, None) for name in ("train.py", "release.py", "score.py", "monitor.py")),
    *(("a slip", "train.py", dag_id) for dag_id in ("minutes.train", "tips.broken")),
    ("a broken dataset", "ingest.py", None),
    ("an odd clock", "train.py", None),
]


@pytest.fixture(scope="module")
def changed(tmp_path_factory):
    """What DAG files come to in projects that were changed in one place each: by change, file and the DAG wanted."""
    dags = {}
    for change, edit in CHANGES.items():
        toy = copied(tmp_path_factory.mktemp("changed") / "project")
        toy.edit(*edit)
        dags[change] = toy.path / "dags"
    found = parsed_each(*((dags[change] / name, dag_id) for change, name, dag_id in ASKED))
    return dict(zip(ASKED, found, strict=True))


@pytest.mark.parametrize("name", DAG_FILES)
def test_a_parse_imports_nothing_heavy(untouched, name):
    """Neither this file nor any that was parsed before it in the same process."""
    found = untouched[1][name]
    assert found["errors"] == []
    assert found["dags"]
    assert not HEAVY & set(found["modules"])


def test_each_stage_has_its_dag_for_each_declaration(untouched):
    dags = {dag for found in untouched[1].values() for dag in found["dags"]}
    models = {f"{model}.{stage}" for model in ("tips", "minutes") for stage in
              ("train", "release", "rollback", "score", "monitor")}  # fmt: skip
    assert dags == {"rides.ingest", "loopwright.ci", "loopwright.clean", *models}


@pytest.mark.parametrize("name", DAG_FILES)
def test_every_field_of_a_form_may_be_left_as_it_is(untouched, name):
    """Airflow's form does not start a run while a field that must be text is empty."""
    fields = untouched[1][name]["fields"]
    assert fields
    assert {field: kind for field, kind in fields.items() if kind != "boolean" and "null" not in kind} == {}


def test_a_worker_builds_the_one_dag_it_came_for(untouched):
    folder, files = untouched
    asked = [(folder / name, dag) for name, found in files.items() for dag in found["dags"]]
    assert [found["dags"] for found in parsed_each(*asked)] == [[dag] for _, dag in asked]


def test_every_stage_of_a_model_looks_by_the_clock_as_well_for_an_event_may_be_lost(untouched):
    files = ("train.py", "release.py", "score.py", "monitor.py")
    clocks = {dag: clock for name in files for dag, clock in untouched[1][name]["clocks"].items()}
    assert "tips.rollback" in clocks
    assert set(clocks.values()) == {"AssetOrTimeSchedule"}


def test_nobody_learns_from_a_batch_before_production_has_answered_for_it(changed):
    starts_on = changed["neither scored nor watched", "train.py", None]["starts_on"]
    assert starts_on == {
        "tips.train": ["loopwright://tips/predictions", "loopwright://tips/request"],
        "minutes.train": ["loopwright://minutes/request", "loopwright://rides/batches"],
    }


def test_a_model_that_is_not_scored_or_watched_has_no_such_dag(changed):
    found = [changed["neither scored nor watched", name, None] for name in ("score.py", "monitor.py")]
    assert [one["dags"] for one in found] == [["tips.score"], ["tips.monitor"]]


def test_a_shadow_is_a_task_where_it_is_declared_and_each_scoring_starts_a_release(project):
    project.edit("include/models/tips/model.yaml", "label:", "release: {shadow: {batches: 2}}\nlabel:")
    found = parsed(project.path / "dags" / "release.py")
    assert found["errors"] == []
    assert found["starts_on"]["tips.release"] == ["loopwright://tips/candidate", "loopwright://tips/predictions"]
    assert found["starts_on"]["minutes.release"] == ["loopwright://minutes/candidate"]
    assert "shadow" in found["tasks"]["tips.release"]
    assert "shadow" not in found["tasks"]["minutes.release"]
    scored = parsed(project.path / "dags" / "score.py")
    assert scored["errors"] == []
    assert "shadow" in scored["tasks"]["tips.score"]
    assert "shadow" not in scored["tasks"]["minutes.score"]


def test_a_champion_is_made_again_by_the_clock_where_that_is_declared(changed):
    found = changed["made again", "release.py", None]
    assert found["errors"] == []
    assert {dag for dag in found["dags"] if dag.startswith("tips")} == {
        "tips.release",
        "tips.rollback",
        "tips.reproduce",
    }
    assert found["notifiers"] == []
    found = changed["made again now and then", "release.py", None]
    assert found["errors"] == []
    assert not [dag for dag in found["dags"] if dag.startswith("tips")]


def test_a_broken_declaration_is_one_dag_and_stops_nobody(changed):
    files = ("train.py", "release.py", "score.py", "monitor.py")
    found, *others = (changed["a slip", name, None] for name in files)
    assert found["errors"] == []
    assert found["dags"] == ["minutes.train", "tips.broken"]
    assert all("tips.broken" not in other["dags"] and "minutes." in other["dags"][0] for other in others)


def test_a_broken_dataset_is_shown_by_ingest(changed):
    found = changed["a broken dataset", "ingest.py", None]
    assert (found["dags"], found["errors"]) == (["rides.broken"], [])


def test_a_schedule_that_airflow_would_refuse_breaks_its_own_model_only(changed):
    found = changed["an odd clock", "train.py", None]
    assert (found["dags"], found["errors"]) == (["minutes.train", "tips.broken"], [])


def test_a_worker_of_another_model_does_not_see_the_broken_one(changed):
    found = [changed["a slip", "train.py", dag_id] for dag_id in ("minutes.train", "tips.broken")]
    assert [one["dags"] for one in found] == [["minutes.train"], ["tips.broken"]]


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

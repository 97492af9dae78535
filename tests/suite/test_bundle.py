"""The bundle: a stub for each stage and declaration, each with its own import error."""

import json
import threading
from pathlib import Path

import pytest

import loopwright
from loopwright.bundles import LoopwrightDagBundle
from loopwright.suite import stubs as stubs_module
from loopwright.suite.integrity import check_dags
from loopwright.suite.stubs import dags_folder
from loopwright.verdict import Outcome
from support import toy as toys

STAGES = ("train", "release", "score", "monitor")
OF_MODELS = {f"{stage}__{model}.py" for stage in STAGES for model in ("tips", "minutes")}
ALL = {"ci.py", "clean.py", "ingest__rides.py", *OF_MODELS}


@pytest.fixture
def bundle(toy, tmp_path, monkeypatch):
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH", str(tmp_path / "bundles"))
    made = LoopwrightDagBundle(name="loopwright", project=str(toy.path))
    made.initialize()
    return made


def parsed(path):
    from airflow.dag_processing.dagbag import BundleDagBag

    return BundleDagBag(dag_folder=path, bundle_path=Path(path), bundle_name="loopwright")


def names(bundle):
    return {path.name for path in bundle.path.iterdir()}


def test_one_stub_a_stage_and_declaration(bundle):
    assert names(bundle) == ALL
    bag = parsed(bundle.path)
    assert bag.import_errors == {}
    assert len(bag.dags) == 13
    assert bag.dags["tips.train"].fileloc.endswith("train__tips.py")


def test_a_stub_is_the_stages_own_text(bundle):
    mark, _, text = (bundle.path / "train__tips.py").read_text().partition("\n")
    assert text == (dags_folder() / "train.py").read_text()
    assert '"only": "tips"' in mark


def test_a_broken_declaration_is_an_import_error_of_its_own(toy, bundle):
    toy.edit("include/models/tips/model.yaml", "label:", "lable:")
    bundle.refresh()
    bag = parsed(bundle.path)
    assert {Path(name).name for name in bag.import_errors} == {f"{stage}__tips.py" for stage in STAGES}
    assert "did you mean 'label'?" in next(iter(bag.import_errors.values()))
    assert "minutes.train" in bag.dags


def test_only_what_changed_is_written_again(toy, bundle):
    before = {path.name: path.stat().st_mtime_ns for path in bundle.path.iterdir()}
    toy.edit("include/models/tips/model.yaml", "seed: 7", "seed: 8")
    bundle.refresh()
    changed = {path.name for path in bundle.path.iterdir() if path.stat().st_mtime_ns != before[path.name]}
    assert changed == {f"{stage}__tips.py" for stage in STAGES}


def test_what_is_no_longer_declared_goes(toy, bundle):
    (toy.path / "include/models/minutes/model.yaml").unlink()
    bundle.refresh()
    assert not [name for name in names(bundle) if "minutes" in name]


def test_many_processes_may_write_at_once(toy, bundle):
    def write():
        for _ in range(20):
            LoopwrightDagBundle(name="loopwright", project=str(toy.path)).initialize()
            assert names(bundle) >= ALL

    writers = [threading.Thread(target=write) for _ in range(4)]
    toy.edit("include/models/tips/model.yaml", "seed: 7", "seed: 9")
    [writer.start() for writer in writers]
    [writer.join() for writer in writers]
    assert names(bundle) == ALL
    assert parsed(bundle.path).import_errors == {}


def test_two_projects_never_meet(toy, bundle, tmp_path):
    other = LoopwrightDagBundle(name="loopwright", project=str(tmp_path / "other"))
    assert other.path != bundle.path


def test_a_project_s_own_dag_goes_by_its_bundle(toy, bundle, tmp_path):
    other = LoopwrightDagBundle(name="second", project=str(toys.make(tmp_path / "other").path))
    other.initialize()
    assert "loopwright.ci" in parsed(bundle.path / "ci.py").dags
    assert list(parsed(other.path / "ci.py").dags) == ["second.ci"]


def test_a_name_that_two_projects_declare_is_the_first_bundle_s_and_an_error_in_the_other(toy, tmp_path, monkeypatch):
    theirs = toys.make(tmp_path / "theirs")
    (theirs.path / "include/models/minutes").rename(theirs.path / "include/models/hours")
    theirs.edit("include/models/hours/model.yaml", "name: minutes", "name: hours")
    entries = [
        {"name": name, "classpath": "loopwright.bundles.LoopwrightDagBundle", "kwargs": {"project": str(project.path)}}
        for name, project in (("first", toy), ("second", theirs))
    ]
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH", str(tmp_path / "bundles"))
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", json.dumps(entries))
    bags = {}
    for entry in entries:
        made = LoopwrightDagBundle(name=entry["name"], project=entry["kwargs"]["project"])
        made.initialize()
        bags[entry["name"]] = parsed(made.path)
    assert bags["first"].import_errors == {}
    errors = {Path(name).name: said for name, said in bags["second"].import_errors.items()}
    assert set(errors) == {"ingest__rides.py", *(f"{stage}__tips.py" for stage in STAGES)}
    assert "Two projects of this Airflow declare a model called 'tips'" in errors["train__tips.py"]
    assert str(toy.path) in errors["train__tips.py"]
    assert not set(bags["first"].dags) & set(bags["second"].dags)
    assert {"second.ci", "hours.train"} <= set(bags["second"].dags)


def test_it_needs_no_version(bundle):
    assert (bundle.supports_versioning, bundle.get_current_version()) == (False, None)


def test_in_a_wheel_the_dags_are_inside_the_package(tmp_path, monkeypatch):
    package = tmp_path / "site-packages" / "loopwright"
    (package / "dags").mkdir(parents=True)
    (package / "dags" / "ingest.py").write_text("")
    monkeypatch.setattr(stubs_module, "__file__", str(package / "suite" / "stubs.py"))
    assert dags_folder() == package / "dags"


def test_ci_asks_whether_every_dag_can_be_built(toy, monkeypatch):
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "airflow-db-not-allowed:///")  # as a worker has it
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "loopwright.ci")
    assert check_dags(str(toy.path)).passed
    toy.edit("include/models/tips/model.yaml", "label:", "lable:")
    toy.edit("include/models/minutes/model.yaml", "resamples: 200}", "resamples: 200}\nscore: null")
    verdict = check_dags(str(toy.path))
    outcomes = {check.name: check.outcome for check in verdict.checks}
    assert verdict.outcome is Outcome.FAIL
    assert outcomes["dag:tips.train"] is Outcome.FAIL
    assert outcomes["dag:minutes.train"] is Outcome.PASS
    assert outcomes["dag:minutes.score"] is Outcome.NOT_APPLICABLE


def test_ci_finds_the_package_where_it_is_copied_and_not_installed(toy, tmp_path, monkeypatch):
    plugins = Path(loopwright.__file__).parent.parent
    installed = tmp_path / "a-fresh-interpreter"
    installed.mkdir()
    # A fresh interpreter in which nothing of this name is installed: whatever path entry gave it is taken away.
    (installed / "sitecustomize.py").write_text(
        f"import sys\nsys.path[:] = [entry for entry in sys.path if entry != {str(plugins)!r}]\n"
        "sys.meta_path[:] = [f for f in sys.meta_path if 'editable' not in getattr(f, '__name__', '').lower()]\n"
    )
    copied = tmp_path / "copied"
    copied.symlink_to(plugins)
    monkeypatch.setattr(loopwright, "__file__", str(copied / "loopwright" / "__init__.py"))
    monkeypatch.setenv("PYTHONPATH", str(installed))
    monkeypatch.chdir(tmp_path)
    assert check_dags(str(toy.path)).passed

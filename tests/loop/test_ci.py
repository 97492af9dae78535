"""The verdict over a project: declarations, the folders' own tests, a training on a sample."""

import sys

import pytest

from loopwright.errors import UnknownName
from loopwright.lake import Lake
from loopwright.ledger.events import Kind
from loopwright.ledger.store import Ledger
from loopwright.loop import own_tests
from loopwright.loop.ci import check_project
from loopwright.loop.own_tests import folder_tests
from loopwright.verdict import Outcome
from support.published import publish
from support.toy import rides


def outcomes(verdict):
    return {check.name: check.outcome for check in verdict.checks}


@pytest.fixture
def tested(toy):
    """A toy whose model has a test of its own, which takes a process of pytest's each time."""
    folder = toy.project.model_folder("tips") / "tests"
    folder.mkdir()
    (folder / "test_features.py").write_text(
        "from features import build\n\n\ndef test_it():\n    assert callable(build)\n"
    )
    return toy


def test_a_sound_project_passes_and_the_verdict_is_recorded(tested):
    tested.arrive(1)
    told = []
    verdict = check_project(tested.workspace, on_check=told.append)
    assert verdict.outcome is Outcome.PASS, verdict.why()
    assert tuple(told) == verdict.checks
    assert outcomes(verdict)["tests:model/tips"] is Outcome.PASS
    assert outcomes(verdict)["smoke:model/tips"] is Outcome.PASS
    assert outcomes(verdict)["smoke:model/minutes"] is Outcome.PASS
    (event,) = Ledger.of(tested.workspace).events("project", kinds=[Kind.CI_JUDGED])
    assert event.evidence["verdict"]["outcome"] == "pass"
    assert event.evidence["code_digest"] == verdict.digests["code"]


def test_one_model_is_judged_with_its_dataset_and_nothing_else(toy):
    toy.arrive(1)
    toy.edit("include/models/minutes/model.yaml", "task:", "tsak:")
    verdict = check_project(toy.workspace, "tips")
    assert verdict.outcome is Outcome.PASS, verdict.why()
    assert {name.rpartition(":")[2] for name in outcomes(verdict)} == {"dataset/rides", "model/tips"}
    assert Ledger.of(toy.workspace).state("model/tips").get("ci")["code_digest"] == verdict.digests["code"]


def test_an_unknown_model_is_refused(toy):
    with pytest.raises(UnknownName, match="'tip'"):
        check_project(toy.workspace, "tip")


def test_a_failing_test_fails_the_verdict_and_says_which(tested):
    (tested.project.model_folder("tips") / "tests" / "test_bad.py").write_text("def test_no():\n    assert 1 == 2\n")
    verdict = check_project(tested.workspace, "tips")
    assert verdict.outcome is Outcome.FAIL
    why = next(check.why for check in verdict.checks if check.name == "tests:model/tips")
    assert "test_no at tests/test_bad.py:2: assert 1 == 2" in why
    assert "`cd include/models/tips && python -m pytest tests`" in why


def test_of_rows_about_people_only_the_kind_of_error_and_its_place_go_on_record(toy):
    toy.edit("include/datasets/rides/dataset.yaml", "clean:", "sensitive: {drop: [zone]}\nclean:")
    folder = toy.project.model_folder("tips")
    (folder / "tests").mkdir()
    (folder / "tests" / "test_bad.py").write_text("def test_no():\n    assert 'Ada' == 2\n")
    check = folder_tests(folder, "model/tips")
    assert check.outcome is Outcome.FAIL
    assert "test_no at tests/test_bad.py:2: AssertionError (not repeated" in check.why
    assert "Ada" not in str(check.to_dict())


def test_of_tests_that_cannot_be_imported_the_error_is_told_and_where_it_is(tmp_path):
    (tmp_path / "tests").mkdir()
    (tmp_path / "features.py").write_text("def build(rows):\n    return {}[rows]\n")
    (tmp_path / "tests" / "test_features.py").write_text("import os\n\nfrom features import COLUMNS\n")
    check = folder_tests(tmp_path, "model/x")
    assert "tests/test_features.py:3: ImportError: cannot import name 'COLUMNS' from 'features'" in check.why
    (tmp_path / "tests" / "test_features.py").write_text(
        "from features import build\n\n\ndef test_it():\n    build(1)\n\n\ndef test_too():\n    build(2)\n"
    )
    check = folder_tests(tmp_path, "model/x")
    assert check.why.startswith("2 failed")
    for failed in ("test_it at features.py:2: KeyError: 1; ", "test_too at features.py:2: KeyError: 2; "):
        assert failed in check.why  # in either order, as the tests were run
    assert "to run them: `cd " in check.why


def test_a_training_that_raises_fails_the_verdict(toy):
    publish(toy, 1)
    toy.edit("include/models/tips/training.py", "    return", "    raise ValueError('no luck')\n    return")
    verdict = check_project(toy.workspace, "tips")
    assert outcomes(verdict)["smoke:model/tips"] is Outcome.FAIL
    assert "no luck" in next(check.why for check in verdict.checks if check.name == "smoke:model/tips")


def test_the_sample_is_of_the_batch_as_it_was_recorded(toy):
    """A writing that was killed before its record leaves a table version that nobody refers to."""
    publish(toy, 1)
    odd = rides(1).drop(columns=["fare", "tip"])
    Lake.of(toy.workspace).batches("rides").replace(odd, "2024-01")
    assert outcomes(check_project(toy.workspace, "tips"))["smoke:model/tips"] is Outcome.PASS


def test_features_that_lose_rows_fail_the_verdict(toy):
    publish(toy, 1)
    toy.edit(
        "include/models/tips/features.py",
        "    return pd.DataFrame({",
        "    rides = rides.head(5)\n    return pd.DataFrame({",
    )
    assert outcomes(check_project(toy.workspace, "tips"))["smoke:model/tips"] is Outcome.FAIL


def test_with_no_rows_at_all_the_smoke_is_not_asked(toy):
    (toy.path / "arrivals/rides").mkdir(parents=True)
    smoke = outcomes(check_project(toy.workspace, "tips"))["smoke:model/tips"]
    assert smoke is Outcome.NOT_APPLICABLE


def test_an_unreadable_first_arrival_is_passed_over(toy):
    toy.arrive(1).write_bytes(b"")
    toy.arrive(2)
    assert outcomes(check_project(toy.workspace, "tips"))["smoke:model/tips"] is Outcome.PASS


def test_a_changed_line_changes_the_digest(toy):
    before = check_project(toy.workspace, "minutes").digests["code"]
    toy.edit("include/models/minutes/model.yaml", "200", "201")
    assert check_project(toy.workspace, "minutes").digests["code"] != before


def test_a_folder_without_tests_is_not_asked(tmp_path):
    assert folder_tests(tmp_path, "model/x").outcome is Outcome.NOT_APPLICABLE
    (tmp_path / "tests").mkdir()
    assert folder_tests(tmp_path, "model/x").outcome is Outcome.NOT_APPLICABLE


def test_a_folder_s_modules_are_its_own_and_nothing_is_left_behind(tmp_path):
    for name in ("one", "other"):
        folder = tmp_path / name / "tests"
        folder.mkdir(parents=True)
        (folder.parent / "features.py").write_text(f"NAME = {name!r}\n")
        (folder / "test_features.py").write_text(
            f"from features import NAME\n\n\ndef test_it():\n    assert NAME == {name!r}\n"
        )
    assert [folder_tests(tmp_path / name, name).outcome for name in ("one", "other")] == [Outcome.PASS] * 2
    assert not list(tmp_path.rglob("__pycache__"))
    assert "features" not in sys.modules


def test_tests_that_never_end_are_ended(tmp_path, monkeypatch):
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_slow.py").write_text("import time\n\n\ndef test_it():\n    time.sleep(60)\n")
    monkeypatch.setattr(own_tests, "SECONDS_FOR_TESTS", 2)
    check = folder_tests(tmp_path, "model/x")
    assert check.outcome is Outcome.FAIL
    assert "longer than 2 s" in check.why


def test_without_pytest_it_is_inconclusive_and_never_a_pass(tmp_path, monkeypatch):
    (tmp_path / "tests").mkdir()
    monkeypatch.setattr(own_tests.importlib.util, "find_spec", lambda name: None)
    assert folder_tests(tmp_path, "model/x").outcome is Outcome.INCONCLUSIVE


def test_the_command_writes_the_verdict_as_markdown(toy, tmp_path, capsys):
    from loopwright.cli.main import main

    toy.edit("include/models/minutes/model.yaml", "task:", "tsak:")
    with pytest.raises(SystemExit) as left:
        main(["ci", "--project", str(toy.path), "--markdown", str(tmp_path / "verdict.md")])
    assert left.value.code == 1
    assert (tmp_path / "verdict.md").read_text().startswith("## ❌ Loopwright: fail (project)")


def test_what_cannot_be_told_is_no_pass_unless_that_is_said(tested, monkeypatch):
    from loopwright.cli.main import main

    tested.arrive(1)
    monkeypatch.setattr(own_tests.importlib.util, "find_spec", lambda name: None)
    for more, status in (([], 1), (["--allow-inconclusive"], 0)):
        with pytest.raises(SystemExit) as left:
            main(["ci", "tips", "--project", str(tested.path), *more])
        assert left.value.code == status

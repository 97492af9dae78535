"""The shipped examples: declared right, and their own tests pass."""

from pathlib import Path

import pytest

from loopwright.declaration import Project, Workspace
from loopwright.loop.checks import declaration_checks, declared
from loopwright.loop.own_tests import folder_tests
from loopwright.verdict import Outcome

ROOT = Path(__file__).resolve().parents[2]
THINGS = declared(Project.at(ROOT))


@pytest.mark.parametrize(("kind", "name"), THINGS)
def test_what_is_declared_is_right(tmp_path, kind, name):
    workspace = Workspace.resolve(ROOT, ledger=f"sqlite:///{tmp_path}/ledger.db", environ={})
    checks = list(declaration_checks(workspace, Project.at(ROOT), kind, name))
    assert checks
    assert [check for check in checks if check.outcome is Outcome.FAIL] == []


@pytest.mark.parametrize(("kind", "name"), THINGS)
def test_its_own_tests_pass(kind, name):
    check = folder_tests(ROOT / "include" / f"{kind}s" / name, f"{kind}/{name}")
    assert check.outcome is Outcome.PASS, check.observed


def test_both_models_and_their_dataset_are_there():
    assert THINGS == [("dataset", "flights"), ("model", "air_time"), ("model", "flight_delay")]

"""Nothing installed but the libraries: ``dags/`` and ``plugins/`` copied beside a stranger's ``include/``."""

import shutil

import pytest

from demo.airflow_api import AirflowApi
from demo.stack import REPOSITORY
from loopwright.declaration import Workspace
from loopwright.ledger.store import Ledger
from loopwright.loop.run import turn
from support import installed, stranger
from support.told import told

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]
MODEL = ("parcels", "late_parcel")


@pytest.fixture
def copied(tmp_path):
    """A running Airflow, and a function that has months go round one by one."""
    home = tmp_path / "copied"
    home.mkdir()
    project = stranger.declare(home / "project")
    for folder in ("dags", "plugins"):
        shutil.copytree(REPOSITORY / folder, project / folder, ignore=shutil.ignore_patterns("__pycache__"))
    commands = installed.with_libraries_only(home / "venv")
    environment = {
        "AIRFLOW__CORE__DAGS_FOLDER": str(project / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(project / "plugins"),
        "AIRFLOW__LOOPWRIGHT__PROJECT": "",
    }
    stack = installed.stack_of(commands, home / "stack", project, environment)
    try:
        stack.start()
        api = AirflowApi(stack)
        api.await_dags({"parcels.ingest", *(f"late_parcel.{s}" for s in ("train", "release", "score", "monitor"))})
        assert api.import_errors() == []
        ledger = Ledger.of(Workspace.resolve(project, environ=stack.env))

        def go_round(months):
            for month in months:
                stranger.arrive(stack.home, month)
                api.until(
                    lambda month=month: ledger.dataset("parcels").arrival(month) is not None,
                    120, lambda month=month: f"{month} was not taken in",
                )  # fmt: skip
                api.await_quiet(300, settle=8)
            return ledger

        yield go_round
    finally:
        stack.stop()


def by_hand(tmp_path, months):
    """The same months in one process."""
    project = stranger.declare(tmp_path)
    stranger.arrive(project, *months)
    workspace = Workspace.resolve(project, environ={})
    turn(workspace, "late_parcel")
    return told(Ledger.of(workspace), *MODEL)


def test_a_first_model_goes_round(copied, tmp_path):
    """The second month makes a champion, which is rehearsed, released, and scores and watches them."""
    ledger = copied(stranger.MONTHS[:2])
    assert told(ledger, *MODEL) == by_hand(tmp_path / "alone", stranger.MONTHS[:2])
    assert ledger.model("late_parcel").lineage == ["1"]


@pytest.mark.full
@pytest.mark.timeout(3600)
def test_two_years_go_round_month_by_month_with_the_same_decisions(copied, tmp_path):
    ledger = copied(stranger.MONTHS)
    here = by_hand(tmp_path / "alone", stranger.MONTHS)
    assert told(ledger, *MODEL) == here
    assert ledger.model("late_parcel").lineage

"""One Airflow for all of these tests, as the README says to set one up: a wheel, one bundle line, and a project.

What is done to it is one story, told once; each test looks at what came of it, in any order.
"""

from __future__ import annotations

import json

import pytest

from demo.airflow_api import AirflowApi
from loopwright.declaration import Workspace
from support import installed, stranger
from support.story import (
    AT_ONCE,
    BEFORE_BUSY,
    MODELS,
    MONTHS,
    ONE_BY_ONE,
    PARCELS,
    PARCELS_AT_ONCE,
    PARCELS_ONE_BY_ONE,
    UNLIKE,
    WHILE_BUSY,
    WHILE_DOWN,
    Story,
    declare,
)
from support.told import told


@pytest.fixture(scope="session")
def airflow(tmp_path_factory):
    """A running Airflow with Loopwright from a wheel, before anything has arrived."""
    home = tmp_path_factory.mktemp("e2e")
    project = home / "project"
    declare(project)
    (home / "dags").mkdir()
    commands = installed.with_wheel(home / "venv")
    bundles = [
        {"name": "dags-folder", "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle", "kwargs": {}},
        {
            "name": "loopwright",
            "classpath": "loopwright.bundles.LoopwrightDagBundle",
            "kwargs": {"project": str(project)},
        },
    ]
    environment = {
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(home / "no-plugins"),
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps(bundles),
        "AIRFLOW__LOOPWRIGHT__PROJECT": "",
        "E2E_HOLD": str(home / "hold"),
    }
    running = installed.stack_of(commands, home / "stack", project, environment)
    try:
        running.start()
        api = AirflowApi(running)
        stages = ("train", "release", "rollback", "score", "monitor")
        models = [f"{model}.{stage}" for model in ("tips", "minutes", "late_parcel") for stage in stages]
        api.await_dags({"rides.ingest", "parcels.ingest", "loopwright.ci", *models})
        assert api.import_errors() == []
        yield Story(commands, running, api, Workspace.resolve(project, environ=running.env))
    finally:
        running.stop()


@pytest.fixture(scope="session")
def one_by_one(airflow):
    """Months that arrived one at a time, each when the loop had done with the one before."""
    for number, (month, parcels) in enumerate(zip(ONE_BY_ONE, PARCELS_ONE_BY_ONE, strict=True)):
        if number == 2:
            airflow.api.trigger("minutes.train", reason="a second one", params='{"alpha": 2.0}')
            airflow.await_quiet()
            airflow.kept["before the roll back"] = airflow.champion("minutes")
        airflow.arrive(month, **(UNLIKE if number == 2 else {}))
        stranger.arrive(airflow.stack.home, parcels)
        airflow.await_handled(MONTHS[: number + 1])
        airflow.await_handled(sorted(PARCELS_ONE_BY_ONE[: number + 1]), "parcels")
        airflow.await_quiet()
    airflow.kept["one by one"] = {model: told(airflow.ledger, *model) for model in MODELS}
    return airflow


@pytest.fixture(scope="session")
def turned(one_by_one):
    """All months arrived, each in its own unlucky way; a stranger's in one go."""
    story = one_by_one
    stranger.arrive(story.stack.home, *PARCELS_AT_ONCE)
    for month in AT_ONCE:
        story.arrive(month)
    story.await_handled(MONTHS[:8])
    story.await_handled(PARCELS, "parcels")
    story.await_quiet()
    story.stack.kill_part("triggerer")
    story.arrive(WHILE_DOWN, faults=True)
    story.stack.start_part("triggerer")
    story.await_handled(MONTHS[:9])
    story.await_quiet()
    story.hold.touch()
    story.arrive(BEFORE_BUSY)
    story.api.until(lambda: bool(story.hold.read_text()), 120, lambda: "no ingest run is busy")
    story.arrive(WHILE_BUSY)
    story.hold.unlink()
    story.await_handled(MONTHS[:11])
    story.await_quiet()
    return story

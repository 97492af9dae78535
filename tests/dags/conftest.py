"""A database for Airflow, and the suite's DAGs as Airflow reads them."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

import pytest

from loopwright.declaration import Workspace
from loopwright.ledger.store import Ledger
from support import airflow_home
from support import toy as toys


@pytest.fixture(scope="session")
def airflow_database():
    """Airflow's metadata database, empty of runs."""
    from airflow.utils.db import initdb

    initdb()


@dataclass
class Suite:
    """The suite's DAGs over one toy project, run by ``dag.test()`` as a scheduler would run them.

    :param toy: the project.
    :param places: the environment that says where lake, ledger and arrivals are.
    """

    toy: toys.Toy
    places: dict[str, str]
    runs: dict[str, object] = field(default_factory=dict)

    @property
    def workspace(self) -> Workspace:
        return Workspace.resolve(self.toy.path, environ=self.places)

    @property
    def ledger(self) -> Ledger:
        return Ledger.of(self.workspace)

    def arrive(self, month: int, **law: object) -> None:
        toys.Toy(self.toy.path.__class__(self.places["LOOPWRIGHT_ARRIVALS"])).arrive(month, **law)

    def dag(self, dag_id: str):
        from airflow.dag_processing.dagbag import BundleDagBag

        stage = {"rollback": "release"}.get(dag_id.partition(".")[2], dag_id.partition(".")[2])
        folder = self.toy.path / "dags"
        bag = BundleDagBag(dag_folder=folder / f"{stage}.py", bundle_path=folder, bundle_name="dags-folder")
        assert bag.import_errors == {}
        return bag.dags[dag_id]

    def run(self, dag_id: str, **conf: object):
        """Run a DAG once, and return its run with each task's state (by task id, or id and map index)."""
        run = self.dag(dag_id).test(run_conf=conf or None, logical_date=None)
        states = {
            ti.task_id if ti.map_index < 0 else f"{ti.task_id}[{ti.map_index}]": str(ti.state)
            for ti in run.get_task_instances()
        }
        return run, states


@pytest.fixture(scope="module")
def suite(airflow_database, tmp_path_factory):
    """The suite with places of its own: a fresh lake, ledger and MLflow."""
    home = tmp_path_factory.mktemp("suite")
    (home / "arrivals" / "rides").mkdir(parents=True)
    places = {
        "LOOPWRIGHT_LAKE": str(home / "lake"),
        "LOOPWRIGHT_LEDGER": f"sqlite:///{home}/ledger.db",
        "LOOPWRIGHT_ARRIVALS": str(home),
        "MLFLOW_TRACKING_URI": f"sqlite:///{home}/mlflow.db",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in places.items():
            patch.setitem(os.environ, name, value)
        yield Suite(toys.Toy(airflow_home.settle() / "project"), places)

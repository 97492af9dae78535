"""A database for Airflow, and the suite's DAGs as Airflow reads them."""

from __future__ import annotations

import os
from dataclasses import dataclass

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

    def events(self, uri: str) -> list[dict]:
        """Return what was said in the events of an asset, oldest first."""
        from airflow.models.asset import AssetEvent, AssetModel
        from airflow.utils.session import create_session
        from sqlalchemy import select

        with create_session() as session:
            found = select(AssetEvent.extra).join(AssetModel, AssetModel.id == AssetEvent.asset_id)
            return list(session.scalars(found.where(AssetModel.uri == uri).order_by(AssetEvent.id)))

    def tries(self, run, task_id: str) -> int:
        return next(ti.try_number for ti in run.get_task_instances() if ti.task_id == task_id)

    def xcom(self, run, task_id: str, key: str = "result", map_index: int = -1):
        """Return what a task left behind."""
        from airflow.models.xcom import XComModel
        from airflow.utils.session import create_session

        with create_session() as session:
            found = session.scalars(
                XComModel.get_many(
                    key=key, run_id=run.run_id, dag_ids=run.dag_id, task_ids=task_id, map_indexes=map_index
                )
            ).first()
            return None if found is None else XComModel.deserialize_value(found)


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

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
    airflow_home.database()


@pytest.fixture(scope="session")
def api(airflow_database):
    """A person's browser, at the real API."""
    from airflow.api_fastapi.app import create_app, get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from starlette.testclient import TestClient

    with TestClient(create_app()) as client:
        token = get_auth_manager().generate_jwt(SimpleAuthManagerUser(username="admin", role="ADMIN"))
        client.headers["Authorization"] = f"Bearer {token}"
        yield client


ASSETS = {
    "rides": ("batches",),
    "tips": ("candidate", "champion", "predictions", "request", "rollback-request"),
    "careful": ("candidate", "champion"),
}


class Chapter:
    """What a run came to, and how everything stood right after it."""

    def __init__(self, state, states, tries, results, ledger, events) -> None:
        self.state, self.states, self.tries, self.results, self.events = state, states, tries, results, events
        self.published = [batch["batch_id"] for batch in ledger.dataset("rides").published()]
        self.models = {name: ledger.model(name) for name in ("tips", "careful")}
        self.answers = {
            name: [(e.kind, e.actor) for e in ledger.events(f"model/{name}") if e.kind.startswith("approval")]
            for name in self.models
        }

    def champion(self, model):
        return (self.models[model].champion or {}).get("version")

    def candidate(self, model):
        return (self.models[model].candidate or {}).get("version")


@dataclass
class Suite:
    """The suite's DAGs over one toy project, run by ``dag.test()`` as a scheduler would run them.

    :param toy: the project.
    :param places: the environment that says where lake, ledger and arrivals are.
    :param since: the last asset event before this suite began.
    """

    toy: toys.Toy
    places: dict[str, str]
    since: int = 0

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

        stage = {"rollback": "release", "quarantine": "ingest"}.get(dag_id.partition(".")[2], dag_id.partition(".")[2])
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
            own = found.where(AssetModel.uri == uri, AssetEvent.id > self.since)
            return list(session.scalars(own.order_by(AssetEvent.id)))

    def after(self, dag_id: str, **conf: object) -> Chapter:
        """Run a DAG once, and return everything that was true right after it."""
        run, states = self.run(dag_id, **conf)
        tries = {ti.task_id: ti.try_number for ti in run.get_task_instances()}
        results = {task: self.xcom(run, task) for task in tries}
        return Chapter(str(run.state), states, tries, results, self.ledger, {
            f"{owner}/{what}": self.events(f"loopwright://{owner}/{what}")
            for owner, whats in ASSETS.items() for what in whats
        })  # fmt: skip

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
        yield Suite(toys.Toy(airflow_home.settle() / "project"), places, last_event())


def last_event() -> int:
    from airflow.models.asset import AssetEvent
    from airflow.utils.session import create_session
    from sqlalchemy import func, select

    with create_session() as session:
        return session.scalar(select(func.max(AssetEvent.id))) or 0

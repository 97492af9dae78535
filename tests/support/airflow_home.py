"""An Airflow home for tests: a throwaway folder, settled before anything imports Airflow.

Only ``AIRFLOW_HOME`` goes into the environment; the rest is in its ``airflow.cfg``, so that an Airflow that a test
starts for itself, with a home of its own, inherits nothing.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

from support import toy

REPOSITORY = Path(__file__).resolve().parents[2]
_CONFIGURATION = """\
[core]
dags_folder = {home}/project/dags
plugins_folder = {home}/plugins
load_examples = False
simple_auth_manager_users = admin:admin,viewer:viewer
[database]
sql_alchemy_conn = sqlite:///{home}/airflow.db
[dag_processor]
dag_bundle_storage_path = {home}/bundles
[api_auth]
jwt_secret = {secret}
[loopwright]
project = {home}/project
"""


@cache
def settle() -> Path:
    """Return this test process's Airflow home, made on the first call.

    Its DAGs folder is the repository's own DAG files, beside a toy project's ``include/``, as a team would copy them.
    """
    home = Path(tempfile.mkdtemp(prefix="loopwright-airflow-"))
    atexit.register(_remove, home, os.getpid())
    _with_a_careful_model(toy.make(home / "project"))
    _with_an_asking_dataset(toy.Toy(home / "project"))
    shutil.copytree(REPOSITORY / "dags", home / "project" / "dags", ignore=shutil.ignore_patterns("__pycache__"))
    (home / "airflow.cfg").write_text(_CONFIGURATION.format(home=home, secret="s" * 64))
    os.environ["AIRFLOW_HOME"] = str(home)
    return home


@cache
def database() -> None:
    """Make Airflow's metadata database, once a process."""
    from airflow.utils.db import initdb

    settle()
    initdb()


def _with_a_careful_model(project: toy.Toy) -> None:
    """Add ``careful``, which is ``tips`` with a person to ask before each release."""
    models = project.path / "include" / "models"
    shutil.copytree(models / "tips", models / "careful")
    project.edit("include/models/careful/model.yaml", "name: tips", "name: careful")
    project.edit("include/models/careful/model.yaml", "train:", "release: {approval: required, timeout: 1h}\ntrain:")


def _with_an_asking_dataset(project: toy.Toy) -> None:
    """Add ``returns``, which is ``rides`` with a person to ask about what was set aside."""
    datasets = project.path / "include" / "datasets"
    shutil.copytree(datasets / "rides", datasets / "returns")
    asks = "name: returns\nquarantine: {ask: true, timeout: 1h}\non_bad_rows: {set_aside_up_to: 5%}"
    project.edit("include/datasets/returns/dataset.yaml", "name: rides", asks)
    project.edit("include/datasets/returns/dataset.yaml", "arrivals/rides", "arrivals/returns")


def _remove(home: Path, owner: int) -> None:
    if os.getpid() == owner:  # a forked child must not clear up its parent's home
        shutil.rmtree(home, ignore_errors=True)

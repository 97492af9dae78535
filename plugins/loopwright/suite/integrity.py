"""Do the suite's DAGs build for this project? Asked in a process of its own, as Airflow's DAG processor would.

Run as ``python -m loopwright.suite.integrity PROJECT``, it prints what it found as JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import loopwright
from loopwright.declaration import Project
from loopwright.errors import CannotRun, shown
from loopwright.suite.stubs import stubs
from loopwright.verdict import Check, Outcome, Verdict

SECONDS = 300
"""However many declarations there are, DAGs that take longer to build are no good."""


def check_dags(project: str) -> Verdict:
    """Judge whether every declaration's DAGs can be built.

    :param project: the folder that holds ``include/``.
    :raises CannotRun: if the process that builds them dies.
    """
    command = [sys.executable, "-m", "loopwright.suite.integrity", project]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and module
            command, capture_output=True, text=True, check=True, timeout=SECONDS, env=_environment()
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        said = error.stderr or ""
        raise CannotRun("The DAGs could not be built at all.", where=project, got=str(said)[-300:]) from error
    found = json.loads(done.stdout.splitlines()[-1])
    return Verdict("ci", "project", tuple(_check(file, outcome) for file, outcome in sorted(found.items())))


def built(project: str) -> dict[str, dict[str, Any]]:
    """Build every stub of a project, and return what each gave: its DAGs and its error.

    :param project: the folder that holds ``include/``.
    """
    from airflow.dag_processing.dagbag import BundleDagBag

    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, text in stubs(Project.at(project)):
            path = Path(folder) / name
            path.write_text(text, encoding="utf-8")
            bag = BundleDagBag(dag_folder=path, bundle_path=Path(folder), bundle_name="loopwright-ci", safe_mode=False)
            errors = "\n".join(str(error) for error in bag.import_errors.values())
            found[name.removesuffix(".py")] = {"dags": sorted(bag.dags), "error": errors}
    return found


def _environment() -> dict[str, str]:
    """Return a DAG processor's environment: it wants every DAG, and has a database that nobody asks.

    A task's own has neither; Airflow puts an address there that cannot even be parsed, to keep tasks from it.
    """
    one_dag = {"_AIRFLOW_PARSING_CONTEXT_DAG_ID", "_AIRFLOW_PARSING_CONTEXT_TASK_ID"}
    own = {name: value for name, value in os.environ.items() if name not in one_dag}
    # A plugins folder that Airflow put on its path is on no path of a fresh interpreter's.
    home = str(Path(loopwright.__file__).parent.parent)
    return {
        **own,
        "PYTHONPATH": os.pathsep.join([home, *filter(None, [os.environ.get("PYTHONPATH")])]),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{Path(tempfile.gettempdir()) / 'asked-by-nobody.db'}",
    }


def _check(file: str, outcome: dict[str, Any]) -> Check:
    stage, _, name = file.partition("__")
    if outcome["error"]:
        said = outcome["error"].strip().splitlines()
        return Check(f"dag:{name or 'project'}.{stage}", Outcome.FAIL, shown(said[-1]), observed=shown("\n".join(said)))
    dags = outcome["dags"]
    why = f"it builds {', '.join(dags)}" if dags else "it is not declared"
    return Check(
        f"dag:{name or 'project'}.{stage}", Outcome.PASS if dags else Outcome.NOT_APPLICABLE, why, observed=dags
    )


if __name__ == "__main__":
    print(json.dumps(built(sys.argv[1])))  # noqa: T201 - the answer, read by check_dags

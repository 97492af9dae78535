"""What a parse of the suite's DAG files costs: all of them, as the DAG processor does, and narrowed, as a worker does.

A worker parses a task's file again for every task, so its time must not grow with the number of declared models.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
_CHILD = """
import json, os, sys, time
from pathlib import Path
import airflow.sdk
from airflow.dag_processing.dagbag import BundleDagBag

folder, names, repeats = Path(sys.argv[1]), sys.argv[2].split(","), int(sys.argv[3])

def parse(file):
    started = time.perf_counter()
    bag = BundleDagBag(dag_folder=str(file), bundle_path=folder, bundle_name="dags-folder")
    if bag.import_errors:
        raise SystemExit(str(bag.import_errors))
    return time.perf_counter() - started, len(bag.dags)

files = [folder / "dags" / name for name in names]
for file in files:
    parse(file)  # the first pays for imports, which a fork of a warm parent does not
whole = [min((parse(file) for _ in range(repeats)), key=lambda pair: pair[0]) for file in files]
os.environ["_AIRFLOW_PARSING_CONTEXT_DAG_ID"] = "model_000.train"
os.environ["_AIRFLOW_PARSING_CONTEXT_TASK_ID"] = "train"
worker = min((parse(folder / "dags" / "train.py") for _ in range(5 * repeats)), key=lambda pair: pair[0])
assert worker[1] == 1, worker
print(json.dumps({"all_files": sum(s for s, _ in whole), "slowest_file": max(s for s, _ in whole),
    "dags": sum(n for _, n in whole), "worker": worker[0]}))
"""


def parse_times(models: int, repeats: int) -> dict[str, float]:
    """Return seconds for a project of so many models.

    :param models: how many are declared, half of each kind of the shipped examples.
    :param repeats: the best of so many is told.
    :return: ``all_files``, ``slowest_file`` and ``worker`` in seconds, and ``dags``.
    """
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "project"
        names = _project(project, models)
        environment = {
            **os.environ,
            "AIRFLOW_HOME": str(Path(folder) / "airflow"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        }
        command = [sys.executable, "-c", _CHILD, str(project), ",".join(names), str(repeats)]
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise SystemExit(f"The DAG files could not be parsed:\n{ran.stderr[-2000:]}")
    return json.loads(ran.stdout.splitlines()[-1])


def _project(project: Path, models: int) -> list[str]:
    (project / "dags").mkdir(parents=True)
    names = sorted(path.name for path in (REPOSITORY / "dags").glob("*.py"))
    for name in names:
        shutil.copy(REPOSITORY / "dags" / name, project / "dags" / name)
    shutil.copytree(REPOSITORY / "include" / "datasets" / "flights", project / "include" / "datasets" / "flights")
    for number in range(models):
        kind = ("flight_delay", "air_time")[number % 2]
        folder = project / "include" / "models" / f"model_{number:03d}"
        shutil.copytree(REPOSITORY / "include" / "models" / kind, folder)
        declared = (folder / "model.yaml").read_text().replace(f"name: {kind}", f"name: {folder.name}")
        (folder / "model.yaml").write_text(declared)
    return names

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
from collections.abc import Sequence
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
_CHILD = """
import json, os, sys, time
from pathlib import Path
import airflow.sdk
from airflow.dag_processing.dagbag import BundleDagBag

names, repeats = sys.argv[1].split(","), int(sys.argv[2])

def parse(folder, file):
    started = time.perf_counter()
    bag = BundleDagBag(dag_folder=str(file), bundle_path=folder, bundle_name="dags-folder")
    if bag.import_errors:
        raise SystemExit(str(bag.import_errors))
    return time.perf_counter() - started, len(bag.dags)

def best(folder, file, repeats):
    return min((parse(folder, file) for _ in range(repeats)), key=lambda pair: pair[0])

def measured(folder):
    files = [folder / "dags" / name for name in names]
    for file in files:
        parse(folder, file)  # the first pays for imports, which a fork of a warm parent does not
    whole = [best(folder, file, repeats) for file in files]
    os.environ["_AIRFLOW_PARSING_CONTEXT_DAG_ID"] = "model_000.train"
    os.environ["_AIRFLOW_PARSING_CONTEXT_TASK_ID"] = "train"
    worker = best(folder, folder / "dags" / "train.py", 5 * repeats)
    del os.environ["_AIRFLOW_PARSING_CONTEXT_DAG_ID"], os.environ["_AIRFLOW_PARSING_CONTEXT_TASK_ID"]
    assert worker[1] == 1, worker
    return {"all_files": sum(s for s, _ in whole), "slowest_file": max(s for s, _ in whole),
        "dags": sum(n for _, n in whole), "worker": worker[0]}

print(json.dumps([measured(Path(folder)) for folder in sys.argv[3:]]))
"""


def parse_times(models: Sequence[int], repeats: int) -> dict[int, dict[str, float]]:
    """Return seconds for projects of so many models.

    :param models: how many are declared in each, half of each kind of the shipped examples.
    :param repeats: the best of so many is told.
    :return: for each ``all_files``, ``slowest_file`` and ``worker`` in seconds, and ``dags``.
    """
    with tempfile.TemporaryDirectory() as folder:
        projects = [Path(folder) / f"project-{count}" for count in models]
        names = [_project(project, count) for project, count in zip(projects, models, strict=True)].pop()
        environment = {
            **os.environ,
            "AIRFLOW_HOME": str(Path(folder) / "airflow"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        }
        command = [sys.executable, "-c", _CHILD, ",".join(names), str(repeats), *map(str, projects)]
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise SystemExit(f"The DAG files could not be parsed:\n{ran.stderr[-2000:]}")
    return dict(zip(models, json.loads(ran.stdout.splitlines()[-1]), strict=True))


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

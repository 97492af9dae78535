"""Which projects this Airflow runs: those of its DAG bundles, and the configured one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from airflow.sdk.configuration import conf

from loopwright.hooks.projects import configured_project


def known_projects() -> list[str]:
    """Return the folders that hold ``include/``, each once, in the order of the bundles."""
    found = [path for path in (*_of_bundles(), configured_project()) if path]
    folders = [str(Path(path).expanduser().resolve()) for path in found]
    return [path for path in dict.fromkeys(folders) if (Path(path) / "include").is_dir()]


def _of_bundles() -> Iterator[str]:
    bundles: Any = conf.getjson("dag_processor", "dag_bundle_config_list", fallback=[])
    for bundle in bundles or []:
        given: Mapping[str, Any] = bundle.get("kwargs") or {}
        if given.get("project"):
            yield str(given["project"])
        else:
            yield str(Path(given.get("path") or conf.get("core", "dags_folder")).parent)

"""Other projects in the same Airflow: a name that two of them declare is refused, instead of two DAGs under one id.

Airflow keeps one DAG an id, whichever bundle was parsed last, and lake, ledger and assets go by the declared names as
well. So the first bundle of the configuration keeps the name; in a later one, its files are import errors that say so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from airflow.sdk.configuration import conf

from loopwright.declaration import Project
from loopwright.errors import DeclarationError, LoopwrightError

CLASSPATH = "loopwright.bundles.LoopwrightDagBundle"


def projects_before(bundle: str) -> dict[str, str]:
    """Return the projects of the Loopwright bundles that stand before this one in the configuration, by bundle name.

    :param bundle: this bundle's name; one that is not configured has none before it.
    """
    found: dict[str, str] = {}
    for entry in _configured():
        if entry.get("name") == bundle:
            return found
        project = (entry.get("kwargs") or {}).get("project")
        if entry.get("classpath") == CLASSPATH and project:
            found[str(entry["name"])] = str(project)
    return {}


def taken(bundle: str, project: Project) -> dict[tuple[str, str], str]:
    """Return the declarations, as (kind, name), whose name another project has, each with what is to be said of it.

    :param bundle: this bundle's name.
    :param project: this bundle's project.
    """
    said: dict[tuple[str, str], str] = {}
    for other, folder in projects_before(bundle).items():
        try:
            theirs = Project.at(folder)
        except LoopwrightError:  # what is wrong there is said there
            continue
        if theirs.path == project.path:
            continue
        for kind, ours, its in (
            ("dataset", project.dataset_names(), theirs.dataset_names()),
            ("model", project.model_names(), theirs.model_names()),
        ):
            said |= {(kind, name): _message(kind, name, project, other, theirs) for name in ours if name in its}
    return said


def _message(kind: str, name: str, project: Project, other: str, theirs: Project) -> str:
    return str(
        DeclarationError(
            f"Two projects of this Airflow declare a {kind} called {name!r}.",
            where=project.path,
            got=f"{theirs.path} of the bundle {other!r}",
            allowed="each name once in an Airflow: DAGs, assets, lake and ledger go by it",
            mend=f"Rename the {kind} in one of them, or run one in an Airflow, lake and ledger of its own.",
        )
    )


def _configured() -> list[Mapping[str, Any]]:
    text = conf.get("dag_processor", "dag_bundle_config_list", fallback="") or "[]"
    try:
        found = json.loads(text)
    except json.JSONDecodeError:  # Airflow itself says what is wrong with it
        return []
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []

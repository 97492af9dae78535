"""Whose declarations a DAG file builds from: a stub's own one, or the project that the file belongs to.

A stub is a DAG file with one comment on top, written by our DAG bundle: the stage's own text, for one declaration.
So Airflow's code view shows real code, and each declaration has its own import error.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from loopwright.hooks.projects import require_project

_MARK = "# loopwright-dag: "


@dataclass(frozen=True)
class Selection:
    """What to build.

    :param project: the folder that holds ``include/``.
    :param only: the one declaration wanted; ``None`` for all of them.
    :param stamp: changes when the declaration does, so that Airflow parses the file again.
    :param bundle: the DAG bundle's name, which no other bundle of the same Airflow has.
    """

    project: str
    only: str | None = None
    stamp: str = ""
    bundle: str = "loopwright"

    def comment(self) -> str:
        """Return the line that marks a stub."""
        return _MARK + json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def of(cls, dag_file: str) -> Selection:
        """Return what a DAG file is to build: as its mark says, else its project as a whole.

        The project is the folder above ``dags/`` when that holds ``include/`` (so that many teams' bundles live in one
        Airflow), else the configured one.

        :param dag_file: the DAG file's ``__file__``.
        :raises DeclarationError: if there is no project to be found.
        """
        path = Path(dag_file).resolve()
        with path.open(encoding="utf-8") as file:
            first = file.readline()
        if first.startswith(_MARK):
            return cls(**json.loads(first.removeprefix(_MARK)))
        beside = path.parent.parent
        return cls(str(beside) if (beside / "include").is_dir() else require_project(None))

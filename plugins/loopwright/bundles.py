"""One DAG bundle line for a project: each declaration gets stub files of its own, one a stage.

So a broken declaration is one import error of its own, and one that changes is parsed again at once, alone.

What must stay true: any number of processes may write the stubs at the same time (the DAG processor, and every worker
before its task), so each file is replaced atomically and only when its text changes; nothing reads half of one.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Any

from airflow.dag_processing.bundles.base import BaseDagBundle

from loopwright.declaration import Project
from loopwright.suite.neighbours import taken
from loopwright.suite.stubs import stubs


class LoopwrightDagBundle(BaseDagBundle):
    """The suite's DAGs for one project.

    :param project: the folder that holds ``include/``.
    :param kwargs: as for any bundle: ``name``, ``refresh_interval``, ``version``, ``view_url_template``.
    """

    supports_versioning = False

    def __init__(self, *, project: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.project = str(Path(project).expanduser().resolve())
        # Two Airflows on one machine share the folder above; their projects must not meet in it.
        self._folder = Path(self.base_dir) / hashlib.sha256(self.project.encode()).hexdigest()[:12]

    @property
    def path(self) -> Path:
        """The folder of the stubs."""
        return self._folder

    def get_current_version(self) -> None:
        """Return nothing: the declarations are read where they are."""
        return

    def initialize(self) -> None:
        """Write the stubs, then be ready."""
        self.refresh()
        super().initialize()

    def refresh(self) -> None:
        """Write what changed, and remove the stubs of what is no longer declared."""
        self._folder.mkdir(parents=True, exist_ok=True)
        project = Project.at(self.project)
        wanted = dict(stubs(project, self.name, taken(self.name, project)))
        for name, text in wanted.items():
            _replace(self._folder / name, text)
        for path in self._folder.glob("*.py"):
            if path.name not in wanted:
                path.unlink(missing_ok=True)


def _replace(path: Path, text: str) -> None:
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    handle, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=".part")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    Path(part).chmod(0o644)
    Path(part).replace(path)

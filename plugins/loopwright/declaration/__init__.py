"""What a team writes: two small YAML files, read into :class:`DatasetSpec` and :class:`ModelSpec`.

The ground of the house: imported at every DAG parse, so it may import pydantic and PyYAML and nothing heavier.
"""

from __future__ import annotations

from loopwright.declaration.dataset import DatasetSpec
from loopwright.declaration.model import ModelSpec
from loopwright.declaration.project import Project
from loopwright.declaration.workspace import Workspace

__all__ = ["DatasetSpec", "ModelSpec", "Project", "Workspace"]

"""The workflows to copy: they parse, and every command of ours in them is one."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

from loopwright.cli.commands.ci import command

ROOT = Path(__file__).parents[2]
FILES = [ROOT / "include/ci/github.yml", ROOT / "include/ci/gitlab.yml", ROOT / ".github/workflows/ci.yml"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_it_parses_and_its_commands_are_ours(path) -> None:
    text = path.read_text()
    assert yaml.safe_load(text)
    lines = re.findall(
        r"loopwright ci[^\n]*", "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    )
    assert lines
    known = {name for option in command.params for name in option.opts}
    for line in lines:
        words = shlex.split(line)
        assert {word for word in words if word.startswith("--")} <= known


def test_the_workflow_to_copy_holds_no_more_rights_than_reading() -> None:
    for path in (FILES[0], FILES[2]):
        assert yaml.safe_load(path.read_text())["permissions"] == {"contents": "read"}

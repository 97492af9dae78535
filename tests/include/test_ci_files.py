"""The workflows to copy: they parse, and every command of ours in them is one."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
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


def test_what_the_cache_of_packages_hangs_on_is_there_in_a_project_that_has_nothing_else(tmp_path) -> None:
    """setup-python ends a job whose `cache-dependency-path` matches no file, and no `new` writes a requirements.txt."""
    workflow = tmp_path / ".github/workflows/loopwright.yml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text(FILES[0].read_text())
    steps = yaml.safe_load(workflow.read_text())["jobs"]["judge"]["steps"]
    (python,) = [step["with"] for step in steps if step.get("uses", "").startswith("actions/setup-python")]
    assert list(tmp_path.glob(python["cache-dependency-path"])) == [workflow]


def git(folder: Path, *words: str) -> str:
    asked = ["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@example.org", *words]
    return subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()


def test_the_gitlab_job_runs_again_where_the_runner_kept_its_checkout(tmp_path) -> None:
    """The first pipeline, one after `git clean -ffdx` (GitLab's default), one where nothing was cleaned."""
    origin, clone, tools = tmp_path / "origin", tmp_path / "clone", tmp_path / "tools"
    subprocess.run(["git", "init", "-q", str(origin)], check=True)
    for content in ("before", "after"):
        (origin / "code").write_text(content)
        git(origin, "add", "code")
        git(origin, "commit", "-qm", content)
    subprocess.run(["git", "clone", "-q", str(origin), str(clone)], check=True)
    tools.mkdir()
    for name, does in {"pip": "exit 0", "loopwright": 'cat "$3/code" > verdict.md'}.items():
        (tools / name).write_text(f"#!/bin/sh\n{does}\n")
        (tools / name).chmod(0o755)
    script = yaml.safe_load(FILES[1].read_text())["loopwright"]["script"]
    known = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}
    known["CI_MERGE_REQUEST_DIFF_BASE_SHA"] = git(origin, "rev-parse", "HEAD~1")
    for cleaned in (False, True, False):
        if cleaned:
            git(clone, "clean", "-qffdx")
        done = subprocess.run(
            ["bash", "-ec", "\n".join(script)], cwd=clone, env=known, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert (clone / "verdict.md").read_text() == "before"

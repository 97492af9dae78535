"""What a training ran in, read without running anything."""

from __future__ import annotations

import subprocess
from importlib import metadata
from pathlib import Path

import pytest

from loopwright.stages.train.environment import environment_of, git_commit, imported_modules, requirements_of


def written(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    return folder


def test_the_codes_own_libraries_are_pinned(tmp_path) -> None:
    written(tmp_path, features="import pandas\n", training="def build():\n    from optuna.samplers import TPESampler\n")
    pins = requirements_of(tmp_path)
    assert f"optuna=={metadata.version('optuna')}" in pins
    assert f"scikit-learn=={metadata.version('scikit-learn')}" in pins
    assert not any(pin.startswith("deltalake") for pin in pins)


def test_own_modules_and_pythons_are_no_libraries(tmp_path) -> None:
    (tmp_path / "parts").mkdir()
    written(tmp_path / "parts", __init__="import json\n", deep="from . import other\nimport xgboost.sklearn as x\n")
    written(tmp_path, training="import os, parts, features\nfrom parts.deep import x\n", features="")
    assert imported_modules(tmp_path) == {"xgboost"}


def test_a_library_that_is_not_here_is_left_to_the_training_to_say(tmp_path) -> None:
    assert len(requirements_of(written(tmp_path, training="import no_such_library\n"))) == 4


def test_code_that_is_no_python_is_left_to_the_training_to_say(tmp_path) -> None:
    assert imported_modules(written(tmp_path, training="def build(:\n", features="import yaml\n")) == {"yaml"}


def test_the_folders_own_requirements_are_added(tmp_path) -> None:
    (tmp_path / "requirements.txt").write_text("# ours\nour-features>=2\n\n")
    assert requirements_of(tmp_path)[-1] == "our-features>=2"


def test_the_environment_names_python(tmp_path) -> None:
    assert str(environment_of(tmp_path)["python"]).startswith("3.")


@pytest.mark.parametrize("packed", [False, True])
def test_the_commit_is_read(tmp_path, packed) -> None:
    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        command = ["git", *identity, "-C", str(tmp_path), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "first")
    if packed:
        git("pack-refs", "--all")
    inner = tmp_path / "include" / "models"
    inner.mkdir(parents=True)
    assert git_commit(inner) == git("rev-parse", "HEAD")
    git("checkout", "-q", "--detach")
    assert git_commit(inner) == git("rev-parse", "HEAD")


def test_outside_of_a_repository_there_is_no_commit(tmp_path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_text("ref: refs/heads/none-yet\n")
    assert git_commit(tmp_path) is None

"""Environments as others have them: every library of this one, and Loopwright from a wheel, or not at all.

The libraries are linked rather than installed again: what is asked is what Loopwright needs of its own installation.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

from demo.stack import REPOSITORY, Stack

_COMMANDS = {"airflow": "airflow.__main__", "mlflow": "mlflow.cli"}


def with_libraries_only(path: Path) -> Path:
    """Make an environment in which nothing of Loopwright is installed, and return its folder of commands.

    :param path: a folder that does not exist yet.
    """
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", path], check=True)
    own = Path(sysconfig.get_path("purelib"))
    there = path / own.relative_to(sys.prefix)
    for entry in own.iterdir():
        if "loopwright" not in entry.name.lower() and entry.suffix != ".pth":
            (there / entry.name).symlink_to(entry)
    for name, module in _COMMANDS.items():
        entry = "main" if name == "airflow" else "cli"
        command = path / "bin" / name
        command.write_text(f"#!{path}/bin/python\nimport sys\nfrom {module} import {entry}\nsys.exit({entry}())\n")
        command.chmod(0o755)
    return path / "bin"


def with_wheel(path: Path) -> Path:
    """Make an environment in which Loopwright is installed from a wheel, and return its folder of commands.

    :param path: a folder that does not exist yet.
    """
    commands = with_libraries_only(path)
    wheels = path / "wheels"
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", wheels]
    subprocess.run(build, cwd=REPOSITORY, check=True, capture_output=True)
    uv = Path(sys.executable).with_name("uv")
    install = [uv, "pip", "install", "--offline", "--no-deps", "--compile-bytecode", "--python", commands / "python"]
    subprocess.run([*install, *wheels.glob("*.whl")], check=True, capture_output=True)
    return commands


def stack_of(commands: Path, home: Path, project: Path, environment: dict[str, str]) -> Stack:
    """Return an Airflow and an MLflow that are started by an environment's own commands, on free ports.

    :param commands: as the functions above return it.
    :param home: where everything is kept.
    :param project: the folder that holds ``include/``.
    :param environment: more environment variables.
    """
    home.mkdir()
    search = f"{commands}{os.pathsep}{os.environ['PATH']}"
    return Stack(home, project=project, port=0, mlflow_port=0, environment={**environment, "PATH": search})

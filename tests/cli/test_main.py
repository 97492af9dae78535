"""The group of commands: quick to ask for help, and clear about what it does not know."""

import subprocess
import sys

import pytest

from loopwright.cli.main import COMMANDS, group

HEAVY = {"airflow", "pandas", "numpy", "sklearn", "mlflow", "great_expectations", "evidently", "sqlalchemy", "rich"}


def test_help_lists_every_command_and_imports_nothing_heavy():
    code = "import sys; from loopwright.cli.main import group; group.main(['--help'], standalone_mode=False);"
    code += "print(*sys.modules, file=sys.stderr)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert all(name in ran.stdout for name in COMMANDS)
    assert not HEAVY & set(ran.stderr.split())


def typed(name: str) -> list[str]:
    """Return what is typed for a command, or for each command of a group."""
    below = getattr(group.get_command(None, name), "commands", {})
    return [f"{name} {sub}" for sub in below] or [name]


@pytest.mark.parametrize("words", [words for name in COMMANDS for words in typed(name)])
def test_every_command_has_help_and_the_common_options(loopwright, words):
    answer = loopwright(*words.split(), "--help")
    assert answer.status == 0
    for option in ("--json", "--project", "--lake", "--ledger", "--traceback"):
        assert option in answer.out


def test_asking_a_command_for_help_imports_nothing_heavy():
    """One process for all: what is heavy after a command's module is that module's doing, or of one before it."""
    code = f"""
import importlib, sys
for name in {list(COMMANDS)!r}:
    importlib.import_module(f"loopwright.cli.commands.{{name}}")
    print(name, *({HEAVY!r} & set(sys.modules)))
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines() == list(COMMANDS)


def test_the_list_holds_every_command_module():
    from importlib import resources

    modules = {path.name.removesuffix(".py") for path in resources.files("loopwright.cli.commands").iterdir()}
    assert modules - {"__init__", "__pycache__"} == set(COMMANDS)
    assert all(group.get_command(None, name).name == name for name in COMMANDS)


def test_without_a_command_there_is_help(loopwright):
    answer = loopwright()
    assert "rollback" in answer.out + answer.err

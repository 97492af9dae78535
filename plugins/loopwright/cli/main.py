"""``loopwright``: the group of commands, each in a module of its own that is imported when it is called.

What must stay true: exit status 0 is done, 1 is a verdict that failed, 2 is could not run; and ``--help`` imports
nothing but click.
"""

from __future__ import annotations

import importlib
import sys

import click

from loopwright import __version__
from loopwright.cli.failing import explained_failures

COMMANDS = {
    "run": "Turn the loop over everything that waits, each verdict as it falls.",
    "status": "Every model and dataset: champion, last verdict, what waits, who needs you.",
    "history": "Who or what decided what, when and why.",
    "check": "Are the declarations and the expectations right?",
    "new": "Write a dataset's or a model's folder to start from.",
    "infer": "Propose a dataset's expectations from its data.",
    "schema": "Print the declarations' JSON Schemas.",
    "ingest": "Take in what has arrived for a dataset.",
    "quarantine": "What was set aside, and what you decide about it.",
    "forget": "Erase a person's rows, everywhere, and record that you did.",
    "train": "Train now, because you say so, and let the gate judge it.",
    "approve": "Say yes to a version that waits for a person.",
    "explain": "Why single rows got their answers.",
    "override": "Let through what the gate did not, with your name and a reason.",
    "reject": "Say no to a version that waits for a person.",
    "rollback": "Return production to an earlier version, rehearsed first.",
    "adopt": "Take over a champion that is in MLflow already.",
    "reproduce": "Train a version again from what was recorded: does the same come out?",
    "clean": "Remove old versions and files that nothing refers to.",
    "card": "Print a version's model card.",
    "reconcile": "Finish or undo what a crash left of a release; put a moved alias right.",
    "ledger": "Look after the record itself: check, migrate, rebuild, backup, restore.",
    "ci": "Judge the project: declarations, tests, and a training on a sample.",
}
"""Command to its one line of help, said here so that listing them imports none of them."""


class LazyGroup(click.Group):
    """A group that imports a command when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names, in the order a newcomer needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return one command."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"loopwright.cli.commands.{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="loopwright")
def group() -> None:
    """Turn the CI/CD/CT loop for machine-learning models, without Airflow.

    A project is a folder that holds include/datasets and include/models. Exit status: 0 done, 1 a verdict was
    fail, 2 could not run.
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command line, and leave with its exit status.

    :param arguments: else those of the process.
    """
    given = sys.argv[1:] if arguments is None else arguments
    with explained_failures(given):
        sys.exit(group.main(given, prog_name="loopwright", standalone_mode=False) or 0)

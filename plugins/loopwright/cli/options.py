"""The options that every command takes, and what they come to: a workspace and a way of speaking."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from loopwright.cli.stdout import kept_for_answers

if TYPE_CHECKING:
    from loopwright.declaration import Project, Workspace

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True)
class Setting:
    """Where a command works, and how it speaks.

    :param workspace: the five places.
    :param as_json: whether the answer is for a program.
    :param verbose: whether the libraries' own logging is let through.
    """

    workspace: Workspace
    as_json: bool
    verbose: bool

    @property
    def project(self) -> Project:
        """The project that the workspace names."""
        from loopwright.declaration import Project

        return Project.at(self.workspace.project)


def setting_options(command: Command) -> Command:
    """Give a command the common options; it is called with ``setting`` in their place.

    :param command: the function to wrap.
    """

    @functools.wraps(command)
    def wrapped(
        *args: Any,
        project: Path,
        lake: str | None,
        ledger: str | None,
        as_json: bool,
        verbose: bool,
        traceback: bool,  # noqa: ARG001 - read where failures are explained, whatever the command
        **kwargs: Any,
    ) -> Any:
        from loopwright.cli.quiet import quieten, share_cores
        from loopwright.declaration import Workspace

        share_cores()
        if not verbose:
            quieten()
        workspace = Workspace.resolve(project, lake=lake, ledger=ledger)
        with kept_for_answers() if as_json else nullcontext():
            return command(*args, setting=Setting(workspace, as_json, verbose), **kwargs)

    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped  # type: ignore[return-value]


_OPTIONS = [
    click.option(
        "--project",
        type=click.Path(file_okay=False, path_type=Path),
        default=Path(),
        metavar="DIR",
        help="The folder that holds include/ (here).",
    ),
    click.option("--lake", metavar="URI", help="The tables; else LOOPWRIGHT_LAKE, else below .loopwright/."),
    click.option("--ledger", metavar="URL", help="The decisions; else LOOPWRIGHT_LEDGER, else below .loopwright/."),
    click.option("--json", "as_json", is_flag=True, help="Answer with JSON on standard output."),
    click.option("--verbose", is_flag=True, help="Let the libraries' own logging through."),
    click.option(
        "--traceback",
        is_flag=True,
        help="Show where in the code a failure came from; libraries may quote your data there.",
    ),
]

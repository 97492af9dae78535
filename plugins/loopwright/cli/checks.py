"""How a check reads on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from loopwright.cli.answer import coloured
from loopwright.verdict import Outcome

if TYPE_CHECKING:
    from loopwright.verdict import Check

NAME_WIDTH = 34


def tell_check(check: Check) -> None:
    """Print one check; what it says beyond a line is indented below it.

    :param check: the check.
    """
    from loopwright.loop.gate_changes import is_notice

    head, *rest = check.why.split("\n")
    answer = "notice" if is_notice(check) else check.outcome.value.replace("_", " ")
    advice = not check.required and check.outcome in (Outcome.FAIL, Outcome.INCONCLUSIVE) and answer != "notice"
    name = f"{check.name} (advisory)" if advice else check.name
    click.echo(f"{coloured(answer, 15)}{name:<{NAME_WIDTH}} {head}")
    for line in rest:
        click.echo(f"{'':15}{line}")

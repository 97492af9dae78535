"""How a command answers: plain words with a little colour for a person, one JSON document for a program."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from loopwright.cli.stdout import answers

if TYPE_CHECKING:
    from loopwright.loop.step import Began, Step

COLOURS = {
    "pass": "green",
    "published": "green",
    "promoted": "green",
    "approved": "green",
    "rejected": "yellow",
    "fail": "red",
    "quarantined": "red",
    "fault": "red",
    "overridden": "red",
    "gate_overridden": "red",
    "inconclusive": "yellow",
    "waiting": "yellow",
    "notice": "yellow",
}
"""Outcome to colour; click leaves colours out where the reader is no terminal."""

WIDTH = 13
"""Columns that an outcome takes."""


def coloured(outcome: str, width: int = WIDTH) -> str:
    """Return an outcome, padded and coloured.

    :param outcome: a word of a verdict or a step.
    :param width: columns to fill.
    """
    return click.style(outcome.ljust(width), fg=COLOURS.get(outcome), bold=outcome in COLOURS)


def as_document(document: Any) -> None:
    """Print one JSON document, indented.

    :param document: plain JSON values.
    """
    click.echo(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False), file=answers())


def as_line(document: Any) -> None:
    """Print one JSON document on one line, at once.

    :param document: plain JSON values.
    """
    click.echo(json.dumps(document, ensure_ascii=False, allow_nan=False), file=answers())


def as_step(event: Began | Step) -> None:
    """Print a step as one line of JSON when it falls; that one has begun is of no use to a program.

    :param event: what a turn tells.
    """
    from loopwright.loop.step import Step

    if isinstance(event, Step):
        as_line(event.to_dict())

"""A command line that click refuses, said as every other error is: what, where, got, allowed and how to mend it."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

import click

from loopwright.errors import LoopwrightError, shown_names

_ASKS_FOR_HELP = getattr(click.exceptions, "NoArgsIsHelpError", ())
"""Raised by click 8.2 and later where nothing follows a group's name; before, it printed the help by itself."""


def is_help(error: click.ClickException) -> bool:
    """Whether an error is no mistake, but the help that click shows where nothing was typed.

    :param error: what click raised.
    """
    return isinstance(error, _ASKS_FOR_HELP)


def explained(error: click.ClickException, arguments: Sequence[str]) -> LoopwrightError:
    """Return what click refused as an error of ours.

    :param error: what click raised.
    :param arguments: what was typed behind ``loopwright``.
    """
    context = getattr(error, "ctx", None)
    typed = ["loopwright", *(word for word in arguments[:1] if not word.startswith("-"))]
    where = context.command_path if context else " ".join(typed)  # of some mistakes click forgets where they were made
    helped = f"`{where} --help` says what it takes."
    if isinstance(error, click.NoSuchOption):
        return _no_such_option(error, context, where, helped)
    if isinstance(error, click.MissingParameter):
        return _missing(error, context, where, helped)
    if context and isinstance(context.command, click.Group) and error.message.startswith("No such command"):
        names = context.command.list_commands(context)
        return _not_among("There is no such command.", _quoted(error.message), names, where, helped)
    choices = getattr(getattr(error, "param", None), "type", None)
    if isinstance(error, click.BadParameter) and isinstance(choices, click.Choice):
        name = error.param.opts[0] if isinstance(error.param, click.Option) else "the argument"
        what, names = f"There is no such choice for {name}.", [str(choice) for choice in choices.choices]
        return _not_among(what, _quoted(error.message), names, where, helped)
    return LoopwrightError(f"{error.format_message().rstrip('.')}.", where=where, mend=helped)


def _no_such_option(
    error: click.NoSuchOption, context: click.Context | None, where: str, helped: str
) -> LoopwrightError:
    got, parameters = error.option_name, context.command.get_params(context) if context else []
    options = [name for parameter in parameters for name in parameter.opts if name.startswith("--")]
    found = _not_among("There is no such option.", got, options, where, helped)
    if context and isinstance(context.command, click.Group) and found.mend == helped:
        behind = f"Options come behind the command: {where} COMMAND {got} …"
        return LoopwrightError("That option does not come before the command.", where=where, got=got, mend=behind)
    return found


def _missing(error: click.MissingParameter, context: click.Context | None, where: str, helped: str) -> LoopwrightError:
    parameter = error.param
    if parameter is None or context is None:
        return LoopwrightError(error.format_message(), where=where, mend=helped)
    choices = parameter.type.choices if isinstance(parameter.type, click.Choice) else ()
    allowed = shown_names([str(choice) for choice in choices]) or None
    if isinstance(parameter, click.Option):
        name = parameter.opts[0]
        mend = f"Add {name} {parameter.metavar or parameter.type.name.upper()}. {parameter.help or ''}".rstrip()
        return LoopwrightError(f"The option {name} is missing.", where=where, allowed=allowed, mend=mend)
    usage = " ".join([where, *context.command.collect_usage_pieces(context)])
    mend = f"Write `{usage}`. {helped}"
    what = f"The argument {parameter.human_readable_name} is missing."
    return LoopwrightError(what, where=where, allowed=allowed, mend=mend)


def _not_among(what: str, got: str, names: list[str], where: str, helped: str) -> LoopwrightError:
    bare = {name.lstrip("-"): name for name in names}  # the dashes are common to all options, and say nothing
    near = [bare[name] for name in get_close_matches(got.lstrip("-"), bare, n=1)]
    mend = f"Did you mean {near[0]!r}?" if near else helped
    return LoopwrightError(what, where=where, got=got, allowed=shown_names(names, limit=len(names)), mend=mend)


def _quoted(message: str) -> str:
    """Return the word that a message of click begins with, or ends with, in quotes."""
    _, quote, rest = message.partition("'" if "'" in message else '"')
    return rest.partition(quote)[0] if quote else message

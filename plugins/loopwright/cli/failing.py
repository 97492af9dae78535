"""What a person sees when a command could not run: what, where, got, allowed and how to mend it, and status 2."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import NoReturn

import click

from loopwright.cli.usage import explained, is_help
from loopwright.errors import LoopwrightError, shown, without_logins

COULD_NOT_RUN = 2
INTERRUPTED = 130


@contextmanager
def explained_failures(arguments: Sequence[str]) -> Iterator[None]:
    """Turn whatever is raised inside into a message and an exit status.

    :param arguments: the command line, of which ``--json`` and ``--traceback`` matter here.
    """
    as_json, traced = "--json" in arguments, "--traceback" in arguments
    try:
        yield
    except click.exceptions.Exit as leaving:
        sys.exit(leaving.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted. What was recorded stays; run again to go on from there.", err=True)
        sys.exit(INTERRUPTED)
    except click.ClickException as error:
        if is_help(error):
            error.show()
            sys.exit(COULD_NOT_RUN)
        said = explained(error, arguments).to_dict()
        _leave(said, None if as_json else partial(tell_error, said))
    except BrokenPipeError:
        sys.stderr.close()  # the reader went away; there is nobody left to tell
        sys.exit(COULD_NOT_RUN)
    except LoopwrightError as error:
        if traced:
            _trace(error)
        _leave(error.to_dict(), None if as_json else partial(tell_error, error.to_dict()))
    except Exception as error:  # noqa: BLE001 - whatever it is, a person is told and the status is 2
        if traced:
            _trace(error)
        what = f"{type(error).__name__}: {shown(str(error))}"
        hint = "This was not foreseen. Run again with --traceback, and please report what it says."
        _leave({"what": what, "mend": hint}, None if as_json else partial(click.echo, f"{what}\n  {hint}", err=True))


def _trace(error: BaseException) -> None:
    """Print where an error came from, URLs without their logins: it is pasted into tickets and kept in logs."""
    click.echo(without_logins("".join(traceback.format_exception(error))), err=True, nl=False)


def tell_error(parts: Mapping[str, str | None]) -> None:
    """Print an error's parts to standard error, a line each.

    :param parts: as :meth:`LoopwrightError.to_dict` gives them.
    """
    click.echo(f"{click.style('could not run', fg='red', bold=True)}  {parts['what']}", err=True)
    for name in ("where", "got", "allowed", "mend"):
        if parts[name] is not None:
            click.echo(f"  {name}: {parts[name]}", err=True)


def _leave(parts: dict[str, str | None], tell: Callable[[], None] | None) -> NoReturn:
    if tell:
        tell()
    else:
        click.echo(json.dumps({"error": parts}, ensure_ascii=False), err=True)
    sys.exit(COULD_NOT_RUN)

"""Standard output, kept for the answer alone: a program reads it line by line as JSON.

The team's code prints, and so do the libraries and processes that it calls: all of that goes to standard error.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, redirect_stdout
from io import UnsupportedOperation
from typing import TextIO

_STDOUT, _STDERR = 1, 2
_answers: TextIO | None = None


def answers() -> TextIO | None:
    """Return where answers are written; ``None`` while standard output is anybody's."""
    return _answers


@contextmanager
def kept_for_answers() -> Iterator[None]:
    """Keep standard output for what is written to :func:`answers` meanwhile.

    A process's own standard output stays kept until it ends: what a C library has buffered is written at exit. One
    that was put in its place (by a program that calls the command line itself) is given back.
    """
    global _answers  # noqa: PLW0603 - there is one standard output
    sys.stdout.flush()
    with _taken() if _is_the_process_own(sys.stdout) else nullcontext(sys.stdout) as _answers:
        try:
            with redirect_stdout(sys.stderr):
                yield
        finally:
            _answers = None


def _taken() -> TextIO:
    kept = os.fdopen(os.dup(_STDOUT), "w", encoding=sys.stdout.encoding, errors=sys.stdout.errors)
    os.dup2(_STDERR, _STDOUT)
    return kept


def _is_the_process_own(stream: TextIO) -> bool:
    try:
        return stream.fileno() == _STDOUT
    except UnsupportedOperation:
        return False

"""Who sits at the keyboard: decisions are recorded with a name."""

from __future__ import annotations

import getpass


def person() -> str:
    """Return the actor of a person's decision, such as ``person:ada``."""
    try:
        return f"person:{getpass.getuser()}"
    except (OSError, KeyError):  # a user id without a name, as in many containers
        return "person:unknown"

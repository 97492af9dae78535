"""Who sits at the keyboard: decisions are recorded with a name."""

from __future__ import annotations

import os
import pwd


def person() -> str:
    """Return the actor of a person's decision, such as ``person:ada``; ``person:uid-1000`` for a user without a name.

    It is the user whom the system runs this process for: environment variables, such as ``LOGNAME``, are anybody's.
    """
    user = os.getuid()
    try:
        return f"person:{pwd.getpwuid(user).pw_name}"
    except KeyError:  # as in many containers
        return f"person:uid-{user}"

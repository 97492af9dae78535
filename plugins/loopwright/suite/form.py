"""The fields of a DAG's form, which all may be left as they are.

Airflow's form takes an empty text for no answer, and does not let go of a run while a field that must be text has none;
a field that may be null can stay empty.
"""

from __future__ import annotations

from airflow.sdk import Param


def text(title: str, description: str, also: str | None = None) -> Param:
    """Return a line of text that may stay empty.

    :param title: of the field.
    :param description: what it is for, and what empty means.
    :param also: a further JSON type that a run started over the API may give, such as ``integer`` for a version.
    """
    kinds = ["null", "string", *([also] if also else [])]
    return Param(None, type=kinds, title=title, description=description)


def tick(title: str, description: str) -> Param:
    """Return a box that is not ticked.

    :param title: of the field.
    :param description: what ticking it does.
    """
    return Param(False, type="boolean", title=title, description=description)

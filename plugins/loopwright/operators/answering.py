"""What a person said to Airflow's ``HITLOperator``, which both questions of the suite wait by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def chosen(raw: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return who answered, and the one option that was chosen; ``None`` for nobody, and for none or several.

    :param raw: what the ``HITLOperator`` returned.
    """
    person = raw.get("responded_by_user") or {}
    name = person.get("name") or person.get("id")
    options = list(raw.get("chosen_options") or [])
    return (str(name) if name else None), (str(options[0]) if len(options) == 1 else None)

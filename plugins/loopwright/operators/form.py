"""Reading what a template rendered: a form's answer is text, and an empty text is no answer."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Any

from loopwright.errors import DeclarationError, shown

_YES, _NO = {"true", "yes", "1", "on"}, {"false", "no", "0", "off", "none", ""}


def require_known(answers: Mapping[str, Any], fields: Collection[str]) -> None:
    """Refuse a form with fields that it does not have: Airflow takes them, and the run would do something else.

    :param answers: the run's ``conf``.
    :param fields: the names of the DAG's params.
    :raises DeclarationError: naming the field, and the nearest right one.
    """
    for name in answers:
        if name not in fields:
            near = get_close_matches(name, fields, n=1)
            raise DeclarationError(
                f"The form has no field {shown(name)!r}.",
                got=name,
                allowed=", ".join(sorted(fields)),
                mend=f"Did you mean {near[0]!r}?" if near else "Start the run again with the fields that there are.",
            )


def text_or_none(value: Any) -> str | None:
    """Return a filled-in field, or ``None`` for one left empty.

    :param value: what the template rendered.
    """
    text = "" if value is None else str(value).strip()
    return None if text in ("", "None") else text


def yes_or_no(value: Any) -> bool:
    """Read a tick box.

    :param value: a boolean, or what a template made of one.
    :raises DeclarationError: if it is neither.
    """
    text = str(value).strip().lower()
    if text not in _YES | _NO:
        raise DeclarationError("This is neither yes nor no.", got=value, allowed="true or false")
    return text in _YES


def parameters_or_none(value: Any) -> dict[str, Any] | None:
    """Read training parameters, given as a mapping, as JSON text, or as that text once more in JSON (from a template).

    :param value: such as ``{"max_iter": 50}``; empty or ``null`` for none.
    :raises DeclarationError: if it is something else.
    """
    if isinstance(value, dict):
        return value or None
    text = text_or_none(value)
    if text is None:
        return None
    try:
        found = json.loads(text)
        found = json.loads(found.strip() or "null") if isinstance(found, str) else found
    except json.JSONDecodeError as error:
        raise DeclarationError(
            "The training parameters are not JSON.", where=f"line {error.lineno}, column {error.colno}", got=text,
            mend='Write them as {"max_iter": 50}.',
        ) from error  # fmt: skip
    if found is not None and not isinstance(found, dict):
        raise DeclarationError("The training parameters are no mapping.", got=text, allowed='{"name": value, …}')
    return found or None

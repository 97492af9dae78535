"""Field types that both declarations share: names, durations, proportions, entrypoints, schedules."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_ENTRYPOINT = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
_DURATION = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_PERCENT = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*%")
_PERSISTENCE = re.compile(r"(?P<hits>\d+)\s+of\s+(?P<window>\d+)")
_PRESETS = ("@hourly", "@daily", "@weekly", "@monthly", "@quarterly", "@yearly")


class Declared(BaseModel):
    """Base of every declared block: immutable, and strict about keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class WrongAt(ValueError):
    """What a check over several keys found wrong, with the one key that it is to be mended at.

    :param message: what is wrong.
    :param key: the key's path, such as ``gate.primary``.
    :param got: its value.
    :param allowed: what would do.
    """

    def __init__(self, message: str, *, key: str, got: object, allowed: str) -> None:
        super().__init__(message)
        self.key, self.got, self.allowed = key, got, allowed


def _name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError("a name is lower-case letters, digits and underscores, starting with a letter (63 at most)")
    return value


def is_entrypoint(value: str) -> bool:
    """Tell ``module:function`` from a plain column name.

    :param value: a declared reference.
    """
    return bool(_ENTRYPOINT.fullmatch(value))


def _entrypoint(value: str) -> str:
    if not is_entrypoint(value):
        raise ValueError("an entrypoint reads module:function, for example training:build")
    return value


def _cron(value: str) -> str:
    """Refuse a schedule that Airflow would refuse, which would take the whole DAG file down there."""
    if value in _PRESETS:
        return value
    from croniter import CroniterError, croniter  # type: ignore[import-untyped]

    try:
        croniter(value)
    except (CroniterError, ValueError, KeyError) as error:
        presets = ", ".join(_PRESETS)
        raise ValueError(f"no cron expression: five fields such as '0 6 * * *', or {presets}") from error
    return value


def parse_duration(value: Any) -> timedelta:
    """Read ``90s``, ``10m``, ``2h``, ``30d`` or ``1w``.

    :param value: text, or an already parsed duration.
    :raises ValueError: if it is neither.
    """
    if isinstance(value, timedelta):
        return value
    match = _DURATION.fullmatch(str(value).strip())
    if not match:
        raise ValueError("a duration is a number and a unit: 90s, 10m, 2h, 30d or 1w")
    return timedelta(**{_UNITS[match["unit"]]: float(match["number"])})


def duration_text(value: timedelta) -> str:
    """Return a duration as it is declared, such as ``2d``; what lies below a second is left out.

    :param value: not negative.
    """
    seconds = int(value.total_seconds())
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _proportion(value: Any) -> float:
    text = str(value).strip()
    match = _PERCENT.fullmatch(text)
    number = float(match["number"]) / 100 if match else float(text)
    if not 0 <= number <= 1:
        raise ValueError("a proportion lies between 0 and 1, or 0% and 100%")
    return number


class Persistence(Declared):
    """``k of n``: how many of the last n batches must agree before anything is done."""

    hits: int
    window: int


def _persistence(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    match = _PERSISTENCE.fullmatch(value.strip())
    if not match:
        raise ValueError("persistence reads 'k of n', for example 2 of 3")
    hits, window = int(match["hits"]), int(match["window"])
    if not 1 <= hits <= window:
        raise ValueError("in 'k of n', k lies between 1 and n")
    return Persistence(hits=hits, window=window)


Name = Annotated[str, AfterValidator(_name)]
Columns = Annotated[list[str], Field(min_length=1)]
Entrypoint = Annotated[str, AfterValidator(_entrypoint)]
Cron = Annotated[str, AfterValidator(_cron)]
Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(duration_text, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?\s*[smhdw]$", "examples": ["90s", "10m", "30d"]}),
]
Proportion = Annotated[
    float,
    BeforeValidator(_proportion),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^\d+(\.\d+)?\s*%$"}]}),
]
KofN = Annotated[
    Persistence,
    BeforeValidator(_persistence),
    PlainSerializer(lambda value: f"{value.hits} of {value.window}", return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^\d+\s+of\s+\d+$", "examples": ["2 of 3"]}),
]

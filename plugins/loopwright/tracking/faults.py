"""What MLflow complains of, told apart: it has no such thing, it refuses, or it cannot be reached."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.exc import SQLAlchemyError

from loopwright.errors import DataFault, LoopwrightError, TrackingUnavailable, UnknownName, shown
from loopwright.tracking.importing import imported

_LOGIN = {"PERMISSION_DENIED", "UNAUTHENTICATED", "CUSTOMER_UNAUTHORIZED"}
_REFUSALS = {"INVALID_PARAMETER_VALUE", "RESOURCE_ALREADY_EXISTS", "BAD_REQUEST", "INVALID_STATE"}
_NO_ROOM = ("disk is full", "disk i/o", "no space left", "file too large")
_REACH = "Look whether MLflow is up and MLFLOW_TRACKING_URI names it, then run again."
_ROOM = "Free space on MLflow's disk, or look to its health; then run again."
_MAY_ENTER = "Give this user access: MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN."


@contextmanager
def unless(code: str) -> Iterator[None]:
    """Let an expected answer of MLflow's pass: what was to be made is there, what was looked for is not.

    :param code: MLflow's error code, such as ``RESOURCE_ALREADY_EXISTS``.
    """
    try:
        yield
    except imported().exceptions.MlflowException as error:
        if error.error_code != code:
            raise


class TrackingRefused(DataFault):
    """MLflow answered, and will not take this: a value too long, a parameter changed."""


@contextmanager
def said_plainly(uri: str) -> Iterator[None]:
    """Turn MLflow's errors into ours; only MLflow's own calls belong inside.

    :param uri: the tracking URI.
    """
    mlflow = imported()
    try:
        yield
    except mlflow.exceptions.MlflowException as error:
        raise _told_apart(error, uri) from error
    except (SQLAlchemyError, OSError) as error:
        raise _unreachable(str(error), uri) from error


def without_login(uri: str) -> str:
    """Return a URI without the name and password that it may carry."""
    parts = urlsplit(uri)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl() if "@" in parts.netloc else uri


def _told_apart(error: Any, uri: str) -> LoopwrightError:
    code, said = str(error.error_code), shown(str(error))
    if code == "RESOURCE_DOES_NOT_EXIST":
        mend = "If somebody deleted it in MLflow, restore it there; else look at the name."
        return UnknownName("MLflow has no such thing.", where=without_login(uri), got=said, mend=mend)
    if code in _REFUSALS:
        mend = "Correct what is being logged: MLflow would refuse it again."
        return TrackingRefused("MLflow refused.", where=without_login(uri), got=said, mend=mend)
    return _unreachable(said, uri, mend=_MAY_ENTER if code in _LOGIN else _REACH)


def _unreachable(said: str, uri: str, mend: str = _REACH) -> TrackingUnavailable:
    if any(sign in said.lower() for sign in _NO_ROOM):
        mend = _ROOM
    return TrackingUnavailable("MLflow cannot be used.", where=without_login(uri), got=shown(said), mend=mend)

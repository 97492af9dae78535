"""What MLflow complains of, told apart: it has no such thing, it refuses, or it cannot be reached."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sqlalchemy.exc import SQLAlchemyError

from loopwright.errors import DataFault, LoopwrightError, TrackingUnavailable, UnknownName, shown

if TYPE_CHECKING:
    from mlflow.exceptions import MlflowException

_LOGIN = {"PERMISSION_DENIED", "UNAUTHENTICATED", "CUSTOMER_UNAUTHORIZED"}
_REFUSALS = {"INVALID_PARAMETER_VALUE", "RESOURCE_ALREADY_EXISTS", "BAD_REQUEST", "INVALID_STATE"}
_REACH = "Look whether MLflow is up and MLFLOW_TRACKING_URI names it, then run again."
_MAY_ENTER = "Give this user access: MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN."


class TrackingRefused(DataFault):
    """MLflow answered, and will not take this: a value too long, a parameter changed."""


@contextmanager
def said_plainly(uri: str) -> Iterator[None]:
    """Turn MLflow's errors into ours; only MLflow's own calls belong inside.

    :param uri: the tracking URI.
    """
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        raise _told_apart(error, uri) from error
    except (SQLAlchemyError, OSError) as error:
        raise _unreachable(str(error), uri) from error


def without_login(uri: str) -> str:
    """Return a URI without the name and password that it may carry."""
    parts = urlsplit(uri)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl() if "@" in parts.netloc else uri


def is_code(error: MlflowException, code: str) -> bool:
    """Whether MLflow's error is of this code."""
    return bool(error.error_code == code)


def _told_apart(error: MlflowException, uri: str) -> LoopwrightError:
    code, said = str(error.error_code), shown(str(error))
    if code == "RESOURCE_DOES_NOT_EXIST":
        mend = "If somebody deleted it in MLflow, restore it there; else look at the name."
        return UnknownName("MLflow has no such thing.", where=without_login(uri), got=said, mend=mend)
    if code in _REFUSALS:
        mend = "Correct what is being logged: MLflow would refuse it again."
        return TrackingRefused("MLflow refused.", where=without_login(uri), got=said, mend=mend)
    return _unreachable(said, uri, mend=_MAY_ENTER if code in _LOGIN else _REACH)


def _unreachable(said: str, uri: str, mend: str = _REACH) -> TrackingUnavailable:
    return TrackingUnavailable("MLflow cannot be used.", where=without_login(uri), got=shown(said), mend=mend)

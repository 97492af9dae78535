"""The name and password in the address of a tracking server: handed to MLflow's client, and never said.

MLflow repeats the address in its own errors, whose text reaches logs by ways that are not ours (a traceback's chain).
So the address that it is given is without them.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from urllib.parse import unquote, urlsplit

Login = tuple[str, str]


def split_login(uri: str) -> tuple[str, Login | None]:
    """Return a server's address without the login, and the login; any other URI as it is.

    :param uri: tracking URI. A database's needs its login in place, and its driver keeps it to itself.
    """
    parts = urlsplit(uri)
    login, at, host = parts.netloc.rpartition("@")
    name, colon, password = login.partition(":")
    if not at or not colon or parts.scheme not in ("http", "https"):
        return uri, None
    return parts._replace(netloc=host).geturl(), (unquote(name), unquote(password))


def lend(login: Login | None, environ: MutableMapping[str, str]) -> None:
    """Put a login where MLflow's client looks for it.

    :param login: nothing is changed if there is none.
    :param environ: the process's own environment.
    """
    if login:
        environ["MLFLOW_TRACKING_USERNAME"], environ["MLFLOW_TRACKING_PASSWORD"] = login

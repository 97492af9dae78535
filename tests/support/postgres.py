"""A Postgres server of the tests' own, where it is installed; reached through a socket, so that no port is taken."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Yield the URL of a server that ends with the session."""
    initdb = shutil.which("initdb") or next(map(str, Path("/usr/lib/postgresql").glob("*/bin/initdb")), None)
    if initdb is None:
        pytest.skip("Postgres is not installed here (initdb)")
    folder = tempfile.mkdtemp(prefix="loopwright-pg-")
    as_user = _as_someone_else(folder)
    data, server = f"{folder}/data", str(Path(initdb).with_name("postgres"))
    subprocess.run(
        [*as_user, initdb, "-D", data, "-U", "postgres", "-A", "trust", "-N"], check=True, capture_output=True
    )
    options = ["-k", folder, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=50"]
    with Path(f"{folder}/log").open("w") as log:
        process = subprocess.Popen([*as_user, server, "-D", data, *options], stdout=log, stderr=log)
    try:
        url = f"postgresql+psycopg2://postgres@/postgres?host={folder}"
        _wait(url, process)
        yield url
    finally:
        process.send_signal(signal.SIGINT)  # a fast shutdown: SIGTERM waits for every pooled connection to end
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _as_someone_else(folder: str) -> list[str]:
    """Postgres refuses to run as root."""
    if os.geteuid() != 0:
        return []
    user = next((u for u in pwd.getpwall() if u.pw_name in ("postgres", "nobody")), None)
    if user is None:
        pytest.skip("no user to run Postgres as")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    for _ in range(100):
        assert process.poll() is None, "Postgres did not start"
        try:
            engine.connect().close()
        except sa.exc.OperationalError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("Postgres did not answer")


def database(server: str) -> str:
    """Return the URL of an empty database of the server's."""
    name = f"ledger_{uuid4().hex}"
    engine = sa.create_engine(server, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    return server.replace("/postgres?", f"/{name}?")

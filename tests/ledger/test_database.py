from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from loopwright.errors import LedgerUnavailable
from loopwright.ledger import database
from loopwright.ledger.database import Database
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger

DRAFT = Draft(Kind.BATCH_SCORED, "score", "scored", {"batch_id": "a", "version": "1"})


def test_nothing_is_touched_before_it_is_used(tmp_path):
    ledger = Ledger(f"sqlite:///{tmp_path / 'home' / 'ledger.db'}")
    assert list(tmp_path.iterdir()) == []
    assert ledger.events() == []
    assert (tmp_path / "home" / "ledger.db").is_file()


def test_readers_do_not_wait_for_a_writer(sqlite_url):
    first = Database(sqlite_url)
    with first.writing(), Database(sqlite_url).reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM events").scalar() == 0


def test_a_writer_waits_for_another_and_then_says_so(sqlite_url, monkeypatch):
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.1)
    ledger = Ledger(sqlite_url)
    ledger.record("model/tips", DRAFT)
    with (
        Database(sqlite_url).writing(),
        pytest.raises(LedgerUnavailable, match=r"cannot be used(.|\n)*locked(.|\n)*Another process holds"),
    ):
        ledger.record("model/tips", DRAFT)
    ledger.record("model/tips", DRAFT)


def test_an_address_that_is_none():
    with pytest.raises(LedgerUnavailable, match=r"URL cannot be read(.|\n)*allowed: a SQLAlchemy URL"):
        Ledger("ledger.db")


def test_a_driver_that_is_not_installed():
    with pytest.raises(LedgerUnavailable, match=r"driver(.|\n)*pip install pg8000"):
        Ledger("postgresql+pg8000://host/ledger").events()


def test_a_server_that_is_not_there_keeps_the_password_to_itself():
    with pytest.raises(LedgerUnavailable, match="cannot be used") as caught:
        Ledger("postgresql+psycopg2://ada:secret@127.0.0.1:1/ledger").events()
    assert caught.value.where == "postgresql+psycopg2://ada:***@127.0.0.1:1/ledger"
    assert "secret" not in str(caught.value)


def test_a_file_that_is_no_database(tmp_path):
    (tmp_path / "ledger.db").write_text("a diary, and no database at all " * 100)
    with pytest.raises(LedgerUnavailable, match=r"not a database(.|\n)*Restore it from a backup"):
        Ledger(f"sqlite:///{tmp_path / 'ledger.db'}").events()


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "home").write_text("a file")
    with pytest.raises(LedgerUnavailable, match=r"folder cannot be made(.|\n)*write access"):
        Ledger(f"sqlite:///{tmp_path / 'home' / 'ledger.db'}").events()


def test_a_database_that_went_away(sqlite_url, tmp_path):
    ledger = Ledger(sqlite_url)
    ledger.record("model/tips", DRAFT)
    for path in tmp_path.glob("ledger.db*"):
        path.unlink()
    with pytest.raises(LedgerUnavailable, match=r"no such table(.|\n)*Run again"):
        ledger.record("model/tips", DRAFT)
    Ledger(sqlite_url).record("model/tips", DRAFT)


FULL_DISK = """
import resource, sys
from loopwright.errors import LedgerUnavailable
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger

ledger = Ledger(sys.argv[1])
draft = Draft(Kind.BATCH_SCORED, "score", "scored", {"batch_id": "a", "note": "x" * 1_000_000})
ledger.record("model/tips", Draft(Kind.BATCH_SCORED, "score", "scored", {"batch_id": "before"}))
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))  # from here, files end as on a disk that is full
try:
    ledger.record("model/tips", draft)
except LedgerUnavailable as error:
    assert "Free space on the ledger's disk" in str(error), error
else:
    raise AssertionError("there was room")
"""


def test_a_full_disk_loses_nothing(sqlite_url):
    subprocess.run([sys.executable, "-c", FULL_DISK, sqlite_url], check=True)
    ledger = Ledger(sqlite_url)
    assert list(ledger.model("tips").under("scored")) == ["before"]
    ledger.record("model/tips", DRAFT)
    assert ledger.verify("model/tips") == []


FORK = """
import os, sys
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger

ledger = Ledger(sys.argv[1])
draft = Draft(Kind.BATCH_SCORED, "score", "scored", {"batch_id": "a"})
ledger.record("model/tips", draft)
children = []
for _ in range(3):
    if (child := os.fork()) == 0:
        for _ in range(5):
            ledger.record("model/tips", draft)
        os._exit(0)
    children.append(child)
assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
assert ledger.model("tips").sequence == 16
assert ledger.verify("model/tips") == []
"""


def test_a_forked_task_inherits_it(url):
    subprocess.run([sys.executable, "-c", FORK, url], check=True)


def test_the_file_remembers_its_mode(sqlite_url, tmp_path: Path):
    Ledger(sqlite_url).record("model/tips", DRAFT)
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_importing_it_is_cheap():
    heavy = "{'alembic', 'pandas', 'numpy', 'pyarrow', 'deltalake', 'mlflow', 'airflow', 'loopwright.declaration'}"
    program = f"import sys, loopwright.ledger.store; print(sorted({heavy} & set(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    assert out.strip() == "[]"

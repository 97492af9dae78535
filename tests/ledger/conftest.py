"""Every test of the store runs on SQLite, and on Postgres where its server is installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from loopwright.ledger.store import Ledger
from support.postgres import database, postgres

__all__ = ["postgres"]


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An address where no ledger is yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.db'}"
    return database(request.getfixturevalue("postgres"))


@pytest.fixture
def ledger(url: str) -> Ledger:
    return Ledger(url)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger.db'}"

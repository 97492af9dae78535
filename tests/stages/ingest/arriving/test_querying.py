"""Rows of a database as batches: each once, by its watermark, from SQLite and from Postgres."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from loopwright.errors import CannotRun, DeclarationError
from loopwright.lake import Lake
from loopwright.ledger.events import Kind
from loopwright.ledger.store import Ledger
from loopwright.loop.forgetting import forget
from loopwright.loop.taking_in import take_in
from loopwright.loop.telling import Teller
from loopwright.stages.ingest.arriving import querying
from loopwright.stages.ingest.arriving.querying import fetch_rows
from loopwright.stages.ingest.arriving.waiting import waiting
from loopwright.stages.ingest.hash_key import HashKeyChanged, fingerprint
from loopwright.stages.ingest.stage import ingest_batch
from support.postgres import database, postgres
from support.toy import Toy

__all__ = ["postgres"]

DATASET = """\
name: trips
owner: tests
query: {sql: "SELECT id, taken_at, fare, driver FROM trips", watermark: taken_at, connection: trips_db}
schedule: "@hourly"
event_time: taken_at
key: [id]
sensitive: {driver: hash}
expectations: null
"""
START = datetime(2024, 1, 1, 6, 0)  # noqa: DTZ001 - as the database has it


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with a table of trips, empty."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'trips.db'}"
    else:
        url = database(request.getfixturevalue("postgres"))
    kind = "TEXT" if request.param == "sqlite" else "TIMESTAMP"
    run(url, f"CREATE TABLE trips (id BIGINT, taken_at {kind}, fare NUMERIC(10, 2), driver TEXT)")
    return url


@pytest.fixture
def trips(toy: Toy) -> Toy:
    folder = toy.path / "include/datasets/trips"
    folder.mkdir(parents=True)
    (folder / "dataset.yaml").write_text(DATASET)
    return toy


def run(url: str, *statements: str) -> None:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))


def add(url: str, *ids: int) -> None:
    """Add trips, one an hour by their number."""
    for number in ids:
        at = (START + timedelta(hours=number)).isoformat(sep=" ")
        run(url, f"INSERT INTO trips VALUES ({number}, '{at}', {number}.5, 'driver {number}')")


def space(toy: Toy):
    return dataclasses.replace(toy.workspace, hash_key="a long random text")


def fetch(toy: Toy, url: str, **how: object) -> querying.Queried:
    return fetch_rows(space(toy), toy.project.dataset("trips"), url, **how)  # type: ignore[arg-type]


def drained(toy: Toy) -> list[int]:
    """Ingest what waits, and return every id that is published, in order."""
    spec = toy.project.dataset("trips")
    for one in waiting(space(toy), spec).arrivals:
        assert ingest_batch(space(toy), spec, one.batch_id).status in ("published", "unchanged")
    return sorted(Lake.of(toy.workspace).batches("trips").read()["id"].tolist())


def test_each_run_makes_a_batch_of_what_came_since(trips: Toy, url: str) -> None:
    assert fetch(trips, url).batch_id is None
    assert waiting(space(trips), trips.project.dataset("trips")).arrivals == ()
    add(url, 1, 2)
    first = fetch(trips, url)
    name, _, hashed = str(first.batch_id).rpartition("-")
    assert name == ("2024-01-01T08-00-00" if "postgres" in url else "2024-01-01-08-00-00")
    assert (len(hashed), first.rows) == (8, 2)
    assert fetch(trips, url).batch_id is None, "nothing new"
    assert drained(trips) == [1, 2]
    add(url, 3)
    assert fetch(trips, url).rows == 1
    assert drained(trips) == [1, 2, 3]
    frame = Lake.of(trips.workspace).batches("trips").read()
    assert frame["fare"].tolist() == [1.5, 2.5, 3.5]
    assert frame["taken_at"].dtype.kind == "M"
    assert len(frame["_batch_id"].unique()) == 2
    kinds = [event.kind for event in Ledger.of(trips.workspace).events("dataset/trips")]
    assert kinds[:4] == [Kind.HASH_KEY_SET, Kind.QUERY_BEGUN, Kind.QUERY_FETCHED, Kind.BATCH_PUBLISHED]


def test_sensitive_columns_are_hashed_once_and_never_written_as_they_are(trips: Toy, url: str) -> None:
    add(url, 1, 2)
    fetch(trips, url)
    drained(trips)
    drivers = Lake.of(trips.workspace).batches("trips").read()["driver"]
    assert drivers.str.fullmatch("[0-9a-f]{64}").all()
    written = [path.read_bytes() for path in Path(trips.workspace.lake).rglob("*") if path.is_file()]
    assert not [raw for raw in written if b"driver 1" in raw]


@pytest.mark.parametrize("at", ["asked", "written", "recorded"])
def test_killed_anywhere_the_same_rows_are_asked_for_again_and_none_comes_twice(
    trips: Toy, url: str, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    add(url, 1, 2)
    places = {"asked": (querying, "asked"), "written": (Lake, "write_fetched"), "recorded": (Lake, "write_fetched")}
    real = getattr(*places[at])

    def killed(*given: object) -> None:
        if at == "recorded":
            real(*given)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(*places[at], killed)
        with pytest.raises(KeyboardInterrupt):
            fetch(trips, url)
    if at == "recorded":
        assert drained(trips) == [1, 2], "what is written may be ingested before it is recorded"
    add(url, 3)
    again = fetch(trips, url)
    assert again.rows == 2, "the window that was begun"
    assert fetch(trips, url).rows == 1
    assert drained(trips) == [1, 2, 3]


def test_a_fetch_that_another_overtook_asks_for_none_of_its_rows(
    trips: Toy, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(url, 1, 2)
    real = querying.next_window

    def overtaken(*given: object) -> object:
        bounds = real(*given)  # type: ignore[arg-type]
        patch.undo()
        add(url, 3)
        assert fetch(trips, url).rows == 3, "the other, from its beginning to its end"
        return bounds

    with monkeypatch.context() as patch:
        patch.setattr(querying, "next_window", overtaken)
        assert fetch(trips, url).batch_id is None
    add(url, 4)
    assert fetch(trips, url).rows == 1, "the watermark did not go back"
    assert drained(trips) == [1, 2, 3, 4]


@pytest.mark.parametrize(("one", "other"), [("-5", "5"), ("a b", "a/b"), ("x" * 120 + "1", "x" * 120 + "2")])
def test_two_watermarks_never_share_a_batch(trips: Toy, tmp_path: Path, one: str, other: str) -> None:
    url = f"sqlite:///{tmp_path / 'text.db'}"
    run(url, "CREATE TABLE trips (id INTEGER, taken_at TEXT, fare REAL, driver TEXT)")
    trips.edit("include/datasets/trips/dataset.yaml", "event_time: taken_at\n", "")
    for number, watermark in enumerate([one, other], start=1):
        run(url, f"INSERT INTO trips VALUES ({number}, '{watermark}', 1.5, 'a')")
        assert fetch(trips, url).rows == 1
    assert drained(trips) == [1, 2]


def test_what_is_younger_than_the_lag_waits(trips: Toy, url: str) -> None:
    trips.edit("include/datasets/trips/dataset.yaml", "connection: trips_db", "connection: trips_db, lag: 2h")
    add(url, 1, 2, 3)
    at = (START + timedelta(hours=4)).replace(tzinfo=UTC)
    assert fetch(trips, url, now=at).rows == 2
    assert fetch(trips, url, now=at).batch_id is None
    assert fetch(trips, url, now=at + timedelta(hours=1)).rows == 1


def test_what_is_wrong_with_the_query_is_said_and_the_password_is_not(trips: Toy, url: str) -> None:
    trips.edit("include/datasets/trips/dataset.yaml", "FROM trips", "FROM tripps")
    with pytest.raises(DeclarationError, match=r"cannot be asked[\s\S]*tripps"):
        fetch(trips, url)
    with pytest.raises(CannotRun) as caught:
        fetch(trips, "postgresql+psycopg2://me:hunter2@127.0.0.1:1/nowhere")
    assert "does not answer" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_the_loop_asks_by_itself_where_the_environment_says(
    trips: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'numbers.db'}"
    run(url, "CREATE TABLE trips (id INTEGER, taken_at TEXT, fare REAL, driver TEXT)")
    add(url, 1)
    with pytest.raises(DeclarationError, match="Set LOOPWRIGHT_SQL_TRIPS_DB"):
        take_in(space(trips), "trips", Teller(lambda _: None))
    monkeypatch.setenv("LOOPWRIGHT_SQL_TRIPS_DB", url)
    assert len(take_in(space(trips), "trips", Teller(lambda _: None)).published) == 1
    assert take_in(space(trips), "trips", Teller(lambda _: None)).published == ()


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('schedule: "@hourly"\n', "", "asked by the clock"),
        ("owner: tests", "owner: tests\narrivals: '*.csv'", "either `arrivals`"),
    ],
)
def test_a_query_is_declared_with_a_clock_and_without_files(trips: Toy, old: str, new: str, complaint: str) -> None:
    trips.edit("include/datasets/trips/dataset.yaml", old, new)
    with pytest.raises(DeclarationError, match=complaint):
        trips.project.dataset("trips")


def test_whole_numbers_with_gaps_and_long_ones_keep_their_digits(trips: Toy, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'numbers.db'}"
    run(url, "CREATE TABLE trips (id INTEGER, taken_at INTEGER, fare, driver TEXT)")
    run(url, f"INSERT INTO trips VALUES ({2**60 + 1}, 1, 'odd', 'a'), (NULL, 2, 3, 'b')")
    trips.edit("include/datasets/trips/dataset.yaml", "event_time: taken_at\n", "")
    trips.edit("include/datasets/trips/dataset.yaml", "key: [id]\n", "")
    assert fetch(trips, url).batch_id == "2"
    drained_ids = Lake.of(trips.workspace)
    ingest_batch(space(trips), trips.project.dataset("trips"), "2")
    frame = drained_ids.batches("trips").read()
    assert frame["id"].tolist()[0] == 2**60 + 1
    assert frame["fare"].tolist() == ["odd", "3"]


def test_who_is_forgotten_is_so_in_what_the_query_gave(trips: Toy, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'numbers.db'}"
    run(url, "CREATE TABLE trips (id INTEGER, taken_at TEXT, fare REAL, driver TEXT)")
    trips.edit("include/datasets/trips/dataset.yaml", "driver: hash", "driver: keep")
    add(url, 1)
    fetch(trips, url)
    drained(trips)
    add(url, 2)
    run(url, "INSERT INTO trips VALUES (3, '2024-01-01 07:45:00', 1, 'driver 1')")
    fetch(trips, url)
    done = forget(space(trips), "trips", {"driver": "driver 1"}, why="Asked.", actor="person:ada")
    assert done.rows["fetched"] > 0
    written = [path.read_bytes() for path in Path(trips.workspace.lake).rglob("*") if path.is_file()]
    assert not [raw for raw in written if b"driver 1" in raw]
    assert drained(trips) == [2]


def test_forgetting_killed_once_the_rows_are_out_takes_nobody_elses_when_it_is_finished(
    trips: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'numbers.db'}"
    run(url, "CREATE TABLE trips (id INTEGER, taken_at TEXT, fare REAL, driver TEXT)")
    trips.edit("include/datasets/trips/dataset.yaml", "driver: hash", "driver: keep")
    add(url, 1, 2, 3, 4)
    fetch(trips, url)
    real = Lake.write_fetched

    def killed(*given: object) -> None:
        real(*given)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Lake, "write_fetched", killed)
        with pytest.raises(KeyboardInterrupt):
            forget(space(trips), "trips", {"driver": "driver 1"}, why="Asked.", actor="person:ada")
    forget(space(trips), "trips", {"driver": "driver 3"}, why="Asked.", actor="person:ada")
    assert drained(trips) == [2, 4]


def test_rows_without_a_watermark_are_counted_and_said(trips: Toy, url: str) -> None:
    run(url, "INSERT INTO trips VALUES (8, NULL, 1, 'a'), (9, NULL, 1, 'b')")
    assert (fetch(trips, url).batch_id, fetch(trips, url).unmarked) == (None, 2)
    add(url, 1)
    assert (fetch(trips, url).rows, fetch(trips, url).unmarked) == (1, 2)
    (event,) = Ledger.of(trips.workspace).events("dataset/trips", kinds=[Kind.QUERY_FETCHED])
    assert event.evidence["unmarked"] == 2
    assert "2 rows have no taken_at and are in no batch" in event.reason


def test_decimals_stay_the_numbers_that_they_are(trips: Toy, postgres: str, tmp_path: Path) -> None:
    url = database(postgres)
    kinds = "id NUMERIC(20, 0), taken_at INTEGER, fare NUMERIC(10, 2), exact NUMERIC(30, 10), driver TEXT"
    run(url, f"CREATE TABLE trips ({kinds})")
    run(url, f"INSERT INTO trips VALUES ({2**60 + 1}, 1, 1.50, 0.1234567891, 'a')")
    run(url, "INSERT INTO trips VALUES (2, 2, NULL, 12345678901234567890.5, 'a')")
    trips.edit("include/datasets/trips/dataset.yaml", "event_time: taken_at\n", "")
    trips.edit("include/datasets/trips/dataset.yaml", "id, taken_at, fare, driver", "id, taken_at, fare, exact, driver")
    fetch(trips, url)
    drained(trips)
    frame = Lake.of(trips.workspace).batches("trips").read()
    assert frame["id"].tolist() == [2**60 + 1, 2]
    assert frame["fare"].tolist()[0] == 1.5
    assert frame["exact"].tolist() == ["0.1234567891", "12345678901234567890.5000000000"]


def test_a_query_that_renames_a_sensitive_column_writes_nothing(trips: Toy, url: str) -> None:
    trips.edit("include/datasets/trips/dataset.yaml", "driver FROM", "driver AS d FROM")
    add(url, 1)
    with pytest.raises(DeclarationError, match=r"declared sensitive: driver[\s\S]*nothing was written"):
        fetch(trips, url)
    assert not list(Path(trips.workspace.lake).rglob("*.parquet"))


def test_another_hash_key_than_before_is_refused_everywhere(trips: Toy, url: str) -> None:
    add(url, 1)
    fetch(trips, url)
    drained(trips)
    add(url, 2)
    other, spec = dataclasses.replace(trips.workspace, hash_key="another"), trips.project.dataset("trips")
    name = waiting(space(trips), spec, force=True).arrivals[0].batch_id
    for refused in (
        lambda: fetch_rows(other, spec, url),
        lambda: ingest_batch(other, spec, name, force=True),
        lambda: forget(other, "trips", {"driver": "driver 1"}, why="Asked.", actor="person:ada"),
    ):
        with pytest.raises(HashKeyChanged, match=r"not the one that[\s\S]*Set the secret back"):
            refused()
    said = str([event.to_dict() for event in Ledger.of(trips.workspace).events("dataset/trips")])
    assert "a long random text" not in said
    assert fingerprint("a long random text") in said
    assert fetch(trips, url).rows == 1

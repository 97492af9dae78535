"""Every file of the corpus comes to its verdict, and to nothing else.

There is no crash, no part of a write, nothing outside the lake is touched, and the next good batch passes.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from loopwright.declaration import Project, Workspace
from loopwright.lake import Lake
from loopwright.ledger.store import Ledger
from loopwright.stages.ingest.arriving.listing import listed_for
from loopwright.stages.ingest.arriving.waiting import waiting
from loopwright.stages.ingest.stage import IngestResult, ingest_batch
from support.corpus import CASES, DATASET, EXPECTATIONS, NAMES, Case, rows, text

BAD, GOOD = "2024-01-02", "2024-01-03"
SLOW = {"five thousand columns, and a bad row"}
"""Seconds of pandas, a column at a time; the thousand columns are asked every day."""


class Orders:
    """A project with one good day of orders published."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.workspace = Workspace.resolve(path, environ={})

    @property
    def dataset(self):
        return Project.at(self.path).dataset("orders")

    @property
    def arrivals(self) -> Path:
        return self.path / "arrivals" / "orders"

    def ingest(self, batch_id: str) -> IngestResult:
        return ingest_batch(self.workspace, self.dataset, batch_id)

    def published(self) -> dict[str, int]:
        return Lake.of(self.workspace).batches("orders").read()["_batch_id"].value_counts().to_dict()

    def quarantined(self) -> set[str]:
        table = Lake.of(self.workspace).quarantine("orders")
        return set(table.read()["_batch_id"]) if table.exists() else set()

    def outside(self) -> dict[str, str]:
        """Everything below the project's parent folder that is not the loop's own, with a digest of its bytes."""
        return {
            str(path.relative_to(self.path.parent)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.path.parent.rglob("*"))
            if path.is_file() and not path.is_relative_to(self.path / ".loopwright")
        }


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("begun") / "project"
    folder = path / "include" / "datasets" / "orders"
    folder.mkdir(parents=True)
    (folder / "dataset.yaml").write_text(DATASET)
    (folder / "expectations.yaml").write_text(EXPECTATIONS)
    orders = Orders(path)
    orders.arrivals.mkdir(parents=True)
    (orders.arrivals / "2024-01-01.csv").write_text(text(rows(1)))
    assert orders.ingest("2024-01-01").status == "published"
    return path


@pytest.fixture
def orders(begun: Path, tmp_path: Path) -> Orders:
    return Orders(shutil.copytree(begun, tmp_path / "project"))


def put(orders: Orders, case: Case) -> Path:
    path = orders.arrivals / case.name.format(day=BAD)
    path.write_bytes(case.make) if isinstance(case.make, bytes) else case.make(path)
    return path


def test_the_corpus_is_as_large_as_was_promised() -> None:
    assert len(CASES) >= 110
    assert {case.becomes for case in CASES.values()} == {"published", "quarantined", "refused", "ignored"}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.full] if name in SLOW else []) for name in CASES]
)
def test_a_broken_file_comes_to_its_verdict_and_harms_nothing(orders: Orders, name: str) -> None:
    case = CASES[name]
    put(orders, case)
    before, outside = orders.published(), orders.outside()
    found = waiting(orders.workspace, orders.dataset)
    if case.becomes in ("refused", "ignored"):
        assert not found.arrivals
        assert bool(found.refused) == (case.becomes == "refused")
        expected = before
    else:
        (arrival,) = found.arrivals
        result = orders.ingest(arrival.batch_id)
        assert result.status == case.becomes, result.verdict and result.verdict.why()
        assert result.verdict is not None
        failed = [check for check in result.verdict.checks if check.required and check.outcome == "fail"]
        assert not case.check or case.check in [check.name for check in failed], failed
        assert all(len(check.why) < 1_500 for check in result.verdict.checks)
        assert not waiting(orders.workspace, orders.dataset).arrivals
        expected = before if result.status == "quarantined" else {**before, BAD: result.rows_published}
    assert orders.published() == expected
    assert orders.quarantined() <= {BAD}
    assert orders.outside() == outside
    assert not list(orders.path.rglob("*.part")) or case.name.endswith(".part")
    (orders.arrivals / f"{GOOD}.csv").write_text(text(rows(3)))
    assert orders.ingest(GOOD).status == "published"
    assert orders.published() == {**expected, GOOD: 12}
    assert Ledger.of(orders.workspace).dataset("orders").arrival(GOOD) is not None


def test_a_bomb_is_given_up_long_before_it_is_unpacked(orders: Orders, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    put(orders, CASES["a gzip bomb"])
    from loopwright.stages.ingest.reading import unpacking

    real = unpacking.gzip.GzipFile.read

    def counted(self, size=-1):
        read.append(size)
        return real(self, size)

    monkeypatch.setattr(unpacking.gzip.GzipFile, "read", counted)
    assert orders.ingest(BAD).status == "quarantined"
    assert max(read) <= 2**20
    assert len(read) <= 34


def test_a_link_out_of_the_folder_says_where_it_leads(orders: Orders) -> None:
    put(orders, CASES["a link that leads out of the folder"])
    (refused,) = listed_for(orders.workspace, orders.dataset).refused
    assert "leads out of their folder" in refused.fault.what
    assert "elsewhere.csv" in str(refused.fault)


def test_a_column_that_came_once_bars_nobodys_way_and_one_that_stayed_is_missed(orders: Orders) -> None:
    def arrive(day: int, *more: str) -> IngestResult:
        table = [[*row, *(1 for _ in more)] for row in rows(day)]
        (orders.arrivals / f"2024-01-{day:02d}.csv").write_text(text(table, [*NAMES, *more]))
        return orders.ingest(f"2024-01-{day:02d}")

    def findings(result: IngestResult) -> set[str]:
        assert result.verdict is not None
        return {check.name for check in result.verdict.checks if check.outcome == "fail"}

    assert findings(arrive(2, "coupon")) == {"columns_new"}
    passing = arrive(3)
    assert (passing.status, findings(passing)) == ("published", {"columns_passing"})
    assert [findings(arrive(day, "coupon")) for day in (4, 5)] == [{"columns_new"}, set()]
    missed = arrive(6)
    assert (missed.status, findings(missed)) == ("quarantined", {"columns"})

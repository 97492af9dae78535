"""How often the ledger is asked: when the listing changed or something waits, else once a minute."""

import pytest

from loopwright.hooks.loopwright import LoopwrightHook
from loopwright.ledger.store import Ledger
from loopwright.stages.ingest.examining.judged_by import judged_by
from loopwright.stages.ingest.labelling import take_labels
from loopwright.stages.ingest.stage import ingest_batch
from loopwright.triggers import lookout
from loopwright.triggers.lookout import Lookout


@pytest.fixture
def asked(monkeypatch):
    times = []
    real = Ledger.dataset
    monkeypatch.setattr(Ledger, "dataset", lambda self, name: times.append(name) or real(self, name))
    return times


def test_a_quiet_source_costs_a_listing_and_no_query(toy, asked):
    toy.arrive(1)
    ingest_batch(toy.workspace, toy.rides, "2024-01")
    asked.clear()
    looking = Lookout(toy.rides, LoopwrightHook(str(toy.path)))
    assert [looking.waiting() for _ in range(3)] == [[], [], []]
    assert len(asked) == 1


def test_news_is_asked_about(toy, asked):
    toy.arrive(1)
    looking = Lookout(toy.rides, LoopwrightHook(str(toy.path)))
    assert [a.batch_id for a in looking.waiting()] == ["2024-01"]
    assert [a.batch_id for a in looking.waiting()] == ["2024-01"]
    assert len(asked) == 2


def test_what_it_believes_is_asked_again(toy, asked, monkeypatch):
    toy.arrive(1)
    ingest_batch(toy.workspace, toy.rides, "2024-01")
    asked.clear()
    looking = Lookout(toy.rides, LoopwrightHook(str(toy.path)))
    looking.waiting()
    monkeypatch.setattr(lookout, "BELIEVED_FOR", -1.0)
    looking.waiting()
    assert len(asked) == 2


def test_what_was_set_aside_waits_again_when_it_is_judged_by_something_else(toy):
    toy.arrive(1, faults=True)
    ingest_batch(toy.workspace, toy.rides, "2024-01")
    hook = LoopwrightHook(str(toy.path))
    assert Lookout(toy.rides, hook).waiting() == []
    assert Lookout(toy.rides, hook, judged_by(toy.path, toy.rides)).waiting() == []
    toy.edit("include/datasets/rides/expectations.yaml", "min_value: 0", "min_value: -1")
    (waits,) = Lookout(toy.rides, hook, judged_by(toy.path, toy.rides)).waiting()
    assert waits.batch_id == "2024-01"


def test_a_file_that_can_be_no_batch_silences_nobody(toy):
    toy.arrive(1)
    (toy.path / "arrivals/rides/a & b.parquet").write_bytes(b"")
    looking = Lookout(toy.rides, LoopwrightHook(str(toy.path)))
    assert [arrival.batch_id for arrival in looking.waiting()] == ["2024-01"]
    assert [refused.name for refused in looking.refused] == ["a & b.parquet"]


def test_labels_wait_like_batches_until_they_were_taken_in(toy, asked):
    labels = "labels: {arrivals: arrivals/tips/*.csv}\nexpectations: null"
    toy.edit("include/datasets/rides/dataset.yaml", "owner: tests", f"owner: tests\n{labels}")
    toy.arrive(1)
    ingest_batch(toy.workspace, toy.rides, "2024-01")
    looking = Lookout(toy.rides, LoopwrightHook(str(toy.path)))
    assert looking.waiting() == []
    path = toy.path / "arrivals/tips/january.csv"
    path.parent.mkdir()
    path.write_text("ride_id,tip\n1000000,1.5\n")
    assert [one.batch_id for one in looking.waiting()] == ["january"]
    take_labels(toy.workspace, toy.rides)
    assert looking.waiting() == []
    asked.clear()
    assert looking.waiting() == []
    assert asked == [], "a quiet source costs two listings and no query"
    path.write_text("tip\n1.5\n")
    assert [one.batch_id for one in looking.waiting()] == ["january"]
    assert take_labels(toy.workspace, toy.rides).refused
    assert looking.waiting() == [], "what was refused does not wait either"

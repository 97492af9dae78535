from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from loopwright.errors import DataFault, LedgerConflict, LedgerUnavailable
from loopwright.ledger import store
from loopwright.ledger.events import GENESIS, Draft, Kind
from loopwright.ledger.state import DatasetState, ModelState, State
from loopwright.ledger.store import Ledger


def scored(batch: str, version: str = "1") -> Draft:
    return Draft(Kind.BATCH_SCORED, "score", f"scored {batch}", {"batch_id": batch, "version": version})


def registered(version: str) -> Draft:
    return Draft(Kind.CANDIDATE_REGISTERED, "train", "passed", {"version": version, "training_id": "t"})


def promoted(version: str) -> Draft:
    return Draft(Kind.RELEASE_CONFIRMED, "release", "done", {"version": version, "previous": None, "action": "promote"})


def sql(url: str, statement: str) -> None:
    with sa.create_engine(url, poolclass=sa.NullPool).begin() as connection:
        connection.execute(sa.text(statement))


def test_an_event_is_recorded_and_folded(ledger):
    event = ledger.record("model/tips", scored("a"))
    assert (event.subject, event.sequence, event.previous_hash) == ("model/tips", 1, GENESIS)
    assert ledger.events() == [event]
    state = ledger.model("tips")
    assert state.sequence == 1
    assert state.under("scored")["a"]["version"] == "1"


def test_events_of_a_subject_form_a_chain(ledger):
    first = ledger.record("model/tips", scored("a"))
    ledger.record("model/other", scored("a"))
    second = ledger.record("model/tips", scored("b"))
    assert (second.sequence, second.previous_hash) == (2, first.hash)
    assert ledger.verify("model/tips") == []


def test_a_rebuild_that_lost_a_race_is_done_again(ledger, monkeypatch):
    """On Postgres whoever records meanwhile may be first; nothing is wrong with the database then."""
    ledger.record("model/tips", scored("a"))
    real, lost = store.journal.replace_entries, []

    def first_time(*args):
        if not lost:
            lost.append(args)
            raise sa.exc.IntegrityError("INSERT", {}, Exception("unique"))
        real(*args)

    monkeypatch.setattr(store.journal, "replace_entries", first_time)
    assert ledger.rebuild() == 1
    assert lost
    assert ledger.verify("model/tips") == []


def test_the_workspaces_ledger(toy):
    Ledger.of(toy.workspace).record("project", Draft(Kind.CI_JUDGED, "ci", "judged", {"code_digest": "c"}))
    assert Ledger(toy.workspace.ledger).state("project").get("ci")["code_digest"] == "c"


def test_nothing_was_ever_recorded(ledger):
    assert (ledger.events(), ledger.subjects(), ledger.verify("model/tips"), ledger.rebuild()) == ([], [], [], 0)
    assert ledger.state("project") == State("project")
    assert ledger.model("tips") == ModelState("model/tips")
    assert ledger.dataset("rides") == DatasetState("dataset/rides")


def test_events_can_be_narrowed(ledger):
    for subject, draft in [("model/b", registered("1")), ("model/a", scored("x")), ("model/b", scored("y"))]:
        ledger.record(subject, draft)
    assert ledger.subjects() == ["model/a", "model/b"]
    assert [event.subject for event in ledger.events()] == ["model/b", "model/a", "model/b"]
    assert [event.sequence for event in ledger.events("model/b")] == [1, 2]
    assert [event.sequence for event in ledger.events("model/b", newest_first=True, limit=1)] == [2]
    assert [event.subject for event in ledger.events(kinds={Kind.BATCH_SCORED})] == ["model/a", "model/b"]
    assert ledger.events(kinds=[]) == []


def test_evidence_comes_back_as_the_hash_knows_it(ledger):
    evidence = {"batch_id": "a", "version": "1", "pair": (1, 2), 3: "three", "small": 1e-20, "text": "é\u2028\x00"}
    event = ledger.record("model/tips", Draft(Kind.BATCH_SCORED, "score", "é", evidence))
    assert event.evidence["pair"] == [1, 2]
    assert event.evidence["3"] == "three"
    assert ledger.events() == [event]
    assert ledger.verify("model/tips") == []


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, Path("x")])
def test_evidence_must_be_plain(ledger, value):
    with pytest.raises(DataFault, match="Evidence must be plain JSON values"):
        ledger.record("model/tips", Draft(Kind.BATCH_SCORED, "score", "scored", {"batch_id": "a", "x": value}))
    assert ledger.events() == []


def test_an_event_that_does_not_fit_is_not_recorded(ledger):
    with pytest.raises(DataFault, match=r"does not fit what the ledger knows(.|\n)*version/7"):
        ledger.record("model/tips", promoted("7"))
    assert ledger.events() == []


# Decisions.


def test_a_decision_sees_the_state_and_records_what_it_wants(ledger):
    ledger.record("model/tips", registered("1"))

    def decide(state: State) -> list[Draft]:
        assert isinstance(state, ModelState)
        return [promoted(state.candidate["version"]), scored("a")]

    events = ledger.decide("model/tips", decide)
    assert [(event.sequence, event.kind) for event in events] == [(2, Kind.RELEASE_CONFIRMED), (3, Kind.BATCH_SCORED)]
    assert events[1].previous_hash == events[0].hash
    assert ledger.model("tips").champion["version"] == "1"


@pytest.mark.parametrize("nothing", [None, []])
def test_a_decision_may_record_nothing(ledger, nothing):
    assert ledger.decide("model/tips", lambda _: nothing) == []
    assert ledger.events() == []


def test_a_decision_is_recorded_whole_or_not_at_all(ledger):
    ledger.record("model/tips", registered("1"))
    with pytest.raises(DataFault, match="does not fit"):
        ledger.decide("model/tips", lambda _: [promoted("1"), promoted("7")])
    assert ledger.model("tips").champion is None
    assert len(ledger.events()) == 1


def test_what_a_decision_raises_comes_through(ledger):
    def refuse(_: State) -> None:
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        ledger.decide("model/tips", refuse)
    ledger.record("model/tips", scored("a"))  # nothing is locked


def test_of_two_that_decide_on_one_state_the_second_decides_again(ledger, url):
    """Two releases of one model: one wins, the other sees that it has lost."""
    ledger.record("model/tips", registered("1"))
    ledger.record("model/tips", registered("2"))
    seen: list[tuple[str, str | None]] = []
    together = threading.Barrier(2, timeout=1)

    def release(version: str) -> None:
        def decide(state: ModelState) -> Draft | None:
            champion = state.champion["version"] if state.champion else None
            seen.append((version, champion))
            if champion is not None:
                return None
            with contextlib.suppress(threading.BrokenBarrierError):  # SQLite lets only one come here at a time
                together.wait()
            return promoted(version)

        Ledger(url).decide("model/tips", decide)

    threads = [threading.Thread(target=release, args=(version,)) for version in ("1", "2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winner = ledger.model("tips").champion["version"]
    loser = {"1": "2", "2": "1"}[winner]
    assert ledger.model("tips").lineage == [winner]
    assert seen[-1] == (loser, winner)


RACER = """
import sys
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger

ledger, me = Ledger(sys.argv[1]), sys.argv[2]
for _ in range(20):
    def decide(state):
        count = (state.get("scored/a") or {"version": "0"})["version"]
        return Draft(Kind.BATCH_SCORED, me, "one more", {"batch_id": "a", "version": str(int(count) + 1)})
    ledger.decide("model/tips", decide)
"""


def test_processes_at_once_lose_no_decision(url):
    """Each adds one to what it read; they start together on a database that nobody has made yet."""
    racers = [subprocess.Popen([sys.executable, "-c", RACER, url, str(n)]) for n in range(3)]
    assert [racer.wait() for racer in racers] == [0, 0, 0]
    ledger = Ledger(url)
    assert ledger.model("tips").get("scored/a")["version"] == "60"
    assert len(ledger.events("model/tips")) == 60
    assert ledger.verify("model/tips") == []


def test_threads_share_a_ledger(ledger):
    def record(thread: int) -> None:
        for n in range(5):
            ledger.record("model/tips", scored(f"{thread}-{n}"))

    threads = [threading.Thread(target=record, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ledger.model("tips").under("scored")) == 20
    assert ledger.verify("model/tips") == []


KILLED = """
import os, signal, sys
from loopwright.ledger import journal
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger

journal._change = lambda *_: os.kill(os.getpid(), signal.SIGKILL)  # after the event, before its entries
Ledger(sys.argv[1]).record("model/tips", Draft(Kind.BATCH_SCORED, "score", "scored", {"batch_id": "a"}))
"""


def test_a_killed_writer_records_nothing(ledger, url):
    ledger.record("model/tips", scored("before"))
    assert subprocess.run([sys.executable, "-c", KILLED, url], check=False).returncode == -9
    assert len(ledger.events()) == 1
    ledger.record("model/tips", scored("after"))
    assert ledger.verify("model/tips") == []


def test_who_always_loses_says_so(ledger, monkeypatch):
    def lose(*_: object) -> None:
        raise sa.exc.IntegrityError("INSERT", {}, Exception("UNIQUE"))

    monkeypatch.setattr(store.journal, "append", lose)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    with pytest.raises(LedgerConflict, match=r"first, every time(.|\n)*model/tips(.|\n)*30 lost races"):
        ledger.record("model/tips", scored("a"))


# Soundness.


def test_an_edited_event_is_found(ledger, url):
    ledger.record("model/tips", scored("a"))
    ledger.record("model/tips", scored("b"))
    sql(url, "UPDATE events SET reason = 'as it suits me' WHERE sequence = 1")
    assert ledger.verify("model/tips") == ["Event 1 (batch_scored) is not what was recorded: its hash differs."]


@pytest.mark.parametrize(
    ("sequence", "problem"),
    [(1, "Event 1 is missing: the next one is 2."), (2, "The entry scored/b is not what the events say.")],
)
def test_a_removed_event_is_found(ledger, url, sequence, problem):
    ledger.record("model/tips", scored("a"))
    ledger.record("model/tips", scored("b"))
    sql(url, f"DELETE FROM events WHERE sequence = {sequence}")
    assert problem in ledger.verify("model/tips")


def test_entries_can_be_folded_anew(ledger, url):
    ledger.record("model/tips", registered("1"))
    ledger.record("model/tips", promoted("1"))
    ledger.record("dataset/rides", Draft(Kind.BATCH_QUARANTINED, "ingest", "bad", {**ARRIVAL}))
    before = ledger.model("tips"), ledger.dataset("rides")
    sql(url, "DELETE FROM entries")
    sql(url, "INSERT INTO entries VALUES ('model/tips', 'stray', '1')")
    assert ledger.rebuild("model/tips") == 2
    assert ledger.model("tips") == before[0]
    assert ledger.dataset("rides") != before[1]
    assert ledger.rebuild() == 3
    assert ledger.dataset("rides") == before[1]


def test_a_lineage_that_an_older_release_cut_is_said_and_folded_anew(ledger, url):
    """It forgot who had been champion when somebody returned to a version that had been left."""
    back = {"version": "3", "previous": "2", "action": "roll_back"}
    for version in ("1", "2", "3"):
        ledger.record("model/tips", registered(version))
        ledger.record("model/tips", promoted(version))
    for version in ("2", "3"):
        ledger.record("model/tips", Draft(Kind.RELEASE_CONFIRMED, "release", "…", {**back, "version": version}))
    sql(url, """UPDATE entries SET value = '["3"]' WHERE key = 'lineage'""")
    assert (ledger.model("tips").previous, ledger.verify("model/tips")) == (
        None,
        ["The entry lineage is not what the events say."],
    )
    ledger.rebuild("model/tips")
    assert (ledger.model("tips").previous["version"], ledger.verify("model/tips")) == ("2", [])


def test_no_state_is_folded_from_events_that_were_changed(ledger, url):
    ledger.record("model/tips", registered("1"))
    sql(url, "UPDATE events SET reason = 'as it suits me'")
    with pytest.raises(LedgerUnavailable, match=r"was changed(.|\n)*Event 1"):
        ledger.rebuild()
    assert ledger.model("tips").candidate["version"] == "1"


ARRIVAL = {"batch_id": "a", "signature": "s", "arrival_digest": "d", "rows": None, "report": None}

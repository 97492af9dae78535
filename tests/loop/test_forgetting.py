"""A person's rows are erased from everywhere, and the record says so without saying whose they were."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pandas as pd
import pytest

from loopwright.declaration import Workspace
from loopwright.errors import DataFault, UnknownName
from loopwright.lake import Lake
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.loop import forgetting
from loopwright.loop.forgetting import Forgotten, forget
from loopwright.stages.ingest.keeping.held import taken_up
from loopwright.stages.ingest.quarantine.ruling import rule
from loopwright.stages.ingest.stage import ingest_batch
from support.toy import Toy, rides

WHO = "Erika Mustermann"
SECRET = "a long random text"


def people(month: int, rows: int = 40) -> pd.DataFrame:
    return rides(month, rows=rows).assign(rider=[WHO if n % 10 == 0 else f"rider {n}" for n in range(rows)])


def place(toy: Toy) -> Workspace:
    return dataclasses.replace(toy.workspace, hash_key=SECRET)


@pytest.fixture(params=["keep", "hash"])
def told(toy: Toy, request: pytest.FixtureRequest) -> Toy:
    """Three months in which she rode: one superseded, one published in part, one set aside whole; two predicted."""
    more = f"owner: tests\nsensitive: {{rider: {request.param}}}\non_bad_rows: {{set_aside_up_to: 10%}}"
    toy.edit("include/datasets/rides/dataset.yaml", "owner: tests", more)
    space = place(toy)
    toy.arrive(1, people(1))
    ingest_batch(space, toy.rides, "2024-01")
    toy.arrive(1, people(1).assign(rider=lambda frame: frame["rider"].where(frame.index != 0, "somebody")))
    ingest_batch(space, toy.rides, "2024-01")
    toy.arrive(2, people(2).assign(zone=lambda frame: frame["zone"].where(frame.index > 1, "?")))
    ingest_batch(space, toy.rides, "2024-02")
    toy.arrive(3, people(3).assign(zone="?"))
    ingest_batch(space, toy.rides, "2024-03")
    toy.arrive(4, rides(4, rows=40).assign(rider="somebody"))
    ingest_batch(space, toy.rides, "2024-04")
    lake = Lake.of(space)
    for batch in ("2024-01", "2024-02"):
        rows = lake.batches("rides").read([batch])[["_row", "ride_id"]]
        lake.predictions("tips").replace(rows.assign(prediction=True), batch, role="champion")
    ledger = Ledger.of(space)
    for version, batches in (("1", ["2024-01"]), ("2", ["2024-04"])):
        evidence = {"version": version, "training_id": version, "batches": batches, "holdout": []}
        ledger.record("model/tips", Draft(Kind.CANDIDATE_REGISTERED, "test", "", evidence))
    return toy


def erase(toy: Toy, **how: object) -> Forgotten:
    return forget(place(toy), "rides", {"rider": WHO}, **{"why": "She asked.", "actor": "person:ada", **how})


def files(toy: Toy) -> dict[str, str]:
    lake = Path(toy.workspace.lake)
    found = [path for path in lake.rglob("*") if path.is_file()]
    return {str(path.relative_to(lake)): path.read_bytes().decode("latin-1") for path in found}


def test_her_rows_are_gone_from_everywhere_and_the_others_are_not(told: Toy) -> None:
    lake = Lake.of(place(told))
    her = set(lake.quarantine("rides").read(["2024-03"]).set_index("_row").loc[[0], "rider"])
    dry = erase(told, dry_run=True)
    assert dry.rows == {"batches": 6, "quarantine": 5, "labels": 0, "predictions": 6}
    assert len(lake.batches("rides").read()) == 118
    done = erase(told)
    assert done.rows == dry.rows
    assert done.batches == ("2024-01", "2024-02", "2024-03")
    left = lake.batches("rides").read()
    assert left.groupby("_batch_id").size().to_dict() == {"2024-01": 37, "2024-02": 35, "2024-04": 40}
    assert not set(left["rider"]) & her
    kept = lake.quarantine("rides").read()
    assert not set(kept["rider"]) & her
    assert len(kept) == 1 + 36
    for batch in ("2024-02", "2024-03"):
        for held in lake.held_of("rides", batch):
            assert not set(taken_up(lake, held).frame["rider"]) & her
    assert lake.predictions("tips").read().groupby("_batch_id").size().to_dict() == {"2024-01": 37, "2024-02": 35}
    for name in her:
        assert [path for path, text in files(told).items() if name in text] == [], "in some file of some version"
    assert any("source's own files" in said for said in done.left)
    assert any("tips 1" in said for said in done.left)


def test_the_record_says_so_without_saying_whom(told: Toy) -> None:
    done = erase(told)
    ledger = Ledger.of(place(told))
    said = [event for event in ledger.events() if event.kind in (Kind.FORGETTING_BEGUN, Kind.ROWS_FORGOTTEN)]
    assert [event.actor for event in said] == ["person:ada"] * 2
    assert WHO not in str([event.to_dict() for event in ledger.events()])
    state = ledger.dataset("rides")
    batches = {batch["batch_id"]: batch for batch in state.published()}
    assert {name: batch["rows"] for name, batch in batches.items()} == {"2024-01": 37, "2024-02": 35, "2024-04": 40}
    table = Lake.of(place(told)).batches("rides")
    versions = {name: batch["data_version"] for name, batch in batches.items()}
    assert len(table.read_as_of(versions)) == 112, "every batch can be read as it is recorded"
    assert state.arrival("2024-03")["quarantined"] == 36  # type: ignore[index]
    (mark,) = ledger.model("tips").version("1")["forgotten"]  # type: ignore[index]
    assert (mark["request"], mark["batches"]) == (done.request, ["2024-01", "2024-02"])
    assert "forgotten" not in ledger.model("tips").version("2")  # type: ignore[operator]
    assert ledger.verify("dataset/rides") == ledger.verify("model/tips") == []


def test_what_nobody_was_in_keeps_its_older_versions(told: Toy) -> None:
    lake = Lake.of(place(told))
    before = Ledger.of(place(told)).dataset("rides").get("batch/2024-04")["data_version"]
    erase(told)
    assert len(lake.batches("rides").read(["2024-04"], version=before)) == 40
    assert erase(told).batches == ()
    done = rule(place(told), told.rides, "2024-03", "release", why="Fine.", actor="person:ada")
    assert done.result is not None
    assert done.result.rows_published == 36, "what was held is without her, too"


@pytest.mark.parametrize("at", ["_forget_held", "_forget_published", "content_digest"])
def test_killed_on_the_way_the_next_call_finishes_it(told: Toy, monkeypatch: pytest.MonkeyPatch, at: str) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(forgetting, at, killed)
        with pytest.raises(KeyboardInterrupt):
            erase(told)
    erase(told)
    lake = Lake.of(place(told))
    assert lake.batches("rides").read().groupby("_batch_id").size().to_dict()["2024-01"] == 37
    ledger = Ledger.of(place(told))
    assert [event.kind for event in ledger.events("dataset/rides")].count(Kind.ROWS_FORGOTTEN) == 1
    assert len(ledger.model("tips").version("1")["forgotten"]) == 1  # type: ignore[index]
    assert ledger.dataset("rides").under("forgetting") == {}


def test_who_is_not_there_and_what_never_came(told: Toy) -> None:
    assert forget(place(told), "rides", {"rider": "nobody"}, why="Asked.", actor="person:ada").batches == ()
    with pytest.raises(UnknownName, match=r"No column 'ridr' ever came[\s\S]*'rider'"):
        forget(place(told), "rides", {"ridr": WHO}, why="Asked.", actor="person:ada")
    with pytest.raises(DataFault, match="names whom it is about"):
        erase(told, why=f"{WHO} asked.")


def test_what_is_published_again_while_rows_are_erased_stays_published(
    told: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    space, real = place(told), forgetting._forget_published
    fresh = rides(1, rows=30).assign(rider="somebody")

    def overtaken(lake: Lake, dataset: str, batch: str, rows: tuple[int, ...]) -> dict[str, object]:
        done = real(lake, dataset, batch, rows)
        if batch == "2024-01":
            told.arrive(1, fresh)
            ingest_batch(space, told.rides, batch)
        return done

    monkeypatch.setattr(forgetting, "_forget_published", overtaken)
    erase(told)
    now = Ledger.of(space).dataset("rides").get("batch/2024-01")
    assert now["rows"] == 30
    assert len(Lake.of(space).batches("rides").read(["2024-01"], version=now["data_version"])) == 30

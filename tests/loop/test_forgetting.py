"""A person's rows are erased from everywhere, and the record says so without saying whose they were."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pandas as pd
import pytest

from loopwright.declaration import Workspace
from loopwright.errors import DataFault, LakeUnavailable, UnknownName
from loopwright.lake import Lake, Table
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.loop import erasing, forgetting
from loopwright.loop.forgetting import Forgotten, forget
from loopwright.stages.ingest.keeping import ending
from loopwright.stages.ingest.keeping.held import hold, taken_up
from loopwright.stages.ingest.labelling import take_labels
from loopwright.stages.ingest.quarantine.ruling import rule
from loopwright.stages.ingest.stage import ingest_batch
from support.published import publish_frame
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


@pytest.mark.parametrize("at", ["_forget", "_forget_held", "_as_it_is", "_once"])
def test_killed_on_the_way_the_next_call_finishes_it(told: Toy, monkeypatch: pytest.MonkeyPatch, at: str) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(erasing, at, killed)
        with pytest.raises(KeyboardInterrupt):
            erase(told)
    before = files(told)
    assert "which was interrupted" in " ".join(erase(told, dry_run=True).left)
    assert files(told) == before
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
    space, real = place(told), erasing._as_it_is
    fresh = rides(1, rows=30).assign(rider="somebody")

    def overtaken(lake: Lake, dataset: str, batch: str, version: int) -> dict[str, object]:
        done = real(lake, dataset, batch, version)
        if batch == "2024-01":
            told.arrive(1, fresh)
            ingest_batch(space, told.rides, batch)
        return done

    monkeypatch.setattr(erasing, "_as_it_is", overtaken)
    erase(told)
    now = Ledger.of(space).dataset("rides").get("batch/2024-01")
    assert now["rows"] == 30
    assert len(Lake.of(space).batches("rides").read(["2024-01"], version=now["data_version"])) == 30


def counts(toy: Toy) -> dict[str, int]:
    state = Ledger.of(place(toy)).dataset("rides")
    return {batch["batch_id"]: batch["rows"] for batch in state.published()}


def test_a_batch_written_anew_since_it_was_looked_at_loses_her_rows_and_no_others(
    told: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The numbers that were planned are other riders' now; hers are 5 and 25."""
    space = place(told)
    fresh = rides(1, rows=30).assign(rider=[WHO if n in (5, 25) else f"rider {n}" for n in range(30)])
    told.arrive(1, fresh)
    begun = forgetting._begun

    def overtaken(*given: object) -> object:
        plan = begun(*given)  # type: ignore[arg-type]
        if len(plan["batches"]["2024-01"]) != 2:
            ingest_batch(space, told.rides, "2024-01")
        return plan

    monkeypatch.setattr(forgetting, "_begun", overtaken)
    done = erase(told)
    assert done.clear
    assert counts(told)["2024-01"] == 28
    left = Lake.of(space).batches("rides").read(["2024-01"])
    assert sorted(left["_row"]) == [n for n in range(30) if n not in (5, 25)]
    last = Ledger.of(space).events("dataset/rides")[-1]
    assert (last.kind, last.evidence["clear"]) == (Kind.FORGETTING_CHECKED, True)


def test_a_publication_in_flight_takes_up_what_was_erased_under_it(told: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its rows are in the table and not in the ledger when she is forgotten: they are erased, and it looks again."""
    space = place(told)
    told.arrive(5, people(5))
    keep = ending.keep_report

    def meanwhile(*given: object) -> str:
        monkeypatch.undo()
        assert "2024-05" in erase(told).batches
        told.arrive(5, people(5).assign(rider="somebody"))
        return keep(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(ending, "keep_report", meanwhile)
    ingest_batch(space, told.rides, "2024-05")
    batch = Ledger.of(space).dataset("rides").batch("2024-05")
    assert len(Lake.of(space).batches("rides").read_as_of({"2024-05": batch["data_version"]})) == batch["rows"] == 40


def test_what_an_unfinished_publication_hides_is_found_as_it_is_recorded(told: Toy) -> None:
    """A writing that was never recorded lies over the version that the ledger means, which has her rows."""
    space = place(told)
    table = Lake.of(space).batches("rides")
    table.replace(rides(2, rows=20).assign(rider="somebody"), "2024-02")
    assert "2024-02" in erase(told).batches
    batch = Ledger.of(space).dataset("rides").batch("2024-02")
    assert len(table.read_as_of({"2024-02": batch["data_version"]})) == batch["rows"] == 20


def test_a_lake_out_of_reach_is_not_taken_for_erased(told: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    read = Table.read

    def unreachable(self: Table, *batches: object, **how: object) -> pd.DataFrame:
        if batches == (["2024-01"],):
            raise LakeUnavailable("The lake could not be read or written.") from OSError("timed out")
        return read(self, *batches, **how)  # type: ignore[arg-type]

    told.arrive(1, rides(1, rows=30).assign(rider="somebody"))
    ingest_batch(place(told), told.rides, "2024-01")
    monkeypatch.setattr(Table, "read", unreachable)
    with pytest.raises(LakeUnavailable, match="could not be read"):
        erase(told)


def test_what_cannot_be_erased_is_said_and_recorded(told: Toy) -> None:
    told.edit("include/models/tips/model.yaml", "owner: tests", f"owner: tests\nrelease: {TOLD}")
    done = erase(told)
    said = "\n".join(done.left)
    named = ("the source's own files", "reports about these batches", "2024-03.", "input examples", "/srv/copies")
    for part in (*named, "lineage/identities.npy in the runs of tips 1"):
        assert part in said
    last = Ledger.of(place(told)).events("dataset/rides")[-1]
    assert last.evidence["left"] == list(done.left)


TOLD = "{tell: [{name: crm, copy_to: /srv/copies}]}"


def test_labels_go_with_the_rows_that_they_are_about_though_they_do_not_say_whose(toy: Toy) -> None:
    declared = "labels: {arrivals: arrivals/tips/*.csv}\nexpectations: null\nsensitive: {rider: keep, zone: drop}"
    toy.edit("include/datasets/rides/dataset.yaml", "owner: tests", f"owner: tests\n{declared}")
    frame = people(1)
    toy.arrive(1, frame.drop(columns="tip"))
    ingest_batch(place(toy), toy.rides, "2024-01")
    tips = toy.path / "arrivals" / "tips" / "tips.csv"
    tips.parent.mkdir(parents=True)
    frame[["ride_id", "tip"]].to_csv(tips, index=False)
    take_labels(place(toy), toy.rides)
    done = erase(toy)
    assert done.rows == {"batches": 4, "quarantine": 0, "labels": 4, "predictions": 0}
    hers = set(frame.loc[frame["rider"] == WHO, "ride_id"])
    assert set(Lake.of(place(toy)).labels("rides").read()["ride_id"]) == set(frame["ride_id"]) - hers
    with pytest.raises(DataFault, match="dropped on reading"):
        forget(place(toy), "rides", {"zone": "north"}, why="She asked.", actor="person:ada")


def test_older_versions_are_found_without_opening_each_and_those_that_no_event_names_too(
    toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    space, lake = place(toy), Lake.of(place(toy))
    opened: list[int | None] = []
    really = Table._opened

    def counting(self: Table, version: int | None = None) -> object:
        opened.append(version)
        return really(self, version)

    monkeypatch.setattr(Table, "_opened", counting)
    somebody = rides(1, rows=5).assign(rider="somebody")
    lake.batches("rides").replace(somebody.assign(rider=[WHO, *["somebody"] * 4]), "2024-01")
    lake.batches("rides").replace(somebody, "2024-01")  # and neither writer lived to record it
    asked = []
    for versions in (2, 6):
        for version in range(versions):
            publish_frame(space, "rides", "2024-02", somebody.assign(fare=float(version)))
        opened.clear()
        assert erase(toy, dry_run=True).batches == ("2024-01",)
        asked.append(len(opened))
    assert asked[0] == asked[1]
    left = Path(lake.batches("rides").uri) / "_batch_id=2024-01" / "part-00000-dead-c000.snappy.parquet"
    left.write_bytes(b"PAR1")
    assert "1 file in" in " ".join(erase(toy, dry_run=True).left)
    assert not erase(toy).clear, "nobody looked into it"
    left.unlink()
    assert erase(toy).clear
    assert not any(WHO in text for text in files(toy).values())


def test_what_killed_writers_left_beside_the_tables_is_looked_through_or_keeps_it_unclear(told: Toy) -> None:
    lake = Lake.of(place(told))
    reading = taken_up(lake, lake.held_of("rides", "2024-03")[0])
    never = hold(lake, "rides", "2024-09", "0" * 64, reading)  # of a batch of which nothing came to be recorded
    folder = (Path(lake.root) / never).parent
    old, young = folder / ".a.parquet.1f.part", Path(lake.root) / "datasets/rides/fetched/.b.parquet.2f.part"
    young.parent.mkdir()
    for path in (old, young):
        path.write_text(WHO)
    os.utime(old, (0, 0))
    done = erase(told)
    assert "2024-09" in done.batches
    assert not old.exists()
    assert not done.clear
    assert "1 file in" in " ".join(done.left)
    os.utime(young, (0, 0))
    assert erase(told).clear
    assert not any(WHO in text for text in files(told).values())


def forgotten(toy: Toy, key: dict[str, str], **how: object) -> Forgotten:
    return forget(place(toy), "rides", key, **{"why": "She asked.", "actor": "person:ada", **how})  # type: ignore[arg-type]


def test_whoever_is_found_by_a_column_that_some_batches_lack_is_not_said_to_be_gone(toy: Toy) -> None:
    """Written and spelled otherwise, she is found; the second batch cannot be looked through by her address."""
    more = "sensitive: {e_mail: keep}\nclean:\n  - {step: spell, columns: [E-Mail], case: lower}"
    toy.edit("include/datasets/rides/dataset.yaml", "clean:", more)
    toy.arrive(1, rides(1, rows=30).assign(**{"E-Mail": [f"P{n}@X.org" for n in range(30)]}))
    ingest_batch(place(toy), toy.rides, "2024-01")
    assert forgotten(toy, {"e-mail": "nobody"}, dry_run=True).clear
    toy.edit("include/datasets/rides/dataset.yaml", more, "clean:")
    toy.arrive(2, rides(2, rows=30))
    ingest_batch(place(toy), toy.rides, "2024-02")
    done = forgotten(toy, {"E_Mail": "p3@x.org"})
    assert (done.rows["batches"], done.batches, done.clear) == (1, ("2024-01",), False)
    assert "rows of 2024-02, which lack one of the columns E_Mail" in " ".join(done.left)
    again = forgotten(toy, {"E_Mail": "p3@x.org"}, dry_run=True)
    assert (again.rows["batches"], again.clear) == (0, False)


def test_a_column_that_the_published_rows_lack_is_refused_before_anything_is_done(toy: Toy) -> None:
    toy.edit("include/datasets/rides/dataset.yaml", "owner: tests", "owner: tests\nsensitive: {email: keep}")
    toy.edit("include/datasets/rides/dataset.yaml", "clean:", "clean:\n  - {step: apply, function: 'mine:without'}")
    (toy.path / "include/datasets/rides/mine.py").write_text("def without(f):\n    return f.drop(columns='email')\n")
    toy.arrive(1, rides(1, rows=30).assign(email="p@x.org"))
    ingest_batch(place(toy), toy.rides, "2024-01")
    with pytest.raises(DataFault, match=r"published rows have no such column[\s\S]*got: email[\s\S]*ride_id"):
        forgotten(toy, {"email": "p@x.org"})
    unknown = forgotten(toy, {"ride_id": "5"})
    assert not unknown.clear, "what a function of the team's own wrote there is not known"
    assert "mine:without wrote the value another way" in " ".join(unknown.left)
    assert forgotten(toy, {"ride_id": "1000005"}).clear


def test_predictions_of_a_model_that_is_declared_no_more_are_found_by_what_is_on_record(toy: Toy) -> None:
    toy.arrive(1, rides(1, rows=30))
    ingest_batch(place(toy), toy.rides, "2024-01")
    lake, ledger = Lake.of(place(toy)), Ledger.of(place(toy))
    digest = ledger.dataset("rides").batch("2024-01")["content_digest"]
    rows = lake.batches("rides").read()[["_row"]].assign(prediction=True)
    published = {**dict.fromkeys(("signature", "arrival_digest"), "x"), "verdict": {}, "report": "", "rows": 30}
    published |= {"batch_id": "2024-01", "data_version": 1, "event_time": None, "content_digest": "of trips"}
    ledger.record("dataset/trips", Draft(Kind.BATCH_PUBLISHED, "test", "", published))
    for model, content in (("gone", digest), ("trips", "of trips"), ("unrecorded", None)):
        lake.predictions(model).replace(rows, "2024-01", role="champion")
        evidence = {"batch_id": "2024-01", "version": "1", "rows": 30, "table_version": 0, "content_digest": content}
        if content:
            ledger.record(f"model/{model}", Draft(Kind.BATCH_SCORED, "test", "", evidence))
    done = forgotten(toy, {"ride_id": "1000005"})
    assert {name: len(lake.predictions(name).read()) for name in ("gone", "trips", "unrecorded")} == {
        "gone": 29, "trips": 30, "unrecorded": 30,
    }  # fmt: skip
    assert done.rows["predictions"] == 1
    assert not done.clear
    assert "predictions of unrecorded, which is declared no more, for 2024-01" in " ".join(done.left)


@pytest.mark.parametrize(
    ("value", "why", "refused"),
    [
        ("5", "Request 15", False),
        ("5", "Request 5.", True),
        (WHO, "erika mustermann asked", True),
        ("a+b", "a+b", True),
    ],
)
def test_a_reason_names_nobody_unless_the_value_stands_in_it_by_itself(value: str, why: str, refused: bool) -> None:
    if not refused:
        forgetting._require_unnamed({"ride_id": value}, why)
        return
    with pytest.raises(DataFault, match=r"names whom it is about[\s\S]*the value of ride_id"):
        forgetting._require_unnamed({"ride_id": value}, why)

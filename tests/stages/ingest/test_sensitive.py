"""Columns about people: dropped or hashed before anything sees them, and shown nowhere."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from loopwright.declaration import Workspace
from loopwright.declaration.sensitive import treatments
from loopwright.errors import DataFault, DeclarationError
from loopwright.lake import Lake
from loopwright.ledger.store import Ledger
from loopwright.stages.ingest.infer.inferring import infer
from loopwright.stages.ingest.judging.suite import Suite
from loopwright.stages.ingest.labelling import take_labels
from loopwright.stages.ingest.quarantine.kept import kept_batch
from loopwright.stages.ingest.quarantine.ruling import rule
from loopwright.stages.ingest.quarantine.taking_out import write_rows
from loopwright.stages.ingest.sensitive import digest
from loopwright.stages.ingest.stage import ingest_batch
from support.toy import Toy, rides

SECRET = "a long random text"
SENSITIVE = "sensitive: {name: drop, rider: hash, home: keep}\non_bad_rows: {set_aside_up_to: 20%}"
SUITE = """
  - {type: expect_column_values_to_match_regex, kwargs: {column: address, regex: "^[A-Z]"}}
  - {type: expect_column_most_common_value_to_be_in_set, kwargs: {column: address, value_set: [Z]}, severity: warning}
  - {type: expect_column_values_to_be_in_set, kwargs: {column: rider, value_set: [nobody]}, severity: warning}
  - {type: expect_column_distinct_values_to_be_in_set, kwargs: {column: rider, value_set: [nobody]}, severity: info}
"""


@pytest.fixture
def shy(toy: Toy) -> Toy:
    """Rides with names, riders and homes, of which some homes are not as expected."""
    dataset = "include/datasets/rides/dataset.yaml"
    toy.edit(dataset, "owner: tests", f"owner: tests\n{SENSITIVE}")
    toy.edit(dataset, "clean:\n", "clean:\n  - {step: rename, columns: {home: address}}\n")
    suite = toy.path / "include/datasets/rides/expectations.yaml"
    suite.write_text(suite.read_text() + SUITE.lstrip("\n"))
    return toy


def place(toy: Toy, secret: str = SECRET) -> Workspace:
    return dataclasses.replace(toy.workspace, hash_key=secret)


def people(rows: int = 20) -> pd.DataFrame:
    who = [f"Person{n:03d}" for n in range(rows)]
    homes = [f"Street{n:03d}" for n in range(rows)]
    homes[4] = "hidden lane 4"
    return rides(1, rows=rows).assign(name=who, rider=[f"R{n % 5}-rider" for n in range(rows)], home=homes)


VALUES = re.compile(r"Person\d|R\d-rider|Street\d|hidden lane")


def everything_written(toy: Toy, *, but: str) -> str:
    """Return all that the lake and the ledger hold as text, but for one table's files."""
    files = [p for p in Path(toy.workspace.lake).rglob("*") if p.is_file() and but not in str(p)]
    return "\n".join(path.read_bytes().decode("latin-1") for path in files)


def test_values_of_sensitive_columns_are_kept_as_declared_and_shown_nowhere(shy: Toy, tmp_path: Path) -> None:
    shy.arrive(1, people())
    result = ingest_batch(place(shy), shy.rides, "2024-01")
    assert (result.status, result.rows_quarantined) == ("published", 1)
    lake = Lake.of(shy.workspace)
    here = lake.batches("rides").read()
    assert "name" not in here
    assert here["rider"][0] == digest("R0-rider", SECRET)
    assert here["address"][0] == "Street000", "kept is kept"
    there = lake.quarantine("rides").read()
    assert "name" not in there
    assert there["rider"].tolist() == [digest("R4-rider", SECRET)]
    kept = kept_batch(place(shy), "rides", "2024-01")
    assert not VALUES.search(str(kept.to_dict()))
    assert kept.sample[0]["_row"] == 4
    target = tmp_path / "bad.csv"
    write_rows(place(shy), shy.rides, "2024-01", target)
    assert not VALUES.search(target.read_text())
    assert not {"rider", "home", "name"} & set(pd.read_csv(target))
    assert not VALUES.search(Path(str(result.report)).read_text())
    assert not VALUES.search(str(result.to_dict()))
    ledger = Ledger.of(shy.workspace)
    assert not VALUES.search(str([event.to_dict() for event in ledger.events()]))
    held = next(Path(shy.workspace.lake).rglob("held/*/*.parquet"))
    assert set(pd.read_parquet(held)["rider"]) == {digest(f"R{n}-rider", SECRET) for n in range(5)}
    assert "name" not in pd.read_parquet(held)
    assert "Person" not in everything_written(shy, but="nothing")


def test_mended_rows_keep_their_sensitive_columns(shy: Toy, tmp_path: Path) -> None:
    shy.arrive(1, people().assign(distance=lambda frame: frame["distance"].where(frame.index != 2, -1)))
    ingest_batch(place(shy), shy.rides, "2024-01")
    target = tmp_path / "bad.csv"
    write_rows(place(shy), shy.rides, "2024-01", target)
    pd.read_csv(target).assign(distance=1.0).to_csv(target, index=False)
    done = rule(place(shy), shy.rides, "2024-01", "replace", why="Asked.", actor="person:ada", file=target)
    assert done.result is not None
    assert done.result.rows_published == 19, "the home of the other one is still odd"
    row = Lake.of(shy.workspace).batches("rides").read().set_index("_row").loc[2]
    assert (row["rider"], row["address"]) == (digest("R2-rider", SECRET), "Street002")


def test_without_a_secret_nothing_is_hashed_and_nothing_written(shy: Toy) -> None:
    shy.arrive(1, people())
    with pytest.raises(DataFault, match="no secret to hash it with"):
        ingest_batch(place(shy, ""), shy.rides, "2024-01")
    assert not Path(shy.workspace.lake).exists()


def test_bytes_that_make_no_sense_are_not_kept_where_something_is_to_be_dropped(shy: Toy) -> None:
    shy.arrive(1).write_bytes(b"PAR1 Person001")
    assert ingest_batch(place(shy), shy.rides, "2024-01").status == "quarantined"
    assert not list(Path(shy.workspace.lake).rglob("*.unread"))


def test_what_cleaning_complains_of_is_said_without_the_value(shy: Toy) -> None:
    folder = shy.path / "include/datasets/rides"
    (folder / "own.py").write_text("def own(frame):\n    raise ValueError(f'what is {frame.address[0]}?')\n")
    shy.edit("include/datasets/rides/dataset.yaml", "clean:\n", "clean:\n  - {step: apply, function: 'own:own'}\n")
    shy.arrive(1, people())
    result = ingest_batch(place(shy), shy.rides, "2024-01")
    assert result.status == "quarantined"
    assert not VALUES.search(str(result.verdict))


@pytest.mark.parametrize(
    ("sensitive", "complaint"),
    [("{started_at: hash}", "event time"), ("{ride_id: drop}", "part of the key"), ("{zone: shred}", "sensitive")],
)
def test_what_is_needed_as_it_is_cannot_be_dropped_or_hashed(toy: Toy, sensitive: str, complaint: str) -> None:
    toy.edit("include/datasets/rides/dataset.yaml", "owner: tests", f"owner: tests\nsensitive: {sensitive}")
    with pytest.raises(DeclarationError, match=complaint):
        toy.rides  # noqa: B018 - reading it is what fails


def test_the_same_value_has_the_same_hash_however_it_came(toy: Toy) -> None:
    toy.edit("include/datasets/rides/dataset.yaml", "owner: tests", "owner: tests\nsensitive: {rider: hash}")
    toy.edit("include/datasets/rides/dataset.yaml", "*.parquet", "*.*")
    toy.arrive(1, rides(1, rows=3).assign(rider=[7.0, 8.0, None]))
    path = toy.path / "arrivals/rides/2024-02.csv"
    rides(2, rows=3).assign(rider=["7", "08", ""]).to_csv(path, index=False)
    for batch in ("2024-01", "2024-02"):
        ingest_batch(place(toy), toy.rides, batch)
    found = Lake.of(toy.workspace).batches("rides").read()["rider"].tolist()
    assert found[0] == found[3] == digest("7", SECRET)
    assert found[1] != found[4] == digest("08", SECRET)
    assert pd.isna(found[2])
    assert pd.isna(found[5])


def test_the_secret_never_shows(shy: Toy) -> None:
    assert SECRET not in repr(place(shy))


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_second_column_of_the_name_is_treated_like_the_first(toy: Toy, ending: str) -> None:
    dataset = "include/datasets/rides/dataset.yaml"
    toy.edit(dataset, "owner: tests", "owner: tests\nsensitive: {rider: hash, name: drop}\nexpectations: null")
    toy.edit(dataset, "*.parquet", f"*.{ending}")
    frame = people(5).rename(columns={"home": "rider"})
    frame.columns = ["name" if name == "tip" else name for name in frame]
    path = toy.path / f"arrivals/rides/2024-01.{ending}"
    path.parent.mkdir(parents=True)
    if ending == "csv":
        frame.to_csv(path, index=False)
    else:
        pq.write_table(pa.table([pa.array(frame.iloc[:, n]) for n in range(frame.shape[1])], list(frame)), path)
    assert ingest_batch(place(toy), toy.rides, "2024-01").status == "quarantined", "a doubled name is a fault"
    assert not VALUES.search(everything_written(toy, but="nothing"))
    (held,) = Path(toy.workspace.lake).rglob("held/*/*.parquet")
    kept = pd.read_parquet(held)
    assert kept["rider.1"].str.fullmatch("[0-9a-f]{64}").tolist()[:2] == [True, True]
    assert not {"name", "name.1"} & set(kept)


def test_a_column_goes_by_its_declared_name_however_it_is_written(shy: Toy) -> None:
    shy.arrive(1, people().rename(columns={"name": " Name", "rider": "RIDER"}))
    result = ingest_batch(place(shy), shy.rides, "2024-01")
    assert "home" not in str(result.verdict)
    lake = everything_written(shy, but="nothing")
    assert "Person" not in lake
    assert "-rider" not in lake


@pytest.mark.parametrize("gone", ["name", "rider", "home"])
def test_a_sensitive_column_that_is_not_there_fails_the_batch_and_nothing_of_it_is_kept(shy: Toy, gone: str) -> None:
    shy.arrive(1, people().rename(columns={gone: "x"}))
    result = ingest_batch(place(shy), shy.rides, "2024-01")
    assert (result.status, result.rows_quarantined) == ("quarantined", 0)
    assert result.verdict is not None
    (check,) = [one for one in result.verdict.checks if one.name == "sensitive"]
    assert (check.required, str(check.outcome), check.observed) == (True, "fail", [gone])
    assert not VALUES.search(everything_written(shy, but="nothing"))
    assert not list(Path(shy.workspace.lake).rglob("held/*/*"))
    assert kept_batch(place(shy), "rides", "2024-01").rows == 0
    shy.arrive(1, people())
    assert ingest_batch(place(shy), shy.rides, "2024-01").status == "published"


def test_a_mended_file_without_a_sensitive_column_is_refused(shy: Toy, tmp_path: Path) -> None:
    shy.arrive(1, people().assign(distance=-1.0))
    assert ingest_batch(place(shy), shy.rides, "2024-01").status == "quarantined"
    people().rename(columns={"name": "x"}).to_csv(tmp_path / "mended.csv", index=False)
    with pytest.raises(DataFault, match="lacks columns that are declared sensitive: name"):
        rule(
            place(shy),
            shy.rides,
            "2024-01",
            "replace",
            why="Asked.",
            actor="person:ada",
            file=tmp_path / "mended.csv",
        )
    assert "Person" not in everything_written(shy, but="nothing")


@pytest.mark.parametrize(
    ("came", "how"),
    [
        ("email", "hash"), ("E-Mail", "keep"), ("e_mail", "keep"), ("EMAIL ", "hash"), ("email.1", "hash"),
        ("Email.12", "hash"), ("e mail.2", "keep"), ("mail", None), ("email.x", None), ("email2", None),
    ],
)  # fmt: skip
def test_which_names_mean_a_declared_column(toy: Toy, came: str, how: str | None) -> None:
    toy.edit(
        "include/datasets/rides/dataset.yaml", "owner: tests", "owner: tests\nsensitive: {email: hash, e_mail: keep}"
    )
    assert treatments([came], toy.rides).get(came) == how


def test_labels_are_treated_under_the_names_after_cleaning_too(toy: Toy) -> None:
    dataset = "include/datasets/rides/dataset.yaml"
    labels = "labels: {arrivals: 'labels/*.csv', key: [who]}"
    toy.edit(dataset, "owner: tests", f"owner: tests\n{labels}\nsensitive: {{rider: hash, home: hash}}")
    toy.edit(dataset, "clean:\n", "clean:\n  - {step: rename, columns: {rider: who, home: address}}\n")
    frame = people().assign(rider=[f"{n:04d}" for n in range(20)])
    toy.arrive(1, frame.drop(columns="name"))
    assert ingest_batch(place(toy), toy.rides, "2024-01").status == "published"
    (toy.path / "labels").mkdir()
    told = frame[["rider", "home"]].set_axis(["who", "Address"], axis=1)
    told.assign(late=1).to_csv(toy.path / "labels/a.csv", index=False)
    assert take_labels(place(toy), toy.rides).covered == {"2024-01": 1.0}
    kept = Lake.of(place(toy)).labels("rides").read()
    assert set(kept["who"]) == {digest(one, SECRET) for one in frame["rider"]}
    assert not any(VALUES.search(str(value)) for value in kept["Address"])


def test_what_breaks_a_suite_is_inferred_without_values(shy: Toy) -> None:
    shy.arrive(1, people())
    suite = "{type: expect_column_value_lengths_to_be_between, kwargs: {column: address, max_value: 3}}"
    common = "{type: expect_column_most_common_value_to_be_in_set, kwargs: {column: address, value_set: [Z]}}"
    present = Suite.model_validate(yaml.safe_load(f"expectations: [{suite}, {common}]"))
    found = infer(place(shy), shy.rides, present=present)
    assert len(found.broken) == 2
    assert not VALUES.search(str(found))

"""Arrivals: listed in order, told apart by signature, and waiting until the ledger has an answer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fsspec.implementations.local import LocalFileSystem

from loopwright.errors import CannotRun, DataFault, DeclarationError, UnknownName
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.stages.ingest.arriving.arrival import Arrival, ArrivalsMissing, Listing, arrival_of
from loopwright.stages.ingest.arriving.batch_names import stem
from loopwright.stages.ingest.arriving.listing import listed, listed_for
from loopwright.stages.ingest.arriving.waiting import waiting
from support.toy import Toy


def drop(folder: Path, *names: str, text: str = "x") -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def ids(found: Listing) -> list[str]:
    return [arrival.batch_id for arrival in found.arrivals]


def record(toy: Toy, arrival: Arrival, kind: Kind = Kind.BATCH_PUBLISHED) -> None:
    evidence = {"batch_id": arrival.batch_id, "signature": arrival.signature, "arrival_digest": "d"}
    Ledger.of(toy.workspace).record("dataset/rides", Draft(kind, "ingest", "because", evidence))


def test_listed_in_the_order_people_count(tmp_path: Path) -> None:
    drop(tmp_path, "b-10.csv", "b-9.csv", "b-1.csv.gz")
    found = listed(f"{tmp_path}/*")
    arrivals = found.arrivals
    assert ids(found) == ["b-1", "b-9", "b-10"]
    assert arrivals[1].path == str(tmp_path / "b-9.csv")
    assert arrivals[1].to_dict()["batch_id"] == "b-9"


def test_hidden_and_unfinished_files_are_no_arrivals_but_an_empty_one_is(tmp_path: Path) -> None:
    drop(tmp_path, ".x.csv", "x.csv.part", "y.csv.tmp", "z.csv~", ".staging/2.csv", "folder.csv/inner.txt")
    drop(tmp_path, "1.csv", text="")
    assert ids(listed(f"{tmp_path}/**/*.csv*")) == ["1"]


def test_a_hidden_folder_above_the_glob_does_not_hide_what_is_in_it(tmp_path: Path) -> None:
    drop(tmp_path, ".landing/1.csv")
    assert ids(listed(f"{tmp_path}/.landing/*.csv")) == ["1"]


def test_links_are_followed_within_the_folder_refused_out_of_it_and_passed_over_to_nowhere(tmp_path: Path) -> None:
    drop(tmp_path, "in/kept/1.csv", text="twelve bytes")
    drop(tmp_path, "elsewhere/2.csv")
    for name, target in {"1": "in/kept/1.csv", "2": "elsewhere/2.csv", "3": "nowhere.csv", "4": "in/4.csv"}.items():
        (tmp_path / "in" / f"{name}.csv").symlink_to(tmp_path / target)
    found = listed(f"{tmp_path}/in/*.csv")
    (arrival,) = found.arrivals
    assert arrival.signature.startswith("12:")
    assert [refused.name for refused in found.refused] == ["2.csv"]
    assert "leads out of their folder" in found.refused[0].fault.what


def test_the_signature_follows_size_and_time(tmp_path: Path) -> None:
    drop(tmp_path, "1.csv")
    before = listed(f"{tmp_path}/*.csv").arrivals[0].signature
    assert listed(f"{tmp_path}/*.csv").arrivals[0].signature == before
    os.utime(tmp_path / "1.csv", ns=(1, 1))
    touched = listed(f"{tmp_path}/*.csv").arrivals[0].signature
    drop(tmp_path, "1.csv", text="xy")
    os.utime(tmp_path / "1.csv", ns=(1, 1))
    assert len({before, touched, listed(f"{tmp_path}/*.csv").arrivals[0].signature}) == 3


def test_the_batch_id_is_made_as_declared(tmp_path: Path) -> None:
    drop(tmp_path, "2013/01.csv", "2014/01.csv")
    assert ids(listed(f"{tmp_path}/*/*.csv", "{parent}-{stem}")) == ["2013-01", "2014-01"]
    assert ids(listed(f"{tmp_path}/2013/*", "{name}")) == ["01.csv"]
    (refused,) = listed(f"{tmp_path}/*/*.csv").refused
    assert "Two files give the one batch id '01'" in refused.fault.what
    with pytest.raises(DeclarationError, match=r"Did you mean \{stem\}"):
        listed(f"{tmp_path}/2013/*.csv", "{stam}")
    with pytest.raises(DeclarationError, match="cannot be named that way"):
        listed(f"{tmp_path}/2013/*.csv", "{stem.__class__}{}")


@pytest.mark.parametrize(
    "name", ["a..b.csv", "it's.csv", "a\nb.csv", "-x.csv", "a?b.csv", f"{'x' * 230}.csv", "a%2Fb.csv"]
)
def test_a_name_that_could_lead_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    drop(tmp_path, name)
    drop(tmp_path, "good.csv")
    found = listed(f"{tmp_path}/*.csv")
    assert ids(found) == ["good"]
    assert [one.name for one in found.refused] == [name]
    assert "not safe to use as a name" in found.refused[0].fault.what


def test_a_declared_batch_id_cannot_lead_elsewhere(tmp_path: Path) -> None:
    drop(tmp_path, "1.csv")
    for template in ("../{stem}", "a/{stem}", ".{stem}"):
        found = listed(f"{tmp_path}/*.csv", template)
        assert not found.arrivals
        assert "not safe to use as a name" in found.refused[0].fault.what


def test_a_batch_that_two_files_claim_is_refused_and_the_others_have_their_turn(toy: Toy) -> None:
    toy.edit("include/datasets/rides/dataset.yaml", "*.parquet", "*.csv*")
    drop(toy.path / "arrivals" / "rides", "1.csv", "2.csv", "2.csv.gz", "notes & more.csv")
    found = waiting(toy.workspace, toy.rides)
    assert ids(found) == ["1"]
    assert [one.name for one in found.refused] == ["notes & more.csv", "2"]
    for name in ("2", "notes & more.csv"):
        only = waiting(toy.workspace, toy.rides, batch_id=name)
        assert (ids(only), [one.name for one in only.refused]) == ([], [name])
        with pytest.raises(DataFault, match=r"Two files give|not safe"):
            arrival_of(found, name, toy.rides)


def test_names_in_any_alphabet_are_safe(tmp_path: Path) -> None:
    drop(tmp_path, "Straße (März) x².csv", "空.csv")
    assert len(listed(f"{tmp_path}/*.csv").arrivals) == 2


def test_stem_takes_off_format_and_packing() -> None:
    assert [stem(name) for name in ("a.csv", "a.csv.gz", "a.b.parquet", "a")] == ["a", "a", "a.b", "a"]


def test_an_empty_folder_holds_nothing_and_a_missing_one_says_so(tmp_path: Path) -> None:
    assert listed(f"{tmp_path}/*.csv") == Listing(())
    with pytest.raises(ArrivalsMissing, match=r"does not exist[\s\S]*nowhere") as caught:
        listed(f"{tmp_path}/nowhere/*.csv")
    assert caught.value.retryable


def test_storage_that_does_not_answer_is_told_from_an_empty_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> dict[str, object]:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(LocalFileSystem, "glob", broken)
    with pytest.raises(CannotRun, match=r"could not be listed[\s\S]*Input/output error"):
        listed(f"{tmp_path}/*.csv")


def test_an_unknown_storage_says_how_to_name_one() -> None:
    with pytest.raises(CannotRun, match="cannot be addressed"):
        listed("teleport://x/*.csv")


def test_what_the_ledger_answered_for_this_very_file_waits_no_more(toy: Toy) -> None:
    folder = toy.path / "arrivals" / "rides"
    drop(folder, "1.parquet", "2.parquet")
    first, second = listed_for(toy.workspace, toy.rides).arrivals
    assert waiting(toy.workspace, toy.rides) == Listing((first, second))
    record(toy, first)
    assert waiting(toy.workspace, toy.rides) == Listing((second,))
    assert waiting(toy.workspace, toy.rides, batch_id="1") == Listing(())
    assert waiting(toy.workspace, toy.rides, batch_id="1", force=True) == Listing((first,))
    drop(folder, "1.parquet", text="mended")
    assert ids(waiting(toy.workspace, toy.rides)) == ["1", "2"]


def test_an_unknown_batch_is_answered_with_the_nearest(toy: Toy) -> None:
    drop(toy.path / "arrivals" / "rides", "2024-01.parquet")
    with pytest.raises(UnknownName, match="Did you mean '2024-01'"):
        waiting(toy.workspace, toy.rides, batch_id="2024_01")
    with pytest.raises(UnknownName, match="No file has arrived"):
        waiting(toy.workspace, toy.rides, batch_id="../../etc/passwd", force=True)


def test_a_trigger_can_afford_the_import() -> None:
    heavy = "{'pandas', 'numpy', 'pyarrow', 'great_expectations', 'mlflow', 'deltalake', 'airflow'}"
    program = f"import loopwright.stages.ingest.arriving.waiting, sys; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

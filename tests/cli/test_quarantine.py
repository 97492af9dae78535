"""The quarantine by the command line: looked at, decided about with a name and a reason, by people and programs."""

import pandas as pd
import pytest

from support import toy as toys

BETWEEN = "expect_column_values_to_be_between(distance)"


@pytest.fixture
def quarantined(loopwright, toy: toys.Toy) -> toys.Toy:
    """A toy whose first month is published but for three rows."""
    toy.edit("include/datasets/rides/dataset.yaml", "owner: tests", "owner: tests\non_bad_rows: {set_aside_up_to: 10%}")
    frame = toys.rides(1, rows=60)
    frame.loc[:2, "distance"] = -1.0
    toy.arrive(1, frame)
    assert loopwright("ingest", "rides", "--project", toy.path).status == 0
    return toy


def test_it_is_listed_and_shown(loopwright, quarantined):
    where = ("--project", quarantined.path)
    (kept,) = loopwright("quarantine", "list", *where, "--json").document["quarantine"]
    assert (kept["batch_id"], kept["rows"], kept["whole"]) == ("2024-01", 3, False)
    assert (kept["why"], kept["reasons"]) == (f"3 rows: {BETWEEN}", {BETWEEN: 3})
    listed = loopwright("quarantine", "list", *where).out
    assert "rides 2024-01  in part, 3 rows" in listed
    assert f"    3 rows: {BETWEEN}\n" in listed
    assert "pass" not in listed
    shown = loopwright("quarantine", "show", "rides", "2024-01", *where).out
    assert f"3 rows  {BETWEEN}" in shown
    assert "distance=-1" in shown
    wrong = loopwright("quarantine", "show", "rides", "2024-1", *where)
    assert wrong.status == 2
    assert "Did you mean '2024-01'?" in wrong.err


def test_a_decision_takes_a_reason_and_is_kept_with_a_name(loopwright, quarantined):
    where = ("rides", "2024-01", "--project", quarantined.path)
    without = loopwright("quarantine", "release", *where)
    assert without.status == 2
    assert "--why" in without.err
    dry = loopwright("quarantine", "release", *where, "--why", "They are real.", "--dry-run")
    assert "60 rows would be published; nothing was recorded" in dry.out
    done = loopwright("quarantine", "release", *where, "--why", "They are real.", "--json").document
    assert (done["result"]["rows_published"], done["dry_run"]) == (60, False)
    assert done["by"].startswith("person:")
    assert "They are real." in loopwright("history", "rides", "--project", quarantined.path).out
    assert "Nothing is in quarantine." in loopwright("quarantine", "list", "--project", quarantined.path).out
    assert "56" not in loopwright("quarantine", "undo", *where, "--why", "They are not.").out
    assert loopwright("quarantine", "drop", *where, "--why", "Broken meter.").out.startswith("published")


def test_rows_are_written_mended_and_put_back(loopwright, quarantined, tmp_path):
    where, target = ("rides", "2024-01", "--project", quarantined.path), tmp_path / "bad.csv"
    assert "3 rows were written" in loopwright("quarantine", "show", *where, "--to", target).out
    assert "is there already" in loopwright("quarantine", "show", *where, "--to", target).err
    pd.read_csv(target).assign(distance=1.5).to_csv(target, index=False)
    done = loopwright("quarantine", "replace", *where, "--file", target, "--why", "Asked the driver.")
    assert done.status == 0, done.err
    assert "60 published" in done.out


def test_how_many_rows_an_unreadable_arrival_has_is_not_known(loopwright, toy: toys.Toy):
    toy.arrive(1).write_bytes(b"PAR1 not really")
    where = ("--project", toy.path)
    assert loopwright("ingest", "rides", *where).status == 1
    assert "rides 2024-01  whole, an unknown number of rows" in loopwright("quarantine", "list", *where).out
    dropping = ("quarantine", "drop", "rides", "2024-01", *where, "--why", "It is torn.")
    assert "an unknown number of rows would be dropped" in loopwright(*dropping, "--dry-run").out
    assert loopwright(*dropping, "--json").document["rows"] is None
    assert "dropped an unknown number of rows: It is torn." in loopwright("history", "rides", *where).out

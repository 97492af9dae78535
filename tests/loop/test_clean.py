"""What nothing refers to goes; what production stands on, or may return to, stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from loopwright.lake import Lake
from loopwright.ledger.events import Kind
from loopwright.loop import clean as room
from loopwright.loop.clean import clean
from loopwright.stages.release import ALIAS, roll_back, stage
from support.house import cold_mlflow, house
from support.published import publish

__all__ = ["cold_mlflow", "house"]

LATER = datetime.now(UTC) + timedelta(days=91)
NOW = timedelta(0)


@pytest.fixture
def crowded(house):
    """Two champions, two candidates that were superseded, and one that waits."""
    house.toy.edit("include/models/tips/model.yaml", "monitor:", "release: {keep: {versions: 0}}\nmonitor:")
    assert [house.champion(), house.champion()] == ["1", "2"]
    assert [house.rehearsed(), house.rehearsed(), house.rehearsed()] == ["3", "4", "5"]
    return house


def test_only_what_was_never_champion_and_waits_for_nothing_goes(crowded):
    before = crowded.kinds()
    assert clean(crowded.workspace, actor="person:ada", now=LATER, dry_run=True).versions["tips"] == ["3", "4"]
    assert crowded.kinds() == before
    done = clean(crowded.workspace, actor="person:ada", now=LATER)
    assert done.versions["tips"] == ["3", "4"]
    assert sorted(crowded.tracking.versions_of("tips")) == ["1", "2", "5"]
    assert {v: e["status"] for v, e in crowded.state.under("version").items()} == {
        "1": "retired", "2": "champion", "3": "removed", "4": "removed", "5": "candidate",
    }  # fmt: skip
    assert crowded.standing == ("2", "2", None)
    assert [event.actor for event in crowded.events(Kind.VERSION_REMOVED)] == ["person:ada"] * 2
    assert clean(crowded.workspace, actor="person:ada", now=LATER).versions["tips"] == []
    assert crowded.ledger.verify("model/tips") == []
    assert crowded.tracking.alias_of("tips", ALIAS) == "2"
    assert roll_back(crowded.workspace, crowded.model, reason="still there", actor="person:ada").version == "1"


def test_a_version_that_an_alias_names_stays_whosever_alias_it_is(crowded):
    crowded.tracking.move_alias("tips", "staging", "3")
    for only_say in (True, False):
        assert clean(crowded.workspace, actor="a", now=LATER, dry_run=only_say).versions["tips"] == ["4"]
    assert crowded.tracking.alias_of("tips", "staging") == "3"
    crowded.tracking.move_alias("tips", "staging", None)
    assert clean(crowded.workspace, actor="a", now=LATER).versions["tips"] == ["3"]


def test_the_young_and_the_newest_stay(crowded):
    assert clean(crowded.workspace, actor="a").versions["tips"] == []
    crowded.toy.edit("include/models/tips/model.yaml", "versions: 0", "versions: 1")
    assert clean(crowded.workspace, actor="a", now=LATER).versions["tips"] == ["3"]


def test_a_clean_up_that_was_killed_half_way_is_finished(crowded, monkeypatch):
    from loopwright.tracking import Tracking

    class Died(BaseException):
        pass

    def die(*_args, **_kwargs):
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(Tracking, "delete_version", die)
        with pytest.raises(Died):
            clean(crowded.workspace, actor="a", now=LATER)
    assert crowded.state.version("3")["status"] == "removed"
    assert "3" in crowded.tracking.versions_of("tips")
    assert clean(crowded.workspace, actor="a", now=LATER).versions["tips"] == ["3", "4"]
    assert sorted(crowded.tracking.versions_of("tips")) == ["1", "2", "5"]


def test_what_becomes_candidate_or_champion_meanwhile_stays(crowded, monkeypatch):
    monkeypatch.setattr(room, "removable", lambda *_: ["2", "5", "1"])
    assert clean(crowded.workspace, actor="a", now=LATER).versions["tips"] == []
    assert len(crowded.tracking.versions_of("tips")) == 5


def test_data_versions_that_a_model_or_a_batch_refers_to_stay_readable(house):
    house.champion()  # trained as of version 1 of the table
    table = Lake.of(house.workspace).batches("rides")
    learned_from = len(table.read(["2024-01"], version=1))
    publish(house.toy, 1, rows=100)  # version 2, to which nobody refers once it is replaced as well
    publish(house.toy, 1, rows=50)
    would = clean(house.workspace, actor="a", dry_run=True, files_age=NOW)
    assert (would.files["rides"], would.kept_versions["rides"]) == (1, [1, 3])
    assert clean(house.workspace, actor="a", files_age=NOW).files["rides"] == 1
    assert len(table.read(["2024-01"], version=1)) == learned_from == 400
    assert len(table.read(["2024-01"])) == 50
    with pytest.raises(Exception, match=r"(?i)not found|no such file|does not exist"):
        table.read(["2024-01"], version=2)
    assert clean(house.workspace, actor="a", files_age=NOW).files["rides"] == 0


def test_files_of_killed_writers_go_from_every_table_when_they_are_old(house):
    house.champion()
    lake = Lake.of(house.workspace)
    tables = {"rides/batches": lake.batches("rides"), "rides/quarantine": lake.quarantine("rides")}
    tables["rides/quarantine"].replace(pd.DataFrame({"x": ["1"]}), "2024-01")
    for table in tables.values():  # what a writer leaves that is killed before its commit
        (Path(table.uri) / "_batch_id=2024-01" / "part-00000-dead-c000.snappy.parquet").write_bytes(b"PAR1")
    assert not any(clean(house.workspace, actor="a").unnamed.values()), "too young"
    would = clean(house.workspace, actor="a", dry_run=True, files_age=NOW)
    assert {name for name, n in would.unnamed.items() if n} == set(tables)
    assert "would go: rides/quarantine, 1 file of a killed writer" in would.said()
    done = clean(house.workspace, actor="a", files_age=NOW)
    assert done.unnamed == would.unnamed
    assert not any(clean(house.workspace, actor="a", files_age=NOW).unnamed.values())
    assert len(lake.batches("rides").read()) > 0


def test_rolled_back_champions_stay(house, monkeypatch):
    from loopwright.stages.release import Rehearsal
    from loopwright.verdict import Check, Outcome, Verdict

    passed = Verdict("rehearsal", "m", (Check("loads", Outcome.PASS, "."),))
    monkeypatch.setattr(stage, "rehearse", lambda _w, _m, version: Rehearsal("tips", version, passed, 0.0, {}))
    house.toy.edit("include/models/tips/model.yaml", "monitor:", "release: {keep: {versions: 0}}\nmonitor:")
    house.champion(), house.champion()
    roll_back(house.workspace, house.model, reason="bad", actor="a")
    assert clean(house.workspace, actor="a", now=LATER).versions["tips"] == []

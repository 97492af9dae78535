"""The champion's answers, once for each row, whatever happens in between."""

from __future__ import annotations

import json
import multiprocessing

import numpy as np
import pandas as pd
import pytest

from loopwright.declaration import Project, Workspace
from loopwright.errors import NotReady, UnknownName
from loopwright.lake import Table
from loopwright.ledger.events import Kind
from loopwright.ledger.store import Ledger
from loopwright.serving import load_version
from loopwright.stages.score import score_batch, unscored
from support import toy as toys


@pytest.fixture
def scoring(house):
    house.champion()
    house.publish(3, rows=250)
    return house


def test_rows_and_event(scoring):
    scored = score_batch(scoring.workspace, scoring.model, "2024-03")
    assert json.loads(json.dumps(scored.to_dict())) == {
        "model": "tips", "batch_id": "2024-03", "version": "1", "rows": 250, "table_version": scored.table_version,
        "status": "scored",
    }  # fmt: skip
    rows = scoring.predictions("2024-03")
    assert set(rows) == {
        "_batch_id", "_row", "_role", "ride_id", "started_at", "prediction", "score", "model_version", "scored_at",
    }  # fmt: skip
    assert rows["_row"].tolist() == list(range(250))
    assert set(rows["_role"]) == {"champion"}
    assert set(rows["model_version"]) == {"1"}
    [event] = scoring.events(Kind.BATCH_SCORED)
    assert event.evidence["rows"] == 250


def test_the_answers_are_the_champions_for_these_rows(scoring):
    score_batch(scoring.workspace, scoring.model, "2024-03")
    raw = toys.rides(3, rows=250)
    predictor = load_version(scoring.workspace, scoring.state.champion)
    expected = predictor.predict(raw)
    rows = scoring.predictions("2024-03")
    assert rows["ride_id"].tolist() == raw["ride_id"].tolist()
    assert np.allclose(rows["score"], expected["score"])
    assert rows["prediction"].tolist() == expected["prediction"].tolist()


def test_twice_is_once(scoring):
    first = score_batch(scoring.workspace, scoring.model, "2024-03")
    again = score_batch(scoring.workspace, scoring.model, "2024-03")
    assert (again.status, again.table_version) == ("unchanged", first.table_version)
    assert len(scoring.predictions("2024-03")) == 250
    assert len(scoring.events(Kind.BATCH_SCORED)) == 1


def test_forced_it_is_scored_again_by_the_champion_of_today(scoring):
    score_batch(scoring.workspace, scoring.model, "2024-03")
    second = scoring.champion()
    assert score_batch(scoring.workspace, scoring.model, "2024-03").version == "1"
    assert score_batch(scoring.workspace, scoring.model, "2024-03", force=True).version == second
    rows = scoring.predictions("2024-03")
    assert len(rows) == 250
    assert set(rows["model_version"]) == {second}


def test_a_batch_that_changed_is_scored_again(scoring):
    score_batch(scoring.workspace, scoring.model, "2024-03")
    scoring.publish(3, rows=120)
    assert "2024-03" in unscored(scoring.workspace, scoring.model)
    assert score_batch(scoring.workspace, scoring.model, "2024-03").rows == 120
    assert len(scoring.predictions("2024-03")) == 120


def test_what_waits_is_asked_of_the_ledger(scoring):
    assert unscored(scoring.workspace, scoring.model) == ["2024-01", "2024-02", "2024-03"]
    scoring.score("2024-02")
    assert unscored(scoring.workspace, scoring.model) == ["2024-01", "2024-03"]
    scoring.champion()
    assert unscored(scoring.workspace, scoring.model) == ["2024-01", "2024-03"]


def test_without_a_champion_nothing_waits_and_nothing_is_scored(house):
    assert unscored(house.workspace, house.model) == []
    with pytest.raises(NotReady, match="no champion to score with"):
        score_batch(house.workspace, house.model, "2024-01")


def test_a_model_that_declares_no_score_waits_for_nothing(scoring):
    scoring.toy.edit("include/models/tips/model.yaml", "monitor:", "score: null\nmonitor:")
    assert unscored(scoring.workspace, scoring.model) == []


def test_an_unknown_batch_names_the_nearest(scoring):
    with pytest.raises(UnknownName, match="no published batch '2024-30'") as caught:
        score_batch(scoring.workspace, scoring.model, "2024-30")
    assert "Did you mean '2024-03'" in str(caught.value)


class Died(BaseException):
    """The process ended here."""


@pytest.mark.parametrize("owner", [Table, Ledger])
def test_killed_before_the_rows_or_between_rows_and_event(scoring, monkeypatch, owner):
    name = "replace" if owner is Table else "decide"

    def dying(*_args, **_kwargs):
        raise Died

    monkeypatch.setattr(owner, name, dying)
    with pytest.raises(Died):
        score_batch(scoring.workspace, scoring.model, "2024-03")
    monkeypatch.undo()
    assert "2024-03" in unscored(scoring.workspace, scoring.model)
    assert score_batch(scoring.workspace, scoring.model, "2024-03").status == "scored"
    assert len(scoring.predictions("2024-03")) == 250
    assert len(scoring.events(Kind.BATCH_SCORED)) == 1


def test_an_empty_batch_has_an_empty_answer(scoring):
    scoring.publish(4, frame=toys.rides(4, rows=5).iloc[:0])
    assert score_batch(scoring.workspace, scoring.model, "2024-04").rows == 0
    assert "2024-04" not in unscored(scoring.workspace, scoring.model)


def test_two_at_once_leave_one_answer_for_each_row(scoring):
    context = multiprocessing.get_context("spawn")
    racers = [context.Process(target=_score, args=(scoring.workspace.to_dict(),)) for _ in range(2)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(120)
    assert [racer.exitcode for racer in racers] == [0, 0]
    rows = scoring.predictions("2024-03")
    assert len(rows) == 250
    assert not rows.duplicated(["_batch_id", "_row"]).any()
    assert len(scoring.events(Kind.BATCH_SCORED)) == 1


def _score(raw: dict) -> None:
    workspace = Workspace.from_dict(raw)
    score_batch(workspace, Project.at(workspace.project).model("tips"), "2024-03")


def test_rows_without_names_are_told_by_their_number(scoring):
    scoring.toy.edit("include/datasets/rides/dataset.yaml", "key: [ride_id]", "key: []")
    scoring.toy.edit("include/datasets/rides/dataset.yaml", "event_time: started_at", "event_time: null")
    score_batch(scoring.workspace, scoring.model, "2024-03")
    rows = scoring.predictions("2024-03")
    assert pd.Index(["ride_id", "started_at"]).intersection(rows.columns).empty
    assert rows["_row"].tolist() == list(range(250))


def test_a_label_that_becomes_another_type_leaves_one_type_of_predictions(scoring):
    """Truth values first, then 0 and 1: the same question, and the same table of answers."""
    score_batch(scoring.workspace, scoring.model, "2024-03")
    truths = scoring.state.champion["version"]
    tipped = '(rides["tip"] > 0.2 * rides["fare"])'
    scoring.toy.edit("include/models/tips/features.py", f"return {tipped}.where(rides[\"tip\"].notna())",
                     f"return {tipped}.astype(int)")  # fmt: skip
    numbers = scoring.champion()
    cards = [load_version(scoring.workspace, scoring.state.version(v)).card for v in (truths, numbers)]
    assert [json.dumps(card["classes"]) for card in cards] == ["[false, true]", "[0, 1]"]
    scoring.publish(4, rows=250)
    score_batch(scoring.workspace, scoring.model, "2024-04")
    rows = scoring.predictions("2024-03", "2024-04")
    assert rows["prediction"].dtype == "int64"
    assert set(rows["prediction"]) == {0, 1}

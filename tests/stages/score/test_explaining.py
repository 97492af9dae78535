"""Reasons for single rows: from the champion itself, and kept where that is declared."""

from __future__ import annotations

import json

import pytest

from loopwright.errors import NotReady, UnknownName
from loopwright.stages.score import score_batch
from loopwright.stages.score.explaining import explain_rows


@pytest.fixture
def scoring(house):
    house.champion()
    house.publish(3, rows=60)
    return house


def test_reasons_add_up_to_the_answer(scoring) -> None:
    found = explain_rows(scoring.workspace, scoring.model, "2024-03", [4, 0], top=10)
    assert (found["version"], found["batch_id"]) == ("1", "2024-03")
    assert [row["row"] for row in found["rows"]] == [4, 0]
    score_batch(scoring.workspace, scoring.model, "2024-03")
    kept = scoring.predictions("2024-03").set_index("_row")["score"]
    for row in found["rows"]:
        assert row["answer"] == pytest.approx(kept[row["row"]])
        assert {reason["feature"] for reason in row["reasons"]} == {"distance", "hour", "zone", "fare"}
        assert sum(r["effect"] for r in row["reasons"]) == pytest.approx(row["answer"] - found["typical"], abs=0.08)
    json.dumps(found, allow_nan=False)


def test_they_are_kept_beside_the_predictions_where_that_is_declared(scoring) -> None:
    score_batch(scoring.workspace, scoring.model, "2024-02")  # before it was declared
    scoring.toy.edit("include/models/tips/model.yaml", "owner: tests", "owner: tests\nscore: {reasons: 2}")
    score_batch(scoring.workspace, scoring.model, "2024-03")
    rows = scoring.predictions("2024-03")
    reasons = [json.loads(text) for text in rows["reasons"]]
    assert {len(why) for why in reasons} == {2}
    assert abs(reasons[0][0]["effect"]) >= abs(reasons[0][1]["effect"])
    assert len(scoring.predictions()) == 460


def test_what_is_not_there_is_said(scoring) -> None:
    for asked, match in (
        ({"batch_id": "2024-09"}, "no published batch '2024-09'"),
        ({"rows": [60]}, "does not have such rows"),
        ({"version": "7"}, "no version '7'"),
    ):
        with pytest.raises(UnknownName, match=match):
            explain_rows(scoring.workspace, scoring.model, **asked)


def test_without_a_champion_there_is_nobody_to_ask(house) -> None:
    with pytest.raises(NotReady, match="no champion"):
        explain_rows(house.workspace, house.model)

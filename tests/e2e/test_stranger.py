"""A project that nobody here has seen: its months are in the lake, scored once, and odd columns stopped nobody."""

import pytest

from loopwright.lake import Lake
from support.story import PARCELS

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]


def test_months_of_two_years_are_published_in_order_and_scored_once(turned):
    published = [batch["batch_id"] for batch in turned.ledger.dataset("parcels").published()]
    assert published == PARCELS
    answers = Lake.of(turned.workspace).predictions("late_parcel").read()
    assert len(answers) == len(PARCELS) * 400
    assert not answers.duplicated(["_batch_id", "_row"]).any()


def test_a_column_is_empty_for_a_year_and_then_is_not(turned):
    rows = Lake.of(turned.workspace).batches("parcels").read()
    empty = rows["scan_gap_min"].isna().groupby(rows["_batch_id"]).all()
    assert list(empty) == [month < "2023" for month in PARCELS]
    missing = rows["insured_for"].isna().groupby(rows["_batch_id"]).mean()
    assert missing.iloc[-1] > 0.6 > 0.1 > missing.iloc[0]


def test_the_second_year_was_found_to_be_unlike_the_first(turned):
    watched = turned.ledger.model("late_parcel").get("monitored/2023-01")
    outcomes = {check["name"]: check["outcome"] for check in watched["verdict"]["checks"]}
    assert outcomes["performance"] == "fail"
    assert turned.champion("late_parcel") is not None

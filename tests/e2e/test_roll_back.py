"""The monitor asks for a roll back, and nobody else has to do anything for the champion before to be back."""

import pytest

from loopwright.ledger.events import Kind
from loopwright.tracking import Tracking

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]


def test_production_that_got_worse_goes_back_by_itself(one_by_one):
    assert one_by_one.kept["before the roll back"] == "2"
    state, ledger = one_by_one.ledger.model("minutes"), one_by_one.ledger
    assert (state.lineage, state.request("rollback")) == (["1"], None)
    assert state.version("2")["status"] == "rolled_back"
    asked, *_ = ledger.events("model/minutes", kinds=[Kind.ROLLBACK_REQUESTED])
    assert (asked.evidence["because"], asked.evidence["batch_id"]) == ("performance", "2024-03")
    confirmed = ledger.events("model/minutes", kinds=[Kind.RELEASE_CONFIRMED])[-1]
    assert (confirmed.evidence["action"], confirmed.evidence["version"]) == ("roll_back", "1")
    assert Tracking.of(one_by_one.workspace).alias_of("minutes", "champion") == "1"


def test_the_request_started_it_and_it_ran_once(one_by_one):
    runs = one_by_one.api.runs("minutes.rollback")
    moved = [run for run in runs if run["state"] == "success" and run["run_type"] == "asset_triggered"]
    tasks = [one_by_one.api.task("minutes.rollback", run["dag_run_id"], "roll_back") for run in moved]
    assert [task["state"] for task in tasks].count("success") == 1

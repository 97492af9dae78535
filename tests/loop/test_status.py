"""How everything stands, folded from the ledger, and who needs a person."""

import json
import sqlite3
import time
from contextlib import closing

import pytest

from loopwright.errors import UnknownName
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.loop.status import status
from loopwright.stages.release.consent import digests_of
from loopwright.verdict import Check, Outcome, Verdict
from support.published import publish

DIGEST = "a" * 64


def verdict(outcome: Outcome) -> dict:
    return Verdict("gate", "model/tips", (Check("c", outcome, "because"),)).to_dict()


def record(toy, kind: Kind, subject: str = "model/tips", **evidence: object) -> None:
    Ledger.of(toy.workspace).record(subject, Draft(kind, "test", "because", evidence))


def register(toy, version: str, *, ask: bool = False) -> None:
    training = f"t{version}"
    record(toy, Kind.TRAINING_DECIDED, train=True, training_id=training, reasons=["first_model"], brakes=[])
    record(
        toy,
        Kind.CANDIDATE_REGISTERED,
        training_id=training,
        version=version,
        run_id="r",
        artifact_digest=DIGEST,
        source="s",
        primary={"metric": "roc_auc", "value": 0.7},
        batches=["2024-01"],
        holdout=["2024-02"],
        ask=ask,
    )


def promote(toy, version: str) -> None:
    record(toy, Kind.RELEASE_CONFIRMED, version=version, previous=None, action="promote")


def of(toy, name: str = "tips") -> dict:
    return status(toy.workspace, name)["models"][0]


@pytest.fixture
def arrived(toy):
    (toy.path / "arrivals/rides").mkdir(parents=True)
    return toy


def test_with_nothing_recorded_everything_is_there_and_empty(arrived):
    stands = status(arrived.workspace)
    assert [one["name"] for one in stands["models"]] == ["minutes", "tips"]
    assert all(one["champion"] is None and one["needs"] == [] for one in stands["models"])
    assert stands["datasets"][0] | {"waiting": []} == stands["datasets"][0]
    json.dumps(stands, allow_nan=False)


def test_a_champion_and_what_it_has_still_to_score(arrived):
    publish(arrived, 1, 2, 3)
    register(arrived, "1")
    promote(arrived, "1")
    one = of(arrived)
    assert one["champion"]["version"] == "1"
    assert one["champion"]["primary"] == {"metric": "roc_auc", "value": 0.7}
    assert one["unscored"] == 3
    digest = Ledger.of(arrived.workspace).dataset("rides").published()[0]["content_digest"]
    record(arrived, Kind.BATCH_SCORED, batch_id="2024-01", version="1", rows=1, table_version=1, content_digest=digest)
    assert of(arrived)["unscored"] == 2


def test_a_candidate_that_has_to_be_asked_about_needs_a_person_until_it_is_answered(arrived):
    register(arrived, "1", ask=True)
    [need] = of(arrived)["needs"]
    assert need.startswith("version 1 waits for approval: a person has to approve it, and nobody has yet")
    record(
        arrived, Kind.APPROVAL_GIVEN, version="1", digests=digests_of(Ledger.of(arrived.workspace).model("tips"), "1")
    )
    assert of(arrived)["needs"] == []


def test_a_yes_that_counts_for_nothing_any_more_needs_a_person_again(arrived):
    register(arrived, "1", ask=True)
    record(arrived, Kind.APPROVAL_GIVEN, version="1", digests={"artifact": "another"})
    assert "approved something else" in of(arrived)["needs"][0]
    record(
        arrived, Kind.APPROVAL_GIVEN, version="1", digests=digests_of(Ledger.of(arrived.workspace).model("tips"), "1")
    )
    arrived.edit("include/models/tips/model.yaml", "monitor:", "release: {timeout: 1s}\nmonitor:")
    time.sleep(1.1)
    [need] = of(arrived)["needs"]
    assert "longer ago than 1s; `loopwright approve tips 1" in need


def test_refusals_in_a_row_need_a_person(arrived):
    for _ in range(3):
        record(
            arrived,
            Kind.GATE_DECIDED,
            training_id="t",
            run_id="r",
            artifact_digest=DIGEST,
            verdict=verdict(Outcome.FAIL),
            refused=True,
            champion=None,
        )
    assert "3 candidates in a row were refused" in of(arrived)["needs"][0]
    assert of(arrived)["gate"]["outcome"] == "fail"


def test_a_half_release_a_moved_alias_and_a_request_are_told(arrived):
    register(arrived, "1")
    promote(arrived, "1")
    record(arrived, Kind.ALIAS_FOUND_MOVED, found="7", expected="1")
    record(arrived, Kind.ROLLBACK_REQUESTED, because="performance", batch_id="2024-01", version="1")
    record(arrived, Kind.RELEASE_INTENDED, version="1", previous=None, action="promote", artifact_digest=DIGEST)
    one = of(arrived)
    assert set(one["requests"]) == {"rollback"}
    assert [need for need in one["needs"] if "alias" in need and "7" in need]
    assert [need for need in one["needs"] if "not finished" in need]
    assert [need for need in one["needs"] if "no earlier champion" in need]


def test_waiting_and_quarantined_batches_are_told(arrived):
    arrived.arrive(1)
    record(
        arrived,
        Kind.BATCH_QUARANTINED,
        "dataset/rides",
        batch_id="2024-02",
        signature="s",
        arrival_digest=DIGEST,
        rows=None,
        verdict=verdict(Outcome.FAIL),
        report=None,
    )
    dataset = status(arrived.workspace)["datasets"][0]
    assert dataset["waiting"] == ["2024-01"]
    assert list(dataset["quarantined"]) == ["2024-02"]
    assert dataset["needs"] == ["batch 2024-02 is quarantined: because"]


def test_a_broken_declaration_is_a_line_and_hides_no_other(arrived):
    arrived.edit("include/models/tips/model.yaml", "task:", "tsak:")
    stands = {one["name"]: one for one in status(arrived.workspace)["models"]}
    assert stands["minutes"]["broken"] is None
    assert "model.yaml" in stands["tips"]["broken"]["where"]
    assert stands["tips"]["needs"][0].startswith("the declaration is wrong")


def test_a_missing_arrivals_folder_is_told_and_is_no_crash(toy):
    dataset = status(toy.workspace)["datasets"][0]
    assert dataset["waiting"] is None
    assert "does not exist" in dataset["needs"][0]
    assert "arrivals/" in dataset["needs"][0]


def test_an_unknown_model_is_refused(toy):
    with pytest.raises(UnknownName, match="'tip'"):
        status(toy.workspace, "tip")


def watch(toy, batch_id: str, version: str) -> None:
    said = {"outcome": "fail", "why": "fail: it drifted"}
    record(toy, Kind.BATCH_MONITORED, batch_id=batch_id, version=version, verdict=said)


def test_what_an_earlier_version_did_is_not_told_of_the_champion(arrived):
    register(arrived, "1")
    promote(arrived, "1")
    watch(arrived, "2024-02", "1")
    assert of(arrived)["monitored"]["batch_id"] == "2024-02"
    register(arrived, "2")
    promote(arrived, "2")
    assert of(arrived)["monitored"] is None
    watch(arrived, "2024-03", "2")
    assert of(arrived)["monitored"]["batch_id"] == "2024-03"


def tamper(toy, subject: str) -> None:
    with closing(sqlite3.connect(toy.workspace.ledger.removeprefix("sqlite:///"))) as database, database:
        database.execute("UPDATE events SET reason = 'as it suits me' WHERE subject = ?", (subject,))


@pytest.mark.parametrize("name", [None, "tips"])
def test_a_record_that_was_changed_needs_a_person_and_one_too_long_to_verify_is_said(arrived, monkeypatch, name):
    register(arrived, "1")
    assert status(arrived.workspace, name)["record"] == {"events": 2, "verified": True, "problems": {}}
    tamper(arrived, "model/tips")
    stands = status(arrived.workspace, name)
    [tips] = [one for one in stands["models"] if one["name"] == "tips"]
    assert "its hash differs" in tips["needs"][0]
    assert set(stands["record"]["problems"]) == {"model/tips"}
    monkeypatch.setattr("loopwright.loop.status.VERIFIED", {"all": 1, "one": 1})
    assert status(arrived.workspace, name)["record"] == {"events": 2, "verified": False, "problems": {}}


def test_a_decision_to_train_is_told_with_what_came_of_it(arrived):
    record(arrived, Kind.TRAINING_DECIDED, train=True, training_id="t1", reasons=["first_model"], brakes=[])
    assert of(arrived)["decision"]["came_to"] == "not finished"
    register(arrived, "1")
    assert (of(arrived)["decision"]["came_to"], of(arrived)["decision"]["version"]) == ("waits for release", "1")
    promote(arrived, "1")
    assert of(arrived)["decision"]["came_to"] == "in production"
    record(arrived, Kind.TRAINING_DECIDED, train=True, training_id="t2", reasons=["new_data"], brakes=[])
    record(arrived, Kind.GATE_DECIDED, training_id="t2", refused=True, verdict=verdict(Outcome.FAIL))
    assert of(arrived)["decision"]["came_to"] == "refused"


def test_the_gates_line_is_of_one_training(arrived):
    for training, why in (("t1", "first"), ("t2", "second")):
        said = Verdict("gate", "model/tips", (Check("c", Outcome.FAIL, why),)).to_dict()
        record(arrived, Kind.TRAINING_DECIDED, train=True, training_id=training, reasons=["new_data"], brakes=[])
        record(arrived, Kind.GATE_DECIDED, training_id=training, refused=True, verdict=said)
    record(arrived, Kind.GATE_OVERRIDDEN, training_id="t1", override={"by": "person:ada", "why": "As agreed."})
    assert "second" in of(arrived)["gate"]["why"]
    assert of(arrived)["gate"]["override"] is None
    record(arrived, Kind.GATE_OVERRIDDEN, training_id="t2", override={"by": "person:bob", "why": "As well."})
    assert of(arrived)["gate"]["override"]["by"] == "person:bob"

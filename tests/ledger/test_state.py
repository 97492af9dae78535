"""The folds, as stories: what is recorded, and what is true of the subject then."""

from __future__ import annotations

from typing import Any

import pytest

from loopwright.errors import UnknownName
from loopwright.ledger.events import GENESIS, Draft, Event, Kind
from loopwright.ledger.folds import fold
from loopwright.ledger.soundness import refolded
from loopwright.ledger.state import DatasetState, ModelState, State, natural, view


def told(subject: str, *story: tuple[Kind, dict[str, Any]]) -> State:
    """Return the state after a story; its events happen at the seconds 1, 2, 3 …"""
    events, previous = [], GENESIS
    for sequence, (kind, evidence) in enumerate(story, start=1):
        draft = Draft(kind, "the stage", f"because {sequence}", evidence)
        events.append(
            Event.following(draft, subject=subject, sequence=sequence, at=f"T{sequence}", previous_hash=previous)
        )
        previous = events[-1].hash
    return view(subject, len(events), refolded(events))


def dataset(*story: tuple[Kind, dict[str, Any]]) -> DatasetState:
    state = told("dataset/rides", *story)
    assert isinstance(state, DatasetState)
    return state


def model(*story: tuple[Kind, dict[str, Any]]) -> ModelState:
    state = told("model/tips", *story)
    assert isinstance(state, ModelState)
    return state


def published(batch: str, last: str | None = None, **more: Any) -> tuple[Kind, dict[str, Any]]:
    evidence = {
        "batch_id": batch,
        "signature": f"{batch}:1",
        "arrival_digest": "a",
        "content_digest": "c",
        "rows": 10,
        "columns": {"x": "double"},
        "data_version": 0,
        "event_time": {"min": "2024-01-01", "max": last} if last else None,
        "report": "r.json",
    }
    return Kind.BATCH_PUBLISHED, {**evidence, **more}


def quarantined(batch: str, **more: Any) -> tuple[Kind, dict[str, Any]]:
    evidence = {"batch_id": batch, "signature": f"{batch}:9", "arrival_digest": "b", "rows": None, "report": "q.json"}
    return Kind.BATCH_QUARANTINED, {**evidence, **more}


def decided(training: str | None = "t1", **more: Any) -> tuple[Kind, dict[str, Any]]:
    return Kind.TRAINING_DECIDED, {"train": training is not None, "training_id": training, "batches": ["a"], **more}


def trained(training: str = "t1") -> tuple[Kind, dict[str, Any]]:
    return Kind.CANDIDATE_TRAINED, {"training_id": training, "run_id": f"run-{training}", "artifact_digest": "d"}


def gated(outcome: str, training: str = "t1", *, refused: bool = False) -> tuple[Kind, dict[str, Any]]:
    return Kind.GATE_DECIDED, {"training_id": training, "verdict": {"outcome": outcome}, "refused": refused}


def registered(version: str, training: str = "t1") -> tuple[Kind, dict[str, Any]]:
    return Kind.CANDIDATE_REGISTERED, {"training_id": training, "version": version, "run_id": f"run-{training}"}


def rehearsed(version: str, outcome: str = "pass") -> tuple[Kind, dict[str, Any]]:
    return Kind.REHEARSED, {"version": version, "verdict": {"outcome": outcome}, "seconds": 1.0}


def confirmed(version: str, action: str = "promote") -> tuple[Kind, dict[str, Any]]:
    return Kind.RELEASE_CONFIRMED, {"version": version, "previous": None, "action": action}


def promoted(*versions: str) -> list[tuple[Kind, dict[str, Any]]]:
    return [event for version in versions for event in (registered(version), confirmed(version))]


def test_every_kind_of_event_is_folded():
    for kind in Kind:
        event = Event.following(
            Draft(kind, "a", "r", EVIDENCE), subject="model/tips", sequence=1, at="T1", previous_hash=GENESIS
        )
        assert isinstance(fold(event, ENTRIES), dict)


EVIDENCE = {
    "batch_id": "a",
    "signature": "s",
    "arrival_digest": "d",
    "train": True,
    "training_id": "t",
    "verdict": {"outcome": "pass"},
    "refused": False,
    "action": "promote",
    "request": "r",
    "until": {},
    "file": "f",
    "version": "1",
    "batches": {},
    "quarantine": {},
    "versions": ["1"],
    "override": {"by": "person:ada", "why": "w"},
    "letter": "000000001/crm",
    "target": "crm",
    "phase": "shadow",
    "champion": "1",
    "dataset_sequence": 1,
    "then": "wait",
    "judged": 1,
    "key": "adopted-1",
    "of": [],
    "fingerprint": "f",
    "counts": False,
}
ENTRIES = {
    "version/1": {"version": "1", "shadow": {"looks": 0}},
    "arrival/a": {"status": "quarantined"},
}


@pytest.mark.parametrize(
    ("given", "ordered"),
    [
        (["batch-10", "batch-9"], ["batch-9", "batch-10"]),
        (["2024-02", "2024-10", "2023-12"], ["2023-12", "2024-02", "2024-10"]),
        (["b", "1", "a1", "a"], ["1", "a", "a1", "b"]),
        (["007", "8"], ["007", "8"]),
    ],
)
def test_natural_order(given, ordered):
    assert sorted(given, key=natural) == ordered


def test_a_view_knows_its_subject():
    assert isinstance(view("dataset/rides", 0, {}), DatasetState)
    assert isinstance(view("model/tips", 0, {}), ModelState)
    assert type(view("project", 0, {})) is State


def test_nothing_is_true_of_what_nobody_recorded():
    nothing = model()
    assert (nothing.champion, nothing.previous, nothing.candidate, nothing.release) == (None, None, None, None)
    assert (nothing.lineage, nothing.decision, nothing.refusals) == ([], None, 0)
    assert dataset().published() == []
    assert dataset().arrival("a") is None


# Datasets.


def test_published_batches_come_by_event_time_else_by_name():
    state = dataset(published("b", "2024-02-28"), published("a", "2024-03-31"), published("c", "2024-01-31"))
    assert [batch["batch_id"] for batch in state.published()] == ["c", "b", "a"]
    stray = {"min": "2024-01-01", "median": "2024-01-15", "max": "2098-01-01"}
    later = {"min": "2024-02-01", "median": "2024-02-15", "max": "2024-02-28"}
    state = dataset(published("b", event_time=later), published("a", event_time=stray), published("old", "2024-03-31"))
    assert [batch["batch_id"] for batch in state.published()] == ["a", "b", "old"]
    unnamed = dataset(published("m-10"), published("m-9"))
    assert [batch["batch_id"] for batch in unnamed.published()] == ["m-9", "m-10"]


def test_a_published_batch():
    state = dataset(published("a", rows=7))
    (batch,) = state.published()
    assert (batch["rows"], batch["published_at"], batch["sequence"], batch["columns"]) == (7, "T1", 1, {"x": "double"})
    arrival = state.arrival("a")
    assert (arrival["status"], arrival["signature"], arrival["digest"]) == ("published", "a:1", "a")


def test_one_published_batch_and_the_nearest_where_there_is_none():
    state = dataset(published("2024-01"), quarantined("2024-02"))
    assert state.batch("2024-01") == state.published()[0]
    with pytest.raises(UnknownName, match="no published batch '2024-02'") as raised:
        state.batch("2024-02")
    assert (raised.value.where, raised.value.mend) == ("dataset/rides", "Did you mean '2024-01'?")


def test_a_changed_arrival_supersedes():
    state = dataset(published("a", rows=7), published("a", rows=8, signature="a:2"))
    (batch,) = state.published()
    assert (batch["rows"], batch["sequence"]) == (8, 2)


def test_a_bad_change_leaves_what_was_published():
    state = dataset(published("a", rows=7), quarantined("a"))
    assert [batch["rows"] for batch in state.published()] == [7]
    arrival = state.arrival("a")
    assert (arrival["status"], arrival["signature"], arrival["rows"]) == ("quarantined", "a:9", None)


def test_a_mended_batch_is_published():
    state = dataset(quarantined("a"), published("a"))
    arrival = state.arrival("a")
    assert arrival["status"] == "published"


def test_a_repeated_arrival_changes_its_signature_only():
    state = dataset(published("a"), (Kind.ARRIVAL_REPEATED, {"batch_id": "a", "signature": "a:touched"}))
    arrival = state.arrival("a")
    assert (arrival["signature"], arrival["status"], arrival["sequence"]) == ("a:touched", "published", 1)


# Models: training.


def test_a_no_is_the_last_decision_and_starts_nothing():
    state = model(decided(None, brakes=["cooldown"]))
    assert (state.decision["train"], state.decision["brakes"], state.decision["at"]) == (False, ["cooldown"], "T1")
    assert state.under("training") == {}
    assert state.get("last_training") is None


def test_a_training_comes_step_by_step():
    story = [decided("t1"), trained(), gated("pass"), registered("1")]
    statuses = []
    for steps in range(1, 5):
        training = model(*story[:steps]).training("t1")
        statuses.append(training["status"])
    assert statuses == ["decided", "trained", "gate:pass", "registered"]
    last = model(*story).training("t1")
    assert (last["version"], last["run_id"], last["batches"]) == ("1", "run-t1", ["a"])


def test_a_decision_to_train_answers_the_request_and_a_no_does_not():
    asked = (Kind.RETRAIN_REQUESTED, {"because": "drift", "batch_id": "a", "version": "1"})
    state = model(asked)
    request = state.request("retrain")
    assert (request["because"], request["at"]) == ("drift", "T1")
    assert model(asked, decided(None)).request("retrain") == request
    assert model(asked, decided("t1")).request("retrain") is None
    assert model(asked, decided(None, answered=True)).request("retrain") is None


def test_refusals_count_until_one_passes():
    fail = gated("fail", refused=True)
    assert model(fail, fail).refusals == 2
    assert model(fail, gated("inconclusive")).refusals == 1
    assert model(fail, gated("inconclusive", refused=True)).refusals == 2
    assert model(fail, fail, gated("pass")).refusals == 0


def shadowed(then: str, *, counts: bool = True) -> list[tuple[Kind, dict[str, Any]]]:
    begun = {"version": "2", "phase": "shadow", "champion": "1", "batches": 2, "dataset_sequence": 0}
    judged = {"version": "2", "verdict": {}, "then": then, "judged": 2, "counts": counts}
    return [(Kind.SHADOW_STARTED, begun), (Kind.SHADOW_DECIDED, judged)]


@pytest.mark.parametrize(
    ("after", "refusals"),
    [
        (shadowed("refuse"), 3),
        (shadowed("refuse", counts=False), 2),
        (shadowed("release"), 0),
        ([rehearsed("2", "fail")], 3),
        ([rehearsed("2", "pass")], 0),
    ],
)
def test_who_passed_the_gate_and_is_refused_after_it_ended_no_row_of_refusals(after, refusals):
    fail = gated("fail", refused=True)
    story = [fail, fail, decided("t2"), gated("pass", training="t2"), registered("2", "t2")]
    assert model(*story).refusals == 0
    assert model(*story, *after).refusals == refusals


def test_a_roll_back_whose_rehearsal_fails_is_no_refused_candidate():
    assert model(*promoted("1", "2"), rehearsed("1", "fail")).refusals == 0


def test_a_refusal_that_does_not_count_neither_adds_nor_clears():
    kind, evidence = gated("fail", refused=True)
    merely_no_better = kind, {**evidence, "counts": False}
    assert model((kind, evidence), merely_no_better, merely_no_better).refusals == 1


def test_a_newer_candidate_supersedes_the_one_that_waits():
    state = model(registered("1"), registered("2", "t2"))
    assert state.candidate["version"] == "2"
    first = state.version("1")
    assert first["status"] == "superseded"


# Models: release.


def test_a_failed_rehearsal_rejects_the_candidate():
    state = model(registered("1"), rehearsed("1", "fail"))
    version = state.version("1")
    assert (version["status"], version["rehearsal"]) == ("rejected", "fail")
    assert state.candidate is None


@pytest.mark.parametrize("outcome", ["pass", "inconclusive"])
def test_another_rehearsal_does_not(outcome):
    state = model(registered("1"), rehearsed("1", outcome))
    assert (state.candidate["status"], state.candidate["rehearsal"]) == ("candidate", outcome)


def test_a_failed_rehearsal_of_an_old_version_spares_the_candidate():
    state = model(*promoted("1"), registered("2"), rehearsed("1", "fail"))
    assert state.candidate["version"] == "2"


def test_an_approval_names_who_and_what():
    digests = {"artifact": "d", "verdict": "v"}
    state = model(registered("1"), (Kind.APPROVAL_GIVEN, {"version": "1", "digests": digests}))
    assert state.candidate["approval"] == {"answer": "given", "by": "the stage", "at": "T2", "digests": digests}


def test_a_refused_approval_rejects():
    state = model(registered("1"), (Kind.APPROVAL_ASKED, {"version": "1"}), (Kind.APPROVAL_REFUSED, {"version": "1"}))
    version = state.version("1")
    assert (version["status"], version["approval"]["answer"]) == ("rejected", "refused")
    assert state.candidate is None


def test_a_release_goes_through_its_steps():
    intent = (Kind.RELEASE_INTENDED, {"version": "1", "previous": None, "action": "promote", "artifact_digest": "d"})
    moved = (Kind.RELEASE_MOVED, {"version": "1"})
    state = model(registered("1"), intent)
    assert (state.release["version"], state.release["step"], state.champion) == ("1", "intended", None)
    state = model(registered("1"), intent, moved)
    assert (state.release["step"], state.release["action"], state.champion) == ("moved", "promote", None)
    state = model(registered("1"), intent, moved, confirmed("1"))
    assert state.release is None
    assert (state.champion["version"], state.champion["status"], state.champion["since"]) == ("1", "champion", "T4")
    assert state.candidate is None
    state = model(registered("1"), intent, (Kind.RELEASE_ABANDONED, {"version": "1", "why": "killed"}))
    assert (state.release, state.champion) == (None, None)


def test_champions_follow_each_other():
    state = model(*promoted("1", "2", "3"))
    assert state.lineage == ["1", "2", "3"]
    assert (state.champion["version"], state.previous["version"]) == ("3", "2")
    statuses = [state.version(version)["status"] for version in "123"]
    assert statuses == ["retired", "retired", "champion"]


def test_a_roll_back_returns_to_the_one_before():
    asked = (Kind.ROLLBACK_REQUESTED, {"because": "performance", "batch_id": "a", "version": "2"})
    state = model(*promoted("1", "2"), asked, confirmed("1", "roll_back"))
    assert state.lineage == ["1"]
    assert (state.champion["version"], state.champion["status"], state.previous) == ("1", "champion", None)
    left = state.version("2")
    assert left["status"] == "rolled_back"
    assert state.request("rollback") is None


def test_another_champion_leaves_a_request_to_roll_back_without_object():
    asked = (Kind.ROLLBACK_REQUESTED, {"because": "performance", "batch_id": "a", "version": "1"})
    assert model(*promoted("1"), asked).request("rollback") is not None
    assert model(*promoted("1"), asked, *promoted("2")).request("rollback") is None


def test_a_roll_back_may_go_further():
    assert model(*promoted("1", "2", "3"), confirmed("1", "roll_back")).lineage == ["1"]


def test_a_roll_back_leaves_a_waiting_candidate_waiting():
    state = model(*promoted("1", "2"), registered("3"), confirmed("1", "roll_back"))
    assert state.candidate["version"] == "3"


def test_a_version_promoted_again_follows_the_one_in_whose_place_it_came():
    state = model(*promoted("1", "2"), confirmed("1"), confirmed("2", "roll_back"))
    assert (state.lineage, state.previous["version"]) == (["1", "2"], "1")


def test_who_returns_to_a_version_that_was_left_can_go_back_again():
    state = model(*promoted("1", "2", "3"), confirmed("2", "roll_back"), confirmed("3", "roll_back"))
    assert (state.lineage, state.previous["version"]) == (["1", "2", "3"], "2")
    assert [state.version(version)["status"] for version in "123"] == ["retired", "rolled_back", "champion"]


# Models: scoring and monitoring.


def test_scored_and_monitored_batches_are_remembered():
    scored = (Kind.BATCH_SCORED, {"batch_id": "a", "version": "1", "rows": 3})
    watched = (Kind.BATCH_MONITORED, {"batch_id": "a", "version": "1", "drift": None, "performance": None})
    state = model(scored, scored, watched)
    assert state.under("scored")["a"] == {"batch_id": "a", "version": "1", "rows": 3, "at": "T2", "sequence": 2}
    assert state.under("monitored")["a"]["sequence"] == 3


def test_a_hand_moved_alias_and_a_judged_project_are_remembered():
    found = model((Kind.ALIAS_FOUND_MOVED, {"found": "1", "expected": "2"}))
    assert found.get("alias_found") == {"found": "1", "expected": "2", "reason": "because 1", "at": "T1"}
    judged = told("project", (Kind.CI_JUDGED, {"verdict": {"outcome": "pass"}, "code_digest": "c"}))
    assert judged.get("ci")["code_digest"] == "c"


def test_the_table_of_labels_never_goes_back_a_version() -> None:
    def taken(name: str, version: int) -> tuple[Kind, dict[str, Any]]:
        return Kind.LABELS_TAKEN, {"file": name, "signature": name, "version": version, "rows": 1}

    late = dataset(taken("b", 3), taken("a", 2))
    assert late.get("labels") == {"version": 3, "files": ["b", "a"]}
    forgotten = {"request": "r", "batches": {}, "quarantine": {}, "labels_version": 2}
    begun = (Kind.FORGETTING_BEGUN, {"request": "r"})
    assert dataset(taken("b", 3), begun, (Kind.ROWS_FORGOTTEN, forgotten)).get("labels")["version"] == 3
    assert dataset(taken("b", 1), begun, (Kind.ROWS_FORGOTTEN, forgotten)).get("labels")["version"] == 2


def test_a_version_that_the_registry_lost_waits_no_more_and_a_champion_stays_one():
    lost = model(registered("1"), (Kind.VERSION_LOST, {"version": "1"}))
    assert (lost.candidate, lost.version("1")["status"], lost.version("1")["lost"]) == (None, "lost", "T2")
    lost = model(*promoted("1"), (Kind.VERSION_LOST, {"version": "1"}))
    assert (lost.champion["version"], lost.champion["status"]) == ("1", "champion")
    again = model(*promoted("1"), (Kind.VERSION_LOST, {"version": "1"}), confirmed("1"))
    assert "lost" not in again.champion

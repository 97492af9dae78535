"""What matters of every model at once."""

from __future__ import annotations

from loopwright.ledger.events import Draft, Kind


def release(ledger, model: str, version: str) -> None:
    registered = {"version": version, "training_id": f"t{version}", "run_id": "r", "artifact_digest": version * 3}
    ledger.record(f"model/{model}", Draft(Kind.CANDIDATE_REGISTERED, "train", "passed", registered))
    moved = {"version": version, "previous": None, "action": "promote"}
    ledger.record(f"model/{model}", Draft(Kind.RELEASE_CONFIRMED, "release", "done", moved))


def test_champion_before_and_candidate_of_each_are_those_of_its_own_state(ledger):
    for version in ("1", "2"):
        release(ledger, "tips", version)
    release(ledger, "minutes", "1")
    waiting = {"version": "2", "training_id": "t2", "run_id": "r2", "artifact_digest": "w"}
    ledger.record("model/minutes", Draft(Kind.CANDIDATE_REGISTERED, "train", "passed", waiting))
    wanted = {"because": "drift", "batch_id": "b", "version": "1"}
    ledger.record("model/minutes", Draft(Kind.RETRAIN_REQUESTED, "monitor", "drifted", wanted))
    ledger.record("dataset/rides", Draft(Kind.CI_JUDGED, "ci", "judged", {"code_digest": "c"}))
    fleet = ledger.fleet()
    assert set(fleet) == {"tips", "minutes"}
    for name, seen in fleet.items():
        whole = ledger.model(name)
        assert (seen.subject, seen.sequence) == (whole.subject, whole.sequence)
        for what in ("champion", "previous", "candidate", "lineage", "release", "refusals"):
            assert getattr(seen, what) == getattr(whole, what)
        assert seen.request("retrain") == whole.request("retrain")
        assert not seen.under("training")


def test_a_fleet_of_none(ledger):
    assert ledger.fleet() == {}


def test_all_states_at_once_are_those_of_each(ledger):
    release(ledger, "tips", "1")
    release(ledger, "minutes", "1")
    ledger.record("dataset/rides", Draft(Kind.CI_JUDGED, "ci", "judged", {"code_digest": "c"}))
    found = ledger.states()
    assert found == {subject: ledger.state(subject) for subject in ledger.subjects()}
    assert [type(state) for state in found.values()] == [type(ledger.state(subject)) for subject in found]

"""What goes wrong around a release: each ends safe, says what happened, and goes on when it is over."""

from __future__ import annotations

import pytest

from loopwright.errors import ArtifactTampered, LakeUnavailable, LedgerUnavailable, TrackingUnavailable
from loopwright.ledger import journal
from loopwright.ledger.events import Draft, Kind
from loopwright.stages.release import ReleaseRefused, promote, reconcile, record_approval, rehearse, roll_back
from loopwright.stages.score import score_batch
from loopwright.tracking import Tracking
from support.house import cold_mlflow, house

__all__ = ["cold_mlflow", "house"]


@pytest.fixture
def fails(monkeypatch):
    """Let the nth call of something fail, and every later one, until it is over."""

    def arm(owner, name, nth, error):
        real, calls = getattr(owner, name), [0]

        def failing(*args, **kwargs):
            calls[0] += 1
            if calls[0] >= nth:
                raise error
            return real(*args, **kwargs)

        monkeypatch.setattr(owner, name, failing)

    yield arm
    monkeypatch.undo()


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_the_ledger_is_down_in_the_middle(house, fails, monkeypatch, nth):
    """At the intent, after the alias moved, or at the confirmation."""
    first, second = house.champion(), house.rehearsed()
    fails(journal, "append", nth, LedgerUnavailable("The ledger cannot be used.", mend="Look whether it is up."))
    with pytest.raises(LedgerUnavailable, match="cannot be used"):
        promote(house.workspace, house.model, second)
    assert house.state.champion["version"] == first  # what is scored with did not change half way
    monkeypatch.undo()
    promote(house.workspace, house.model, second)
    assert house.standing == (second, second, None)
    assert house.kinds().count("release_confirmed") == 2
    assert house.ledger.verify("model/tips") == []


@pytest.mark.parametrize("call", ["alias_of", "move_alias", "tag_version", "log_text"])
def test_mlflow_is_down_in_the_middle(house, fails, monkeypatch, call):
    first, second = house.champion(), house.rehearsed()
    fails(Tracking, call, 1, TrackingUnavailable("MLflow cannot be used.", mend="Look whether it is up."))
    with pytest.raises(TrackingUnavailable, match="MLflow cannot be used"):
        promote(house.workspace, house.model, second)
    assert house.state.champion["version"] == first
    monkeypatch.undo()
    reconcile(house.workspace, house.model)
    promote(house.workspace, house.model, second)
    assert house.standing == (second, second, None)
    assert house.ledger.verify("model/tips") == []


def test_mlflow_is_down_at_a_roll_back_and_the_rehearsal_says_so(house, fails):
    _, second = house.champion(), house.champion()
    fails(Tracking, "download_source", 1, TrackingUnavailable("MLflow cannot be used."))
    with pytest.raises(TrackingUnavailable, match="MLflow cannot be used"):
        roll_back(house.workspace, house.model, reason="bad", actor="person:ada")
    assert house.standing == (second, second, None)
    assert Kind.REHEARSED not in [event.kind for event in house.events()][-1:]


def test_the_lake_is_down_and_a_release_does_not_need_it(house, fails, monkeypatch):
    from loopwright.lake.table import Table

    first, second = house.champion(), house.rehearsed()
    fails(Table, "_opened", 1, LakeUnavailable("The lake cannot be used."))
    with pytest.raises(LakeUnavailable, match="cannot be used"):
        score_batch(house.workspace, house.model, "2024-01")
    assert promote(house.workspace, house.model, second).previous == first
    monkeypatch.undo()
    assert score_batch(house.workspace, house.model, "2024-01").version == second


def test_the_artifact_is_changed_after_its_rehearsal_and_approval(house):
    house.toy.edit("include/models/tips/model.yaml", "monitor:", "release: {approval: required}\nmonitor:")
    version = house.rehearsed()
    record_approval(house.workspace, house.model, version, "given", "person:ada", "Yes.")
    [pickle] = house.toy.path.rglob("estimator.pkl")
    pickle.write_bytes(b"something else")
    with pytest.raises(ArtifactTampered, match=r"(?s)not those that were judged.*Find who changed it"):
        promote(house.workspace, house.model, version)
    assert house.standing == (None, None, None)


def test_the_artifact_is_changed_between_approval_and_move(house):
    """The digest that was approved stays what is scored with: other bytes are not loaded anywhere."""
    house.toy.edit("include/models/tips/model.yaml", "monitor:", "release: {approval: required}\nmonitor:")
    version = house.rehearsed()
    record_approval(house.workspace, house.model, version, "given", "person:ada", "Yes.")
    [pickle] = house.toy.path.rglob("estimator.pkl")
    held = pickle.read_bytes()
    pickle.write_bytes(b"something else")
    rehearsal = rehearse(house.workspace, house.model, version)
    assert "not those that were judged" in rehearsal.verdict.why()
    with pytest.raises(ArtifactTampered, match="not those that were judged"):
        promote(house.workspace, house.model, version)
    assert house.standing == (None, None, None)
    pickle.write_bytes(held)
    with pytest.raises(ReleaseRefused, match="rejected"):  # nor does it come back by putting them back
        promote(house.workspace, house.model, version)


def test_an_approval_that_has_expired_moves_nothing(house):
    house.toy.edit("include/models/tips/model.yaml", "monitor:", "release: {approval: required}\nmonitor:")
    first = house.rehearsed()
    record_approval(house.workspace, house.model, first, "given", "person:ada", "Yes.")
    promote(house.workspace, house.model, first)
    second = house.rehearsed()
    record_approval(house.workspace, house.model, second, "given", "person:ada", "Yes.")
    house.toy.edit("include/models/tips/model.yaml", "required}", "required, timeout: 0s}")
    with pytest.raises(ReleaseRefused, match=r"person:ada approved it at .*, which is longer ago than 0s"):
        promote(house.workspace, house.model, second)
    assert house.standing == (first, first, None)
    assert house.kinds().count("release_intended") == 1


def test_who_asked_for_a_training_and_approves_it_moves_nothing(house):
    house.toy.edit("include/models/tips/model.yaml", "monitor:", "release: {approval: required}\nmonitor:")
    version = house.rehearsed()
    training = {**house.state.training(house.state.version(version)["training_id"]), "train": True}
    house.ledger.record("model/tips", Draft(Kind.TRAINING_DECIDED, "person:ada", "I want it.", training))
    with pytest.raises(ReleaseRefused, match="Who asked for a release does not approve it"):
        record_approval(house.workspace, house.model, version, "given", "person:ada", "Mine.")
    with pytest.raises(ReleaseRefused, match="a person has to approve it, and nobody has yet"):
        promote(house.workspace, house.model, version)
    assert house.standing == (None, None, None)

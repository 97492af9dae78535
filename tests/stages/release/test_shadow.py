"""Shadow: answered beside the champion, compared when the labels are final, and only then released."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sklearn.dummy import DummyClassifier

from loopwright.errors import DeclarationError
from loopwright.lake import Lake
from loopwright.ledger.events import Draft, Kind
from loopwright.loop.status import status
from loopwright.serving.kept import CHALLENGER
from loopwright.stages.release import ReleaseRefused, promote, reconcile, reconciliation, record_approval, shadow
from loopwright.stages.release.approval import digests_of
from loopwright.stages.score import score_batch, shadow_batch, unscored, unshadowed

MODEL = "include/models/tips/model.yaml"


@pytest.fixture
def shadowed(house):
    """A champion, and shadows of two batches."""
    house.champion()
    house.toy.edit(MODEL, "owner: tests", "owner: tests\nrelease: {shadow: {batches: 2}}")
    house.toy.edit(MODEL, "champion: {margin: 0.02}", "champion: {margin: 0.02, better: false}")
    return house


def arrives(house, month: int, **law) -> str:
    [batch] = house.publish(month, rows=400, **law)
    for waiting in unscored(house.workspace, house.model):
        score_batch(house.workspace, house.model, waiting)
    for waiting in unshadowed(house.workspace, house.model):
        shadow_batch(house.workspace, house.model, waiting)
    return batch


def alias(house) -> str | None:
    return house.tracking.alias_of("tips", CHALLENGER)


def test_it_answers_beside_the_champion_is_compared_and_released(shadowed):
    version = shadowed.rehearsed()
    begun = shadow(shadowed.workspace, shadowed.model, version)
    assert (begun.status, begun.why) == ("waits", "0 of 2 batches are answered by both")
    assert alias(shadowed) == version
    with pytest.raises(ReleaseRefused, match="its comparison in production is not over"):
        promote(shadowed.workspace, shadowed.model, version)

    first = arrives(shadowed, 3)
    assert "1 of 2" in shadow(shadowed.workspace, shadowed.model, version).why
    second = arrives(shadowed, 4)
    rows = shadowed.predictions(first, second)
    assert rows.groupby("_role").size().to_dict() == {"champion": 800, "challenger": 800}
    assert set(rows[rows["_role"] == "challenger"]["model_version"]) == {version}
    assert set(rows[rows["_role"] == "champion"]["model_version"]) == {"1"}

    judged = shadow(shadowed.workspace, shadowed.model, version)
    assert (judged.status, judged.verdict.stage) == ("release", "shadow")
    [decided] = shadowed.events(Kind.SHADOW_DECIDED)
    assert set(decided.evidence["batches"]) == {first, second}
    [compared] = [check for check in judged.verdict.checks if check.name == "non_inferiority"]
    assert compared.n == 800
    assert alias(shadowed) is None
    assert promote(shadowed.workspace, shadowed.model, version).status == "promoted"
    assert shadowed.standing == (version, version, None)
    assert shadowed.ledger.verify("model/tips") == []


def test_what_was_done_is_done_once(shadowed):
    version = shadowed.rehearsed()
    for _ in range(2):
        shadow(shadowed.workspace, shadowed.model, version)
    arrives(shadowed, 3)
    arrives(shadowed, 4)
    for _ in range(2):
        assert shadow(shadowed.workspace, shadowed.model, version).status == "release"
    assert unshadowed(shadowed.workspace, shadowed.model) == []
    counted = [len(shadowed.events(kind)) for kind in (Kind.SHADOW_STARTED, Kind.BATCH_SHADOWED, Kind.SHADOW_DECIDED)]
    assert counted == [1, 2, 1]
    before = shadowed.state.entries
    shadowed.ledger.rebuild()
    assert shadowed.state.entries == before


def test_only_what_came_since_counts(shadowed):
    arrives(shadowed, 3)
    version = shadowed.rehearsed()
    shadow(shadowed.workspace, shadowed.model, version)
    assert unshadowed(shadowed.workspace, shadowed.model) == []
    arrives(shadowed, 4)
    assert list(shadowed.state.shadowed(version)) == ["2024-04"]


def test_who_is_worse_in_production_is_refused(shadowed):
    version = shadowed.rehearsed(estimator=DummyClassifier(strategy="stratified", random_state=0))
    shadow(shadowed.workspace, shadowed.model, version)
    arrives(shadowed, 3)
    arrives(shadowed, 4)
    judged = shadow(shadowed.workspace, shadowed.model, version)
    assert judged.status == "refuse"
    assert "is worse than the champion" in judged.why
    assert shadowed.state.version(version)["status"] == "rejected"
    assert shadowed.state.refusals == 1
    assert (shadowed.state.candidate, alias(shadowed)) == (None, None)
    with pytest.raises(ReleaseRefused, match="worse than the champion"):
        promote(shadowed.workspace, shadowed.model, version)
    assert shadow(shadowed.workspace, shadowed.model, version).status == "refuse"


@pytest.mark.parametrize(
    ("declared", "stands", "ends"), [("wait", "waits", None), ("ask", "ask", None), ("refuse", "refuse", "rejected")]
)
def test_where_the_data_cannot_tell(shadowed, declared, stands, ends):
    shadowed.toy.edit(MODEL, "resamples: 200", f"resamples: 200, on_inconclusive: {declared}")
    shadowed.toy.edit(MODEL, "batches: 2", "batches: 1")
    version = shadowed.rehearsed()
    shadow(shadowed.workspace, shadowed.model, version)
    frame = toys_without_labels(3)
    [batch] = shadowed.publish(3, frame=frame)
    score_batch(shadowed.workspace, shadowed.model, batch)
    shadow_batch(shadowed.workspace, shadowed.model, batch)
    assert shadow(shadowed.workspace, shadowed.model, version).status == stands
    entry = shadowed.state.version(version)
    assert entry["status"] == (ends or "candidate")
    assert shadowed.state.refusals == (1 if declared == "refuse" else 0)
    if declared == "wait":
        assert (entry["shadow"]["looks"], entry["shadow"]["batches"]) == (1, 2)
        assert "1 of 2" in shadow(shadowed.workspace, shadowed.model, version).why
        arrives(shadowed, 4)
        judged = shadow(shadowed.workspace, shadowed.model, version)
        assert judged.status == "release"
        [compared] = [check for check in judged.verdict.checks if check.name == "non_inferiority"]
        assert compared.asked["confidence"] > shadowed.model.gate.champion.confidence  # a second look costs
    if declared == "ask":
        with pytest.raises(ReleaseRefused, match="a person has to approve"):
            promote(shadowed.workspace, shadowed.model, version)
        record_approval(shadowed.workspace, shadowed.model, version, "given", "person:ada", "Fine.")
        assert promote(shadowed.workspace, shadowed.model, version).status == "promoted"


def test_batches_without_the_column_of_groups_cannot_tell(shadowed):
    shadowed.toy.edit(MODEL, "gate: {", "gate: {groups: rider, on_inconclusive: ask, ")
    version = shadowed.rehearsed()
    shadow(shadowed.workspace, shadowed.model, version)
    arrives(shadowed, 3)
    arrives(shadowed, 4)
    judged = shadow(shadowed.workspace, shadowed.model, version)
    assert judged.status == "ask"
    assert "the batches have no column 'rider'" in judged.why


def toys_without_labels(month: int):
    from support import toy as toys

    frame = toys.rides(month, rows=300)
    frame["tip"] = float("nan")
    return frame


def test_labels_are_waited_for_and_no_task_waits(shadowed):
    shadowed.toy.edit(
        "include/datasets/rides/dataset.yaml", "owner: tests", "owner: tests\nlabels: {matures_after: 7d}"
    )
    version = shadowed.rehearsed()
    shadow(shadowed.workspace, shadowed.model, version)
    arrives(shadowed, 3)
    arrives(shadowed, 4)
    assert "are final on" in shadow(shadowed.workspace, shadowed.model, version).why
    assert shadowed.events(Kind.SHADOW_DECIDED) == []
    later = datetime.now(UTC) + timedelta(days=8)
    assert shadow(shadowed.workspace, shadowed.model, version, now=later).status == "release"


def test_a_newer_candidate_takes_the_place_of_one_in_shadow(shadowed):
    first = shadowed.rehearsed()
    shadow(shadowed.workspace, shadowed.model, first)
    arrives(shadowed, 3)
    second = shadowed.rehearsed()
    assert shadowed.state.version(first)["status"] == "superseded"
    over = shadow(shadowed.workspace, shadowed.model, first)
    assert (over.status, over.done, over.why) == ("over", False, f"version {first} is superseded")
    shadow(shadowed.workspace, shadowed.model, second)
    assert shadowed.state.challenger["version"] == alias(shadowed) == second
    arrives(shadowed, 4)
    assert list(shadowed.state.shadowed(second)) == ["2024-04"]
    assert list(shadowed.state.shadowed(first)) == ["2024-03"]


def test_without_a_champion_there_is_nothing_to_be_beside(house):
    house.toy.edit(MODEL, "owner: tests", "owner: tests\nrelease: {shadow: {batches: 2}}")
    version = house.rehearsed()
    assert shadow(house.workspace, house.model, version).status == "not needed"
    assert promote(house.workspace, house.model, version).status == "promoted"
    assert house.events(Kind.SHADOW_STARTED) == []


def test_a_batch_that_changed_is_answered_again_by_both(shadowed):
    version = shadowed.rehearsed()
    shadow(shadowed.workspace, shadowed.model, version)
    arrives(shadowed, 3)
    shadowed.publish(3, rows=150)
    assert unshadowed(shadowed.workspace, shadowed.model) == []  # the champion comes first
    assert "0 of 2" in shadow(shadowed.workspace, shadowed.model, version).why
    arrives(shadowed, 4)
    rows = shadowed.predictions("2024-03")
    assert rows.groupby("_role").size().to_dict() == {"champion": 150, "challenger": 150}
    assert shadow(shadowed.workspace, shadowed.model, version).status == "release"


def test_an_approval_is_bound_to_the_comparison(shadowed):
    shadowed.toy.edit(MODEL, "{shadow: {batches: 2}}", "{approval: required}")
    version = shadowed.rehearsed()
    record_approval(shadowed.workspace, shadowed.model, version, "given", "person:ada", "Before it was compared.")
    assert "shadow" not in digests_of(shadowed.state, version)
    shadowed.toy.edit(MODEL, "{approval: required}", "{approval: required, shadow: {batches: 2}}")
    shadow(shadowed.workspace, shadowed.model, version)
    arrives(shadowed, 3)
    arrives(shadowed, 4)
    assert shadow(shadowed.workspace, shadowed.model, version).status == "release"
    with pytest.raises(ReleaseRefused, match="approved something else"):
        promote(shadowed.workspace, shadowed.model, version)
    record_approval(shadowed.workspace, shadowed.model, version, "given", "person:ada", "Compared.")
    assert promote(shadowed.workspace, shadowed.model, version).status == "promoted"


def test_no_yes_is_taken_before_the_comparison_and_a_no_is_at_any_time(shadowed):
    shadowed.toy.edit(MODEL, "{shadow:", "{approval: required, shadow:")
    version = shadowed.rehearsed()
    answer = (shadowed.workspace, shadowed.model, version)
    for _ in ("rehearsed", "in its shadow"):
        with pytest.raises(ReleaseRefused, match="still to prove itself beside the champion"):
            record_approval(*answer, "given", "person:ada", "It looks fine.")
        shadow(*answer)
    assert not shadowed.events(Kind.APPROVAL_GIVEN)
    record_approval(*answer, "refused", "person:ada", "We do not want it.")
    assert shadowed.state.version(version)["status"] == "rejected"


def test_who_cannot_answer_is_refused_and_the_champion_is_not_disturbed(shadowed, monkeypatch):
    from loopwright.errors import UserCodeFailed
    from loopwright.stages.score import shadowing

    version = shadowed.rehearsed()
    shadow(shadowed.workspace, shadowed.model, version)

    class Broken:
        def predict(self, _rows):
            raise UserCodeFailed("The estimator raised an error.", got="ValueError")

    monkeypatch.setattr(shadowing, "load_version", lambda *_: Broken())
    arrives(shadowed, 3)
    assert set(shadowed.predictions("2024-03")["_role"]) == {"champion"}
    judged = shadow(shadowed.workspace, shadowed.model, version)
    assert judged.status == "refuse"
    assert "could not answer for 2024-03" in judged.why


def test_a_hand_that_moved_the_challengers_alias_is_undone(shadowed):
    version = shadowed.rehearsed()
    shadow(shadowed.workspace, shadowed.model, version)
    shadowed.tracking.move_alias("tips", CHALLENGER, "1")
    said = f"put the challenger alias from version 1 to version {version}"
    assert reconciliation(shadowed.workspace, shadowed.model) == [said]
    assert reconcile(shadowed.workspace, shadowed.model) == [said]
    assert alias(shadowed) == version


def test_what_is_no_longer_declared_is_over(shadowed):
    version = shadowed.rehearsed()
    shadow(shadowed.workspace, shadowed.model, version)
    assert alias(shadowed) == version
    shadowed.toy.edit(MODEL, "shadow: {batches: 2}", "shadow: null")
    reconcile(shadowed.workspace, shadowed.model)
    assert alias(shadowed) is None
    [stands] = status(shadowed.workspace, "tips")["models"]
    assert stands["shadow"] is None
    assert promote(shadowed.workspace, shadowed.model, version).status == "promoted"


def test_who_is_withdrawn_is_no_challenger_any_more(shadowed):
    version = shadowed.rehearsed()
    shadow(shadowed.workspace, shadowed.model, version)
    shadowed.ledger.record("model/tips", Draft(Kind.CANDIDATE_SUPERSEDED, "release", "…", {"version": version}))
    reconcile(shadowed.workspace, shadowed.model)
    assert (alias(shadowed), shadowed.state.challenger) == (None, None)


def test_it_needs_a_champion_that_scores(shadowed):
    shadowed.toy.edit(MODEL, "owner: tests", "score: null\nowner: tests")
    with pytest.raises(DeclarationError, match="score is null"):
        _ = shadowed.model


def test_the_lake_keeps_what_each_said(shadowed):
    version = shadowed.rehearsed()
    shadow(shadowed.workspace, shadowed.model, version)
    arrives(shadowed, 3)
    table = Lake.of(shadowed.workspace).predictions("tips")
    known = shadowed.state.shadowed(version)["2024-03"]
    assert len(table.read(["2024-03"], version=known["table_version"], role=CHALLENGER)) == known["rows"] == 400

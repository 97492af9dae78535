"""Whether to train: each reason, each brake, and that the record says so once."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from loopwright.ledger.events import Kind
from loopwright.stages.train.deciding import considered
from loopwright.stages.train.question import Question
from loopwright.verdict import Check, Outcome, Verdict

DECIDED = Kind.TRAINING_DECIDED


def judged(tips, training_id: str, outcome: Outcome, *, run_id: str = "r", artifact: str | None = "d") -> None:
    """Record a verdict without training anything."""
    verdict = Verdict("gate", "model/tips", (Check("asked", outcome, "because"),)).to_dict()
    refused = outcome is Outcome.FAIL
    tips.record(
        Kind.GATE_DECIDED, training_id=training_id, run_id=run_id, artifact_digest=artifact, verdict=verdict,
        refused=refused, champion=None,
    )  # fmt: skip


def champion(tips, training_id: str, version: str = "1") -> None:
    """Record what makes a training's candidate the champion, without training anything."""
    judged(tips, training_id, Outcome.PASS)
    tips.record(
        Kind.CANDIDATE_REGISTERED, training_id=training_id, version=version, run_id="r", artifact_digest="d",
        source="runs:/r/model", primary={"metric": "roc_auc", "value": 0.7}, batches=[], holdout=[], ask=False,
    )  # fmt: skip
    tips.crown(version)


def with_champion(tips, *months: int) -> str:
    """Publish, decide, and crown; return the training's id."""
    tips.publish(*months)
    training_id = tips.decide().training_id
    champion(tips, training_id)
    return training_id


def test_one_batch_is_not_enough(tips) -> None:
    tips.publish(1)
    decision = tips.decide()
    assert not decision.train
    assert decision.brakes == ("not_enough_batches",)
    assert decision.fingerprint is None
    assert "leave none to learn from" in decision.why


def test_no_batch_is_not_enough_even_for_a_person(tips) -> None:
    assert tips.decide(reason="I want one", force=True).brakes == ("not_enough_batches",)


def test_the_newest_is_held_out_and_the_window_before_it_learned_from(tips) -> None:
    tips.edit("model.yaml", "seed: 7", "seed: 7, window: {batches: 2}, holdout: {batches: 2}")
    tips.publish(3, 1, 5, 2, 4)
    decision = tips.decide()
    assert decision.train
    assert decision.batches == ("2024-02", "2024-03")
    assert decision.holdout == ("2024-04", "2024-05")
    assert decision.reasons == ("first_model", "new_data")


def test_the_decision_is_on_record_with_all_it_rests_on(tips) -> None:
    tips.publish(1, 2)
    decision = tips.decide(actor="person:ada")
    (event,) = tips.events(DECIDED)
    assert event.actor == "person:ada"
    assert event.evidence["training_id"] == decision.training_id
    assert event.evidence["seen"] == ["2024-01", "2024-02"]
    assert event.evidence["data_version"] == 1
    for name in ("fingerprint", "data_digest", "code_digest", "declaration_digest"):
        assert len(event.evidence[name]) == 64
    assert json.loads(json.dumps(decision.to_dict()))["batches"] == ["2024-01"]


def test_a_training_that_was_not_finished_is_taken_up_again(tips) -> None:
    tips.publish(1, 2)
    first = tips.decide()
    again = tips.decide()
    assert again.train
    assert again.training_id == first.training_id
    assert "unfinished" in again.reasons
    assert len(tips.events(DECIDED)) == 1


def test_a_training_that_was_not_finished_gives_way_to_newer_data(tips) -> None:
    tips.publish(1, 2)
    first = tips.decide()
    tips.publish(3)
    second = tips.decide()
    assert second.train
    assert second.training_id != first.training_id
    assert second.holdout == ("2024-03",)
    assert {"unfinished", "new_data"} <= set(second.reasons)


def test_nothing_new_is_said_once(tips) -> None:
    with_champion(tips, 1, 2)
    for _ in range(3):
        decision = tips.decide()
        assert not decision.train
        assert decision.brakes == ("nothing_new",)
    assert len(tips.events(DECIDED)) == 2


def test_new_batches_are_counted(tips) -> None:
    with_champion(tips, 1, 2)
    tips.edit("model.yaml", "monitor:", "retrain: {new_batches: 2}\nmonitor:")
    tips.publish(3)
    decision = tips.decide()
    assert decision.brakes == ("nothing_new",)
    assert "1 of 2 new batches" in decision.why
    tips.publish(4)
    assert tips.decide().reasons == ("new_data",)


def test_a_batch_that_was_replaced_is_new(tips) -> None:
    with_champion(tips, 1, 2)
    tips.publish(1, noise=2.0)
    decision = tips.decide()
    assert decision.reasons == ("new_data",)
    assert "2024-01" in decision.why


def test_new_data_is_no_reason_where_it_is_not_declared(tips) -> None:
    with_champion(tips, 1, 2)
    tips.edit("model.yaml", "monitor:", "retrain: {on: [drift]}\nmonitor:")
    tips.publish(3)
    assert tips.decide().brakes == ("nothing_new",)


@pytest.mark.parametrize("because", ["drift", "performance"])
def test_a_request_is_a_reason_until_it_was_followed(tips, because) -> None:
    with_champion(tips, 1, 2)
    tips.edit("model.yaml", "monitor:", f"retrain: {{on: [{because}]}}\nmonitor:")
    tips.publish(3)
    tips.record(Kind.RETRAIN_REQUESTED, because=because, batch_id="2024-03", version="1")
    decision = tips.decide()
    assert decision.reasons == (because,)
    champion(tips, decision.training_id, "2")
    assert tips.decide().brakes == ("nothing_new",)


def test_a_request_is_no_reason_where_it_is_not_declared(tips) -> None:
    with_champion(tips, 1, 2)
    tips.edit("model.yaml", "monitor:", "retrain: {on: [code]}\nmonitor:")
    tips.record(Kind.RETRAIN_REQUESTED, because="drift", batch_id="2024-02", version="1")
    assert tips.decide().brakes == ("nothing_new",)


def test_what_was_judged_is_not_trained_again_for_a_request(tips) -> None:
    """After a roll back the same training would bring back the very version that was rolled back."""
    with_champion(tips, 1, 2)
    tips.record(Kind.RETRAIN_REQUESTED, because="drift", batch_id="2024-02", version="1")
    decision = tips.decide()
    assert decision.reasons == ("drift",)
    assert decision.brakes == ("same_fingerprint",)
    assert "same data, code, declaration and environment as training" in decision.why


def test_a_request_about_what_was_learned_from_already_is_answered(tips) -> None:
    """Under Airflow the monitor looks at a batch while a training for it is under way."""
    tips.edit("model.yaml", "monitor:", "retrain: {on: [drift]}\nmonitor:")
    with_champion(tips, 1, 2)
    for _ in range(2):
        tips.record(Kind.RETRAIN_REQUESTED, because="drift", batch_id="2024-02", version="1")
        assert tips.decide().brakes == ("same_fingerprint",)
        assert tips.state.request("retrain") is None
    tips.publish(3)
    assert tips.decide().brakes == ("nothing_new",)


def test_a_request_about_a_batch_that_nobody_could_learn_from_yet_stays_open(tips) -> None:
    with_champion(tips, 1, 2)
    tips.record(Kind.RETRAIN_REQUESTED, because="drift", batch_id="2024-03", version="1")
    assert tips.decide().brakes == ("same_fingerprint",)
    assert tips.state.request("retrain") is not None


def test_changed_code_is_a_reason(tips) -> None:
    with_champion(tips, 1, 2)
    tips.edit("features.py", '"fare": rides["fare"]', '"fare": rides["fare"] * 2')
    assert tips.decide().reasons == ("code",)


def test_a_changed_gate_is_a_reason_and_a_changed_description_is_none(tips) -> None:
    with_champion(tips, 1, 2)
    tips.edit("model.yaml", "owner: tests", "owner: tests\ndescription: tips of riders")
    assert tips.decide().brakes == ("nothing_new",)
    before = tips.decide().fingerprint
    tips.edit("model.yaml", "at_least: 0.6", "at_least: 0.65")
    decision = tips.decide()
    assert decision.reasons == ("code",)
    assert decision.fingerprint == before, "the fitted model is the same; only its verdict is not"


def test_age_is_a_reason_where_it_is_declared(tips) -> None:
    with_champion(tips, 1, 2)
    tips.edit("model.yaml", "monitor:", "retrain: {every: 30d, on: []}\nmonitor:")
    tips.publish(3)
    assert not tips.decide(now=datetime.now(UTC) + timedelta(days=29)).train
    assert tips.decide(now=datetime.now(UTC) + timedelta(days=31)).reasons == ("staleness",)


def test_a_person_is_a_reason(tips) -> None:
    with_champion(tips, 1, 2)
    tips.publish(3)
    tips.edit("model.yaml", "monitor:", "retrain: {on: []}\nmonitor:")
    decision = tips.decide(reason="the board asks", actor="person:ada")
    assert decision.reasons == ("person",)
    assert "the board asks" in decision.why


def test_cooldown_holds_the_loop_but_not_a_person(tips) -> None:
    with_champion(tips, 1, 2)
    tips.edit("model.yaml", "monitor:", "retrain: {cooldown: 1d}\nmonitor:")
    tips.publish(3)
    assert tips.decide().brakes == ("cooldown",)
    assert tips.decide(now=datetime.now(UTC) + timedelta(hours=25)).train is True


def test_a_person_overrides_the_cooldown(tips) -> None:
    with_champion(tips, 1, 2)
    tips.edit("model.yaml", "monitor:", "retrain: {cooldown: 1d}\nmonitor:")
    tips.publish(3)
    assert tips.decide(reason="now").train


def test_refusals_open_the_circuit_until_a_person_closes_it(tips) -> None:
    tips.edit("model.yaml", "monitor:", "retrain: {refusals: 2}\nmonitor:")
    tips.publish(1, 2)
    for month in (3, 4):
        judged(tips, tips.decide().training_id, Outcome.FAIL)
        tips.publish(month)
    decision = tips.decide()
    assert decision.brakes == ("refusals",)
    assert "a person starts the next training" in decision.why
    champion(tips, tips.decide(reason="mended").training_id)
    tips.publish(5)
    assert tips.decide().train


def in_shadow(tips, *, because: list[str] | None = None) -> str:
    """Let a second candidate answer beside the champion, trained for a reason; then one more batch is published."""
    tips.edit("model.yaml", "monitor:", "release: {shadow: {batches: 2}}\nmonitor:")
    with_champion(tips, 1, 2)
    tips.publish(3)
    if because:
        tips.record(Kind.RETRAIN_REQUESTED, because=because[0], batch_id="2024-03", version="1")
    training_id = tips.decide().training_id
    judged(tips, training_id, Outcome.PASS)
    tips.record(
        Kind.CANDIDATE_REGISTERED, training_id=training_id, version="2", run_id="r", artifact_digest="e",
        source="runs:/r/model", primary={"metric": "roc_auc", "value": 0.7}, batches=[], holdout=[], ask=False,
    )  # fmt: skip
    tips.record(Kind.SHADOW_STARTED, version="2", phase="shadow", champion="1", batches=2, dataset_sequence=3)
    tips.publish(4)
    return training_id


def test_new_data_ends_no_shadow_and_the_no_is_on_record(tips) -> None:
    in_shadow(tips)
    decision = tips.decide()
    assert (decision.train, decision.reasons, decision.brakes) == (False, ("new_data",), ("in_shadow",))
    assert decision.why.startswith("version 2 answers beside the champion, and what it comes to is waited for")
    assert tips.events(DECIDED)[-1].evidence["brakes"] == ["in_shadow"]
    verdict = {"outcome": "fail", "checks": []}
    tips.record(Kind.SHADOW_DECIDED, version="2", verdict=verdict, then="refuse", judged=2, counts=True)
    assert tips.decide().train


@pytest.mark.parametrize("then", ["release", "ask"])
def test_new_data_pushes_nobody_aside_who_came_through_and_waits_for_a_yes(tips, then) -> None:
    in_shadow(tips)
    verdict = {"outcome": "pass", "checks": []}
    tips.record(Kind.SHADOW_DECIDED, version="2", verdict=verdict, then=then, judged=2, counts=False)
    tips.publish(5)
    decision = tips.decide()
    assert decision.brakes == ("in_shadow",)
    assert decision.why.startswith("version 2 proved itself beside the champion, and its release is waited for")
    assert considered_now(tips, person="now").train
    tips.record(Kind.APPROVAL_EXPIRED, version="2", digests={})
    assert tips.decide().train


def test_a_person_other_code_and_age_push_a_shadow_aside(tips) -> None:
    in_shadow(tips)
    assert considered_now(tips, person="now").train
    assert not considered_now(tips).train
    tips.edit("model.yaml", "monitor:", "retrain: {every: 30d, on: [new_data]}\nmonitor:")
    assert not considered_now(tips).train
    assert considered_now(tips, now=datetime.now(UTC) + timedelta(days=31)).train
    tips.edit("model.yaml", ", on: [new_data]", "")
    tips.edit("model.yaml", "seed: 7", "seed: 8")
    assert considered_now(tips).reasons == ("new_data", "code")
    assert considered_now(tips).train


@pytest.mark.parametrize(("because", "trains"), [(None, True), (["drift"], False), (["performance"], False)])
def test_what_the_monitor_asks_for_pushes_aside_who_was_not_trained_to_answer_it(tips, because, trains) -> None:
    in_shadow(tips, because=because)
    tips.record(Kind.RETRAIN_REQUESTED, because="drift", batch_id="2024-04", version="1")
    assert tips.decide().train is trains
    assert bool(tips.state.request("retrain")) is not trains


def test_a_shadow_that_is_no_longer_declared_holds_nothing_back(tips) -> None:
    in_shadow(tips)
    tips.edit("model.yaml", "shadow: {batches: 2}", "shadow: null")
    tips.edit("model.yaml", "monitor:", "retrain: {on: [new_data]}\nmonitor:")
    assert tips.decide().reasons == ("new_data",)
    assert tips.decide().train


def considered_now(tips, *, person: str | None = None, now: datetime | None = None):
    moment = now or datetime.now(UTC)
    question = Question.of(tips.workspace, tips.spec, tips.ledger.dataset("rides"), {}, moment)
    return considered(tips.spec, question, tips.state, person=person, force=False, now=moment)


def test_a_judged_question_is_not_asked_again_but_by_force(tips) -> None:
    tips.publish(1, 2)
    first = tips.decide()
    judged(tips, first.training_id, Outcome.INCONCLUSIVE)
    decision = tips.decide(reason="try again")
    assert decision.brakes == ("same_fingerprint",)
    assert "came to gate:inconclusive" in decision.why
    forced = tips.decide(force=True)
    assert forced.train
    assert forced.training_id != first.training_id
    assert forced.fingerprint == first.fingerprint


def test_asking_a_person_is_a_step_that_is_left(tips) -> None:
    tips.edit("model.yaml", "resamples: 200", "resamples: 200, on_inconclusive: ask")
    tips.publish(1, 2)
    first = tips.decide()
    judged(tips, first.training_id, Outcome.INCONCLUSIVE)
    assert tips.decide().training_id == first.training_id


def test_a_persons_parameters_are_a_reason_and_a_question_of_their_own(tips) -> None:
    with_champion(tips, 1, 2)
    decision = tips.decide(params={"C": 0.1})
    assert decision.train
    assert decision.reasons == ("person",)
    (*_, event) = tips.events(DECIDED)
    assert event.evidence["params"] == {"C": 0.1}
    assert event.evidence["overrides"] == ["C"]


def test_labels_that_may_still_change_are_waited_for(tips) -> None:
    tips.toy.edit("include/datasets/rides/dataset.yaml", "owner: tests", "owner: tests\nlabels: {matures_after: 7d}")
    tips.publish(1, 2)
    assert tips.decide().brakes == ("not_enough_batches",)
    later = datetime.now(UTC) + timedelta(days=8)
    assert tips.decide(now=later).train
    tips.publish(3)
    assert tips.decide(now=datetime.now(UTC) + timedelta(days=6)).brakes == ("not_enough_batches",)


def test_a_batch_without_rows_is_neither_learned_from_nor_held_out(tips) -> None:
    from support.published import publish
    from support.toy import rides

    tips.publish(1, 2)
    publish(tips.toy, 3, frame=rides(3).head(0))
    assert tips.decide().holdout == ("2024-02",)


def test_the_same_question_has_the_same_fingerprint_elsewhere(tips, tmp_path) -> None:
    from support import toy as toys

    from .conftest import Trained

    tips.publish(1, 2)
    other = Trained(toys.make(tmp_path / "elsewhere"))
    other.publish(1, 2)
    assert other.decide().fingerprint == tips.decide().fingerprint


def test_deciding_imports_nothing_heavy() -> None:
    script = (
        "import sys\nfrom loopwright.stages.train import decide_training\n"
        "heavy = ('mlflow', 'sklearn', 'pandas', 'numpy', 'pyarrow', 'optuna', 'deltalake')\n"
        "print([m for m in heavy if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert ran.stdout.strip() == "[]"

"""Judging and registering: the same rows for both, on record, once, and only what passed."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from loopwright.errors import ArtifactTampered, LedgerConflict, NotReady
from loopwright.ledger.events import Kind
from loopwright.serving import load_version
from loopwright.tracking import Tracking
from loopwright.verdict import Outcome
from support.published import publish
from support.toy import rides

WORSE = '"hour": 0 * rides["hour"]'


def answers(judged) -> dict[str, Outcome]:
    return {check.name: check.outcome for check in judged.verdict.checks}


def fit_next(trained, **asked) -> str:
    decision = trained.decide(**asked)
    assert decision.train, decision.why
    trained.fit(decision.training_id)
    return decision.training_id


def first_champion(trained) -> str:
    """Publish two months, train the first candidate and crown it."""
    trained.publish(1, 2)
    version = trained.train().version
    trained.crown(version)
    return version


def test_the_first_candidate_is_judged_by_its_thresholds(tips) -> None:
    tips.publish(1, 2)
    training_id = fit_next(tips)
    judged = tips.judge(training_id)
    assert judged.verdict.passed
    assert judged.champion is None
    assert answers(judged)["non_inferiority"] is Outcome.NOT_APPLICABLE
    assert answers(judged)["holdout_unseen"] is Outcome.PASS
    assert set(judged.verdict.digests) == {"artifact", "data", "code", "declaration", "golden"}
    json.dumps(judged.to_dict(), allow_nan=False)


def test_what_is_measured_is_the_models_answers_on_the_holdout(tips) -> None:
    tips.publish(1, 2)
    training_id = fit_next(tips)
    judged = tips.judge(training_id)
    (measured,) = [check for check in judged.verdict.checks if check.name == "measured"]
    model = load_version(tips.workspace, tips.state.training(training_id))
    holdout = rides(2)
    expected = roc_auc_score(holdout["tip"] > 0.2 * holdout["fare"], model.predict(holdout)["score"])
    assert measured.observed["point"] == pytest.approx(expected)


def test_judging_twice_is_judging_once(tips) -> None:
    tips.publish(1, 2)
    training_id = fit_next(tips)
    assert tips.judge(training_id) == tips.judge(training_id)
    assert len(tips.events(Kind.GATE_DECIDED)) == 1


def test_a_candidate_that_was_not_fitted_cannot_be_judged(tips) -> None:
    tips.publish(1, 2)
    with pytest.raises(NotReady, match="not fitted yet"):
        tips.judge(tips.decide().training_id)


def test_rows_without_a_label_are_left_out_of_the_verdict(tips) -> None:
    frame = rides(2)
    frame.loc[:1499, "tip"] = np.nan
    tips.publish(1)
    publish(tips.toy, 2, frame=frame)
    judged = tips.judge(fit_next(tips))
    (measured,) = [check for check in judged.verdict.checks if check.name == "measured"]
    assert measured.n == 500


def test_a_holdout_without_labels_waits(tips) -> None:
    tips.publish(1)
    publish(tips.toy, 2, frame=rides(2).assign(tip=np.nan))
    judged = tips.judge(fit_next(tips))
    assert judged.verdict.outcome is Outcome.INCONCLUSIVE
    assert not judged.verdict.refused
    assert tips.state.refusals == 0


def test_rows_that_come_again_under_their_key_are_asked_once(tips) -> None:
    tips.edit("model.yaml", "seed: 7}", "seed: 7, holdout: {batches: 2}}")
    tips.publish(1)
    publish(tips.toy, 2, 3, frame=rides(2, rows=500))
    judged = tips.judge(tips.fit(tips.decide().training_id).training_id)
    checks = {check.name: check for check in judged.verdict.checks}
    assert "500 of 1000 held-out rows come again" in checks["repeated"].why
    assert checks["measured"].n == 500


def test_a_column_that_is_declared_absent_and_is_not_there_is_said(tips) -> None:
    tips.edit("model.yaml", "gate: {", "gate: {leakage: {absent: [minutess]}, ")
    tips.publish(1, 2)
    judged = tips.judge(fit_next(tips))
    assert judged.verdict.refused
    assert "minutess" in str({check.name: check for check in judged.verdict.checks}["answers"].observed)


def test_a_threshold_that_is_missed_refuses(tips) -> None:
    tips.edit("model.yaml", "at_least: 0.6", "at_least: 0.9")
    tips.publish(1, 2)
    training_id = fit_next(tips)
    judged = tips.judge(training_id)
    assert judged.verdict.refused
    assert tips.state.refusals == 1
    with pytest.raises(NotReady, match="did not pass the gate"):
        tips.register(training_id)


def test_a_worse_candidate_is_refused_and_the_champion_stays(tips) -> None:
    version = first_champion(tips)
    tips.edit("features.py", '"hour": rides["hour"]', WORSE)
    tips.publish(3)
    judged = tips.judge(fit_next(tips))
    assert answers(judged)["non_inferiority"] is answers(judged)["improvement"] is Outcome.FAIL
    assert judged.champion == version
    assert tips.state.champion["version"] == version


def test_a_better_candidate_passes(tips) -> None:
    tips.edit("features.py", '"hour": rides["hour"]', WORSE)
    tips.edit("model.yaml", "at_least: 0.6", "at_least: 0.5")
    first_champion(tips)
    tips.edit("features.py", WORSE, '"hour": rides["hour"]')
    tips.publish(3)
    judged = tips.judge(fit_next(tips))
    assert judged.verdict.passed, judged.verdict.why()


def test_the_champion_itself_is_no_candidate(tips) -> None:
    tips.edit("model.yaml", "margin: 0.02", "margin: 0.02, better: false")
    first_champion(tips)
    judged = tips.judge(fit_next(tips, force=True))
    assert answers(judged)["another"] is Outcome.FAIL


def test_what_was_ever_released_is_no_candidate_and_keeps_its_entry(tips) -> None:
    """The former champion's fingerprint, forced again, is the former champion's run: the same version in MLflow."""
    first = first_champion(tips)
    rides = tips.folder.joinpath("features.py").read_text()
    tips.edit("features.py", '"hour": rides["hour"]', '"hour": rides["hour"] + 1')
    tips.edit("model.yaml", "margin: 0.02", "margin: 0.02, better: false")
    tips.crown(tips.train(reason="another").version)
    tips.folder.joinpath("features.py").write_text(rides)
    tips.edit("model.yaml", "margin: 0.02, better: false", "margin: 0.02")
    before = tips.state.version(first)
    assert before["status"] == "retired"
    training_id = fit_next(tips, force=True)
    judged = tips.judge(training_id)
    assert judged.run_id == before["run_id"]
    assert answers(judged)["another"] is Outcome.FAIL
    assert "a roll back returns to it" in judged.verdict.why()
    with pytest.raises(NotReady, match="did not pass"):
        tips.register(training_id)
    assert tips.state.version(first) == before


def test_what_was_released_since_it_was_judged_is_not_registered_again(tips) -> None:
    tips.publish(1, 2)
    version = tips.train().version
    again = fit_next(tips, force=True)
    assert tips.judge(again).verdict.passed
    tips.crown(version)
    before = tips.state.version(version)
    with pytest.raises(NotReady, match="was released before"):
        tips.register(again)
    assert tips.state.version(version) == before
    assert tips.state.training(again)["status"] == "gate:fail"
    decision = tips.decide()
    assert not decision.train, "a training that has nothing left to do is not resumed for ever"
    with pytest.raises(NotReady, match="did not pass"):
        tips.register(again)


def test_a_registry_that_was_made_anew_gives_no_number_a_second_time(tips) -> None:
    """The alias of the champion would name the new model, by the number that was approved of another."""
    champion = first_champion(tips)
    before = tips.state.version(champion)
    tracking = Tracking.of(tips.workspace)
    tracking._client.delete_registered_model("tips")
    tips.publish(3)
    version = tips.train().version
    assert version not in {champion, None}
    assert tips.state.version(champion) == before
    assert tips.state.candidate["version"] == version
    assert tracking.versions_of("tips") == [version]


def test_a_candidate_that_is_merely_no_better_does_not_open_the_circuit(tips) -> None:
    first_champion(tips)
    tips.edit("features.py", '"hour": rides["hour"]', '"hour": rides["hour"] + 0 * rides["fare"]')
    judged = tips.judge(fit_next(tips, reason="a calm world"))
    failed = {name for name, outcome in answers(judged).items() if outcome is Outcome.FAIL}
    assert failed == {"improvement"}
    assert judged.verdict.refused
    assert tips.state.refusals == 0


def test_the_gates_value_is_kept_with_its_bounds(tips) -> None:
    tips.publish(1, 2)
    version = tips.train().version
    primary = tips.state.version(version)["primary"]
    assert primary["low"] < primary["value"] < primary["high"]
    assert (primary["metric"], primary["n"], primary["confidence"]) == ("roc_auc", 2000, 0.95)


def test_a_champion_that_saw_the_holdout_makes_the_comparison_inconclusive(tips) -> None:
    tips.publish(1, 2, 3)
    tips.crown(tips.train().version)
    tips.edit("model.yaml", "seed: 7", "seed: 7, holdout: {batches: 2}")
    judged = tips.judge(fit_next(tips))
    assert answers(judged)["holdout_unseen"] is Outcome.INCONCLUSIVE


def test_a_champion_that_cannot_answer_is_not_beaten_by_silence(tips) -> None:
    first_champion(tips)
    publish(tips.toy, 3, frame=rides(3).assign(fare=np.nan))
    tips.edit("features.py", '"fare": rides["fare"]', '"fare": rides["fare"].fillna(0)')
    judged = tips.judge(fit_next(tips))
    assert answers(judged)["non_inferiority"] is Outcome.INCONCLUSIVE
    compared = next(check for check in judged.verdict.checks if check.name == "non_inferiority")
    assert "the champion could not answer: The estimator raised ValueError" in compared.why


def test_a_candidate_that_answers_for_some_batches_only_is_refused(tips) -> None:
    """It answers for the holdout as a whole, but not for the few rows that a rehearsal will ask about."""
    tips.edit("features.py", "    return pd.DataFrame({", "    assert len(rides) != 500\n    return pd.DataFrame({")
    tips.publish(1, 2)
    judged = tips.judge(fit_next(tips))
    assert answers(judged) == {"answers": Outcome.FAIL}
    assert "features:build raised AssertionError" in judged.verdict.why()
    assert tips.state.refusals == 1


def test_a_tampered_champion_stops_the_judging(tips) -> None:
    version = first_champion(tips)
    entry = tips.state.version(version)
    tips.publish(3)
    training_id = fit_next(tips)
    (stored,) = (tips.toy.path / ".loopwright").rglob(f"{entry['run_id']}/**/estimator.pkl")
    stored.write_bytes(stored.read_bytes() + b"\0")
    with pytest.raises(ArtifactTampered, match="not those that were judged"):
        tips.judge(training_id)
    assert "verdict" not in tips.state.training(training_id)


def test_another_champion_meanwhile_is_judged_against_anew(tips, monkeypatch) -> None:
    first_champion(tips)
    tips.publish(3)
    training_id = fit_next(tips)
    from loopwright.stages.train import judging

    honest = judging._judged

    def slow(*asked):
        found = honest(*asked)
        monkeypatch.setattr(judging, "_judged", honest)
        tips.record(
            Kind.CANDIDATE_REGISTERED, training_id="other", version="9", **{
                name: tips.state.version("1")[name] for name in ("run_id", "artifact_digest", "source", "batches")
            }, primary={}, holdout=[], ask=False,
        )  # fmt: skip
        tips.crown("9")
        return found

    monkeypatch.setattr(judging, "_judged", slow)
    with pytest.raises(LedgerConflict, match="Another champion was released"):
        tips.judge(training_id)
    assert tips.judge(training_id).champion == "9"


def test_the_run_holds_verdict_metrics_and_golden_rows(tips, tmp_path) -> None:
    from mlflow.tracking import MlflowClient

    first_champion(tips)
    tips.publish(3)
    training_id = fit_next(tips)
    judged = tips.judge(training_id)
    metrics = MlflowClient(tips.workspace.tracking).get_run(judged.run_id).data.metrics
    assert {"holdout_roc_auc", "champion_holdout_roc_auc", "holdout_log_loss", "holdout_rows"} <= set(metrics)
    assert tips.tracking.read_json(judged.run_id, "verdict.json") == judged.verdict.to_dict()
    rows = pd.read_parquet(tips.tracking.download(judged.run_id, "rehearsal/rows.parquet", tmp_path))
    expected = pd.read_parquet(tips.tracking.download(judged.run_id, "rehearsal/expected.parquet", tmp_path))
    assert len(rows) == 500
    model = load_version(tips.workspace, tips.state.training(training_id))
    pd.testing.assert_frame_equal(model.predict(rows), expected)


def test_a_regression_goes_the_same_way(minutes) -> None:
    minutes.publish(1, 2)
    candidate = minutes.train()
    entry = minutes.state.version(candidate.version)
    assert entry["primary"]["metric"] == "mean_absolute_error"
    assert 2 < entry["primary"]["value"] < 4


def test_registering_twice_is_registering_once(tips) -> None:
    tips.publish(1, 2)
    candidate = tips.train()
    again = tips.register(candidate.training_id)
    assert again == candidate
    assert len(tips.events(Kind.CANDIDATE_REGISTERED)) == 1
    assert tips.state.candidate["version"] == candidate.version == "1"


def test_killed_between_registry_and_record_there_is_still_one_version(tips, monkeypatch) -> None:
    tips.publish(1, 2)
    training_id = fit_next(tips)
    tips.judge(training_id)
    with monkeypatch.context() as patch:
        patch.setattr(
            "loopwright.stages.train.registering._record", lambda *a: (_ for _ in ()).throw(KeyboardInterrupt)
        )
        with pytest.raises(KeyboardInterrupt):
            tips.register(training_id)
    assert tips.register(training_id).version == "1"


def test_what_was_not_judged_is_not_registered(tips) -> None:
    tips.publish(1, 2)
    with pytest.raises(NotReady, match="not judged yet"):
        tips.register(fit_next(tips))


def test_where_a_person_is_to_be_asked_the_candidate_says_so(tips) -> None:
    tips.edit("model.yaml", "at_least: 0.6", "at_least: 0.775")
    tips.edit("model.yaml", "resamples: 200", "resamples: 200, on_inconclusive: ask")
    tips.publish(1, 2)
    training_id = fit_next(tips)
    assert tips.judge(training_id).verdict.outcome is Outcome.INCONCLUSIVE
    candidate = tips.register(training_id)
    assert candidate.ask
    assert tips.state.version(candidate.version)["ask"]


def test_an_older_training_does_not_supersede_a_newer_candidate(tips) -> None:
    tips.publish(1, 2)
    older = fit_next(tips)
    tips.judge(older)
    tips.publish(3)
    tips.train()
    with pytest.raises(NotReady, match="newer training is registered already"):
        tips.register(older)


def test_features_that_need_what_scoring_lacks_are_refused(tips) -> None:
    tips.edit("features.py", '"fare": rides["fare"],', '"fare": rides["fare"], "tip": rides["tip"] / rides["fare"],')
    tips.edit("model.yaml", "resamples: 200", "resamples: 200, leakage: {absent: [tip]}")
    tips.publish(1, 2)
    judged = tips.judge(fit_next(tips))
    assert answers(judged)["leakage:absent"] is answers(judged)["leakage:alone"] is Outcome.FAIL
    assert "need a column that is not there when rows are scored (tip)" in judged.verdict.why()


def test_held_out_rows_that_were_trained_on_are_found_by_their_key(tips) -> None:
    """A source that sends a month again under another name: half of what is held out was learned from."""
    tips.publish(1)
    publish(tips.toy, 2, frame=pd.concat([rides(1).tail(1000), rides(2).head(1000)], ignore_index=True))
    judged = tips.judge(fit_next(tips))
    (check,) = [c for c in judged.verdict.checks if c.name == "holdout_unseen:rows"]
    assert check.outcome is Outcome.FAIL
    assert check.observed["candidate"] == 1000


def test_a_few_rows_that_came_again_are_left_out_of_the_comparison(tips) -> None:
    tips.publish(1)
    publish(tips.toy, 2, frame=pd.concat([rides(1).tail(10), rides(2).head(1990)], ignore_index=True))
    judged = tips.judge(fit_next(tips))
    checks = {c.name: c for c in judged.verdict.checks}
    assert "10 of the 2000 held-out rows were trained on, told by ride_id; they are left out" in (
        checks["holdout_unseen:rows"].why
    )
    assert checks["measured"].n == 1990


def test_asking_a_holdout_again_costs_confidence(tips) -> None:
    first_champion(tips)
    looks = []
    for number in (1, 2):
        tips.edit("features.py", '"hour": rides["hour"]', f'"hour": rides["hour"] + {number} * rides["zone"].eq("a")')
        judged = tips.judge(fit_next(tips, reason="once more"))
        looks.append({c.name: c for c in judged.verdict.checks})
        tips.edit("features.py", f'"hour": rides["hour"] + {number} * rides["zone"].eq("a")', '"hour": rides["hour"]')
    assert [checks["looks"].n for checks in looks] == [2, 3]
    assert [checks["non_inferiority"].asked["confidence"] for checks in looks] == pytest.approx([0.975, 0.9875])


def test_a_batch_that_is_sent_again_is_the_same_holdout(tips) -> None:
    first_champion(tips)
    publish(tips.toy, 2, frame=rides(2).sample(frac=1.0, random_state=1).reset_index(drop=True))
    judged = tips.judge(fit_next(tips, reason="sent again"))
    assert {c.name: c for c in judged.verdict.checks}["looks"].n == 2


def test_two_at_once_do_not_take_the_same_look(tips, monkeypatch) -> None:
    """Both were measured before either was on record: the second is asked again, at the confidence that is left."""
    from loopwright.stages.train import judging

    first_champion(tips)
    tips.publish(3)
    one = fit_next(tips)
    tips.edit("features.py", '"hour": rides["hour"]', '"hour": rides["hour"] + rides["zone"].eq("a")')
    honest = judging._record

    def slow(*asked):
        monkeypatch.setattr(judging, "_record", honest)
        found = judging._judged(tips.workspace, tips.spec, tips.state.training(other), tips.state.champion)
        honest(tips.workspace, "tips", tips.state.training(other), found, tips.state.champion)
        honest(*asked)

    other = fit_next(tips, reason="at the same time")
    monkeypatch.setattr(judging, "_record", slow)
    with monkeypatch.context() as patch:
        patch.setattr(judging, "require_as_decided", lambda *asked: None)
        with pytest.raises(LedgerConflict, match="judged on the same holdout meanwhile"):
            tips.judge(one)
        judged = tips.judge(one)
    checks = {c.name: c for c in judged.verdict.checks}
    assert checks["looks"].n == 2
    assert checks["non_inferiority"].asked["confidence"] == pytest.approx(0.975)


def test_the_report_for_people_is_kept_with_the_run_and_linked(tips, tmp_path) -> None:
    tips.publish(1, 2)
    judged = tips.judge(fit_next(tips))
    assert judged.report == f"runs:/{judged.run_id}/evaluation.html"
    html = tips.tracking.download(judged.run_id, "evaluation.html", tmp_path).read_text()
    assert "The candidate may go on." in html
    assert judged.verdict.digests["artifact"] in html


COST = """
import numpy as np


def missed(truth, prediction):
    late = prediction == 1
    return np.where(truth & ~late, 5.0, np.where(late & ~truth, 1.0, 0.0))


def doubled(truth):
    return np.zeros(2 * len(truth))
"""


def with_cost(trained, function: str = "missed") -> None:
    (trained.folder / "costs.py").write_text(COST)
    trained.edit(
        "model.yaml",
        "gate: {primary: roc_auc, thresholds: {roc_auc: {at_least: 0.6}},",
        f'gate: {{primary: cost, metrics: {{cost: {{function: "costs:{function}"}}}},'
        " thresholds: {cost: {at_most: 1.9}, roc_auc: {at_least: 0.6}},",
    )


def test_a_cost_of_the_teams_own_decides_like_any_metric(tips) -> None:
    with_cost(tips)
    tips.publish(1, 2)
    training_id = fit_next(tips)
    checks = {check.name: check for check in tips.judge(training_id).verdict.checks}
    model = load_version(tips.workspace, tips.state.training(training_id))
    holdout = rides(2)
    truth, said = (holdout["tip"] > 0.2 * holdout["fare"]).to_numpy(), model.predict(holdout)["prediction"] == 1
    expected = np.where(truth & ~said, 5.0, np.where(said & ~truth, 1.0, 0.0)).mean()
    assert checks["measured"].observed["point"] == pytest.approx(expected)
    assert checks["threshold:cost"].outcome in (Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE)
    assert checks["threshold:cost"].observed["method"].startswith("t, with a row at either end")


def test_a_cost_that_is_no_number_a_row_is_said_to_be_the_teams_fault(tips) -> None:
    with_cost(tips, "doubled")
    tips.publish(1, 2)
    judged = tips.judge(fit_next(tips))
    assert answers(judged) == {"answers": Outcome.FAIL}
    assert "'cost' did not return a finite number for each row" in judged.verdict.why()

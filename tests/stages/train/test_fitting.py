"""Fitting: once a fingerprint, on the rows that were decided, whatever the estimator is."""

from __future__ import annotations

import json
import traceback
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from loopwright.errors import DeclarationError, UnknownName, UserCodeFailed
from loopwright.lake import Lake
from loopwright.ledger.events import Kind
from loopwright.ledger.store import Ledger
from loopwright.loop.status import status
from loopwright.serving import load_version
from loopwright.stages.ingest.stage import ingest_batch
from loopwright.stages.train.refusing import TrainingOutdated
from loopwright.stages.train.snapshot import NothingToLearn
from loopwright.verdict import Outcome
from support.published import publish
from support.toy import rides

SAMPLES = ("rehearsal/rows.parquet", "rehearsal/expected.parquet", "reference/features.parquet")


def training(trained, text: str) -> None:
    (trained.folder / "training.py").write_text(text)


def fitted(trained, **asked):
    """Publish two months if nothing is there, decide and fit."""
    decision = trained.decide(**asked)
    if "not_enough_batches" in decision.brakes:
        trained.publish(1, 2)
        decision = trained.decide(**asked)
    return trained.fit(decision.training_id)


def predictor(trained, fit):
    return load_version(trained.workspace, fit.to_dict())


def artifact(trained, run_id: str, path: str, tmp_path):
    return trained.tracking.download(run_id, path, tmp_path / run_id)


def test_a_candidate_is_fitted_kept_and_recorded(tips) -> None:
    fit = fitted(tips)
    assert fit.metrics == {"train_rows": 2000.0}
    assert not fit.reused
    assert json.loads(json.dumps(fit.to_dict()))["run_id"] == fit.run_id
    (event,) = tips.events(Kind.CANDIDATE_TRAINED)
    assert event.evidence["artifact_digest"] == fit.artifact_digest
    assert event.evidence["source"] == f"runs:/{fit.run_id}/model"
    assert predictor(tips, fit).predict(rides(3))["score"].between(0, 1).all()


def test_rows_that_no_event_speaks_of_are_not_learned_from(tips) -> None:
    tips.publish(1)
    Lake.of(tips.workspace).batches("rides").replace(rides(1).head(7).assign(distance=1e6), "2024-01")  # and killed
    tips.publish(2)
    fit = fitted(tips)
    assert fit.metrics == {"train_rows": 2000.0}
    snapshot = tips.tracking.read_json(fit.run_id, "snapshot.json")
    assert snapshot["data_versions"] == {"2024-01": 0, "2024-02": 2}
    found = tips.tracking.read_json(fit.run_id, "data.json")
    assert {batch: known["report"] for batch, known in found.items()} == {
        batch: tips.ledger.dataset("rides").arrival(batch)["report"] for batch in ("2024-01", "2024-02")
    }


def test_fitting_twice_is_fitting_once(tips) -> None:
    first = fitted(tips)
    again = tips.fit(first.training_id)
    assert again.reused
    assert (again.run_id, again.artifact_digest, again.source) == (first.run_id, first.artifact_digest, first.source)
    assert len(tips.events(Kind.CANDIDATE_TRAINED)) == 1


def test_killed_before_the_record_the_finished_run_is_found_again(tips, monkeypatch) -> None:
    tips.publish(1, 2)
    decision = tips.decide()
    with monkeypatch.context() as patch:
        patch.setattr(
            "loopwright.stages.train.fitting._record", lambda *a, **k: (_ for _ in ()).throw(KeyboardInterrupt)
        )
        with pytest.raises(KeyboardInterrupt):
            tips.fit(decision.training_id)
    assert not tips.events(Kind.CANDIDATE_TRAINED)
    again = tips.fit(decision.training_id)
    assert again.reused
    assert len(tips.events(Kind.CANDIDATE_TRAINED)) == 1


def test_killed_in_the_run_it_is_fitted_anew(tips, monkeypatch) -> None:
    tips.publish(1, 2)
    decision = tips.decide()
    with monkeypatch.context() as patch:
        patch.setattr(
            "loopwright.stages.train.fitting.keep_reference", lambda *a, **k: (_ for _ in ()).throw(KeyboardInterrupt)
        )
        with pytest.raises(KeyboardInterrupt):
            tips.fit(decision.training_id)
    assert tips.state.training(decision.training_id)["status"] == "decided"
    fit = tips.fit(decision.training_id)
    assert not fit.reused
    assert predictor(tips, fit)


def test_an_unknown_training_is_said_with_those_there_are(tips) -> None:
    with pytest.raises(UnknownName, match="No training 'nope' of this model was decided"):
        tips.fit("nope")


def test_the_rows_are_those_of_the_decision(tips) -> None:
    """A batch that is replaced between decision and fit is not what was decided."""
    tips.publish(1, 2)
    decision = tips.decide()
    publish(tips.toy, 1, rows=300)
    assert tips.fit(decision.training_id).metrics["train_rows"] == 2000


def test_the_same_training_gives_the_same_answers(tips, toy, tmp_path) -> None:
    from support import toy as toys

    from .conftest import Trained

    forest = (
        "from sklearn.ensemble import RandomForestClassifier\n\n\ndef build():\n    return RandomForestClassifier(10)\n"
    )
    other = Trained(toys.make(tmp_path / "elsewhere"))
    answers = []
    for trained in (tips, other):
        training(trained, forest)
        answers.append(predictor(trained, fitted(trained)).predict(rides(3)))
    pd.testing.assert_frame_equal(*answers)


def test_rows_without_a_label_are_not_learned_from(tips) -> None:
    frame = rides(1)
    frame.loc[:499, "tip"] = np.nan
    publish(tips.toy, 1, frame=frame)
    tips.publish(2)
    assert fitted(tips).metrics["train_rows"] == 1500


def test_the_seed_is_given_to_who_names_it(tips) -> None:
    training(
        tips,
        "from sklearn.linear_model import LogisticRegression\n\n\n"
        "def build(random_state, C=1.0):\n    assert random_state == 7\n"
        "    return LogisticRegression(C=C, random_state=random_state)\n",
    )
    assert predictor(tips, fitted(tips)).estimator.random_state == 7


def test_a_persons_parameters_win(tips) -> None:
    tips.edit("model.yaml", "seed: 7", "seed: 7, params: {C: 1.0}")
    fit = fitted(tips, params={"C": 0.25})
    assert predictor(tips, fit).estimator[-1].C == 0.25
    assert fit.params == {"C": 0.25}


def test_any_framework_may_fit_itself(tips) -> None:
    training(
        tips,
        "import numpy as np\n\n\nclass Rule:\n    def __init__(self, cut):\n        self.cut = cut\n\n"
        "    def predict(self, features):\n        return (features['hour'] > self.cut).to_numpy()\n\n"
        "    def predict_proba(self, features):\n"
        "        p = 1 / (1 + np.exp(-(features['hour'].to_numpy() - self.cut) / 6))\n"
        "        return np.column_stack([1 - p, p])\n\n\n"
        "def build(features, labels, **params):\n    assert len(features) == len(labels)\n    return Rule(12)\n",
    )
    assert predictor(tips, fitted(tips)).predicted(rides(3)).score.shape == (2000,)


def test_boosted_trees_take_categories_and_columns_that_are_empty_so_far(tips) -> None:
    training(
        tips,
        "from sklearn.ensemble import HistGradientBoostingClassifier as H\n\n\n"
        "def build():\n    return H(categorical_features='from_dtype', max_iter=10)\n",
    )
    (tips.folder / "features.py").write_text(
        "def build(rides):\n"
        "    return rides[['distance', 'hour', 'zone', 'surcharge']].astype({'zone': 'category'})\n\n\n"
        "def tipped(rides):\n    return rides['tip'] > 0.2 * rides['fare']\n"
    )
    for month in (1, 2):
        publish(tips.toy, month, frame=rides(month).assign(surcharge=None))
    model = predictor(tips, fitted(tips))
    assert model.card["empty"] == ["surcharge"]
    arrived = rides(3).assign(surcharge=2.5, zone="z")
    assert model.predict(arrived)["score"].between(0, 1).all()


def test_the_run_keeps_where_it_comes_from(tips, tmp_path) -> None:
    from mlflow.tracking import MlflowClient

    fit = fitted(tips)
    run = MlflowClient(tips.workspace.tracking).get_run(fit.run_id)
    entry = tips.state.training(fit.training_id)
    assert run.info.status == "FINISHED"
    assert run.data.params["entrypoint"] == "training:build"
    assert run.data.params["seed"] == "7"
    assert run.data.tags["loopwright.data_digest"] == entry["data_digest"]
    (dataset,) = run.inputs.dataset_inputs
    assert json.loads(dataset.dataset.source)["delta_table_version"] == entry["data_version"]
    environment = tips.tracking.read_json(fit.run_id, "environment.json")
    assert any(pin.startswith("scikit-learn==") for pin in environment["requirements"])


def test_the_example_shows_nothing_of_columns_about_people(tips, tmp_path) -> None:
    tips.toy.edit("include/datasets/rides/dataset.yaml", "owner: tests", "owner: tests\nsensitive: {zone: keep}")
    fit = fitted(tips)
    shown = json.loads(artifact(tips, fit.run_id, "model/input_example.json", tmp_path).read_text())
    zones = {row[shown["columns"].index("zone")] for row in shown["data"]}
    assert zones == {"(sensitive)"}


def test_the_samples_show_nobodys_value_of_columns_about_people(tips, tmp_path) -> None:
    tips.toy.edit("include/datasets/rides/dataset.yaml", "owner: tests", "owner: tests\nsensitive: {distance: keep}")
    fit = fitted(tips)
    tips.judge(fit.training_id)
    shown = {name: pd.read_parquet(artifact(tips, fit.run_id, name, tmp_path)) for name in SAMPLES}
    there = {value for month in (1, 2, 3) for value in rides(month)["distance"]}
    asked, answers, reference = (shown[name] for name in SAMPLES)
    assert len(asked) == len(answers) > 10
    assert not there & {*asked["distance"], *reference["distance"]}
    pd.testing.assert_frame_equal(predictor(tips, fit).predict(asked), answers)


def test_what_user_code_raised_is_not_repeated_where_it_may_quote_a_person(tips) -> None:
    tips.toy.edit("include/datasets/rides/dataset.yaml", "owner: tests", "owner: tests\nsensitive: {zone: keep}")
    tips.edit("features.py", "    return pd", "    float('Erika ' + rides['zone'].iloc[0])\n    return pd")
    with pytest.raises(UserCodeFailed, match=r"raised ValueError in features\.py, line ") as caught:
        fitted(tips)
    assert "Erika" not in "".join(traceback.format_exception(caught.value))
    events = [json.dumps(event.to_dict()) for event in Ledger.of(tips.workspace).events()]
    assert "in features.py, line " in "".join(events)
    assert "Erika" not in "".join(events)
    assert "Erika" not in json.dumps(status(tips.workspace))


def test_features_that_need_a_persons_own_value_are_said_to(tips) -> None:
    tips.toy.edit("include/datasets/rides/dataset.yaml", "owner: tests", "owner: tests\nsensitive: {ride_id: keep}")
    tips.edit("features.py", "    return pd", "    assert rides['ride_id'].is_unique\n    return pd")
    fit = fitted(tips)
    verdict = tips.judge(fit.training_id).verdict
    [check] = [check for check in verdict.checks if check.name == "answers"]
    assert verdict.outcome is Outcome.FAIL
    assert "cannot answer for rows whose columns about people hold other values than their own" in check.why
    assert "ride_id" in check.observed["allowed"]
    assert "sensitive: hash or drop" in check.observed["mend"]


def test_the_reference_holds_features_and_answers_to_rows_that_were_not_learned_from(tips, tmp_path) -> None:
    tips.edit("model.yaml", "drift: {share: 0.25", "drift: {sample: 500, share: 0.25")
    training(
        tips,
        "from sklearn.tree import DecisionTreeClassifier as T\n\n\ndef build():\n    return T(random_state=0)\n",
    )
    fit = fitted(tips)
    kept = pd.read_parquet(artifact(tips, fit.run_id, "reference/features.parquet", tmp_path))
    model = predictor(tips, fit)
    assert list(kept.columns) == ["distance", "hour", "zone", "fare", "prediction", "score"]
    assert len(kept) == 500
    learned_from = model.features(rides(1))["fare"]
    assert set(kept["fare"]) <= set(learned_from)
    # A full-grown tree knows its own rows by heart, so the two disagree about how often a ride is tipped.
    held_out = model.predict(rides(2))["prediction"].mean()
    assert kept["prediction"].mean() == pytest.approx(held_out, abs=0.07)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def build():\n    raise RuntimeError('no')\n", "The training raised RuntimeError"),
        ("def build():\n    return None\n", "did not return an estimator"),
        ("def build(depth):\n    return None\n", "The training raised TypeError"),
        (
            "import no_such_library\n\n\ndef build():\n    return None\n",
            "Importing 'training' raised ModuleNotFoundError",
        ),
        ("from sklearn.svm import LinearSVC as build\n", "needs probabilities, and the estimator gives none"),
    ],
)
def test_training_code_that_cannot_be_used_is_refused_on_record(tips, text, said) -> None:
    training(tips, text)
    tips.publish(1, 2)
    decision = tips.decide()
    with pytest.raises(UserCodeFailed, match=said):
        tips.fit(decision.training_id)
    (event,) = tips.events(Kind.GATE_DECIDED)
    assert not event.evidence["refused"], "there was no candidate to refuse"
    assert tips.state.refusals == 0
    with pytest.raises(UserCodeFailed, match="failed before, and would again"):
        tips.fit(decision.training_id)
    again = tips.decide()
    assert again.brakes == ("same_fingerprint",)
    assert "could not be trained: " in again.why


def test_an_absent_entrypoint_is_refused_on_record(tips) -> None:
    training(tips, "def train():\n    pass\n")
    tips.publish(1, 2)
    with pytest.raises(DeclarationError, match="has no function 'build'"):
        tips.fit(tips.decide().training_id)
    assert len(tips.events(Kind.GATE_DECIDED)) == 1


def test_a_feature_without_a_value_is_without_one_in_the_reference_too(tips, tmp_path) -> None:
    """What stands in for it before the estimator is not what the code makes of a batch, and would look like drift."""
    tips.edit(
        "features.py", '"fare": rides["fare"],', '"fare": rides["fare"], "surcharge": rides["fare"] * float("nan"),'
    )
    tips.publish(1, 2)
    fit = tips.fit(tips.decide().training_id)
    kept = pd.read_parquet(artifact(tips, fit.run_id, "reference/features.parquet", tmp_path))
    assert kept["surcharge"].isna().all()
    assert kept["fare"].notna().all()


@pytest.mark.parametrize(("tip", "said"), [(np.nan, "No row has a label"), (0.0, "All labels are the same")])
def test_rows_that_teach_nothing_are_said_to(tips, tip, said) -> None:
    publish(tips.toy, 1, frame=rides(1).assign(tip=tip))
    tips.publish(2)
    with pytest.raises(NothingToLearn, match=said):
        tips.fit(tips.decide().training_id)


def test_code_that_changed_after_the_decision_makes_a_training_of_its_own(tips) -> None:
    tips.publish(1, 2)
    decision = tips.decide()
    tips.edit("training.py", "build(**params)", "build(C=0.5, **params)")
    with pytest.raises(TrainingOutdated, match="code changed after this training was decided"):
        tips.fit(decision.training_id)
    assert tips.state.refusals == 0, "nobody refused a candidate"
    again = tips.decide()
    assert again.train
    assert again.training_id != decision.training_id
    assert tips.fit(again.training_id)


def test_a_gate_that_changed_is_judged_without_fitting_again(tips) -> None:
    first = fitted(tips)
    tips.judge(first.training_id)
    tips.edit("model.yaml", "at_least: 0.6", "at_least: 0.7")
    again = tips.fit(tips.decide().training_id)
    assert again.reused
    assert again.run_id == first.run_id


def test_mlflow_that_is_down_is_no_verdict(tips, monkeypatch) -> None:
    from loopwright.errors import TrackingUnavailable

    tips.publish(1, 2)
    decision = tips.decide()
    monkeypatch.setattr(
        "loopwright.tracking.Tracking.run_of", lambda *a: (_ for _ in ()).throw(TrackingUnavailable("down"))
    )
    with pytest.raises(TrackingUnavailable, match="down"):
        tips.fit(decision.training_id)
    assert not tips.events(Kind.GATE_DECIDED)


def test_the_run_tells_what_ingest_did_to_the_rows(tips) -> None:
    frame = rides(1, rows=300)
    tips.toy.arrive(1, pd.concat([frame, frame.head(7)]))
    tips.toy.arrive(2, rides(2, rows=300))
    for batch in ("2024-01", "2024-02"):
        ingest_batch(tips.workspace, tips.toy.rides, batch)
    fit = tips.fit(tips.decide().training_id)
    told = tips.tracking.read_json(fit.run_id, "data.json")
    assert Path(told["2024-01"].pop("report")).is_file()
    assert told["2024-01"] == {
        "rows_read": 307, "rows": 300, "quarantined": 0,
        "cleaned": {"clean[0].drop_duplicates": 7}, "dropped": {"clean[0].drop_duplicates": 7},
    }  # fmt: skip
    assert told["2024-02"]["dropped"] == {}
    for batch in told:
        page = tips.tracking.download(fit.run_id, f"validation/{batch}.html", tips.toy.path)
        assert f"rides / {batch}" in page.read_text()
        assert tips.tracking.read_json(fit.run_id, f"validation/{batch}.great_expectations.json")["success"]

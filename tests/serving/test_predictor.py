"""A loaded model on rows unlike those it was trained on: what it bears, and what it refuses."""

from __future__ import annotations

import gc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from loopwright.errors import UserCodeFailed
from loopwright.serving import Predictor, load
from support import artifacts
from support import toy as toys

TREES = """\
from sklearn.ensemble import HistGradientBoosting{kind}


def build():
    return HistGradientBoosting{kind}(categorical_features="from_dtype", max_iter=20)
"""


def trained(toy: toys.Toy, folder: Path, *, build: str, training: str, label: str = "", task: str = "") -> Predictor:
    """Return a model with this feature code and training."""
    where = toy.project.model_folder("tips")
    tipped = label or 'return (rides["tip"] > 0.2 * rides["fare"])'
    (where / "features.py").write_text(
        f"import pandas as pd\nimport numpy as np\n\n\ndef build(rides):\n    {build}\n\n\n"
        f"def tipped(rides):\n    {tipped}\n"
    )
    (where / "training.py").write_text(training)
    if task:
        toy.edit("include/models/tips/model.yaml", "binary_classification", task)
        toy.edit(
            "include/models/tips/model.yaml",
            "primary: roc_auc, thresholds: {roc_auc: {at_least: 0.6}}",
            "primary: log_loss",
        )
    return load(folder, artifacts.write(toy, folder))


def boosted(toy: toys.Toy, folder: Path, build: str) -> Predictor:
    return trained(toy, folder, build=build, training=TREES.format(kind="Classifier"))


def test_answers_keep_the_rows_own_index(written) -> None:
    predictor = load(*written)
    frame = toys.rides(2, rows=9).set_index(np.arange(50, 59))
    assert predictor.predict(frame).index.equals(frame.index)
    assert predictor.features(frame).index.equals(frame.index)


def test_a_row_gets_the_same_answer_alone_and_in_company(written) -> None:
    predictor = load(*written)
    frame = toys.rides(2, rows=50)
    together = predictor.predict(frame)
    alone = predictor.predict(frame.iloc[[7]])
    assert alone["score"].iloc[0] == pytest.approx(together["score"].iloc[7])


def test_no_rows_get_no_answers(written) -> None:
    answers = load(*written).predict(toys.rides(2).head(0))
    assert list(answers.columns) == ["prediction", "score"]
    assert len(answers) == 0


def test_arrays_for_metrics(written) -> None:
    predictor = load(*written)
    predicted = predictor.predicted(toys.rides(2))
    assert predicted.classes == (False, True)
    assert predicted.score.shape == (2000,)
    assert ((predicted.score > 0.5) == predicted.label).all()


def test_categories_are_those_of_the_training(toy, tmp_path) -> None:
    predictor = boosted(toy, tmp_path / "a", 'return rides[["zone", "fare"]].astype({"zone": "category"})')
    only_c = toys.rides(2).query("zone == 'c'")
    assert list(predictor.features(only_c)["zone"].cat.categories) == ["a", "b", "c", "d"]
    unseen = toys.rides(2).assign(zone="z")
    assert predictor.features(unseen)["zone"].isna().all()
    assert predictor.predict(unseen)["score"].between(0, 1).all()


def test_a_feature_that_was_empty_in_the_training_stays_empty(toy, tmp_path) -> None:
    where = toy.project.model_folder("tips")
    (where / "features.py").write_text(
        "def build(rides):\n    return rides[['fare', 'surcharge']]\n\n\n"
        "def tipped(rides):\n    return rides['tip'] > 0.2 * rides['fare']\n"
    )
    (where / "training.py").write_text(TREES.format(kind="Classifier"))
    digest = artifacts.write(toy, tmp_path / "b", frame=toys.rides(1).assign(surcharge=None))
    predictor = load(tmp_path / "b", digest)
    expected = predictor.predict(toys.rides(2).assign(surcharge=None))
    for arrived in (2.5, "airport"):
        pd.testing.assert_frame_equal(predictor.predict(toys.rides(2).assign(surcharge=arrived)), expected)


def test_a_feature_that_becomes_empty_keeps_its_type(toy, tmp_path) -> None:
    predictor = boosted(toy, tmp_path / "a", 'return rides[["fare", "hour"]]')
    features = predictor.features(toys.rides(2).assign(hour=None))
    assert features["hour"].dtype == "float64"
    assert predictor.predict(toys.rides(2).assign(hour=None))["score"].notna().all()


def test_more_columns_than_in_the_training_are_left_out_and_order_does_not_matter(toy, tmp_path) -> None:
    build = 'return pd.get_dummies(rides[["fare", "zone"]])[::1]'
    predictor = boosted(toy, tmp_path / "a", build)
    more = toys.rides(2)
    more.loc[:30, "zone"] = "z"
    assert list(predictor.features(more).columns) == ["fare", "zone_a", "zone_b", "zone_c", "zone_d"]


def test_fewer_columns_than_in_the_training_are_refused(toy, tmp_path) -> None:
    predictor = boosted(toy, tmp_path / "a", 'return pd.get_dummies(rides[["fare", "zone"]])')
    with pytest.raises(UserCodeFailed, match="fewer columns than it did for the training") as caught:
        predictor.predict(toys.rides(2).query("zone != 'd'"))
    assert "zone_d" in caught.value.got


def test_what_the_estimator_does_not_bear_is_said(toy, written) -> None:
    with pytest.raises(UserCodeFailed, match="The estimator raised ValueError"):
        load(*written).predict(toys.rides(2).assign(fare=np.nan))


def test_more_than_two_classes_have_a_score_each(toy, tmp_path) -> None:
    predictor = trained(
        toy, tmp_path / "a", build='return rides[["distance", "hour"]]', training=TREES.format(kind="Classifier"),
        label='return pd.cut(rides["minutes"], [-99, 10, 20, 999], labels=["short", "middle", "long"])',
        task="multiclass_classification",
    )  # fmt: skip
    answers = predictor.predict(toys.rides(2))
    assert list(answers.columns) == ["prediction", "score_long", "score_middle", "score_short"]
    np.testing.assert_allclose(answers.filter(like="score_").sum(axis=1), 1)
    predicted = predictor.predicted(toys.rides(2))
    assert predicted.classes == ("long", "middle", "short")
    assert predicted.score.shape == (2000, 3)
    names = np.array(predicted.classes, dtype=object)
    assert (names[predicted.score.argmax(axis=1)] == predicted.label).mean() > 0.99


def test_its_private_copy_goes_with_it(written) -> None:
    predictor = load(*written)
    copy = predictor.code
    assert copy.is_dir()
    del predictor
    gc.collect()
    assert not copy.exists()

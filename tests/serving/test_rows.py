"""User code over rows: what it may do, and the sentence it gets when it does something else."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest

from loopwright.errors import DeclarationError, UserCodeFailed
from loopwright.serving import features_of, known_labels, labels_of
from support import toy as toys


def rewritten(toy: toys.Toy, body: str) -> toys.Toy:
    """Give the toy's feature function another body."""
    (toy.path / "include/models/tips/features.py").write_text(
        "import pandas as pd\nimport numpy as np\n\n\n"
        f"def build(rides):\n    {body}\n\n\ndef tipped(rides):\n    {body}\n"
    )
    return toy


def features(toy: toys.Toy, frame: pd.DataFrame | None = None) -> pd.DataFrame:
    return features_of(toy.tips, toy.project.model_folder("tips"), toys.rides(1, rows=20) if frame is None else frame)


def labels(toy: toys.Toy, frame: pd.DataFrame | None = None) -> pd.Series:
    return labels_of(toy.tips, toy.project.model_folder("tips"), toys.rides(1, rows=20) if frame is None else frame)


def test_features_keep_the_rows_own_index(toy) -> None:
    frame = toys.rides(1, rows=20).set_index(np.arange(100, 120))
    made = features(toy, frame)
    assert list(made.columns) == ["distance", "hour", "zone", "fare"]
    assert made.index.equals(frame.index)
    assert labels(toy, frame).index.equals(frame.index)


def test_a_list_of_columns_is_features_enough(toy) -> None:
    made = features_of(toy.minutes, toy.project.model_folder("minutes"), toys.rides(1, rows=20))
    assert list(made.columns) == ["distance", "hour"]


def test_user_code_never_sees_the_lakes_own_columns(toy) -> None:
    rewritten(toy, "return pd.DataFrame({'seen': [','.join(rides.columns)] * len(rides)})")
    frame = toys.rides(1, rows=3).assign(_batch_id="b", _row=[0, 1, 2], _role="champion", _mine=1)
    seen = features(toy, frame)["seen"][0].split(",")
    assert not {"_batch_id", "_row", "_role"} & set(seen)
    assert "_mine" in seen


def test_user_code_cannot_change_the_callers_rows(toy) -> None:
    rewritten(toy, "rides['distance'] = 0.0; rides.drop(columns='fare', inplace=True); return rides[['distance']]")
    frame = toys.rides(1, rows=20)
    before = frame.copy(deep=True)
    features(toy, frame)
    pd.testing.assert_frame_equal(frame, before)


def test_user_code_leaves_no_modules_behind(toy) -> None:
    features(toy)
    assert "features" not in sys.modules


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return rides[rides.distance > 3][['distance']]", "another number of rows"),
        ("return rides[['distance']].sort_values('distance')", "in another order, or under another index"),
        ("return rides.set_index('ride_id')[['distance']]", "under another index"),
        ("return None", "did not return a frame"),
        ("return rides['distance']", "did not return a frame"),
        ("return rides['no_such']", "features:build raised KeyError"),
        ("return rides[['distance', 'distance']]", "columns of the same name"),
        ("return rides[[]]", "no columns"),
    ],
)
def test_features_that_are_not_a_row_for_each_row_are_refused(toy, body, said) -> None:
    with pytest.raises(UserCodeFailed, match=said):
        features(rewritten(toy, body))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return rides['tip'].dropna().head(3)", "another number of rows"),
        ("return rides.sort_values('tip')['tip']", "in another order"),
        ("return rides[['tip']]", "did not return a column"),
        ("raise RuntimeError('no')", "features:tipped raised RuntimeError"),
    ],
)
def test_labels_that_are_not_a_value_for_each_row_are_refused(toy, body, said) -> None:
    with pytest.raises(UserCodeFailed, match=said):
        labels(rewritten(toy, body))


def test_labels_may_be_an_array(toy) -> None:
    assert labels(rewritten(toy, "return (rides['tip'] > 1).to_numpy()")).tolist() == list(
        toys.rides(1, rows=20).tip > 1
    )


def test_an_absent_column_is_said_with_those_that_are_there(toy) -> None:
    with pytest.raises(DeclarationError, match="do not have a declared column") as caught:
        features_of(toy.minutes, toy.path, toys.rides(1, rows=3).drop(columns="hour"))
    assert caught.value.got == "hour"
    assert "distance" in caught.value.allowed


def test_a_label_column_may_lack_values(toy) -> None:
    frame = toys.rides(1, rows=20)
    frame.loc[3:5, "minutes"] = np.nan
    known = known_labels(toy.minutes, toy.project.model_folder("minutes"), frame)
    assert known.mask.tolist() == [i not in {3, 4, 5} for i in range(20)]
    assert known.values.dtype == float
    assert len(known.values) == 17


@pytest.mark.parametrize(
    ("body", "classes", "kind"),
    [
        ("return (rides.tip > 1).where(rides.index > 4)", [False, True], "b"),
        ("return (rides.tip > 1).astype('boolean').mask(rides.index <= 4)", [False, True], "b"),
        ("return (rides.tip > 1).astype(float).where(rides.index > 4)", [0, 1], "i"),
        ("return (rides.tip > 1).astype('Int64').mask(rides.index <= 4)", [0, 1], "i"),
        ("return (rides.tip > 1).map({True: 'yes', False: 'no'}).where(rides.index > 4)", ["no", "yes"], "O"),
        ("return (rides.tip > 1).map({True: 'yes', False: 'no'}).astype('category')", ["no", "yes"], "O"),
    ],
)
def test_a_class_does_not_depend_on_whether_a_label_is_missing(toy, body, classes, kind) -> None:
    known = known_labels(rewritten(toy, body).tips, toy.project.model_folder("tips"), toys.rides(1, rows=60))
    assert known.classes == classes
    assert [type(c) for c in known.classes] == [type(c) for c in classes]
    assert known.values.dtype.kind == kind


def test_rows_without_any_label_are_none(toy) -> None:
    rewritten(toy, "return pd.Series(None, index=rides.index, dtype=object)")
    known = known_labels(toy.tips, toy.project.model_folder("tips"), toys.rides(1, rows=5))
    assert not known.mask.any()
    assert known.classes == []


def test_labels_of_mixed_kinds_are_refused(toy) -> None:
    rewritten(toy, "return pd.Series([1, 'a'] * (len(rides) // 2), dtype=object)")
    with pytest.raises(UserCodeFailed, match="not of one kind"):
        known_labels(toy.tips, toy.project.model_folder("tips"), toys.rides(1, rows=20))

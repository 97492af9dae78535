"""Labels in files of their own: joined on the key, the later one counting, and learned from when enough have come."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from loopwright.errors import DeclarationError, UserCodeFailed
from loopwright.lake import Lake
from loopwright.lake.labels import with_labels
from loopwright.ledger.events import Kind
from loopwright.ledger.store import Ledger
from loopwright.loop.taking_in import take_in
from loopwright.loop.telling import Teller
from loopwright.serving.rows import label_rows
from loopwright.stages.ingest.labelling import take_labels
from loopwright.stages.ingest.stage import ingest_batch
from loopwright.stages.train.deciding import decide_training
from loopwright.stages.train.question import Question
from loopwright.stages.train.snapshot import decided, learnable, rows_of
from support.toy import Toy, rides


@pytest.fixture
def late(toy: Toy) -> Toy:
    """Rides whose tips come later, in files of their own."""
    dataset = "include/datasets/rides/dataset.yaml"
    labels = "labels: {arrivals: arrivals/tips/*.csv, complete_at: 80%}\nexpectations: null"
    toy.edit(dataset, "owner: tests", f"owner: tests\n{labels}")
    return toy


def arrive(toy: Toy, month: int, rows: int = 50) -> pd.DataFrame:
    frame = rides(month, rows=rows)
    toy.arrive(month, frame.drop(columns="tip"))
    ingest_batch(toy.workspace, toy.rides, f"2024-{month:02d}")
    return frame


def tell(toy: Toy, name: str, frame: pd.DataFrame) -> None:
    path = toy.path / "arrivals" / "tips" / f"{name}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    frame[["ride_id", "tip"]].to_csv(path, index=False)


def question(toy: Toy) -> Question:
    state = Ledger.of(toy.workspace).dataset("rides")
    return Question.of(toy.workspace, toy.tips, state, {}, datetime.now(UTC))


def joined(toy: Toy, batch: str) -> pd.DataFrame:
    return label_rows(labelled(toy, batch))


def labelled(toy: Toy, batch: str) -> pd.DataFrame:
    rows = Lake.of(toy.workspace).batches("rides").read([batch])
    taken = Ledger.of(toy.workspace).dataset("rides").get("labels")
    return with_labels(Lake.of(toy.workspace), "rides", ["ride_id"], taken, rows)


def test_labels_are_joined_on_the_key_and_a_row_without_one_has_none(late: Toy) -> None:
    frame = arrive(late, 1)
    tell(late, "first", frame.iloc[::-1].head(40))
    taken = take_labels(late.workspace, late.rides)
    assert (taken.files, taken.covered) == (("first",), {"2024-01": 0.8})
    found = joined(late, "2024-01")
    assert found["ride_id"].tolist() == frame["ride_id"].tolist()
    np.testing.assert_allclose(found["tip"], frame["tip"].where(frame.index >= 10))
    assert take_labels(late.workspace, late.rides).covered == {}, "once"


def test_of_two_labels_the_later_files_counts(late: Toy) -> None:
    frame = arrive(late, 1)
    tell(late, "b", frame)
    take_labels(late.workspace, late.rides)
    before = question(late).data_digest
    tell(late, "a", frame.head(5).assign(tip=99.0))
    assert take_labels(late.workspace, late.rides).covered == {"2024-01": 1.0}
    assert joined(late, "2024-01")["tip"].head(6).tolist()[:5] == [99.0] * 5
    assert joined(late, "2024-01")["tip"][5] == pytest.approx(frame["tip"][5])
    tell(late, "b", frame.assign(tip=1.0))
    take_labels(late.workspace, late.rides)
    assert joined(late, "2024-01")["tip"].unique().tolist() == [1.0], "a corrected file is the latest"
    assert before != question(late).data_digest, "other labels are another question"


def test_labels_that_came_before_their_rows_find_them(late: Toy) -> None:
    tell(late, "first", rides(1, rows=50))
    assert take_labels(late.workspace, late.rides).covered == {}
    arrive(late, 1)
    state = Ledger.of(late.workspace).dataset("rides")
    assert state.labels_of(state.published()[0])["share"] == 1.0  # type: ignore[index]


def test_only_batches_whose_labels_are_complete_are_learned_from_and_as_they_were(late: Toy) -> None:
    frames = {month: arrive(late, month, rows=200) for month in (1, 2, 3)}
    assert question(late).mature == ()
    tell(late, "first", frames[1])
    tell(late, "second", frames[2])
    tell(late, "third", frames[3].head(100))
    take_labels(late.workspace, late.rides)
    asked = question(late)
    assert (asked.batches, asked.holdout) == (("2024-01",), ("2024-02",))
    decision = decide_training(late.workspace, late.tips)
    assert decision.train, decision.why
    entry = decided(late.workspace, "tips", str(decision.training_id))
    tell(late, "first", frames[1].assign(tip=0.0))
    take_labels(late.workspace, late.rides)
    rows = rows_of(late.workspace, late.tips, entry, ["2024-01"])
    np.testing.assert_allclose(label_rows(rows)["tip"], frames[1]["tip"], err_msg="the labels that the decision saw")
    assert question(late).data_digest != asked.data_digest, "other labels are another question"


def test_features_are_made_without_what_label_files_bring(late: Toy) -> None:
    frame = arrive(late, 1)
    path = late.path / "arrivals" / "tips" / "first.csv"
    path.parent.mkdir(parents=True)
    frame[["ride_id", "tip"]].assign(distance=-1.0, rating=5).to_csv(path, index=False)
    take_labels(late.workspace, late.rides)
    rows, folder = labelled(late, "2024-01"), late.project.model_folder("tips")
    learned = learnable(late.tips, folder, rows)
    np.testing.assert_allclose(learned.features["distance"], frame["distance"])
    assert 0 < learned.labels.mean() < 1
    late.edit("include/models/tips/features.py", '"hour": rides["hour"]', '"hour": rides["rating"]')
    with pytest.raises(UserCodeFailed) as refused:
        learnable(late.tips, folder, rows)
    assert "as they are scored, without what label files bring: tip, distance, rating" in str(refused.value.mend)


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda frame: frame.rename(columns={"ride_id": "id"}), "lacks the key: ride_id"),
        (lambda frame: pd.concat([frame, frame.head(2)]), "2 repeat one"),
        (lambda frame: frame[["ride_id"]], "no label"),
        (lambda frame: frame.head(0), "of 0 rows"),
    ],
)
def test_a_file_that_cannot_be_joined_is_refused_and_said(late: Toy, spoil, complaint: str) -> None:
    frame = arrive(late, 1)
    path = late.path / "arrivals" / "tips" / "odd.csv"
    path.parent.mkdir(parents=True)
    spoil(frame[["ride_id", "tip"]]).to_csv(path, index=False)
    taken = take_labels(late.workspace, late.rides)
    assert taken.files == ()
    assert complaint in taken.refused["odd"]
    assert take_labels(late.workspace, late.rides).refused == {}, "said once, until the file is another"
    (event,) = Ledger.of(late.workspace).events("dataset/rides", kinds=[Kind.LABELS_REFUSED])
    assert complaint in event.reason
    tell(late, "odd", frame)
    assert take_labels(late.workspace, late.rides).files == ("odd",)


def test_a_key_that_is_text_in_the_rows_is_text_in_the_labels(late: Toy) -> None:
    dataset = "include/datasets/rides/dataset.yaml"
    late.edit(dataset, "clean:\n", "clean:\n  - {step: convert, columns: {ride_id: text}}\n")
    frame = rides(1, rows=50).assign(ride_id=[f"{n:05d}" for n in range(50)])
    late.arrive(1, frame.drop(columns="tip"))
    ingest_batch(late.workspace, late.rides, "2024-01")
    tell(late, "first", frame)
    assert take_labels(late.workspace, late.rides).covered == {"2024-01": 1.0}


def test_the_loop_takes_labels_in_by_itself(late: Toy) -> None:
    tell(late, "first", rides(1, rows=50))
    late.arrive(1, rides(1, rows=50).drop(columns="tip"))
    take_in(late.workspace, "rides", Teller(lambda _: None))
    state = Ledger.of(late.workspace).dataset("rides")
    assert state.labels_of(state.published()[0])["share"] == 1.0  # type: ignore[index]


@pytest.mark.parametrize("before", [True, False])
def test_labels_go_on_where_their_key_was_numbers(before: bool, late: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = rides(1, rows=50).assign(ride_id=[f"{n:05d}" for n in range(50)])
    late.arrive(1, frame.drop(columns="tip"))
    tell(late, "first", frame)
    if before:  # labels that waited before any row was known
        take_labels(late.workspace, late.rides)
    ingest_batch(late.workspace, late.rides, "2024-01")
    with monkeypatch.context() as earlier:  # the release before read every key's digits as numbers
        earlier.setattr("loopwright.stages.ingest.labelling._texts", lambda *_: [])
        take_labels(late.workspace, late.rides)
    assert Lake.of(late.workspace).labels("rides").read()["ride_id"].dtype == "int64"
    tell(late, "second", frame)
    late.edit("include/datasets/rides/dataset.yaml", "tips/*.csv", "tips/*")
    lines = frame.tail(1).assign(ride_id=10)[["ride_id", "tip"]]
    lines.to_json(late.path / "arrivals/tips/third.jsonl", orient="records", lines=True)
    taken = take_labels(late.workspace, late.rides)
    assert (taken.files, dict(taken.refused), taken.covered) == (("second", "third"), {}, {"2024-01": 1.0})
    assert set(Lake.of(late.workspace).labels("rides").read(["first"])["ride_id"]) == {str(n) for n in range(50)}


def test_what_came_of_files_of_labels_is_told(late: Toy) -> None:
    frame = arrive(late, 1)
    tell(late, "first", frame)
    tell(late, "odd", pd.concat([frame, frame.head(2)]))
    taken = take_in(late.workspace, "rides", teller := Teller(lambda _: None))
    assert (taken.labels, taken.refused, taken.exit_status) == (("first",), ("odd",), 1)
    assert taken.sentence().startswith("1 refused, 1 file of labels taken (")
    told = [(step.action, step.batch_id, step.outcome, step.why) for step in teller.steps]
    assert told[0][:3] == ("labels", "odd", "fail")
    assert "2 repeat one" in told[0][3]
    assert told[1] == ("labels", None, "taken", "first; rows that have one: 2024-01 100%")
    again = take_in(late.workspace, "rides", Teller(lambda _: None))
    assert (again.labels, again.refused, again.exit_status) == ((), (), 0)


def test_labels_of_their_own_need_a_key(toy: Toy) -> None:
    toy.edit("include/datasets/rides/dataset.yaml", "key: [ride_id]", "labels: {arrivals: tips/*.csv}")
    with pytest.raises(DeclarationError, match="joined on a key"):
        toy.rides  # noqa: B018 - reading it is what fails

"""A version trained again from what was recorded: the same, near enough, or another one."""

from __future__ import annotations

from pathlib import Path

import pytest

from loopwright.errors import ArtifactTampered, LoopwrightError, NotReady, TrackingUnavailable, UnknownName
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.loop import reproduce as room
from loopwright.loop.forgetting import forget
from loopwright.loop.reproduce import reproduce
from loopwright.loop.run import turn
from loopwright.tracking import Tracking
from support import toy as toys


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    toy = toys.make(tmp_path_factory.mktemp("toy"))
    for month in (1, 2):
        toy.arrive(month, rows=600)
    assert turn(toy.workspace, "tips", until="release").champion == "1"
    return toy


def test_the_same_comes_out_whatever_became_of_code_and_data_since(trained):
    trained.edit("include/models/tips/features.py", '"hour": rides["hour"]', '"hour": rides["hour"] * 2')
    trained.arrive(1, toys.rides(1, rows=500))
    turn(trained.workspace, "tips", until="ingest")
    try:
        found = reproduce(trained.workspace, "tips", "1", actor="person:ada")
    finally:
        trained.edit("include/models/tips/features.py", '"hour": rides["hour"] * 2', '"hour": rides["hour"]')
    assert (found.outcome, found.differ, found.reasons) == ("identical", 0, ())
    assert found.rows > 100
    event = Ledger.of(trained.workspace).events("model/tips", kinds=[Kind.VERSION_REPRODUCED])[-1]
    assert event.actor == "person:ada"
    assert "byte for byte" in event.reason
    assert Ledger.of(trained.workspace).model("tips").version("1")["reproduced"]["outcome"] == "identical"


def test_another_estimator_with_the_same_answers_is_within_tolerance_and_says_what_is_not_as_it_was(
    trained, monkeypatch
):
    real = room.learn

    def marked(*args):
        learned = real(*args)
        learned.estimator.made_again = True
        return learned

    monkeypatch.setattr(room, "learn", marked)
    monkeypatch.setattr(
        room, "environment_of", lambda _folder: {"python": "3.99", "machine": "x", "requirements": ["numpy==0"]}
    )
    found = reproduce(trained.workspace, "tips", "1")
    assert found.outcome == "within_tolerance"
    assert "python is 3.99 and was 3." in found.why
    assert "here is numpy==0 for" in found.why
    assert "other bytes" in found.why


@pytest.mark.parametrize(("declared", "outcome"), [(None, "different"), ("0.5", "within_tolerance")])
def test_how_far_an_answer_may_be_is_declared_and_said(trained, monkeypatch, declared, outcome):
    real, model = room.learn, "include/models/tips/model.yaml"

    def shifted(*args):
        learned = real(*args)
        last = learned.estimator[-1] if hasattr(learned.estimator, "steps") else learned.estimator
        last.intercept_ = last.intercept_ + 1e-3
        return learned

    monkeypatch.setattr(room, "learn", shifted)
    held = (trained.path / model).read_text()
    if declared:
        trained.edit(model, "monitor:", f"release: {{reproduce_tolerance: {declared}}}\nmonitor:")
    try:
        found = reproduce(trained.workspace, "tips", "1")
    finally:
        (trained.path / model).write_text(held)
    assert found.outcome == outcome
    assert 0 < found.largest < 1e-3
    assert f"{float(declared or 1e-6):g}, by {found.largest:.3g} at most" in found.why
    assert ("training itself is not deterministic" in found.why) == (outcome == "different")


def test_rows_that_are_not_those_of_then_are_a_reason(trained, monkeypatch):
    real = room.rows_of
    monkeypatch.setattr(room, "rows_of", lambda *args: real(*args).iloc[5:].reset_index(drop=True))
    found = reproduce(trained.workspace, "tips", "1")
    assert found.outcome == "different"
    assert "its rows are not the same: 595 now, 600 then, 595 in both" in found.why


def test_a_declaration_that_somebody_changed_in_its_run_is_a_reason(trained):
    [kept] = trained.path.rglob("declaration.json")
    held = kept.read_text()
    kept.write_text(held.replace('"seed": 7', '"seed": 8'))
    try:
        found = reproduce(trained.workspace, "tips", "1")
    finally:
        kept.write_text(held)
    assert "the declaration that is kept with its run is not the one that it was trained by" in found.reasons


def test_what_was_not_recorded_is_told_from_an_mlflow_that_does_not_say(trained, monkeypatch):
    really = Tracking.keeps
    run = Ledger.of(trained.workspace).model("tips").version("1")["run_id"]
    tracking = Tracking.of(trained.workspace)
    assert really(tracking, run, "environment.json")
    assert not really(tracking, run, "environment.jsn")
    with monkeypatch.context() as patch:
        patch.setattr(Tracking, "keeps", lambda *asked: asked[2] != "environment.json" and really(*asked))
        found = reproduce(trained.workspace, "tips", "1")
    assert (found.outcome, found.reasons) == ("identical", ("the environment was not recorded",))
    ledger = Ledger.of(trained.workspace)
    before = ledger.model("tips").sequence

    def down(*_asked):
        raise ConnectionError("MLflow is being restarted")

    monkeypatch.setattr(type(tracking._client), "list_artifacts", down)
    with pytest.raises(TrackingUnavailable, match="being restarted"):
        reproduce(trained.workspace, "tips", "1")
    assert ledger.model("tips").sequence == before, "nothing is recorded of what could not be asked"


def test_whose_rows_were_erased_cannot_be_made_again_which_is_an_answer_and_no_fault(tmp_path):
    toy = toys.make(tmp_path)
    for month in (1, 2):
        toy.arrive(month, rows=600)
    assert turn(toy.workspace, "tips", until="release").champion == "1"
    ledger, lake = Ledger.of(toy.workspace), Path(toy.workspace.lake)
    [learned_from, *_] = ledger.model("tips").version("1")["batches"]
    of_that_month = {"ride_id": str(int(learned_from[-2:]) * 1_000_000 + 5)}
    assert forget(toy.workspace, "rides", of_that_month, why="She asked.", actor="person:ada").rows["batches"] == 1
    before = ledger.model("tips").sequence
    lake.rename(tmp_path / "elsewhere")
    with pytest.raises(LoopwrightError, match=r"Nothing was written to this table|could not be read"):
        reproduce(toy.workspace, "tips", "1")
    assert ledger.model("tips").sequence == before, "a lake out of reach is not taken for erased"
    (tmp_path / "elsewhere").rename(lake)
    found = reproduce(toy.workspace, "tips", "1")
    assert (found.outcome, found.rows) == ("erased", 0)
    assert f"rows of {learned_from} were erased on request on " in found.why
    assert ledger.model("tips").version("1")["reproduced"]["outcome"] == "erased"


def test_what_was_not_trained_here_or_was_changed_is_not_made_again(trained):
    with pytest.raises(UnknownName, match="no version '7'"):
        reproduce(trained.workspace, "tips", "7")
    ledger = Ledger.of(trained.workspace)
    theirs = {"version": "5", "run_id": "r", "training_id": "adopted-1", "artifact_digest": "d", "source": "s"}
    ledger.record("model/tips", Draft(Kind.VERSION_ADOPTED, "person:ada", "ours", theirs))
    with pytest.raises(NotReady, match="not on record"):
        reproduce(trained.workspace, "tips", "5")
    [pickle] = [p for p in trained.path.rglob("estimator.pkl") if "model" in p.parts]
    held = pickle.read_bytes()
    pickle.write_bytes(b"another")
    try:
        with pytest.raises(ArtifactTampered, match="not those that were judged"):
            reproduce(trained.workspace, "tips", "1")
    finally:
        pickle.write_bytes(held)

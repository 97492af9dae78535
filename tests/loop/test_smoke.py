"""What a model's label and features are tried on before anything is trained in earnest."""

from __future__ import annotations

from loopwright.loop.smoke import tried_check
from loopwright.loop.taking_in import take_in
from loopwright.loop.telling import Teller
from loopwright.verdict import Outcome
from support.toy import rides


def test_labels_in_files_of_their_own_are_joined_and_waited_for(toy):
    late = "owner: tests\nlabels: {arrivals: arrivals/tips/*.csv}\nexpectations: null"
    toy.edit("include/datasets/rides/dataset.yaml", "owner: tests", late)
    frame = rides(1, rows=50)
    toy.arrive(1, frame.drop(columns="tip"))
    take_in(toy.workspace, "rides", Teller())
    assert tried_check(toy.workspace, toy.project, "tips").outcome is Outcome.NOT_APPLICABLE
    (toy.path / "arrivals/tips").mkdir()
    frame[["ride_id", "tip"]].to_csv(toy.path / "arrivals/tips/first.csv", index=False)
    take_in(toy.workspace, "rides", Teller())
    tried = tried_check(toy.workspace, toy.project, "tips")
    assert (tried.outcome, tried.n) == (Outcome.PASS, 50), tried.why


def test_a_misspelt_event_time_is_named_before_anything_is_taken_in(toy):
    toy.arrive(1, rides(1, rows=50))
    toy.edit("include/datasets/rides/dataset.yaml", "event_time: started_at", "event_time: starts_at")
    tried = tried_check(toy.workspace, toy.project, "tips")
    assert tried.outcome is Outcome.FAIL
    assert "no such column as event_time names" in tried.why
    assert "Did you mean 'started_at'?" in tried.why

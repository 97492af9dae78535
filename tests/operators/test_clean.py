"""The clean-up by the clock: what it asks for, in whose name, and that a dry run is one."""

from __future__ import annotations

import logging

import pytest

import loopwright.loop.clean as room
from loopwright.operators.clean import CleanOperator
from support.airflow_context import context


@pytest.mark.parametrize(
    ("only_say", "person", "dry_run", "actor"),
    [("False", None, False, "clean"), ("True", "ada", True, "person:ada"), (False, "ada", False, "person:ada")],
)
def test_it_asks_for_what_the_form_says_in_the_name_of_who_filled_it_in(
    toy, monkeypatch, caplog, only_say, person, dry_run, actor
):
    asked = []

    def clean(_workspace, **how):
        asked.append(how)
        return room.Cleaned({"tips": ["1", "2"], "minutes": []}, {"rides": 1}, {"rides": [0]}, how["dry_run"])

    monkeypatch.setattr(room, "clean", clean)
    task = CleanOperator(task_id="clean", project=str(toy.path), only_say=only_say)
    given = context(task, person=person)
    with caplog.at_level(logging.INFO):
        task.execute(given)
    assert asked == [{"actor": actor, "dry_run": dry_run}]
    assert given["ti"].pushed["result"]["versions"] == {"tips": ["1", "2"], "minutes": []}


def test_what_went_is_said_and_what_did_not_is_not():
    gone = room.Cleaned({"tips": ["1", "2"], "minutes": []}, {"rides": 1, "trips": 0}, {})
    assert gone.said() == ["gone: tips, version 1, 2", "gone: rides, 1 file of older versions"]
    assert room.Cleaned({"tips": ["1"]}, {}, {}, dry_run=True).said() == ["would go: tips, version 1"]
    assert room.Cleaned({"tips": []}, {"rides": 0}, {}).said() == []

"""``loopwright override``: through the gate by a person's word, and red wherever it shows."""

from __future__ import annotations

import pytest

from loopwright.cli.person import person
from support import toy as toys


@pytest.fixture
def refused(loopwright, toy: toys.Toy) -> toys.Toy:
    """A toy whose only candidate was refused."""
    toy.edit("include/models/tips/model.yaml", "at_least: 0.6", "at_least: 0.9")
    toy.arrive(1)
    toy.arrive(2)
    assert loopwright("run", "tips", "--project", toy.path).status == 1
    return toy


def test_it_goes_on_and_shows_for_ever(loopwright, refused, monkeypatch) -> None:
    at = ("--project", refused.path)
    answer = loopwright("override", "tips", "--why", "Agreed with the board.", "--by", "ada", *at)
    assert answer.status == 0, answer.err
    assert "version 1 of tips, by person:ada" in answer.out
    assert loopwright("run", "tips", *at).status == 0
    (model,) = loopwright("status", "tips", "--json", *at).document["models"]
    assert model["champion"]["override"]["by"] == "person:ada"
    assert model["champion"]["override"]["typed_by"] == person()
    assert f"person:ada (typed by {person()})" in loopwright("history", "tips", *at).out
    for command in ("status", "history"):
        monkeypatch.setattr("click.utils.should_strip_ansi", lambda *_: False)
        shown = loopwright(command, "tips", *at).out
        line = next(line for line in shown.splitlines() if "Agreed with the board." in line)
        assert "\x1b[31m" in line, line


def test_it_needs_a_reason(loopwright, refused) -> None:
    answer = loopwright("override", "tips", "--project", refused.path)
    assert answer.status == 2
    assert "--why" in answer.err

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
    monkeypatch.setattr("click.utils.should_strip_ansi", lambda *_: False)
    turned = loopwright("run", "tips", *at)
    assert turned.status == 0
    [promotion] = [line for line in turned.out.splitlines() if "version 1 is champion; the gate" in line]
    assert "overridden by person:ada: Agreed with the board." in promotion
    assert "\x1b[31m" in promotion, promotion
    monkeypatch.undo()
    (model,) = loopwright("status", "tips", "--json", *at).document["models"]
    assert model["champion"]["override"]["by"] == "person:ada"
    assert model["champion"]["override"]["typed_by"] == person()
    assert f"person:ada (typed by {person()})" in loopwright("history", "tips", *at).out
    for command in ("status", "history"):
        monkeypatch.setattr("click.utils.should_strip_ansi", lambda *_: False)
        shown = loopwright(command, "tips", *at).out
        line = next(line for line in shown.splitlines() if "Agreed with the board." in line)
        assert "\x1b[31m" in line, line


def test_it_needs_a_reason(loopwright, toy) -> None:
    answer = loopwright("override", "tips", "--project", toy.path)
    assert answer.status == 2
    assert "--why" in answer.err


def test_the_record_and_the_card_say_who_let_it_through_and_what_the_gate_found(loopwright, refused) -> None:
    at = ("--project", refused.path)
    assert loopwright("override", "tips", "--why", "Agreed with the board.", "--by", "ada", *at).status == 0
    assert loopwright("run", "tips", *at).status == 0
    [intent] = [
        event
        for event in loopwright("history", "tips", "--json", *at).document["events"]
        if event["kind"] == "release_intended"
    ]
    assert "passed everything that was asked" not in intent["reason"]
    assert "did not pass the gate, which said fail: person:ada (typed by" in intent["reason"]
    card = loopwright("card", "tips", "--json", *at).document
    judged = card["markdown"].partition("## How it was judged")[2].partition("\n## ")[0]
    limits = card["markdown"].partition("## Limits")[2].partition("\n## ")[0]
    assert "**The gate was overridden by person:ada (typed by" in judged
    assert "Agreed with the board.**" in judged
    assert "**Refused by the gate, and let through by person:ada" in limits
    assert "0.9" in limits
    assert card["html"].count('<p class="warned">') == 2
    assert "<p>The gate was overridden" not in card["html"]

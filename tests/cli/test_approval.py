"""A release that a person has to allow: it waits, goes on when approved, and is not made when rejected."""

import pytest

from loopwright.cli.person import person
from loopwright.ledger.store import Ledger
from support import toy as toys


@pytest.fixture
def waiting(loopwright, toy: toys.Toy) -> toys.Toy:
    """A toy whose version 1 waits for a person."""
    toy.edit("include/models/tips/model.yaml", "monitor:", "release: {approval: required}\nmonitor:")
    toy.arrive(1)
    toy.arrive(2)
    answer = loopwright("run", "tips", "--project", toy.path)
    assert answer.status == 0, answer.err
    assert "loopwright approve tips 1" in answer.out
    assert champion(toy) is None
    return toy


@pytest.fixture
def colleague(monkeypatch):
    """Somebody else than who ran the loop sits at the keyboard when an answer is typed."""
    monkeypatch.setattr("loopwright.cli.approval.person", lambda: "person:grace")


def champion(toy: toys.Toy) -> str | None:
    entry = Ledger.of(toy.workspace).model("tips").champion
    return entry and entry["version"]


@pytest.mark.usefixtures("colleague")
def test_it_goes_on_when_a_person_says_yes(loopwright, waiting):
    assert "loopwright approve tips 1" in loopwright("run", "tips", "--project", waiting.path).out
    told = loopwright("history", "tips", "--project", waiting.path).out
    assert told.count("approval_asked") == 1  # asked again it still waits, and is asked once
    unknown = loopwright("approve", "tips", "7", "--why", "Why not.", "--project", waiting.path)
    assert (unknown.status, "'7'" in unknown.err, "allowed: version 1\n" in unknown.err) == (2, True, True)
    assert "waits for approval" in loopwright("status", "--project", waiting.path).out
    answer = loopwright("approve", "tips", "1", "--why", "It is better.", "--project", waiting.path, "--json")
    assert answer.status == 0
    assert answer.document["approval"]["answer"] == "given"
    assert answer.document["approval"]["by"] == "person:grace"
    assert loopwright("run", "tips", "--project", waiting.path).status == 0
    assert champion(waiting) == "1"
    unknown = loopwright("approve", "tips", "7", "--why", "Why not.", "--project", waiting.path)
    assert "allowed: no version waits\n" in unknown.err  # version 1 does not any more, and is not named
    assert "It is better." in loopwright("history", "tips", "--project", waiting.path).out
    assert loopwright("status", "tips", "--project", waiting.path, "--json").document["models"][0]["needs"] == []


def test_who_ran_the_loop_does_not_approve_what_it_made(loopwright, waiting):
    answer = loopwright("approve", "tips", "1", "--why", "Mine is good.", "--project", waiting.path)
    assert answer.status == 2
    assert "Who asked for a release does not approve it" in answer.err
    asked = Ledger.of(waiting.workspace).model("tips").version("1")["approval"]
    assert (asked["answer"], asked["on_behalf_of"]) == ("asked", person())
    [training] = Ledger.of(waiting.workspace).model("tips").under("training").values()
    assert training["actor"] == person()
    waiting.edit("include/models/tips/model.yaml", "{approval: required}", "{approval: required, self_approval: true}")
    assert loopwright("approve", "tips", "1", "--why", "I am alone.", "--project", waiting.path).status == 0


@pytest.mark.usefixtures("colleague")
def test_it_is_not_made_when_a_person_says_no(loopwright, waiting):
    at = ("--project", waiting.path)
    loopwright("approve", "tips", "1", "--why", "It is better.", *at)
    assert "had done so" in loopwright("approve", "tips", "1", "--why", "Yes.", *at).out
    rejected = loopwright("reject", "tips", "1", "--why", "Not on a Friday.", *at)
    assert rejected.status == 0
    assert rejected.out.startswith("rejected")
    assert "is taken back" in rejected.out
    assert "had done so" in loopwright("reject", "tips", "1", "--why", "No.", *at).out
    assert "refused      version 1, by person:" in loopwright("status", "tips", *at).out
    assert loopwright("run", "tips", "--project", waiting.path).status == 0
    assert champion(waiting) is None
    answer = loopwright("approve", "tips", "1", "--why", "Monday.", "--project", waiting.path)
    assert answer.status == 2
    assert "version 1" in answer.err


def test_nothing_is_approved_without_a_reason(loopwright, toy):
    answer = loopwright("approve", "tips", "1", "--project", toy.path)
    assert answer.status == 2
    assert "--why" in answer.err

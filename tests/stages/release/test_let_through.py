"""The sentence of the record on what a promotion rests on: of whoever decided what the gate did not, the name."""

from __future__ import annotations

from typing import Any

import pytest

from loopwright.errors import UnknownName
from loopwright.ledger.state import ModelState
from loopwright.stages.release.let_through import override_of, who_overrode, why_promoted

OVERRIDE = {"by": "person:ada", "why": "the source was late.", "outcome": "fail", "said": "fail: it is worse"}


def state(training: dict[str, Any] | None = None, **version: Any) -> ModelState:
    known = {"version": "3", "training_id": "t-1", **version}
    return ModelState("model/m", 9, {"version/3": known, "training/t-1": {"training_id": "t-1", **(training or {})}})


def test_what_passed_is_said_to_have_passed() -> None:
    passed = state({"verdict": {"outcome": "pass"}}, shadow={"verdict": {"outcome": "pass"}})
    assert why_promoted(passed, "3") == "Version 3 passed everything that was asked of it."
    assert override_of(passed, "3") is None


@pytest.mark.parametrize("place", ["training", "version"])
def test_what_a_person_let_through_passed_nothing_at_the_gate(place) -> None:
    """Of a clean up the training may be gone: the version keeps the override too."""
    said = state({"override": OVERRIDE}) if place == "training" else state(override=OVERRIDE)
    assert why_promoted(said, "3") == (
        "Version 3 did not pass the gate, which said fail: person:ada overrode it: the source was late."
        " It passed everything else that was asked of it."
    )


def test_who_typed_for_another_is_named_and_an_older_record_says_no_outcome() -> None:
    typed = {"by": "person:ada", "why": "the source was late", "typed_by": "person:root"}
    assert who_overrode(typed) == "person:ada (typed by person:root)"
    assert why_promoted(state(override=typed), "3").startswith(
        "Version 3 did not pass the gate, which said no pass: person:ada (typed by person:root) overrode it:"
    )


@pytest.mark.parametrize(
    ("gate", "shadow", "who"),
    [
        ("inconclusive", None, "the gate"),
        ("pass", "inconclusive", "the comparison in production"),
        ("inconclusive", "inconclusive", "the gate and the comparison in production"),
    ],
)
def test_where_the_data_could_not_tell_it_is_said_who_answered_instead(gate, shadow, who) -> None:
    more = {"shadow": {"verdict": {"outcome": shadow}}} if shadow else {}
    asked = state({"verdict": {"outcome": gate}}, approval={"by": "person:bo"}, **more)
    assert why_promoted(asked, "3") == (
        f"Version 3 was let through by person:bo, for {who} could not tell."
        " It passed everything else that was asked of it."
    )


def test_of_a_version_that_is_not_known_nothing_is_said() -> None:
    with pytest.raises(UnknownName, match="There is no version '4'"):
        why_promoted(state(), "4")

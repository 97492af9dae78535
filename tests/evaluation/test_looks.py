"""What asking one holdout again costs, and that it never costs more than was declared."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from loopwright.declaration.gate import Against
from loopwright.evaluation.looks import SUREST, confidence_of, looks_check, planned


def test_the_first_look_is_at_the_declared_confidence() -> None:
    assert confidence_of(Against(confidence=0.95)) == 0.95


def test_each_further_look_spends_half_of_what_is_left() -> None:
    asked = Against(confidence=0.95, error_budget=0.15)
    assert [1 - confidence for confidence in planned(asked, 4)] == pytest.approx([0.05, 0.05, 0.025, 0.0125])


@pytest.mark.parametrize("budget", [0.3, 0.9])
def test_a_large_budget_loosens_no_look(budget) -> None:
    asked = Against(confidence=0.95, error_budget=budget)
    assert min(planned(asked, 20)) == 0.95


@pytest.mark.parametrize("budget", [None, 0.06, 0.3])
def test_the_budget_is_never_overspent(budget) -> None:
    asked = Against(confidence=0.95, error_budget=budget)
    used = [sum(1 - confidence for confidence in planned(asked, looks)) for looks in (1, 2, 5, 50, 200)]
    assert used == sorted(used)
    assert used[-1] <= (budget or 0.1) + 1e-6


def test_the_check_says_how_often_and_at_what_price() -> None:
    check = looks_check(Against(confidence=0.95), planned(Against(confidence=0.95), 2))
    assert "asked 2 times before" in check.why
    assert check.observed == {"looks": 3, "confidence": pytest.approx(0.9875), "spent": pytest.approx(0.0875)}


def test_what_is_spent_is_what_was_asked_for_then() -> None:
    """Two looks at 0.9, before the team declared 0.96: they spent what they spent, and what is left is what is left."""
    check = looks_check(Against(confidence=0.96, error_budget=0.3), [0.9, 0.9])
    assert check.observed["spent"] == pytest.approx(0.1 + 0.1 + 0.04)
    assert "0.24 of its error budget of 0.3 is spent" in check.why
    assert confidence_of(Against(confidence=0.96, error_budget=0.22), [0.9, 0.9]) == pytest.approx(0.99)


def test_where_more_was_spent_than_is_granted_now_nothing_can_be_shown() -> None:
    asked = Against(confidence=0.99)
    assert confidence_of(asked, [0.95]) == SUREST
    assert "nothing can be shown on it any more; a newer batch is a new holdout" in looks_check(asked, [0.95]).why


def test_a_budget_that_the_first_look_would_use_up_is_no_budget() -> None:
    with pytest.raises(ValidationError, match="greater than 1 - confidence"):
        Against(confidence=0.95, error_budget=0.05)

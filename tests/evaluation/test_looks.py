"""What asking one holdout again costs, and that it never costs more than was declared."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from loopwright.declaration.gate import Against
from loopwright.evaluation.looks import confidence_of, looks_check, spent


def test_the_first_look_is_at_the_declared_confidence() -> None:
    assert confidence_of(Against(confidence=0.95), 1) == 0.95


def test_each_further_look_spends_half_of_what_is_left() -> None:
    asked = Against(confidence=0.95, error_budget=0.15)
    assert [1 - confidence_of(asked, look) for look in (2, 3, 4)] == pytest.approx([0.05, 0.025, 0.0125])


@pytest.mark.parametrize("budget", [0.3, 0.9])
def test_a_large_budget_loosens_no_look(budget) -> None:
    asked = Against(confidence=0.95, error_budget=budget)
    assert min(confidence_of(asked, look) for look in range(1, 20)) == 0.95


@pytest.mark.parametrize("budget", [None, 0.06, 0.3])
def test_the_budget_is_never_overspent(budget) -> None:
    asked = Against(confidence=0.95, error_budget=budget)
    used = [spent(asked, looks) for looks in (1, 2, 5, 50, 200)]
    assert used == sorted(used)
    assert used[-1] <= (budget or 0.1) + 1e-6


def test_the_check_says_how_often_and_at_what_price() -> None:
    check = looks_check(Against(confidence=0.95), 3)
    assert "asked 2 times before" in check.why
    assert check.observed == {"looks": 3, "confidence": pytest.approx(0.9875), "spent": pytest.approx(0.0875)}


def test_what_is_spent_is_what_was_asked_for_then() -> None:
    """Two looks at 0.9, before the team declared 0.96: they spent what they spent."""
    check = looks_check(Against(confidence=0.96, error_budget=0.1), 3, [0.9, 0.9])
    assert check.observed["spent"] == pytest.approx(0.1 + 0.1 + 0.015)
    assert "0.215 of its error budget of 0.1 is spent" in check.why


def test_a_budget_that_the_first_look_would_use_up_is_no_budget() -> None:
    with pytest.raises(ValidationError, match="greater than 1 - confidence"):
        Against(confidence=0.95, error_budget=0.05)

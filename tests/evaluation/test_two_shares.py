"""Two shares against published examples and statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from loopwright.evaluation.two_shares import apart, ratio, wilson

TABLES = [(56, 70, 48, 80), (9, 10, 3, 10), (0, 10, 4, 20), (10, 10, 0, 20), (5, 56, 0, 29), (300, 1000, 340, 900)]


def test_newcombes_interval_is_the_published_one() -> None:
    """Newcombe (1998), table II, (a): 56/70 - 48/80, method 10."""
    found = apart(56, 70, 48, 80)
    assert found.point == pytest.approx(0.2)
    assert found.bounds(0.975) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_koopmans_interval_is_the_published_one() -> None:
    """Koopman (1984): 36/40 over 16/80."""
    found = ratio(36, 40, 16, 80)
    assert found.point == pytest.approx(4.5)
    assert found.bounds(0.975) == pytest.approx((2.94, 7.15), abs=5e-3)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("confidence", [0.95, 0.975])
def test_statsmodels_agrees(table, confidence) -> None:
    both = 2 * (1 - confidence)
    assert wilson(*table[:2], confidence) == pytest.approx(
        proportion_confint(*table[:2], alpha=both, method="wilson"), abs=1e-9
    )
    theirs = confint_proportions_2indep(*table, alpha=both, method="newcomb", compare="diff")
    assert apart(*table).bounds(confidence) == pytest.approx(theirs, abs=1e-9)
    if table[0] and table[2]:
        theirs = confint_proportions_2indep(*table, alpha=both, method="score", compare="ratio", correction=False)
        assert ratio(*table).bounds(confidence) == pytest.approx(theirs, rel=1e-3)


@pytest.mark.parametrize("table", TABLES)
def test_the_intervals_turn_with_the_roles(table) -> None:
    a, m, b, n = table
    low, high = apart(*table).bounds(0.95)
    assert apart(b, n, a, m).bounds(0.95) == pytest.approx((-high, -low))
    if a and b:
        low, high = ratio(*table).bounds(0.95)
        assert ratio(b, n, a, m).bounds(0.95) == pytest.approx((1 / high, 1 / low), rel=1e-6)


def test_none_of_few_may_still_be_some() -> None:
    """None of 20 against 10 of 20: the ratio is 0 at the point, and may be a fifth."""
    found = ratio(0, 20, 10, 20)
    assert found.bounds(0.95)[0] == 0
    assert 0.1 < found.bounds(0.95)[1] < 0.4
    assert np.isfinite(found.error)

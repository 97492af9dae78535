"""Shares against published examples and statsmodels."""

from __future__ import annotations

import pytest
from scipy import stats

from loopwright.evaluation.proportions import mcnemar, paired_share, share


@pytest.mark.parametrize(("hits", "n"), [(0, 10), (1, 10), (170, 200), (200, 200), (9997, 10_000)])
def test_jeffreys_bounds_are_quantiles_of_the_posterior(hits, n) -> None:
    """Brown, Cai & DasGupta (2001), section 3.1.2: Beta(x + 1/2, n - x + 1/2), with 0 and 1 where x is 0 or n."""
    low, high = share(hits, n).bounds(0.975)
    posterior = stats.beta(hits + 0.5, n - hits + 0.5)
    assert low == pytest.approx(0 if hits == 0 else posterior.ppf(0.025))
    assert high == pytest.approx(1 if hits == n else posterior.ppf(0.975))


def test_a_share_of_nothing_has_no_bounds() -> None:
    assert not share(0, 0).known
    assert not paired_share(0, 0, 0).known


def test_tangos_interval_is_the_published_one() -> None:
    """Airway reactivity before and after a transplantation (1, 1, 7, 12): Fagerland, Lydersen & Laake (2014)."""
    found = paired_share(1, 7, 21)
    assert found.point == pytest.approx(-0.286, abs=5e-4)
    assert found.bounds(0.975) == pytest.approx((-0.517, -0.026), abs=6e-4)


def test_mcnemars_mid_p_is_the_published_one() -> None:
    """The same example: exact 0.070, mid-p 0.039."""
    assert mcnemar(1, 7) == pytest.approx(0.0391, abs=5e-5)
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(7, 1) == mcnemar(1, 7)


def test_models_that_agree_on_every_row_may_still_differ_elsewhere() -> None:
    low, high = paired_share(0, 0, 500).bounds(0.95)
    assert -0.01 < low < 0 < high < 0.01
    assert high == pytest.approx(-low)


def test_the_interval_turns_with_the_roles() -> None:
    low, high = paired_share(30, 12, 400).bounds(0.95)
    assert paired_share(12, 30, 400).bounds(0.95) == pytest.approx((-high, -low))

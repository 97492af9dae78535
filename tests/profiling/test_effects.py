from __future__ import annotations

import math

import pytest

from loopwright.profiling.effects import cohens_h, unseen_share


def test_cohens_h_gives_the_published_values():
    # Cohen (1988), table 6.2.2: phi(0.5) = 1.571, phi(0.3) = 1.159, phi(0.05) = 0.451.
    assert cohens_h(0.3, 0.5) == pytest.approx(1.571 - 1.159, abs=0.001)
    assert cohens_h(0.05, 0.5) == pytest.approx(1.571 - 0.451, abs=0.001)
    assert cohens_h(0.0, 1.0) == pytest.approx(math.pi)


def test_cohens_h_asks_nothing_about_direction():
    assert cohens_h(0.08, 0.02) == cohens_h(0.02, 0.08) > 0.2
    assert cohens_h(0.4, 0.4) == 0


def test_unseen_share_counts_values_not_levels():
    assert unseen_share({"a", "b"}, ["a", "c", "c", "d"]) == 0.75
    assert unseen_share({"a"}, []) == 0.0

"""Evidently's numbers are held against scipy's: an upgrade that changes their meaning is found here."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon

from loopwright.profiling.columns import sides
from loopwright.profiling.evidently import _report, distances, html


def _columns() -> list:
    rng = np.random.default_rng(12)
    before = pd.DataFrame({"x y": rng.normal(size=800), "levels": rng.choice(list("abc"), 800), "sparse": np.nan})
    after = pd.DataFrame({"x y": rng.normal(0.4, size=500), "levels": rng.choice(list("ab"), 500), "sparse": np.nan})
    before.loc[:99, "sparse"] = rng.normal(size=100)
    after.loc[:299, "sparse"] = rng.normal(1, size=300)
    return [sides(column, before, after) for column in before]


def test_distances_are_what_scipy_computes():
    number, levels, sparse = _columns()
    found = distances([number, levels, sparse])
    assert found["x y"] == pytest.approx(stats.wasserstein_distance(number.reference, number.current), rel=1e-6)
    assert found["sparse"] == pytest.approx(stats.wasserstein_distance(sparse.reference, sparse.current), rel=1e-6)
    shares = [side.value_counts(normalize=True).reindex(list("abc"), fill_value=0) for side in levels_of(levels)]
    assert found["levels"] == pytest.approx(float(jensenshannon(*shares)), rel=1e-6)


def test_distances_are_what_the_page_shows():
    columns = _columns()
    metrics = _report({side.column: side for side in columns}).dict()["metrics"]
    shown = {metric["config"]["column"]: metric["value"] for metric in metrics}
    assert distances(columns) == pytest.approx(shown, rel=1e-12)


def levels_of(side) -> tuple[pd.Series, pd.Series]:
    return side.reference, side.current


def test_no_columns_is_no_report():
    assert distances([]) == {}


def test_the_report_for_people_names_the_columns():
    page = html(_columns()[:2])
    assert page.lstrip().startswith("<")
    assert "x y" in page
    assert "levels" in page

from __future__ import annotations

import pandas as pd

from loopwright.profiling import sampled


def test_the_same_seed_draws_the_same_rows_in_their_order():
    frame = pd.DataFrame({"x": range(1000)})
    once = sampled(frame, 100, seed=3)
    assert once.equals(sampled(frame, 100, seed=3))
    assert once["x"].is_monotonic_increasing
    assert once["x"].is_unique
    assert list(once.index) == list(range(100))
    assert not once.equals(sampled(frame, 100, seed=4))


def test_a_small_frame_comes_whole_and_reindexed():
    frame = pd.DataFrame({"x": [1, 2]}, index=[7, 9])
    assert sampled(frame, 2).to_dict("list") == {"x": [1, 2]}
    assert list(sampled(frame, 5).index) == [0, 1]

from __future__ import annotations

import pandas as pd
import pytest
from arrive import month_frame, months, with_faults, write_month


def test_the_months_hold_the_whole_year_and_no_flight_twice():
    year = pd.concat([month_frame(month) for month in months()])
    assert len(year) == 336_776
    assert not year.duplicated(["year", "month", "day", "carrier", "flight", "origin"]).any()


def test_a_month_is_written_whole_and_reads_back_as_it_was(tmp_path):
    written = write_month("2013-02", tmp_path / "new")
    pd.testing.assert_frame_equal(pd.read_parquet(written), month_frame("2013-02"))
    assert [path.name for path in written.parent.iterdir()] == ["2013-02.parquet"]


def test_a_broken_month_breaks_what_is_expected_and_keeps_its_rows():
    sound = month_frame("2013-02")
    broken = with_faults(sound)
    assert len(broken) == len(sound)
    assert "tailnum" not in broken
    assert (broken["air_time"] < 0).sum() == sound["air_time"].isna().sum() > 0
    assert "NYC" in set(broken["origin"])
    assert broken["arr_delay"].max() > 1800
    assert sound["arr_delay"].max() < 1800


def test_an_unknown_month_is_refused():
    with pytest.raises(ValueError, match="no month '2014-01'"):
        month_frame("2014-01")

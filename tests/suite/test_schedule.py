"""When a DAG starts by itself."""

import pytest
from airflow.sdk import Asset, AssetOrTimeSchedule

from loopwright.errors import DeclarationError
from loopwright.suite.schedule import on_assets_or, require_cron

ASSET = Asset("loopwright://rides/batches")


def test_on_assets_alone_or_on_the_clock_as_well():
    assert on_assets_or(None, ASSET) is ASSET
    assert isinstance(on_assets_or("@daily", ASSET), AssetOrTimeSchedule)


@pytest.mark.parametrize("expression", [None, "@daily", "@hourly", "0 6 * * *", "*/5 * * * 1-5"])
def test_what_airflow_takes(expression):
    assert require_cron(expression, where="tips") is None


@pytest.mark.parametrize("expression", ["every day", "", "61 * * * *", "@fortnightly", "* * *"])
def test_what_it_does_not(expression):
    with pytest.raises(DeclarationError, match=r"(?s)no cron expression.*tips: schedule"):
        require_cron(expression, where="tips")

"""When a DAG starts by itself."""

from airflow.sdk import Asset, AssetOrTimeSchedule

from loopwright.suite.schedule import on_assets_or

ASSET = Asset("loopwright://rides/batches")


def test_on_assets_alone_or_on_the_clock_as_well():
    assert on_assets_or(None, ASSET) is ASSET
    assert isinstance(on_assets_or("@daily", ASSET), AssetOrTimeSchedule)

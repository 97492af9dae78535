"""When a DAG starts by itself: on an asset's word, and by the clock as well, since asset events can be lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import AssetOrTimeSchedule, CronTriggerTimetable

if TYPE_CHECKING:
    from airflow.sdk.definitions.asset import BaseAsset


def on_assets_or(cron: str | None, assets: BaseAsset) -> Any:
    """Return a schedule over assets and, when there is one, a cron expression (UTC).

    :param cron: a cron expression or a preset such as ``@daily``; ``None`` for the assets alone.
    :param assets: an asset, or several of which any will do (``a | b``).
    """
    if cron is None:
        return assets
    return AssetOrTimeSchedule(timetable=CronTriggerTimetable(cron, timezone="UTC"), assets=assets)


def by_clock(cron: str) -> Any:
    """Return a schedule by the clock alone (UTC).

    :param cron: a cron expression or a preset such as ``@monthly``.
    """
    return CronTriggerTimetable(cron, timezone="UTC")

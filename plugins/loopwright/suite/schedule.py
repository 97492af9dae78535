"""When a DAG starts by itself: on an asset's word, and by the clock as well, since asset events can be lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import AssetOrTimeSchedule, CronTriggerTimetable
from croniter import CroniterError, croniter  # type: ignore[import-untyped]

from loopwright.errors import DeclarationError

if TYPE_CHECKING:
    from airflow.sdk.definitions.asset import BaseAsset

_PRESETS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 */3 *",
    "@yearly": "0 0 1 1 *",
}


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


def of_arrivals(cron: str | None, assets: BaseAsset, *, by_clock_alone: bool) -> Any:
    """Return when ingest starts: on arrivals and by the clock, or by the clock alone where a database is asked.

    :param cron: as declared.
    :param assets: the arrivals.
    :param by_clock_alone: whether nothing can be watched for.
    """
    return by_clock(str(cron)) if by_clock_alone else on_assets_or(cron, assets)


def require_cron(expression: str | None, *, where: str) -> None:
    """Raise for a schedule that Airflow would refuse, which would take the whole DAG file down.

    :param expression: as declared.
    :param where: the declaration, for the message.
    :raises DeclarationError: if it is no cron expression.
    """
    if expression is None:
        return
    try:
        croniter(_PRESETS.get(expression, expression))
    except (CroniterError, ValueError, KeyError) as error:
        raise DeclarationError(
            "The schedule is no cron expression.",
            where=f"{where}: schedule",
            got=expression,
            allowed=f"five fields such as '0 6 * * *', or {', '.join(_PRESETS)}",
        ) from error

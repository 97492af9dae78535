"""The plugin, registered by its entry point alone."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

from loopwright.ui import warm


class LoopwrightPlugin(AirflowPlugin):
    """Pages under ``/loopwright``, and warm workers where the deployment wants them."""

    name = "loopwright"
    listeners = [warm]  # noqa: RUF012 - Airflow's attribute

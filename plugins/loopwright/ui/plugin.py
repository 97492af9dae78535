"""The plugin, registered by its entry point alone.

Every Airflow process loads it, workers included, so the pages (and the web framework they need) are imported when the
API server is first asked for one.
"""

from __future__ import annotations

from typing import Any

from airflow.plugins_manager import AirflowPlugin

from loopwright.links.addresses import PREFIX
from loopwright.ui import warm


class LazyPages:
    """The pages as an ASGI application that is imported when it is first called."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        from loopwright.ui.pages import pages

        await pages(scope, receive, send)


class LoopwrightPlugin(AirflowPlugin):
    """Pages under ``/loopwright``, an entry in the navigation, and warm workers where the deployment wants them."""

    name = "loopwright"
    fastapi_apps = [{"app": LazyPages(), "url_prefix": PREFIX, "name": "Loopwright"}]  # noqa: RUF012 - Airflow's
    external_views = [  # noqa: RUF012 - Airflow's attribute
        {"name": "Loopwright", "href": f"{PREFIX}/status", "url_route": "loopwright", "destination": "nav",
         "category": "browse"}
    ]  # fmt: skip
    listeners = [warm]  # noqa: RUF012 - Airflow's attribute

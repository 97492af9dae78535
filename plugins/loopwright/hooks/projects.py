"""Which project is meant when nobody says: ``[loopwright] project``, else ``LOOPWRIGHT_PROJECT``."""

from __future__ import annotations

import os
from collections.abc import Mapping

from airflow.sdk.configuration import conf

from loopwright.errors import DeclarationError


def configured_project(environ: Mapping[str, str] = os.environ) -> str | None:
    """Return the deployment's project, if it names one.

    :param environ: the environment.
    """
    return conf.get("loopwright", "project", fallback="") or environ.get("LOOPWRIGHT_PROJECT") or None


def require_project(project: str | None) -> str:
    """Return the given project, else the configured one.

    :param project: as an operator or a hook was given it; empty counts as not given.
    :raises DeclarationError: if neither is there.
    """
    found = project or configured_project()
    if not found:
        raise DeclarationError(
            "No project is named.",
            allowed="the folder that holds include/",
            mend="Give the operator `project=…`, or set [loopwright] project in Airflow's configuration.",
        )
    return found

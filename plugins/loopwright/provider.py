"""What Airflow asks of a provider: names, forms and settings as plain data, so that asking imports nothing else."""

from __future__ import annotations

from typing import Any

from loopwright import __version__

_NAME = "Loopwright"


def get_provider_info() -> dict[str, Any]:
    """Return the provider's description, as ``provider_info.schema.json`` of Airflow has it."""
    return {
        "package-name": "loopwright",
        "name": _NAME,
        "description": "The CI/CD/CT loop for machine-learning models, native to Apache Airflow 3.",
        "versions": [__version__],
        "integrations": [
            {"integration-name": _NAME, "external-doc-url": "https://airflow.apache.org/", "tags": ["software"]}
        ],
        "operators": [_modules("operators", "announce", "approval", "ci", "clean", "ingest", "monitor", "quarantine",
                               "release", "score", "train")],
        "sensors": [_modules("sensors", "arrival")],
        "triggers": [_modules("triggers", "arrival")],
        "hooks": [_modules("hooks", "database", "lake", "ledger", "loopwright", "mlflow", "secret")],
        "bundles": [{"integration-name": _NAME, "python-modules": ["loopwright.bundles"]}],
        "extra-links": ["loopwright.links.run.MlflowRunLink", "loopwright.links.run.ReportLink"],
        "connection-types": [_LAKE, _LEDGER],
        "config": {"loopwright": {"description": "The suite's DAGs and workers.", "options": _OPTIONS}},
    }  # fmt: skip


def _modules(room: str, *names: str) -> dict[str, Any]:
    return {"integration-name": _NAME, "python-modules": [f"loopwright.{room}.{name}" for name in names]}


def _field(label: str, description: str, **schema: Any) -> dict[str, Any]:
    return {"label": label, "description": description, "schema": {"type": ["string", "null"], **schema}}


_LAKE: dict[str, Any] = {
    "connection-type": "loopwright_lake",
    "hook-class-name": "loopwright.hooks.lake.LakeHook",
    "hook-name": "Loopwright lake",
    "ui-field-behaviour": {
        "hidden-fields": ["host", "port", "schema", "login", "password"],
        "relabeling": {},
        "placeholders": {},
    },
    "conn-fields": {
        "uri": _field("URI", "The folder or URL of the tables, such as s3://bucket/lake."),
        "aws_conn_id": _field("AWS connection", "For an s3:// lake: the connection with its credentials."),
    },
}
_LEDGER: dict[str, Any] = {
    "connection-type": "loopwright_ledger",
    "hook-class-name": "loopwright.hooks.ledger.LedgerHook",
    "hook-name": "Loopwright ledger",
    "ui-field-behaviour": {
        "hidden-fields": [],
        "relabeling": {"schema": "Database"},
        "placeholders": {"host": "postgres", "port": "5432", "schema": "ledger"},
    },
    "conn-fields": {
        "url": _field("URL", "The whole SQLAlchemy URL, instead of the fields above.", format="password"),
        "driver": _field("Driver", "SQLAlchemy's name for it; postgresql+psycopg2 when left out."),
    },
}
_OPTIONS: dict[str, Any] = {
    "project": {
        "description": "The folder that holds include/, for DAG files that have none beside them.",
        "version_added": "0.1.0",
        "type": "string",
        "example": "/srv/my-project",
        "default": "",
    },
    "preload": {
        "description": (
            "Import the heavy libraries once in the scheduler, so that the tasks its LocalExecutor forks start warm."
        ),
        "version_added": "0.1.0",
        "type": "boolean",
        "example": "True",
        "default": "False",
    },
    "user_ids": {
        "description": (
            "The ids that Airflow's auth manager gives the users whom declarations name as approvers, where these are "
            "not the names: FAB numbers its users."
        ),
        "version_added": "0.1.0",
        "type": "string",
        "example": "ada=3,bob=7",
        "default": "",
    },
}

"""The plugin's pages: how every model stands, the stored report of a batch, and the gate's about a training.

Airflow does not authenticate a plugin's routes, so this application does: no page without a user, and each page under
the right that it needs. What users' data holds is escaped, and no page runs a script.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from airflow.api_fastapi.core_api.security import get_user, requires_access_dag
from fastapi import Depends, FastAPI, HTTPException, Query
from fastapi.responses import HTMLResponse, JSONResponse, Response
from jinja2 import Environment, FileSystemLoader, select_autoescape

from loopwright.errors import CannotRun, LoopwrightError
from loopwright.hooks.loopwright import LoopwrightHook
from loopwright.stages.ingest.page.drawing import drawn
from loopwright.stages.ingest.page.results import suite_result
from loopwright.ui.projects import known_projects
from loopwright.ui.reports import stored_evaluation, stored_report

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_SANDBOX = {**_HEADERS, "Content-Security-Policy": f"{_HEADERS['Content-Security-Policy']}; sandbox; base-uri 'none'"}
"""For a page that is served as it was stored: whoever can write where it is kept gets no script, form or origin."""
_AS = {"The whole report as JSON": "?as=json", "Great Expectations' result": "?as=great_expectations"}
_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=select_autoescape(default=True)
)
pages = FastAPI(title="Loopwright", dependencies=[Depends(get_user)], docs_url=None, redoc_url=None, openapi_url=None)


@pages.get("/status", dependencies=[Depends(requires_access_dag("GET"))])
def show_status() -> Response:
    """Show every model: champion, last verdict, what waits, and what a person is needed for."""
    return _page("status.html", projects=[_standing(project) for project in known_projects()])


@pages.get("/reports/{dag_id}/{batch_id}", dependencies=[Depends(requires_access_dag("GET"))])
def show_report(dag_id: str, batch_id: str, as_: Annotated[str, Query(alias="as")] = "html") -> Response:
    """Show the stored report of a batch, under the right to see the DAG that ingested it."""
    dataset, _, stage = dag_id.rpartition(".")
    report = stored_report(dataset, batch_id) if stage == "ingest" else None
    if report is None:
        raise HTTPException(404, "No report is stored for this batch.")
    if as_ == "json":
        return JSONResponse(report, headers=_HEADERS)
    if as_ == "great_expectations":
        return JSONResponse(suite_result(report), headers=_HEADERS)
    return HTMLResponse(drawn(report, links=_AS), headers=_HEADERS)


@pages.get("/evaluations/{dag_id}/{training_id}", dependencies=[Depends(requires_access_dag("GET"))])
def show_evaluation(dag_id: str, training_id: str) -> Response:
    """Show the gate's report about a training, under the right to see the DAG that trained it."""
    model, _, stage = dag_id.rpartition(".")
    try:
        page = stored_evaluation(model, training_id) if stage == "train" else None
    except (CannotRun, ImportError) as error:
        what = (
            error.what if isinstance(error, CannotRun) else "The API server needs loopwright[ml] to read from MLflow."
        )
        raise HTTPException(503, what) from error
    if page is None:
        raise HTTPException(404, "No report is stored for this training.")
    return HTMLResponse(page, headers=_SANDBOX)


def _standing(project: str) -> dict[str, Any]:
    """Return how one project stands; one whose ledger cannot be read says so, and hides no other."""
    from loopwright.loop.status import status

    try:
        return {"name": Path(project).name, **status(LoopwrightHook(project).workspace())}
    except LoopwrightError as error:
        return {"name": Path(project).name, "models": [], "datasets": [], "error": error.what}


def _page(template: str, **values: Any) -> HTMLResponse:
    return HTMLResponse(_templates.get_template(template).render(**values), headers=_HEADERS)

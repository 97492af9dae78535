"""The steps of the loop whose every write is a point to be killed at: each is made ready once, then done, in a process
of its own.
"""

from __future__ import annotations

import os
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pandas as pd

from loopwright.declaration import Project, Workspace
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.verdict import Check, Outcome, Verdict
from support import toy as toys
from support.house import House

MODEL = "include/models/tips/model.yaml"
WHO = "Erika Mustermann"
TRIPS = """\
name: trips
owner: tests
query: {sql: "SELECT id, fare FROM trips", watermark: id, connection: trips_db}
schedule: "@hourly"
key: [id]
expectations: null
"""


def toy_at(path: str) -> toys.Toy:
    """Return the project at a path."""
    return toys.Toy(Path(path))


def spec_at(path: str, model: str = "tips") -> tuple[Workspace, Any]:
    workspace = Workspace.resolve(path, environ={})
    return workspace, Project.at(path).model(model)


def _rehearsal_that_passes() -> None:
    """Take the rehearsal for granted and record it: it writes nothing else, and takes three seconds."""
    from loopwright.stages.release import Rehearsal, stage

    def rehearse(workspace: Workspace, model: Any, version: str, **_: Any) -> Rehearsal:
        verdict = Verdict("rehearsal", f"model/{model.name}", (Check("loads", Outcome.PASS, "it loads"),))
        evidence = {"version": version, "verdict": verdict.to_dict(), "seconds": 0.0}
        Ledger.of(workspace).record(f"model/{model.name}", Draft(Kind.REHEARSED, "release", "pass", evidence))
        return Rehearsal(model.name, version, verdict, 0.0, {})

    stage.rehearse = rehearse


def prepare_release(path: str) -> None:
    house = House(toy_at(path))
    house.publish(1, 2, rows=300)
    house.champion()
    house.rehearsed()


def act_release(path: str) -> str:
    from loopwright.stages.release import promote

    return promote(*spec_at(path), "2").version


def prepare_roll_back(path: str) -> None:
    house = House(toy_at(path))
    house.publish(1, 2, rows=300)
    house.champion()
    house.champion()


def act_roll_back(path: str) -> str:
    from loopwright.stages.release import roll_back

    _rehearsal_that_passes()
    return roll_back(*spec_at(path), reason="bad", actor="person:ada", from_version="2").version


def prepare_return(path: str) -> None:
    prepare_roll_back(path)
    act_roll_back(path)


def act_return(path: str) -> str | None:
    """Go forth again to the version that was left, and tell which one a roll back would return to now."""
    from loopwright.stages.release import roll_back

    _rehearsal_that_passes()
    workspace, spec = spec_at(path)
    return roll_back(workspace, spec, to_version="2", reason="it was not its fault", actor="person:ada").previous


def prepare_publish(path: str) -> None:
    toy_at(path).arrive(1, rows=300)


def act_publish(path: str) -> str:
    from loopwright.stages.ingest.stage import ingest_batch

    toy = toy_at(path)
    return ingest_batch(toy.workspace, toy.rides, "2024-01").status


def prepare_correct(path: str) -> None:
    toy = toy_at(path)
    toy.arrive(1, rows=300)
    act_publish(path)
    toy.arrive(1, toys.rides(1, rows=250))


def prepare_set_aside(path: str) -> None:
    toy_at(path).arrive(1, rows=300, faults=True)


def prepare_score(path: str) -> None:
    house = House(toy_at(path))
    house.publish(1, 2, rows=300)
    house.champion()


def act_score(path: str) -> int:
    from loopwright.stages.score import score_batch

    return score_batch(*spec_at(path), "2024-02").rows


def prepare_register(path: str) -> None:
    from loopwright.stages.train import decide_training, fit_candidate, judge_candidate

    House(toy_at(path)).publish(1, 2, rows=1000)
    workspace, spec = spec_at(path)
    training = decide_training(workspace, spec).training_id
    assert training
    fit_candidate(workspace, spec, training)
    assert judge_candidate(workspace, spec, training).verdict.passed


def act_register(path: str) -> str:
    from loopwright.stages.train import register_candidate

    workspace, spec = spec_at(path)
    return register_candidate(
        workspace, spec, Ledger.of(workspace).model("tips").get("last_training")["training_id"]
    ).version


def _shadowed(path: str) -> House:
    """A champion, and a candidate that is to answer beside it for one batch."""
    house = House(toy_at(path))
    house.publish(1, 2, rows=300)
    house.champion()
    house.toy.edit(MODEL, "champion: {margin: 0.02}", "champion: {margin: 0.02, better: false}")
    house.toy.edit(MODEL, "monitor:", "release: {shadow: {batches: 1}}\nmonitor:")
    house.rehearsed()
    return house


def prepare_begin_shadow(path: str) -> None:
    _shadowed(path)


def act_shadow(path: str) -> str:
    from loopwright.stages.release import shadow

    return shadow(*spec_at(path), "2").status


def prepare_answer_beside(path: str) -> None:
    house = _shadowed(path)
    act_shadow(path)
    house.publish(3, rows=300)
    house.score("2024-03")


def act_answer_beside(path: str) -> int:
    from loopwright.stages.score import shadow_batch, unshadowed

    workspace, spec = spec_at(path)
    return sum(shadow_batch(workspace, spec, batch).rows for batch in unshadowed(workspace, spec))


def prepare_judge_shadow(path: str) -> None:
    prepare_answer_beside(path)
    act_answer_beside(path)


def prepare_tell(path: str) -> None:
    """A release of which nobody was told yet: a receiver at a port of this machine, and a place for copies."""
    from loopwright.stages.release import stage

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    house = House(toy_at(path))
    house.publish(1, 2, rows=300)
    hook = f"{{name: crm, webhook: 'http://127.0.0.1:{port}/', secret_env: HOOK_SECRET}}"
    copy = f"{{name: serving, copy_to: '{path}/.loopwright/copies'}}"
    house.toy.edit(MODEL, "monitor:", f"release: {{tell: [{hook}, {copy}]}}\nmonitor:")
    stage.deliver = lambda *_: []
    house.champion()


def act_tell(path: str) -> list[str]:
    from loopwright.stages.release import reconcile

    os.environ["HOOK_SECRET"] = "open sesame"
    workspace, spec = spec_at(path)
    [port] = [urlsplit(target.webhook).port for target in spec.release.tell if target.webhook]
    with _receiver(int(port or 0), Path(path) / ".loopwright" / "heard"):
        return reconcile(workspace, spec)


@contextmanager
def _receiver(port: int, heard: Path) -> Iterator[None]:
    """A receiver that writes down which letters it took, before it says so."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            with heard.open("a") as lines:
                lines.write(f"{self.headers['X-Loopwright-Delivery']}\n")
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield
    server.shutdown()
    server.server_close()


def prepare_fetch(path: str) -> None:
    folder = Path(path) / "include/datasets/trips"
    folder.mkdir(parents=True)
    (folder / "dataset.yaml").write_text(TRIPS)
    with closing(sqlite3.connect(Path(path) / "trips.db")) as database, database:
        database.execute("CREATE TABLE trips (id BIGINT, fare NUMERIC(10, 2))")
        database.executemany("INSERT INTO trips VALUES (?, ?)", [(number, number + 0.5) for number in range(1, 6)])


def act_fetch(path: str) -> list[str]:
    """Take what is new, and ingest it, as each run does: nothing new is said by a second one."""
    from loopwright.stages.ingest.arriving.querying import fetch_rows
    from loopwright.stages.ingest.arriving.waiting import waiting
    from loopwright.stages.ingest.stage import ingest_batch

    toy = toy_at(path)
    trips = toy.project.dataset("trips")
    fetch_rows(toy.workspace, trips, f"sqlite:///{path}/trips.db")
    batches = [arrival.batch_id for arrival in waiting(toy.workspace, trips).arrivals]
    return [ingest_batch(toy.workspace, trips, batch).status for batch in batches]


def _people(month: int) -> pd.DataFrame:
    return toys.rides(month, rows=40).assign(rider=[WHO if n % 10 == 0 else f"rider {n}" for n in range(40)])


def prepare_forget(path: str) -> None:
    """A month that was superseded and predicted, one set aside in part, one set aside whole: she rode in each."""
    from loopwright.lake import Lake
    from loopwright.stages.ingest.stage import ingest_batch

    toy = toy_at(path)
    toy.edit("include/datasets/rides/dataset.yaml", "owner: tests", "owner: tests\non_bad_rows: {set_aside_up_to: 10%}")
    for month, frame in (
        (1, _people(1)),
        (1, _people(1).assign(fare=9.0)),
        (2, _people(2).assign(zone=lambda rows: rows["zone"].where(rows.index > 0, "?"))),
        (3, _people(3).assign(zone="?")),
    ):
        toy.arrive(month, frame)
        ingest_batch(toy.workspace, toy.rides, f"2024-{month:02d}")
    lake = Lake.of(toy.workspace)
    rows = lake.batches("rides").read(["2024-01"])[["_row", "ride_id", "rider"]]
    lake.predictions("tips").replace(rows.assign(prediction=True), "2024-01", role="champion")
    evidence = {"version": "1", "training_id": "1", "batches": ["2024-01"], "holdout": []}
    Ledger.of(toy.workspace).record("model/tips", Draft(Kind.CANDIDATE_REGISTERED, "test", "", evidence))


def act_forget(path: str) -> dict[str, int]:
    from loopwright.loop.forgetting import forget

    return dict(forget(toy_at(path).workspace, "rides", {"rider": WHO}, why="She asked.", actor="person:ada").rows)


STEPS: dict[str, tuple[Callable[[str], Any], Callable[[str], Any]]] = {
    "release": (prepare_release, act_release),
    "roll back": (prepare_roll_back, act_roll_back),
    "return": (prepare_return, act_return),
    "publish": (prepare_publish, act_publish),
    "correct": (prepare_correct, act_publish),
    "set aside": (prepare_set_aside, act_publish),
    "score": (prepare_score, act_score),
    "register": (prepare_register, act_register),
    "begin a shadow": (prepare_begin_shadow, act_shadow),
    "answer beside": (prepare_answer_beside, act_answer_beside),
    "judge a shadow": (prepare_judge_shadow, act_shadow),
    "tell": (prepare_tell, act_tell),
    "fetch": (prepare_fetch, act_fetch),
    "forget": (prepare_forget, act_forget),
}

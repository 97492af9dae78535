"""A shadow through the shipped DAGs, batch after batch, and the same story told by the loop without Airflow.

Candidates are made by hand, and rehearsals are taken for granted; all else is real. No run waits for anything.
"""

from __future__ import annotations

import shutil

import pytest
from sklearn.dummy import DummyClassifier

from loopwright.declaration import Workspace
from loopwright.ledger.events import Kind
from loopwright.ledger.store import Ledger
from loopwright.loop.run import turn
from loopwright.serving.kept import CHALLENGER
from loopwright.stages.release import rehearsal
from loopwright.tracking import Tracking
from support import candidates
from support import toy as toys
from support.published import publish_frame

pytestmark = pytest.mark.airflow

FIGURES = {
    "rows": 50,
    "differ": 0,
    "largest": None,
    "load_seconds": 0.1,
    "size_mb": 1.0,
    "environment": [],
    "signature": [],
}
COIN = DummyClassifier(strategy="stratified", random_state=0)


class Beside:
    """The model ``beside``: ``tips`` with a shadow of two batches, unwatched, and trained for new data alone."""

    def __init__(self, toy: toys.Toy, workspace: Workspace) -> None:
        self.workspace, self.project = workspace, toy.project
        self.folder = toy.path / "include" / "models" / "beside"
        shutil.copytree(toy.path / "include" / "models" / "tips", self.folder)
        declared = (self.folder / "model.yaml").read_text().replace("name: tips", "name: beside")
        declared = declared.replace("margin: 0.02", "margin: 0.02, better: false").partition("monitor:")[0]
        more = "monitor: null\nretrain: {on: [new_data]}\nrelease: {shadow: {batches: 2}}\n"
        (self.folder / "model.yaml").write_text(declared + more)

    @property
    def ledger(self) -> Ledger:
        return Ledger.of(self.workspace)

    @property
    def alias(self) -> str | None:
        return Tracking.of(self.workspace).alias_of("beside", CHALLENGER)

    def publish(self, *months: int) -> None:
        for month in months:
            frame = toys.rides(month, rows=400)
            publish_frame(self.workspace, "rides", f"2024-{month:02d}", frame, event_time="started_at")

    def candidate(self, **how: object) -> str:
        spec = self.project.model("beside")
        return candidates.candidate(self.workspace, spec, ["2024-01"], ["2024-02"], **how)  # type: ignore[arg-type]

    def told(self) -> dict[str, list[dict[str, object]]]:
        """Return what was recorded of candidates and their answers, by its kind and in its order.

        Decisions to train are left out: a turn asks after each step, and Airflow where an asset says so. Scorings are
        in the order of their batches, which Airflow has mapped tasks do in any; and a run by hand has a person's name.
        """
        kept = ("version", "batch_id", "batches", "champion", "judged", "then", "rows", "action")
        found: dict[str, list[dict[str, object]]] = {}
        for event in self.ledger.events("model/beside"):
            if event.kind is not Kind.TRAINING_DECIDED:
                said = {key: event.evidence[key] for key in kept if key in event.evidence}
                checks = (event.evidence.get("verdict") or {}).get("checks")
                found.setdefault(event.kind.value, []).append({**said, "why": event.reason, "checks": checks})
        found[Kind.BATCH_SCORED.value].sort(key=lambda said: str(said["batch_id"]))
        return found


@pytest.fixture(scope="module", autouse=True)
def rehearsals():
    """Every rehearsal finds what it should, at once; how often one is held is what is counted."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rehearsal, "_answer", lambda *_: {"figures": FIGURES})
        yield


@pytest.fixture(scope="module")
def beside(suite):
    made = Beside(suite.toy, suite.workspace)
    yield made
    shutil.rmtree(made.folder)  # the project is other tests' as well


@pytest.fixture(scope="module")
def story(suite, beside):
    def run(stage: str, **conf: object):
        chapter = suite.after(f"beside.{stage}", **conf)
        chapter.alias, chapter.model = beside.alias, beside.ledger.model("beside")
        return chapter

    told = {}
    beside.publish(1, 2)
    told["versions"] = [beside.candidate()]
    told["first champion"] = run("release")
    told["versions"].append(beside.candidate())
    told["begun"] = run("release")
    beside.publish(3)
    told["one batch"] = run("score")
    told["waits"] = run("release")
    told["new data"] = run("train")
    beside.publish(4)
    told["two batches"] = run("score")
    told["promoted"] = run("release")
    told["versions"].append(beside.candidate(estimator=COIN))
    run("release")
    beside.publish(5, 6)
    run("score")
    told["refused"] = run("release")
    told["versions"].append(beside.candidate())
    run("release")
    told["versions"].append(beside.candidate())
    told["superseded"] = run("release", version=told["versions"][3])
    told["newer"] = run("release")
    return told


def test_a_first_champion_needs_no_shadow(story):
    chapter = story["first champion"]
    assert chapter.states == {
        "reconcile": "success", "rehearse": "success", "shadow": "success", "promote": "success",
    }  # fmt: skip
    assert chapter.results["shadow"]["status"] == "not needed"
    assert chapter.model.champion["version"] == story["versions"][0]


def test_a_shadow_begins_and_the_run_ends(story):
    chapter = story["begun"]
    assert chapter.state == "success"
    assert chapter.states == {
        "reconcile": "success", "rehearse": "success", "shadow": "success", "promote": "skipped",
    }  # fmt: skip
    assert chapter.alias == chapter.model.challenger["version"] == story["versions"][1]
    assert chapter.results["shadow"]["why"] == "0 of 2 batches are answered by both"


def test_the_challenger_answers_after_the_champion_for_what_came_since(story):
    chapter = story["one batch"]
    assert chapter.state == "success"
    assert chapter.states["score[2]"] == chapter.states["shadow"] == chapter.states["announce"] == "success"
    assert [one["batch_id"] for one in chapter.results["shadow"]["batches"]] == ["2024-03"]
    assert sorted(chapter.model.under("scored")) == ["2024-01", "2024-02", "2024-03"]
    assert sorted(chapter.model.shadowed(story["versions"][1])) == ["2024-03"]


def test_a_run_that_finds_it_not_far_enough_skips_the_rest_and_rehearses_nothing_again(story):
    chapter = story["waits"]
    assert (chapter.state, chapter.states["shadow"], chapter.states["promote"]) == ("success", "success", "skipped")
    assert chapter.results["shadow"]["why"] == "1 of 2 batches are answered by both"
    assert chapter.results["rehearse"]["held"] == story["begun"].model.version(story["versions"][1])["rehearsed_at"]


def test_new_data_does_not_train_a_newer_one_meanwhile(story):
    chapter = story["new data"]
    assert chapter.states == {"decide": "success", "train": "skipped", "gate": "skipped", "register": "skipped"}
    assert chapter.results["decide"]["brakes"] == ["in_shadow"]


def test_who_does_as_well_in_production_is_promoted(story):
    chapter = story["promoted"]
    assert chapter.states["shadow"] == chapter.states["promote"] == "success"
    verdict = chapter.results["shadow"]["verdict"]
    assert (verdict["stage"], verdict["outcome"]) == ("shadow", "pass")
    [compared] = [check for check in verdict["checks"] if check["name"] == "non_inferiority"]
    assert compared["n"] == 800
    assert chapter.model.champion["version"] == story["versions"][1]
    assert chapter.alias is None


def test_who_is_worse_in_production_fails_its_task_and_is_rejected(story):
    chapter = story["refused"]
    assert chapter.state == "failed"
    assert (chapter.states["shadow"], chapter.states["promote"]) == ("failed", "upstream_failed")
    assert chapter.tries["shadow"] == 1
    assert chapter.model.version(story["versions"][2])["status"] == "rejected"
    assert chapter.model.champion["version"] == story["versions"][1]
    assert (chapter.model.refusals, chapter.alias) == (1, None)


def test_who_was_superseded_is_skipped_and_fails_nothing(story):
    chapter = story["superseded"]
    assert (chapter.state, chapter.states["shadow"], chapter.states["promote"]) == ("success", "success", "skipped")
    assert chapter.results["shadow"]["status"] == "over"
    assert story["newer"].alias == story["newer"].model.challenger["version"] == story["versions"][4]


def test_the_loop_without_airflow_records_the_same(story, beside, tmp_path):
    toy = toys.make(tmp_path)
    (toy.path / "arrivals" / "rides").mkdir(parents=True)
    here = Beside(toy, toy.workspace)
    toy.edit("include/models/beside/model.yaml", "on: [new_data]", "on: []")  # it would learn from what was published
    here.publish(1, 2)
    happens = [
        here.candidate, here.candidate, lambda: here.publish(3), lambda: here.publish(4),
        lambda: here.candidate(estimator=COIN), lambda: here.publish(5, 6), here.candidate, here.candidate,
    ]  # fmt: skip
    for one in happens:
        one()
        turn(here.workspace, "beside")
    assert here.told() == beside.told()

"""A champion that a team already had: taken over as it is, and candidates compete with it."""

from __future__ import annotations

import copy
import os
import pickle
from typing import Any

import mlflow
import pytest
import yaml
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from loopwright.errors import DataFault, NotReady, UnknownName, UserCodeFailed
from loopwright.ledger.events import Kind
from loopwright.loop.adopt import MISSING, adopt
from loopwright.loop.run import turn
from loopwright.serving import artifact, artifact_digest
from loopwright.stages.release import ALIAS, ReleaseRefused, card_for, promote
from loopwright.stages.score import score_batch
from support import toy as toys
from support.house import House, cold_mlflow, house, made_mlflow

__all__ = ["cold_mlflow", "house", "made_mlflow"]

FEATURES = ["distance", "hour", "zone", "fare"]


def theirs(house: House, columns: list[str] = FEATURES, *steps: Any, **how: Any) -> str:
    """Leave a model in MLflow as a team's notebook does, under the champion's alias."""
    rides = toys.rides(1)
    made = rides.assign(zone=rides["zone"].map({"a": 0, "b": 1, "c": 2, "d": 3}).astype("float64"))
    made["wind"] = 1.0
    estimator = make_pipeline(StandardScaler(), *steps, LogisticRegression())
    estimator.fit(made[columns], rides["tip"] > 0.2 * rides["fare"])
    mlflow.set_tracking_uri(house.workspace.tracking)
    try:
        mlflow.set_experiment(experiment_id=house.tracking.experiment("notebook"))
        with mlflow.start_run() as run:
            mlflow.sklearn.log_model(estimator, name="model", pip_requirements=["scikit-learn"], **how)
        client = mlflow.MlflowClient(house.workspace.tracking)
        client.create_registered_model("tips")
        version = mlflow.register_model(f"runs:/{run.info.run_id}/model", "tips").version
        client.set_registered_model_alias("tips", ALIAS, version)
    finally:
        mlflow.set_tracking_uri(None)
    return f"models:/tips/{version}"


def test_it_is_champion_answers_raw_rows_and_says_what_is_not_known(house):
    source = theirs(house)
    adopted = adopt(house.workspace, "tips", source, actor="person:ada", reason="We had it.")
    assert (adopted.version, adopted.status, adopted.missing) == ("2", "adopted", MISSING)
    assert house.standing == ("2", "2", None)
    assert adopted.primary["value"] > 0.6
    [event] = house.events(Kind.VERSION_ADOPTED)
    assert (event.actor, event.reason, event.evidence["adopted_from"]) == ("person:ada", "We had it.", source)
    assert score_batch(house.workspace, house.model, "2024-01").version == "2"
    again = adopt(house.workspace, "tips", source, actor="person:ada", reason="We had it.")
    assert again.status == "unchanged"
    assert house.ledger.verify("model/tips") == []
    card = card_for(house.workspace, house.model, "2").markdown()
    assert f"| taken over from | {source} |" in card
    assert "No gate judged it, so none were looked at." in card
    assert f"Not known: {MISSING[0]}." in card
    # A candidate competes with it.
    candidate = house.rehearsed()
    assert promote(house.workspace, house.model, candidate).previous == "2"


def test_the_next_turn_compares_its_candidate_with_it(toy, made_mlflow):
    house = House(toy)
    toy.arrive(1)
    toy.arrive(2)
    turn(toy.workspace, "tips", until="ingest")
    adopt(toy.workspace, "tips", theirs(house), actor="person:ada", reason="We had it.")
    summary = turn(toy.workspace, "tips")
    assert not summary.faults
    judged = house.events(Kind.GATE_DECIDED)[-1]
    assert judged.evidence["champion"] == "2"
    assert "non_inferiority" in {check["name"] for check in judged.evidence["verdict"]["checks"]}


def test_features_that_are_not_made_are_named(house):
    with pytest.raises(UserCodeFailed, match=r"(?s)not those that the model takes.*without wind"):
        adopt(house.workspace, "tips", theirs(house, [*FEATURES, "wind"]), actor="person:ada", reason="We had it.")
    assert house.kinds() == ["adoption_begun"]


class Planted:
    """Writes down in which process it was made."""

    def __init__(self, mark: str) -> None:
        self.mark = mark

    def __reduce__(self):
        return os.system, (f"touch {self.mark}",)


@pytest.mark.parametrize("flavor", ["sklearn", "pyfunc"])
def test_what_it_is_made_of_has_to_be_declared_and_its_digest_is_on_record_before(house, tmp_path, flavor):
    source = theirs(house, serialization_format="cloudpickle")
    mark = tmp_path / "mark"
    [pickled] = house.toy.path.rglob("model.pkl")
    pickled.write_bytes(pickle.dumps(Planted(str(mark))))
    if flavor == "pyfunc":  # whatever of MLflow's loads it
        described = pickled.with_name("MLmodel")
        said = yaml.safe_load(described.read_text())
        del said["flavors"]["sklearn"]
        described.write_text(yaml.safe_dump(said))
    with pytest.raises(
        UserCodeFailed, match=r"(?s)a type that is not declared.*posix\.system.*train: {types: \[posix\]}"
    ):
        adopt(house.workspace, "tips", source, actor="person:ada", reason="We had it.")
    assert not mark.exists()
    [event] = house.events()
    assert event.kind is Kind.ADOPTION_BEGUN
    assert event.evidence["digest"] == artifact_digest(pickled.parent)
    with pytest.raises(UserCodeFailed, match="not declared"):
        adopt(house.workspace, "tips", source, actor="person:ada", reason="We had it.")
    assert house.kinds() == ["adoption_begun"]  # the same again is nothing new


def test_a_model_that_lists_whom_to_trust_in_it_is_held_to_the_declaration(house):
    """As MLflow keeps models by default, in skops' format."""
    source = theirs(house, FEATURES, FunctionTransformer(copy.copy), skops_trusted_types=["copy.copy"])
    with pytest.raises(UserCodeFailed, match=r"(?s)not declared.*copy\.copy"):
        adopt(house.workspace, "tips", source, actor="person:ada", reason="We had it.")


def test_nothing_of_it_is_loaded_in_this_process(house, monkeypatch):
    source = theirs(house, serialization_format="cloudpickle")

    def loaded(*_args, **_kwargs):
        raise AssertionError("loaded here")

    for module, name in ((mlflow.sklearn, "load_model"), (mlflow.pyfunc, "load_model"), (artifact, "load")):
        monkeypatch.setattr(module, name, loaded)
    assert adopt(house.workspace, "tips", source, actor="person:ada", reason="We had it.").status == "adopted"
    entry = house.state.version("2")
    assert entry["source_digest"] != entry["artifact_digest"]
    assert len(entry["golden"]) == 64


def test_nobody_s_place_is_taken(house):
    house.champion()
    with pytest.raises(NotReady, match="There is a champion already"):
        adopt(house.workspace, "tips", "models:/tips/1", actor="person:ada", reason="We had it.")


def test_what_is_not_there_is_not_taken_over(house):
    with pytest.raises(UnknownName, match="no such thing"):
        adopt(house.workspace, "tips", "models:/nobody/7", actor="person:ada", reason="We had it.")


def test_what_fails_its_rehearsal_is_not_champion(house, monkeypatch):
    from loopwright.stages.release import Rehearsal, stage
    from loopwright.verdict import Check, Outcome, Verdict

    no = Verdict("rehearsal", "model/tips", (Check("loads", Outcome.FAIL, "it hangs"),))
    monkeypatch.setattr(stage, "rehearse", lambda _w, _m, version: Rehearsal("tips", version, no, 0.0, {}))
    with pytest.raises(ReleaseRefused, match="it hangs"):
        adopt(house.workspace, "tips", theirs(house), actor="person:ada", reason="We had it.")
    assert house.standing == (None, "1", None)


@pytest.mark.parametrize("source", ["tips_old/1", "models:/tips_old", "runs:/abc", ""])
def test_a_source_that_names_no_model_is_refused_before_anything_is_asked(toy, source):
    with pytest.raises(DataFault, match=r"models:/NAME/3, models:/NAME@champion, runs:/ID/model"):
        adopt(toy.workspace, "tips", source, actor="person:ada", reason="We had it.")

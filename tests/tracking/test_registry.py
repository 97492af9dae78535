from __future__ import annotations

import pytest

from loopwright.errors import TrackingUnavailable, UnknownName
from loopwright.tracking.importing import imported


@pytest.fixture
def run_id(tracking, tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "MLmodel").write_text("flavors: {}")
    with tracking.run("tips", key="k", name="fit") as run_id:
        tracking.log_folder(run_id, tmp_path / "model", "model")
    return run_id


def register(tracking, run_id):
    return tracking.register("tips", run_id=run_id, source=f"runs:/{run_id}/model", tags={"digest": "d"})


def versions(tracking):
    return sorted(str(version.version) for version in tracking._client.search_model_versions("name = 'tips'"))


def test_a_run_is_registered_once(tracking, run_id):
    assert register(tracking, run_id) == register(tracking, run_id) == "1"
    assert versions(tracking) == ["1"]
    assert tracking._client.get_model_version("tips", "1").tags == {"digest": "d"}


def test_another_run_is_another_version(tracking, run_id):
    register(tracking, run_id)
    with tracking.run("tips", key="l", name="fit") as other:
        pass
    assert register(tracking, other) == "2"


def test_a_number_that_was_anothers_is_not_given_again(tracking, run_id):
    """A registered model that was deleted and made anew counts from 1: what was approved as 1 is another model."""
    said = {"run_id": run_id, "source": f"runs:/{run_id}/model", "tags": {}, "taken": {"1", "2", "4"}}
    assert tracking.register("tips", **said) == tracking.register("tips", **said) == "3"
    assert tracking.versions_of("tips") == ["3"]
    with tracking.run("tips", key="other", name="fit") as other:
        pass
    said = {**said, "run_id": other, "source": f"runs:/{other}/model"}
    assert tracking.register("tips", **{**said, "taken": {"1", "2", "3", "4"}}) == "5"


def test_of_two_that_register_one_run_the_second_yields(tracking, run_id, monkeypatch):
    assert register(tracking, run_id) == "1"
    monkeypatch.setattr(tracking, "_versions", _blind_once(tracking._versions))
    assert register(tracking, run_id) == "1"
    assert versions(tracking) == ["1"]


def _blind_once(real):
    """The other's version is not there yet when we look, and is when we have made ours."""
    looks = []

    def look(*about):
        looks.append(about)
        return [] if len(looks) == 1 else real(*about)

    return look


def test_a_logged_model_is_registered_as_itself(tracking):
    mlflow = imported()

    class Echo(mlflow.pyfunc.PythonModel):
        def predict(self, context, model_input: list[str]):
            return model_input

    with tracking.run("tips", key="k", name="fit") as run_id:
        info = mlflow.pyfunc.log_model(name="model", python_model=Echo(), pip_requirements=[])
    assert tracking.register("tips", run_id=run_id, source=info.model_uri, tags={}) == "1"
    assert tracking._client.get_model_version("tips", "1").source == info.model_uri


def test_a_versions_files_come_back(tracking, run_id, tmp_path):
    register(tracking, run_id)
    copy = tracking.download_source(tracking._client.get_model_version("tips", "1").source, tmp_path / "copy")
    assert (copy / "MLmodel").read_text() == "flavors: {}"


def test_an_alias_moves_and_goes(tracking, run_id):
    assert tracking.alias_of("tips", "champion") is None  # there is no model yet
    register(tracking, run_id)
    assert tracking.alias_of("tips", "champion") is None
    for _ in range(2):
        tracking.move_alias("tips", "champion", "1")
        assert tracking.alias_of("tips", "champion") == "1"
    for _ in range(2):
        tracking.move_alias("tips", "champion", None)
        assert tracking.alias_of("tips", "champion") is None


def test_unknown_versions_are_named(tracking, run_id):
    register(tracking, run_id)
    with pytest.raises(UnknownName, match=r"no such thing(.|\n)*version=9"):
        tracking.move_alias("tips", "champion", "9")
    assert tracking.alias_of("tips", "champion") is None


def test_a_lost_alias_race_is_run_again(tracking, run_id, monkeypatch):
    register(tracking, run_id)
    real, attempts = tracking._client.set_registered_model_alias, []

    def collide(*about):
        attempts.append(about)
        if len(attempts) < 3:
            raise imported().exceptions.MlflowException("UNIQUE constraint failed: registered_model_aliases")
        real(*about)

    monkeypatch.setattr(tracking._client, "set_registered_model_alias", collide)
    tracking.move_alias("tips", "champion", "1")
    assert tracking.alias_of("tips", "champion") == "1"
    assert len(attempts) == 3


def test_other_complaints_are_not(tracking, run_id, monkeypatch):
    register(tracking, run_id)
    attempts = []

    def fail(*about):
        attempts.append(about)
        raise imported().exceptions.MlflowException("out of order")

    monkeypatch.setattr(tracking._client, "set_registered_model_alias", fail)
    with pytest.raises(TrackingUnavailable, match="out of order"):
        tracking.move_alias("tips", "champion", "1")
    assert len(attempts) == 1


def test_a_version_is_tagged(tracking, run_id):
    register(tracking, run_id)
    tracking.tag_version("tips", "1", {"verdict": "pass", "rows": 3})
    assert tracking._client.get_model_version("tips", "1").tags == {"digest": "d", "verdict": "pass", "rows": "3"}

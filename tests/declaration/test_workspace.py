"""Where a loop keeps its things."""

from loopwright.declaration import Workspace


def test_defaults_are_below_the_project(tmp_path):
    found = Workspace.resolve(tmp_path, environ={})
    assert found.lake == str(tmp_path / ".loopwright" / "lake")
    assert found.ledger == f"sqlite:///{tmp_path}/.loopwright/ledger.db"
    assert found.arrivals_glob("in/*.csv") == f"{tmp_path}/in/*.csv"


def test_given_beats_environment_beats_default(tmp_path):
    environ = {
        "LOOPWRIGHT_LAKE": "s3://b/env",
        "LOOPWRIGHT_LEDGER": "sqlite:///env.db",
        "MLFLOW_TRACKING_URI": "http://m",
    }
    found = Workspace.resolve(tmp_path, lake="s3://b/given", environ=environ)
    assert (found.lake, found.ledger, found.tracking) == ("s3://b/given", "sqlite:///env.db", "http://m")


def test_absolute_arrivals_and_urls_stay_as_they_are(tmp_path):
    found = Workspace.resolve(tmp_path, arrivals="s3://bucket/in/", environ={})
    assert found.arrivals_glob("rides/*.csv") == "s3://bucket/in/rides/*.csv"
    assert found.arrivals_glob("/data/*.csv") == "/data/*.csv"
    assert found.arrivals_glob("s3://other/*.csv") == "s3://other/*.csv"


def test_credentials_are_not_shown_but_cross_the_border(tmp_path):
    found = Workspace.resolve(tmp_path, storage_options={"AWS_SECRET_ACCESS_KEY": "hush"}, environ={})
    assert "hush" not in repr(found)
    assert Workspace.from_dict(found.to_dict()) == found

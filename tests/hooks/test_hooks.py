"""Which place comes from where, and that no secret shows."""

import json
import sys

import pytest
from airflow.sdk.exceptions import AirflowNotFoundException

from loopwright.errors import CannotRun, DeclarationError, MissingExtra
from loopwright.hooks.lake import LakeHook
from loopwright.hooks.ledger import LedgerHook
from loopwright.hooks.loopwright import LoopwrightHook
from loopwright.hooks.mlflow import MlflowHook
from loopwright.hooks.projects import require_project

LAKE = {"conn_type": "loopwright_lake", "extra": {"uri": "s3://bucket/lake", "aws_conn_id": "aws_lake"}}
AWS = {
    "conn_type": "aws",
    "login": "key-id",
    "password": "aws-secret",
    "extra": {"region_name": "eu-west-1", "endpoint_url": "http://minio:9000"},
}
LEDGER = {
    "conn_type": "loopwright_ledger", "host": "db", "port": 5432, "schema": "ledger", "login": "me",
    "password": "hunter/2",
}  # fmt: skip


@pytest.fixture(autouse=True)
def nowhere(monkeypatch):
    for name in ("LOOPWRIGHT_LAKE", "LOOPWRIGHT_LEDGER", "LOOPWRIGHT_ARRIVALS", "MLFLOW_TRACKING_URI",
                 "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "LOOPWRIGHT_PROJECT"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def connect(monkeypatch):
    def connect(conn_id, **parts):
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(parts))

    return connect


def test_without_connections_everything_is_below_the_project(toy):
    found = LoopwrightHook(str(toy.path)).workspace()
    assert found == toy.workspace


def test_without_connections_the_environment_decides(toy, monkeypatch):
    monkeypatch.setenv("LOOPWRIGHT_LAKE", "s3://elsewhere/lake")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow:5000")
    found = LoopwrightHook(str(toy.path)).workspace()
    assert (found.lake, found.tracking) == ("s3://elsewhere/lake", "http://mlflow:5000")


def test_connections_come_first(toy, connect, monkeypatch):
    monkeypatch.setenv("LOOPWRIGHT_LAKE", "/ignored")
    connect("loopwright_lake", **LAKE)
    connect("aws_lake", **AWS)
    connect("loopwright_ledger", **LEDGER)
    connect("mlflow_default", conn_type="http", host="mlflow", port=5000)
    found = LoopwrightHook(str(toy.path)).get_conn()
    assert found.lake == "s3://bucket/lake"
    assert found.ledger == "postgresql+psycopg2://me:hunter%2F2@db:5432/ledger"
    assert found.tracking == "http://mlflow:5000"
    assert found.storage_options == {
        "AWS_ACCESS_KEY_ID": "key-id",
        "AWS_SECRET_ACCESS_KEY": "aws-secret",
        "AWS_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": "http://minio:9000",
        "AWS_ALLOW_HTTP": "true",
    }
    assert "aws-secret" not in repr(found)


def test_a_connection_that_was_asked_for_by_name_must_exist(toy):
    with pytest.raises(AirflowNotFoundException, match="my_lake"):
        LoopwrightHook(str(toy.path), lake_conn_id="my_lake").workspace()


def test_secrets_are_masked_in_every_log(connect):
    from airflow.sdk._shared.secrets_masker import redact

    connect("loopwright_ledger", **LEDGER)
    url = LedgerHook().url()
    assert "hunter/2" not in str(redact("the password is hunter/2"))
    assert url.startswith("postgresql+psycopg2://me:")


def test_the_ledgers_whole_url_wins_over_its_parts(connect):
    connect("loopwright_ledger", conn_type="loopwright_ledger", host="ignored", extra={"url": "sqlite:////srv/l.db"})
    assert LedgerHook().url() == "sqlite:////srv/l.db"


def test_a_lake_without_a_place_says_where_to_fill_it_in(connect):
    connect("loopwright_lake", conn_type="loopwright_lake")
    with pytest.raises(CannotRun, match=r"(?s)names no place.*connection loopwright_lake.*Admin"):
        LakeHook().uri()


def test_an_s3_lake_without_the_amazon_provider_says_what_to_install(connect, monkeypatch):
    connect("loopwright_lake", **LAKE)
    monkeypatch.setitem(sys.modules, "airflow.providers.amazon.aws.hooks.base_aws", None)
    with pytest.raises(MissingExtra, match=r"(?s)Amazon provider.*loopwright\[s3\]"):
        LakeHook().storage_options()


@pytest.mark.parametrize(
    ("parts", "uri"),
    [
        ({"host": "mlflow", "port": 5000}, "http://mlflow:5000"),
        ({"host": "mlflow", "schema": "https"}, "https://mlflow"),
        ({"host": "http://mlflow:5000", "port": 5000}, "http://mlflow:5000"),
        ({"host": "http://ada:secret@mlflow", "port": 5000}, "http://mlflow:5000"),
        ({"host": "sqlite:////srv/mlflow.db"}, "sqlite:////srv/mlflow.db"),
        ({}, "http://localhost"),
    ],
)
def test_mlflows_address(connect, parts, uri):
    connect("mlflow_default", conn_type="http", **parts)
    assert MlflowHook().uri() == uri


@pytest.mark.parametrize("parts", [{"host": "mlflow", "login": "ada", "password": "secret"},
                                   {"host": "http://ada:secret@mlflow"}])  # fmt: skip
def test_mlflows_login_is_lent_to_its_client_and_never_in_the_address(toy, connect, parts):
    import os

    connect("mlflow_default", conn_type="http", **parts)
    hook = LoopwrightHook(str(toy.path))
    assert "secret" not in hook.workspace().tracking
    assert "MLFLOW_TRACKING_PASSWORD" not in os.environ
    hook.lend_credentials()
    assert (os.environ.pop("MLFLOW_TRACKING_USERNAME"), os.environ.pop("MLFLOW_TRACKING_PASSWORD")) == ("ada", "secret")


def test_the_buttons_of_the_connection_forms(tmp_path, connect):
    connect("loopwright_lake", conn_type="loopwright_lake", extra={"uri": str(tmp_path / "lake")})
    connect("loopwright_ledger", conn_type="loopwright_ledger", extra={"url": f"sqlite:///{tmp_path}/l.db"})
    assert LakeHook().test_connection() == (True, f"The lake at {tmp_path}/lake answers.")
    assert LedgerHook().test_connection() == (True, "The ledger answers; it knows 0 subjects.")
    connect("loopwright_ledger", conn_type="loopwright_ledger", extra={"url": "sqlite:////proc/no/l.db"})
    works, said = LedgerHook().test_connection()
    assert not works
    assert "LedgerUnavailable" in said


def test_which_project(monkeypatch):
    assert require_project("/given") == "/given"
    monkeypatch.setenv("AIRFLOW__LOOPWRIGHT__PROJECT", "/configured")
    monkeypatch.setenv("LOOPWRIGHT_PROJECT", "/environment")
    assert require_project(None) == "/configured"
    monkeypatch.setenv("AIRFLOW__LOOPWRIGHT__PROJECT", "")
    assert require_project("") == "/environment"
    monkeypatch.delenv("LOOPWRIGHT_PROJECT")
    with pytest.raises(DeclarationError, match="No project is named"):
        require_project(None)

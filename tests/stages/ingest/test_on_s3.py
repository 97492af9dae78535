"""Ingest with arrivals and lake in S3, through an Airflow connection, over real HTTP."""

from __future__ import annotations

import dataclasses
import io
import json
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import boto3
import numpy as np
import pandas as pd
import pytest

from loopwright.declaration import Workspace
from loopwright.hooks.loopwright import LoopwrightHook
from loopwright.lake import Lake
from loopwright.lake.columns import columns_of
from loopwright.ledger.events import Kind
from loopwright.ledger.store import Ledger
from loopwright.loop.forgetting import forget
from loopwright.stages.ingest.arriving.waiting import waiting
from loopwright.stages.ingest.pieces import arriving
from loopwright.stages.ingest.quarantine.ruling import rule
from loopwright.stages.ingest.stage import ingest_batch
from support.object_store import object_store
from support.toy import Toy, rides

__all__ = ["object_store"]


@pytest.fixture
def bucket(object_store: dict[str, str]):
    client = boto3.client(
        "s3",
        endpoint_url=object_store["AWS_ENDPOINT_URL"],
        aws_access_key_id="someone",
        aws_secret_access_key="something",
        region_name="us-east-1",
    )
    name = f"loop-{uuid4().hex}"
    client.create_bucket(Bucket=name)
    return client, name


@pytest.fixture
def place(toy: Toy, bucket, object_store: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """The workspace that Airflow's connections lead to."""
    _, name = bucket
    for variable in ("LOOPWRIGHT_LAKE", "LOOPWRIGHT_LEDGER", "LOOPWRIGHT_ARRIVALS", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(variable, raising=False)
    aws = {"region_name": "us-east-1", "endpoint_url": object_store["AWS_ENDPOINT_URL"]}
    connections = {
        "LOOPWRIGHT_LAKE": {
            "conn_type": "loopwright_lake",
            "extra": {"uri": f"s3://{name}/lake", "aws_conn_id": "aws_lake"},
        },
        "AWS_LAKE": {"conn_type": "aws", "login": "someone", "password": "something", "extra": aws},
    }
    for conn_id, parts in connections.items():
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id}", json.dumps(parts))
    dataset = "include/datasets/rides/dataset.yaml"
    toy.edit(dataset, "arrivals: arrivals/", f"arrivals: s3://{name}/in/")
    toy.edit(dataset, "owner: tests", "owner: tests\nexpectations: null\non_bad_rows: {set_aside_up_to: 10%}")
    return LoopwrightHook(str(toy.path)).workspace()


def put(bucket, month: int, frame: pd.DataFrame) -> None:
    client, name = bucket
    body = io.BytesIO()
    frame.to_parquet(body)
    client.put_object(Bucket=name, Key=f"in/rides/2024-{month:02d}.parquet", Body=body.getvalue())


def keys(bucket) -> list[str]:
    client, name = bucket
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=name)
    return [one["Key"] for page in pages for one in page.get("Contents", [])]


def bad(rows: int = 40) -> pd.DataFrame:
    """Rows of which three name nobody."""
    frame = rides(1, rows=rows).astype({"ride_id": "Int64"}).assign(rider=[f"rider {n % 4}" for n in range(rows)])
    frame.loc[[1, 2, 3], "started_at"] = frame["started_at"]
    frame.loc[[1, 5], "ride_id"] = frame["ride_id"][1] + 500_000
    return frame


def test_a_batch_goes_all_the_way_and_its_bad_rows_come_back(toy: Toy, place: Workspace, bucket) -> None:
    toy.edit("include/datasets/rides/dataset.yaml", "  - {step: drop_duplicates, columns: [ride_id]}\n", "")
    toy.edit("include/datasets/rides/dataset.yaml", "clean:\n", "")
    put(bucket, 1, bad())
    assert [one.batch_id for one in waiting(place, toy.rides).arrivals] == ["2024-01"]
    result = ingest_batch(place, toy.rides, "2024-01")
    assert (result.status, result.rows_published, result.rows_quarantined) == ("published", 38, 2)
    assert str(result.report).startswith("s3://")
    held = [key for key in keys(bucket) if "/held/" in key]
    assert len(held) == 1
    assert ingest_batch(place, toy.rides, "2024-01").status == "unchanged"
    assert rule(place, toy.rides, "2024-01", "drop", why="Twice.", actor="person:ada").result is not None
    assert rule(place, toy.rides, "2024-01", "undo", why="Not so.", actor="person:ada").result is not None
    assert Lake.of(place).quarantine("rides").count("2024-01") == 2
    done = forget(place, "rides", {"rider": "rider 1"}, why="Asked.", actor="person:ada")
    assert done.rows["batches"] + done.rows["quarantine"] == 10
    left = Lake.of(place).batches("rides").read()
    assert "rider 1" not in set(left["rider"])
    client, name = bucket
    bodies = [client.get_object(Bucket=name, Key=key)["Body"].read() for key in keys(bucket) if key.startswith("lake/")]
    assert not [body for body in bodies if b"rider 1" in body]


def test_two_ingests_of_one_batch_at_once_publish_it_once(toy: Toy, place: Workspace, bucket) -> None:
    put(bucket, 1, rides(1, rows=40))
    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(lambda _: ingest_batch(place, toy.rides, "2024-01"), range(3)))
    assert {result.status for result in results} <= {"published", "unchanged"}
    events = Ledger.of(place).events("dataset/rides", kinds=[Kind.BATCH_PUBLISHED])
    assert len(events) == 1
    assert len(Lake.of(place).batches("rides").read()) == 40


def test_racing_writers_lose_no_batch_and_overwrite_no_log_entry(toy: Toy, place: Workspace, bucket) -> None:
    """Each log entry is put only if nobody put it first; who loses writes the next."""
    table = Lake.of(place).batches("rides")
    with ThreadPoolExecutor(4) as pool:
        versions = list(pool.map(lambda n: table.replace(rides(1, rows=5), f"batch-{n}"), range(8)))
    assert len(table.read()) == 40
    assert sorted(versions) == list(range(8))
    entries = [key for key in keys(bucket) if "/_delta_log/" in key and key.endswith(".json")]
    assert len(entries) == 8


def test_a_batch_in_pieces_is_put_there_once_however_many_put_it(
    toy: Toy, place: Workspace, bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arriving, "LARGE", 0)
    put(bucket, 1, rides(1, rows=40))
    assert ingest_batch(place, toy.rides, "2024-01").rows_published == 40
    table, columns = Lake.of(place).batches("rides"), columns_of(pd.DataFrame({"ride_id": [1, 2]}))
    with ThreadPoolExecutor(3) as pool:
        piece = (np.arange(2), columns.typed)
        versions = list(pool.map(lambda _: table.replace_in_pieces([piece], "again", columns), range(3)))
    assert sorted(versions) == [1, 2, 3]
    assert (table.count("2024-01"), table.count("again")) == (40, 2)
    assert len([key for key in keys(bucket) if "batches/_batch_id" in key]) == 4  # older versions stay readable


def test_no_secret_of_the_connection_shows(place: Workspace) -> None:
    assert "something" in str(dict(place.storage_options))
    assert "something" not in repr(place)
    assert "something" not in repr(dataclasses.replace(place, lake="elsewhere"))

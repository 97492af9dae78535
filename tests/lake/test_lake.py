from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import boto3
import pandas as pd
import pytest
from moto.server import ThreadedMotoServer

from loopwright.lake import Lake


def test_where_things_are(toy):
    lake = Lake.of(toy.workspace)
    root = toy.workspace.lake
    assert lake.batches("rides").uri == f"{root}/datasets/rides/batches"
    assert lake.quarantine("rides").uri == f"{root}/datasets/rides/quarantine"
    assert lake.predictions("tips").uri == f"{root}/models/tips/predictions"


def test_a_report_is_kept_beside_the_batches(tmp_path):
    path = Lake(f"{tmp_path}/").write_report("rides", "2024-01", "json", json.dumps({"ok": True}))
    assert path == f"{tmp_path}/datasets/rides/reports/2024-01.json"
    assert json.loads(Path(path).read_text()) == {"ok": True}


@pytest.fixture(scope="module")
def bucket() -> Iterator[dict[str, str]]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    options = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        "AWS_ALLOW_HTTP": "true",
    }
    boto3.client(
        "s3",
        endpoint_url=options["AWS_ENDPOINT_URL"],
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        region_name="us-east-1",
    ).create_bucket(Bucket="loop")
    yield options
    server.stop()


def test_the_same_on_an_object_store(bucket):
    lake = Lake("s3://loop/lake", bucket)
    table = lake.batches("rides")
    assert table.version() is None
    table.replace(pd.DataFrame({"x": [1, 2], "late": [None, None]}), "a")
    table.replace(pd.DataFrame({"x": [0.5], "late": ["now"]}), "b")
    table.replace(pd.DataFrame({"x": [1, 2], "late": [None, None]}), "a")
    assert table.read(["b", "a"])["x"].tolist() == [0.5, 1.0, 2.0]
    assert table.count("a") == 2
    assert lake.write_report("rides", "a", "json", "{}") == "s3://loop/lake/datasets/rides/reports/a.json"
    client = boto3.client(
        "s3",
        endpoint_url=bucket["AWS_ENDPOINT_URL"],
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        region_name="us-east-1",
    )
    client.put_object(Bucket="loop", Key="lake/datasets/rides/batches/_batch_id=a/part-0.parquet", Body=b"")
    assert table.erase_unnamed(older_than=timedelta(days=7)) == 0
    assert [table.erase_unnamed(older_than=timedelta(0)) for _ in range(2)] == [1, 0]
    assert table.read(version=0)["x"].tolist() == [1, 2]
    kept = client.get_object(Bucket="loop", Key="lake/datasets/rides/reports/a.json")
    assert kept["Body"].read() == b"{}"

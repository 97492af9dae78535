"""The champion copied to a bucket, over real HTTP: whole, pointed to last, finished after a death, away for nobody."""

from __future__ import annotations

import dataclasses
import json

import boto3
import pytest

from loopwright.ledger.events import Kind
from loopwright.serving import artifact
from loopwright.stages.release import copying, promote, reconcile
from support.object_store import object_store

__all__ = ["object_store"]


@pytest.fixture
def bucket(object_store):
    client = boto3.client(
        "s3", endpoint_url=object_store["AWS_ENDPOINT_URL"], aws_access_key_id="someone",
        aws_secret_access_key="something", region_name="us-east-1",
    )  # fmt: skip
    client.create_bucket(Bucket="served")
    return client


def keys(bucket):
    return {found["Key"] for found in bucket.list_objects_v2(Bucket="served").get("Contents", [])}


def test_the_champion_arrives_whole_after_a_death_and_after_a_bucket_that_was_away(
    house, bucket, object_store, tmp_path, monkeypatch
):
    target = "{name: files, copy_to: 's3://served/models'}"
    house.toy.edit("include/models/tips/model.yaml", "monitor:", f"release: {{tell: [{target}]}}\nmonitor:")
    workspace = dataclasses.replace(house.workspace, storage_options=object_store)
    away = dataclasses.replace(workspace, storage_options={**object_store, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"})
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    version = house.rehearsed()
    promote(away, house.model, version)
    assert house.standing == (version, version, None)
    [failed] = house.events(Kind.TARGET_FAILED)
    assert "something" not in failed.reason  # the secret
    assert keys(bucket) == set()

    def killed(*_args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(copying, "card_for", killed)
        with pytest.raises(KeyboardInterrupt):
            reconcile(workspace, house.model)
    assert "models/tips/champion.json" not in keys(bucket)  # nobody is pointed to half of it
    assert reconcile(workspace, house.model) == [f"told files that version {version} is champion"]
    said = json.loads(bucket.get_object(Bucket="served", Key="models/tips/champion.json")["Body"].read())
    assert said["version"] == version
    folder = f"models/tips/{said['folder']}"
    assert {f"{folder}/model_card.md", f"{folder}/model_card.html"} <= keys(bucket)
    for key in keys(bucket):
        if key.startswith(f"{folder}/artifact/"):
            path = tmp_path / key.removeprefix(f"{folder}/")
            path.parent.mkdir(parents=True, exist_ok=True)
            bucket.download_file("served", key, str(path))
    assert artifact.load(tmp_path / "artifact", said["artifact_digest"]).card["model"] == "tips"
    assert reconcile(workspace, house.model) == []

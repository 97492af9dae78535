"""Arrivals in an object store: listed, told apart and fetched as local ones are."""

from __future__ import annotations

import boto3
import pytest

from loopwright.errors import CannotRun
from loopwright.stages.ingest.arriving.arrival import ArrivalsMissing
from loopwright.stages.ingest.arriving.fetching import fetched, require_unchanged
from loopwright.stages.ingest.arriving.listing import listed
from loopwright.stages.ingest.arriving.signatures import signature_of
from support.object_store import object_store

__all__ = ["object_store"]


@pytest.fixture
def options(object_store: dict[str, str]) -> dict[str, str]:
    return object_store


@pytest.fixture
def s3(options: dict[str, str]):
    client = boto3.client(
        "s3",
        endpoint_url=options["AWS_ENDPOINT_URL"],
        aws_access_key_id="someone",
        aws_secret_access_key="something",
        region_name="us-east-1",
    )
    client.create_bucket(Bucket="landing")
    yield client
    for found in client.list_objects_v2(Bucket="landing").get("Contents", []):
        client.delete_object(Bucket="landing", Key=found["Key"])
    client.delete_bucket(Bucket="landing")


def test_objects_are_listed_with_their_url_and_a_signature_that_follows_their_bytes(s3, options) -> None:
    s3.put_object(Bucket="landing", Key="in/b-10.csv", Body=b"a")
    s3.put_object(Bucket="landing", Key="in/b-9.csv", Body=b"b")
    s3.put_object(Bucket="landing", Key="in/.hidden.csv", Body=b"b")
    ten = listed("s3://landing/in/*.csv", storage_options=options).arrivals[1]
    assert ten.path == "s3://landing/in/b-10.csv"
    s3.put_object(Bucket="landing", Key="in/b-10.csv", Body=b"c")  # as long as before
    nine, changed = listed("s3://landing/in/*.csv", storage_options=options).arrivals
    assert [nine.batch_id, changed.batch_id] == ["b-9", "b-10"]
    assert changed.signature != ten.signature
    assert signature_of(changed, options) == changed.signature


def test_an_empty_bucket_holds_nothing_and_a_missing_one_says_so(s3, options) -> None:
    assert listed("s3://landing/in/*.csv", storage_options=options).arrivals == ()
    with pytest.raises(ArrivalsMissing, match="does not exist"):
        listed("s3://nobodys/in/*.csv", storage_options=options)


def test_an_object_is_fetched_and_one_that_changed_meanwhile_is_not_believed(s3, options) -> None:
    s3.put_object(Bucket="landing", Key="in/1.csv", Body=b"a\n1\n")
    (arrival,) = listed("s3://landing/in/*.csv", storage_options=options).arrivals
    with fetched(arrival, options) as file:
        assert file.path.read_bytes() == b"a\n1\n"
        assert file.path.name == "1.csv"
    assert not file.path.exists()
    require_unchanged(arrival, options)
    s3.put_object(Bucket="landing", Key="in/1.csv", Body=b"a\n2\n")
    with pytest.raises(CannotRun, match="changed while it was read"):
        require_unchanged(arrival, options)
    s3.delete_object(Bucket="landing", Key="in/1.csv")
    with pytest.raises(CannotRun, match="changed while it was read"):
        require_unchanged(arrival, options)
    with pytest.raises(CannotRun, match="could not be fetched"), fetched(arrival, options):
        pass


def test_more_objects_than_a_page_holds_are_all_listed(s3, options) -> None:
    """S3 lists a thousand keys at a time."""
    for number in range(1_050):
        s3.put_object(Bucket="landing", Key=f"many/b-{number}.csv", Body=b"a")
    found = listed("s3://landing/many/*.csv", storage_options=options).arrivals
    assert [one.batch_id for one in found] == [f"b-{number}" for number in range(1_050)]
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket="landing"):
        s3.delete_objects(Bucket="landing", Delete={"Objects": [{"Key": one["Key"]} for one in page["Contents"]]})

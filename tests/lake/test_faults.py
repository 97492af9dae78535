from __future__ import annotations

import os
import subprocess
import sys

import pandas as pd
import pytest
from deltalake.exceptions import CommitFailedError, DeltaError

from loopwright.errors import LakeUnavailable
from loopwright.lake import Table
from loopwright.lake.faults import said_plainly


@pytest.mark.parametrize(
    ("error", "mend"),
    [
        (OSError(28, "No space left on device"), "Free space on the lake's disk"),
        (DeltaError("Generic LocalFileSystem error: Permission denied (os error 13)"), "read and write access"),
        (DeltaError("AccessDenied: no"), "access to the bucket"),
        (DeltaError("NoSuchBucket: rides"), "Make the bucket"),
        (DeltaError("something else"), "can be reached from here"),
    ],
)
def test_each_complaint_gets_its_mend(error, mend):
    with pytest.raises(LakeUnavailable, match="The lake could not be read or written") as caught, said_plainly("here"):
        raise error
    assert mend in (caught.value.mend or "")
    assert caught.value.where == "here"
    assert caught.value.__cause__ is error


WITHOUT_CREDENTIALS = """
import sys
from loopwright.errors import LakeUnavailable
from loopwright.lake import Lake

lake = Lake("s3://a-bucket/lake")
for reach in (lake.batches("rides").version, lambda: lake.write_report("rides", "a", "json", "{}")):
    try:
        reach()
    except LakeUnavailable as error:
        print(error)
"""


def test_without_credentials_it_says_so_and_nothing_else():
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {"AWS_EC2_METADATA_DISABLED": "true", "AWS_REGION": "eu-north-1", "HOME": "/nonexistent"}
    told = subprocess.run(
        [sys.executable, "-c", WITHOUT_CREDENTIALS], capture_output=True, text=True, env=environment, check=True
    )
    assert told.stderr == ""
    assert told.stdout.count("mend: Say who you are: in Airflow by the lake connection's aws_conn_id") == 2
    assert "\x1b" not in told.stdout


def test_a_lost_commit_is_no_fault_of_the_storage():
    with pytest.raises(CommitFailedError, match="lost"), said_plainly("here"):
        raise CommitFailedError("lost")


def test_a_file_where_the_lake_should_be(tmp_path):
    (tmp_path / "lake").write_text("no folder")
    with pytest.raises(LakeUnavailable, match="could not be read or written"):
        Table(str(tmp_path / "lake" / "batches")).replace(pd.DataFrame({"x": [1]}), "a")

"""One set of options, in the names of the lake's library, reaches every file system that needs them."""

import subprocess
import sys

import pytest

from loopwright.errors import CannotRun
from loopwright.lake.files import write_whole
from loopwright.lake.storage import is_local, opened

OPTIONS = {
    "AWS_ACCESS_KEY_ID": "someone",
    "AWS_SECRET_ACCESS_KEY": "something",
    "AWS_REGION": "eu-north-1",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "AWS_ALLOW_HTTP": "true",
}


def test_a_local_path_needs_none_of_them(tmp_path):
    filesystem, path = opened(str(tmp_path / "a.csv"), OPTIONS)
    assert is_local(filesystem)
    assert path == str(tmp_path / "a.csv")


def test_an_object_store_gets_login_endpoint_and_region():
    filesystem, path = opened("s3://bucket/lake/a.json", OPTIONS)
    assert path == "bucket/lake/a.json"
    assert (filesystem.key, filesystem.secret) == ("someone", "something")
    assert filesystem.endpoint_url == "http://127.0.0.1:1"
    assert filesystem.client_kwargs == {"region_name": "eu-north-1"}


def test_a_report_is_written_with_the_options_that_arrivals_are_read_with(monkeypatch):
    asked = []

    def stand_in(uri, options):
        asked.append((uri, dict(options)))
        raise OSError("far enough")

    monkeypatch.setattr("loopwright.lake.files.opened", stand_in)
    with pytest.raises(OSError, match="far enough"):
        write_whole("s3://bucket/lake/a.json", "{}", OPTIONS)
    assert asked == [("s3://bucket/lake/a.json", OPTIONS)]


def test_a_place_that_nobody_knows_says_what_would_do():
    with pytest.raises(CannotRun, match="cannot be addressed"):
        opened("nowhere://x/y")


def test_reaching_a_file_imports_no_table_library():
    code = "import sys, loopwright.lake.storage; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"deltalake", "pyarrow", "pandas"} & set(done.stdout.split())

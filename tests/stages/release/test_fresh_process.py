"""A process and all that it starts: ended when it takes too much, too long, or leaves without an answer."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from loopwright.serving.kept import PHASE
from loopwright.stages.release.fresh_process import FreshProcess


@pytest.fixture
def asked(toy, tmp_path):
    """Ask a process that runs some code, and was handed over to the model already; it may take 150 MB."""

    def ask(code, timeout=30.0):
        (tmp_path / PHASE).write_text("150")
        with FreshProcess(toy.workspace, "here", ["-n1", "-r1", code], module="timeit") as process:
            return process.answer({"files": str(tmp_path / "model")}, timeout)

    return ask


SHARED = "import mmap, time; held = mmap.mmap(-1, 300 << 20); held.write(b'x' * (300 << 20)); time.sleep(60)"
CHILDREN = "import os, time; [os.fork() for _ in range(2)]; held = b'x' * (60 << 20); time.sleep(60)"


@pytest.mark.parametrize("code", [SHARED, CHILDREN], ids=["shared pages", "children"])
def test_memory_that_no_limit_of_one_process_bounds_is_a_no(asked, code):
    fault = asked(code)["fault"]
    assert (fault["type"], fault["what"]) == ("memory", "It needs more memory than there is for it.")
    assert fault["got"].endswith(" MB with all that it started, of 150 MB")


def test_who_leaves_the_session_is_ended_as_well(asked, tmp_path):
    mark = tmp_path / "mark"
    code = (
        f"import os, time; child = os.fork(); child or os.setsid(); child or open({str(mark)!r}, 'w')"
        ".write(str(os.getpid())); time.sleep(60)"
    )
    assert asked(code, timeout=3.0)["fault"]["type"] == "hang"
    assert _is_over(int(mark.read_text()))


def _is_over(pid: int) -> bool:
    for _ in range(100):
        status = Path(f"/proc/{pid}/stat")
        if not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.05)
    os.kill(pid, 9)
    return False


@pytest.mark.parametrize("code", ["import os; os._exit(0)", "raise SystemExit"])
def test_who_leaves_without_an_answer_is_a_no_and_not_tried_again(asked, code):
    fault = asked(code)["fault"]
    assert fault["type"] == "crash"

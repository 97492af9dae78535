"""What the demonstration refuses, and that it leaves nothing behind."""

import os
import socket
import subprocess
import sys

import pytest

from demo.stack import REPOSITORY, Stack, StackError, free_port, require_free


def demo(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "demo", "--exit", *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_taken_port_is_named_with_the_way_out():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(StackError, match=r"MLflow needs port \d+(.|\n)*MLFLOW_PORT="):
            require_free("MLflow", taken.getsockname()[1])


def test_a_port_that_nobody_has_is_fine():
    require_free("Airflow", free_port())


def test_one_port_for_both_is_refused_before_anything_starts(tmp_path):
    port = free_port()
    with pytest.raises(StackError, match=f"cannot both have port {port}(.|\\n)*MLFLOW_PORT={port + 1}"):
        Stack(tmp_path, port=port, mlflow_port=port).require_ports()


def test_a_part_that_dies_is_named_with_its_log(tmp_path):
    stack = Stack(tmp_path, port=0, mlflow_port=0)
    (tmp_path / "logs").mkdir()
    stack._spawn("grumpy", [sys.executable, "-c", "print('no, thank you'); raise SystemExit(3)"])
    stack._running["grumpy"].wait()
    with pytest.raises(StackError, match=r"grumpy ended with status 3(.|\n)*no, thank you"):
        stack.check()


@pytest.mark.parametrize("own", ["process_group=0", "start_new_session=True", "process_group=None"])
def test_stopping_ends_the_children_of_children(tmp_path, own):
    """Airflow puts each task into a group of its own, and a rehearsal into a session of its own."""
    stack = Stack(tmp_path, port=0, mlflow_port=0)
    (tmp_path / "logs").mkdir()
    code = f"import subprocess, time; print(subprocess.Popen(['sleep', '600'], {own}).pid, flush=True); time.sleep(600)"
    stack._spawn("parent", [sys.executable, "-c", code])
    log = tmp_path / "logs" / "parent.log"
    while not log.read_text().strip():
        stack.check()
    grandchild = int(log.read_text())
    os.kill(grandchild, 0)
    stack.stop()
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(grandchild)], capture_output=True, text=True, check=False
    ).stdout
    assert state.strip() in {"", "Z", "Zs"}


def test_the_story_needs_only_what_is_declared():
    from demo.story import DATASET, MODEL
    from loopwright.declaration import Project

    assert Project.at(REPOSITORY).model(MODEL).dataset == DATASET


def test_a_second_demonstration_is_refused():
    import fcntl

    with (REPOSITORY / ".demo.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        done = demo()
    assert done.returncode == 2
    assert "Another demonstration of this checkout is running" in done.stdout

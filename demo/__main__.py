"""``make demo``: starts the stack, tells the story, shows promised beside happened, and stays up until Ctrl-C."""

from __future__ import annotations

import argparse
import fcntl
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from demo.stack import PASSWORD, REPOSITORY, USER, Stack, StackError
from demo.story import Promise, Story

HOME = REPOSITORY / ".demo"


def main() -> int:
    """Run the demonstration.

    :return: 0 when every promise was kept, 1 when one was broken, 2 when it could not run.
    """
    arguments = _arguments()
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 140  # a log has no edge to wrap at
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, _as_interrupt)  # also where a shell in the background made it ignore Ctrl-C
    try:
        with _only_one(), _stack(arguments, console) as stack:
            promises = _tell(stack, console)
            if not arguments.exit:
                _stay(stack, console)
    except StackError as error:
        console.print(f"The demonstration could not run.\n{error}", style="red", markup=False)
        return 2
    except KeyboardInterrupt:
        console.print("\nStopped; no process is left behind.")
        return 130
    return 0 if all(promise.kept for promise in promises) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("--exit", action="store_true", help="stop at the table instead of staying up")
    parser.add_argument("--port", type=int, default=8080, help="Airflow's port (8080)")
    parser.add_argument("--mlflow-port", type=int, default=5000, help="MLflow's port (5000)")
    return parser.parse_args()


@contextmanager
def _only_one() -> Iterator[None]:
    """Refuse to start while another demonstration of this checkout runs: they would share one folder."""
    lock = REPOSITORY / ".demo.lock"
    with lock.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StackError(
                f"Another demonstration of this checkout is running (it holds {lock.name}).\n"
                "  mend: stop it with Ctrl-C where it runs, or use another clone with other ports."
            ) from error
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)


@contextmanager
def _stack(arguments: argparse.Namespace, console: Console) -> Iterator[Stack]:
    stack = Stack(HOME, port=arguments.port, mlflow_port=arguments.mlflow_port)
    stack.require_ports()
    _fresh(HOME)
    console.print("Starting MLflow and Airflow (scheduler, DAG processor, triggerer, API server) ...")
    started = time.monotonic()
    try:
        stack.start()
        console.print(f"Both answer after {time.monotonic() - started:.0f} s: {stack.url} and {stack.mlflow_url}")
        yield stack
    finally:
        stack.stop()


def _fresh(home: Path) -> None:
    """Forget the last demonstration: this one tells its story from the beginning."""
    if home.exists():
        shutil.rmtree(home)
    home.mkdir()


def _tell(stack: Stack, console: Console) -> list[Promise]:
    story = Story(stack, console)
    story.api.await_dags(story.wanted_dags)
    promises = list(story.chapters())
    table = Table("promised", "happened", "so it was", "s", title="\nWhat was promised, and what happened")
    for promise in promises:
        mark = "[green]kept[/green]" if promise.kept else "[bold red]BROKEN[/bold red]"
        table.add_row(promise.said, promise.happened, mark, f"{promise.seconds:.0f}")
    console.print(table)
    return promises


def _stay(stack: Stack, console: Console) -> None:
    console.print(f"Airflow: {stack.url}   (user {USER}, password {PASSWORD})\nMLflow:  {stack.mlflow_url}")
    console.print("Up until Ctrl-C. Look around: drop a file, press a button, read the ledger.")
    while True:
        stack.check()
        time.sleep(1)


def _as_interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())

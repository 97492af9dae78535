"""Runs the tests that a team keeps in a folder of a dataset or model, and says of a failure what a person needs.

What must stay true: where the rows hold columns about people, no word of a failed test goes on record but what failed,
where, and the kind of its error; whoever runs the tests by hand reads the rest.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from loopwright.declaration.quoting import UNSAID, quotable
from loopwright.errors import shown
from loopwright.verdict import Check, Outcome

SECONDS_FOR_TESTS = 600
"""A folder's tests that take longer are no tests of a folder."""

NO_TESTS_COLLECTED = 5
"""pytest's exit status."""
_TOLD = 3
"""Failures that are told whole; of the others how many there are."""
_SECTION = re.compile(r"^_{3,} (?:ERROR collecting )?(.+?) _{3,}$")
_PLACE = re.compile(r"^(\S.*?\.py:\d+): ")
_RAISED = re.compile(r"^E   ([A-Za-z_][\w.]*(?:: |$).*)")


def folder_tests(folder: Path, about: str) -> Check:
    """Run the tests of one folder, in a process of their own where only that folder's modules are importable.

    :param folder: a dataset's or a model's folder.
    :param about: such as ``model/flight_delay``.
    """
    name = f"tests:{about}"
    if not (folder / "tests").is_dir():
        return Check(name, Outcome.NOT_APPLICABLE, "it has no tests/", required=False)
    if importlib.util.find_spec("pytest") is None:
        return Check(
            name, Outcome.INCONCLUSIVE, "its tests need pytest, which is not installed here: pip install pytest"
        )
    try:
        ran = _ran(folder)
    except subprocess.TimeoutExpired:
        return Check(name, Outcome.FAIL, f"its tests took longer than {SECONDS_FOR_TESTS} s", asked=SECONDS_FOR_TESTS)
    if ran.returncode == NO_TESTS_COLLECTED:
        return Check(name, Outcome.NOT_APPLICABLE, "its tests/ holds no test", required=False)
    said = ran.stdout.strip().splitlines() or ran.stderr.strip().splitlines() or ["nothing was said"]
    if ran.returncode == 0:
        return Check(name, Outcome.PASS, said[-1])
    quoted = quotable(folder)
    why = f"{said[-1]}: {_told(list(failures(said, quoted=quoted)))}; to run them: {_by_hand(folder)}"
    return Check(name, Outcome.FAIL, why, observed=shown("\n".join(said[-40:])) if quoted else None)


def failures(said: list[str], *, quoted: bool = True) -> Iterator[str]:
    """Yield what failed, each with the place in the folder's own code and the error.

    :param said: pytest's lines, with short tracebacks.
    :param quoted: whether the error's own words may be repeated, which quote values; else its kind is told.
    """
    what, place, error = "", "", ""
    for line in [*said, "= end"]:
        section = _SECTION.match(line)
        if section or line.startswith(("= ", "====")):
            if what and error:
                yield f"{what} at {place}: {error}" if place else f"{what}: {error}"
            what, place, error = (section[1] if section else ""), "", ""
        elif (at := _PLACE.match(line)) and not at[1].startswith(("/", "..")):  # the last that is not a library's
            place, error = at[1], ""
        elif line.startswith("E   ") and (not error or _RAISED.match(line)):
            error = line.removeprefix("E   ").strip()
            error = error if quoted else f"{error.partition(':')[0].partition(' ')[0]} {UNSAID}"


def _ran(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider", "--import-mode=importlib"]
    command += [f"--rootdir={folder}", f"--config-file={os.devnull}", "tests"]
    paths = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(  # noqa: S603 - this interpreter, on the project's own tests
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS_FOR_TESTS, check=False
    )


def _told(failed: list[str]) -> str:
    more = f"; and {len(failed) - _TOLD} more" if len(failed) > _TOLD else ""
    return "; ".join(shown(one) for one in failed[:_TOLD]) + more if failed else "pytest could not run them"


def _by_hand(folder: Path) -> str:
    """Return the command that a person types in the project: the folder's modules are importable from there only."""
    there = Path(*folder.parts[-3:]) if folder.parts[-3:-2] == ("include",) else folder
    return f"`cd {there} && python -m pytest tests`"

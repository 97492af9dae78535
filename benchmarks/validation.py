"""What fifteen expectations over twenty columns of Parquet cost: our scan, raw SQL, and others; and ingest as a whole.

    python benchmarks/validation.py [--quick] [--rows N ...] [--json FILE]

Each cell is a process of its own, so that its peak of memory is its own; what it imports is told apart. `scan` is what
ingest asks of a batch that need not be in memory, in bounded memory; `sql` is the same fifteen checks as somebody would
write them for DuckDB, with its settings as they come; `great_expectations` (on pandas) and `pandera` (on Polars) read
the file into a frame, as they must. `ingest_batch` is the whole stage: the same file read, cleaned, judged by the same
suite, and published into a lake with its report and record. The fastest of the rounds counts. Seconds are on the clock,
then of the processors; only ratios of one run are compared.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from parts.contract import parser, tell_aims, write

ROWS, QUICK = (100_000, 1_000_000, 10_000_000), (100_000, 1_000_000)
ENGINES = ("scan", "sql", "great_expectations", "pandera", "ingest_batch")
AIM_SQL, AIM_GX, AIM_MEMORY = 1.5, 3.0, 1024
REGEX = r"^[a-z0-9]+@[a-z]+\.org$"
ZONES = ["north", "south", "east", "west", "centre"]
COLUMNS = [
    "id",
    "account",
    "trip",
    "leg",
    "zone",
    "currency",
    "amount",
    "tip",
    "distance",
    "weekday",
    "hour",
    "passengers",
    "latitude",
    "longitude",
    "started",
    "ended",
    "shared",
    "email",
    "rating",
    "score",
]


def expectations() -> list[dict[str, Any]]:
    def expect(kind: str, **kwargs: Any) -> dict[str, Any]:
        return {"type": f"expect_{kind}", "kwargs": kwargs}

    return [
        expect("table_columns_to_match_set", column_set=COLUMNS),
        expect("table_row_count_to_be_between", min_value=1_000, max_value=20_000_000),
        expect("column_values_to_not_be_null", column="id"),
        expect("column_values_to_be_unique", column="id"),
        expect("compound_columns_to_be_unique", column_list=["trip", "leg"]),
        expect("column_values_to_be_in_set", column="zone", value_set=ZONES),
        expect("column_values_to_be_between", column="amount", min_value=0, max_value=10_000),
        expect("column_values_to_not_be_null", column="tip", mostly=0.9),
        expect("column_values_to_match_regex", column="email", regex=REGEX),
        expect("column_value_lengths_to_be_between", column="account", min_value=11, max_value=11),
        expect("column_mean_to_be_between", column="distance", min_value=200, max_value=220),
        expect("column_stdev_to_be_between", column="score", min_value=0.5, max_value=1.5),
        expect("column_median_to_be_between", column="latitude", min_value=-2, max_value=2),
        expect("column_pair_values_a_to_be_greater_than_b", column_A="ended", column_B="started"),
        expect("column_unique_value_count_to_be_between", column="rating", min_value=900, max_value=1_000),
    ]


def main() -> int:
    given = parser(__doc__, f"{QUICK} rows, once")
    given.add_argument("--rows", type=int, nargs="+", metavar="N", help=f"how many rows (default: {ROWS})")
    given.add_argument("--rounds", type=int, default=2, help="how often each is measured (default: 2; --quick: 1)")
    given.add_argument("--cell", nargs=2, metavar=("ENGINE", "FILE"), help=argparse.SUPPRESS)
    asked = given.parse_args()
    if asked.cell:
        print(json.dumps(_CELLS[asked.cell[0]](Path(asked.cell[1]))))
        return 0
    sizes = asked.rows or (QUICK if asked.quick else ROWS)
    with tempfile.TemporaryDirectory(prefix="loopwright-benchmark-") as folder:
        measured = {rows: _measured(_data(Path(folder), rows), 1 if asked.quick else asked.rounds) for rows in sizes}
    figures = {
        f"{engine}_{what}_{rows}": value
        for rows, cells in measured.items()
        for engine, cell in cells.items()
        for what, value in cell.items()
    }
    aims = _aims(measured[max(sizes)], max(sizes))
    _tell(measured, aims)
    write(asked.json, figures, aims)
    return 0


def _data(folder: Path, rows: int) -> Path:
    """Write the table: every value follows from its row's number, so every run has the same."""
    import duckdb

    path = folder / f"{rows}.parquet"
    connection = duckdb.connect(config={"memory_limit": "1GB"})
    connection.execute(f"""
        COPY (SELECT i AS id, 'c' || lpad((hash(i) % 1000000000)::VARCHAR, 10, '0') AS account, i // 97 AS trip,
            i % 97 AS leg, {ZONES}[1 + (hash(i + 1) % 5)::INT] AS zone,
            ['EUR', 'USD', 'GBP'][1 + (hash(i + 2) % 3)::INT] AS currency, (hash(i + 3) % 1000000) / 100.0 AS amount,
            CASE WHEN hash(i + 4) % 20 > 0 THEN (hash(i + 4) % 10000) / 100.0 END AS tip,
            round(sqrt((hash(i + 5) % 100000) + 1.0), 3) AS distance, (hash(i + 6) % 7)::INT AS weekday,
            (hash(i + 7) % 24)::INT AS hour, (hash(i + 8) % 8)::INT AS passengers,
            (hash(i + 9) % 18000000) / 100000.0 - 90 AS latitude,
            (hash(i + 10) % 36000000) / 100000.0 - 180 AS longitude,
            TIMESTAMP '2024-01-01' + INTERVAL (i % 2600000) SECOND AS started,
            TIMESTAMP '2024-01-01' + INTERVAL (i % 2600000 + 60 + (hash(i + 11) % 3000)::BIGINT) SECOND AS ended,
            hash(i + 12) % 2 = 0 AS shared, 'u' || (hash(i + 13) % 100000)::VARCHAR || '@example.org' AS email,
            CASE WHEN hash(i + 14) % 50 > 0 THEN (hash(i + 14) % 1000)::BIGINT END AS rating,
            round(ln(1.0 + hash(i + 15) % 1000000), 4) AS score
        FROM range({rows}) t(i)) TO '{path}' (FORMAT parquet)""")
    return path


def _measured(path: Path, rounds: int) -> dict[str, dict[str, float]]:
    """Return seconds, seconds of imports and peak MiB of each engine; rounds alternate, and the fastest counts."""
    best: dict[str, dict[str, float]] = {}
    for _ in range(rounds):
        for engine in ENGINES:
            cell = _process(engine, path)
            if cell is not None and cell["seconds"] < best.get(engine, {"seconds": float("inf")})["seconds"]:
                best[engine] = cell
    return best


def _process(engine: str, path: Path) -> dict[str, float] | None:
    command = [sys.executable, __file__, "--cell", engine, str(path)]
    environment = {**os.environ, "GX_ANALYTICS_ENABLED": "False"}
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as noise:
        process = subprocess.Popen(command, stdout=said, stderr=noise, env=environment)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0), noise.seek(0)
        if process.returncode:
            lines = noise.read().strip().splitlines() or ["no reason given"]
            print(f"{engine} on {path.stem} rows could not run: {lines[-1]}", file=sys.stderr)
            return None
        cell = json.loads(said.read())
    assert cell.pop("held") == 15, f"{engine} holds other expectations than the others"
    return {**cell, "mebibytes": used.ru_maxrss / 1024}


def _scan(path: Path) -> dict[str, float]:
    started = _now()
    from loopwright.stages.ingest.judging.scan.source import parquet
    from loopwright.stages.ingest.judging.scanning import judge_in_place
    from loopwright.stages.ingest.judging.suite import Suite

    imported = _now()
    suite = Suite.model_validate({"expectations": expectations()})
    judged = judge_in_place(parquet(path), suite, _nothing)
    return _cell(started, imported, sum(answer.success for answer in judged.expectations))


def _nothing(names: Any) -> Any:
    raise AssertionError(f"all fifteen are compiled, and yet {names} were to be loaded")


def _sql(path: Path) -> dict[str, float]:
    started = _now()
    import duckdb

    imported = _now()
    connection = duckdb.connect()
    names = [name for name, *_ in connection.execute(f"DESCRIBE SELECT * FROM '{path}'").fetchall()]
    zones = ", ".join(f"'{zone}'" for zone in ZONES)
    (found,) = connection.execute(f"""
        SELECT count(*) BETWEEN 1000 AND 20000000, count(*) = count(id), count(DISTINCT id) = count(id),
            count(*) FILTER (zone NOT IN ({zones})) = 0, count(*) FILTER (amount NOT BETWEEN 0 AND 10000) = 0,
            count(tip) >= 0.9 * count(*), count(*) FILTER (NOT regexp_matches(email, '{REGEX}')) = 0,
            count(*) FILTER (length(account) <> 11) = 0, avg(distance) BETWEEN 200 AND 220,
            stddev_samp(score) BETWEEN 0.5 AND 1.5, median(latitude) BETWEEN -2 AND 2,
            count(*) FILTER (NOT ended > started) = 0, count(DISTINCT rating) BETWEEN 900 AND 1000
        FROM '{path}'""").fetchall()
    twice = connection.execute(f"SELECT trip, leg FROM '{path}' GROUP BY ALL HAVING count(*) > 1 LIMIT 1").fetchall()
    return _cell(started, imported, sum(found) + (set(names) == set(COLUMNS)) + (not twice))


def _great_expectations(path: Path) -> dict[str, float]:
    started = _now()
    import pandas as pd

    from loopwright.stages.ingest.judging.gx import judge
    from loopwright.stages.ingest.judging.suite import Suite, check_suite  # noqa: F401 - what it imports when asked, imported

    imported = _now()
    judged = judge(pd.read_parquet(path), Suite.model_validate({"expectations": expectations()}))
    return _cell(started, imported, sum(answer.success for answer in judged.expectations))


def _pandera(path: Path) -> dict[str, float]:
    started = _now()
    import pandera.polars as pa
    import polars as pl

    imported = _now()

    def check(holds: Any) -> Any:
        return pa.Check(lambda data: data.lazyframe.select(holds(pl.col(data.key))))

    columns = {name: pa.Column(nullable=True) for name in COLUMNS}
    columns |= {
        "id": pa.Column(nullable=False, unique=True),
        "zone": pa.Column(checks=pa.Check.isin(ZONES)),
        "amount": pa.Column(checks=pa.Check.in_range(0, 10_000), coerce=False),
        "tip": pa.Column(nullable=True, checks=check(lambda tip: tip.is_not_null().mean() >= 0.9)),
        "email": pa.Column(checks=pa.Check.str_matches(REGEX)),
        "account": pa.Column(checks=pa.Check.str_length(11, 11)),
        "distance": pa.Column(checks=check(lambda distance: distance.mean().is_between(200, 220))),
        "score": pa.Column(checks=check(lambda score: score.std().is_between(0.5, 1.5))),
        "latitude": pa.Column(checks=check(lambda latitude: latitude.median().is_between(-2, 2))),
        "rating": pa.Column(
            nullable=True, checks=check(lambda rating: rating.drop_nulls().n_unique().is_between(900, 1000))
        ),
    }
    schema = pa.DataFrameSchema(
        columns,
        strict=True,
        unique=["trip", "leg"],
        checks=[
            pa.Check(lambda data: data.lazyframe.select(pl.col("ended") > pl.col("started"))),
            pa.Check(lambda data: data.lazyframe.select(pl.len().is_between(1_000, 20_000_000))),
        ],
    )
    schema.validate(pl.read_parquet(path))
    return _cell(started, imported, 15)  # it raises where anything does not hold


DATASET = """\
name: trips
owner: benchmark
arrivals: arrivals/trips/*.parquet
event_time: started
key: [id]
expectations: expectations.yaml
clean:
  - {step: outliers, columns: [distance], by: bounds, upper: 300, then: clip}
"""


def _ingest(path: Path) -> dict[str, float]:
    started = _now()
    if int(path.stem) < 300_000:  # so small a batch is judged by Great Expectations: what it imports then, imported
        from loopwright.stages.ingest.judging import gx  # noqa: F401
    from loopwright.declaration import Project, Workspace
    from loopwright.stages.ingest.judging import scanning  # noqa: F401
    from loopwright.stages.ingest.pieces import examining  # noqa: F401
    from loopwright.stages.ingest.stage import ingest_batch

    imported = _now()
    with tempfile.TemporaryDirectory(prefix="loopwright-benchmark-", dir=path.parent) as project:
        folder, arrivals = Path(project, "include/datasets/trips"), Path(project, "arrivals/trips")
        folder.mkdir(parents=True), arrivals.mkdir(parents=True)
        (folder / "dataset.yaml").write_text(DATASET)
        (folder / "expectations.yaml").write_text(json.dumps({"expectations": expectations()}))
        os.link(path, arrivals / path.name)
        workspace = Workspace.resolve(project, environ={})
        result = ingest_batch(workspace, Project.at(project).dataset("trips"), path.stem)
        assert result.rows_published == int(path.stem), result.verdict
        told = json.loads(Path(str(result.report)).read_text())["expectations"]
        return _cell(started, imported, sum(one["success"] for one in told))


def _now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def _cell(started: tuple[float, float], imported: tuple[float, float], held: int) -> dict[str, float]:
    (wall, cpu), (imported_wall, imported_cpu) = _now(), imported
    seconds = {"seconds": wall - imported_wall, "cpu_seconds": cpu - imported_cpu}
    return {**seconds, "import_seconds": imported_wall - started[0], "held": int(held)}


_CELLS = {
    "scan": _scan,
    "sql": _sql,
    "great_expectations": _great_expectations,
    "pandera": _pandera,
    "ingest_batch": _ingest,
}


def _aims(cells: dict[str, dict[str, float]], rows: int) -> list[dict[str, Any]]:
    scan, sql, gx = (cells[name]["seconds"] for name in ("scan", "sql", "great_expectations"))
    # Of the whole stage, time has no aim beside the others', which read and judge only; what it holds has.
    asked = [
        (
            f"scan beside raw SQL at {rows:,} rows, ratio of seconds",
            scan / sql,
            f"at most {AIM_SQL}",
            scan <= AIM_SQL * sql,
        ),
        (
            f"Great Expectations beside the scan at {rows:,} rows, ratio",
            gx / scan,
            f"at least {AIM_GX}",
            gx >= AIM_GX * scan,
        ),
        (
            f"scan's peak at {rows:,} rows, MiB",
            cells["scan"]["mebibytes"],
            f"below {AIM_MEMORY}",
            cells["scan"]["mebibytes"] < AIM_MEMORY,
        ),
        (
            f"ingest_batch's peak at {rows:,} rows, MiB",
            cells["ingest_batch"]["mebibytes"],
            f"below {AIM_MEMORY}",
            cells["ingest_batch"]["mebibytes"] < AIM_MEMORY,
        ),
    ]
    return [{"name": name, "value": value, "aim": aim, "met": met} for name, value, aim, met in asked]


def _tell(measured: dict[int, dict[str, dict[str, float]]], aims: list[dict[str, Any]]) -> None:
    print(
        f"{'15 expectations, 20 columns':28}"
        + "".join(f"{f'{rows:,} rows':>29}" for rows in measured)
        + f"{'imports':>10}"
    )
    for engine in ENGINES:
        line = f"{engine:28}"
        for cells in measured.values():
            cell = cells.get(engine)
            line += (
                f"{cell['seconds']:>9.2f} s{cell['cpu_seconds']:>8.2f} s{cell['mebibytes']:>6.0f} MiB"
                if cell
                else f"{'could not run':>29}"
            )
        imports = [cells[engine]["import_seconds"] for cells in measured.values() if engine in cells]
        print(line + (f"{min(imports):>8.2f} s" if imports else ""))
    print()
    tell_aims(aims)


if __name__ == "__main__":
    raise SystemExit(main())

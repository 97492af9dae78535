"""Numbers and times."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa

from support.corpus.making import (
    Case,
    cells,
    column,
)

CASES: dict[str, Case] = {
    # Numbers.
    "integers beyond 64 bits": Case("{day}.csv", "quarantined", "types", cells("order_id", 2**63, 2**63 + 1)),
    "integers below 64 bits": Case("{day}.csv", "quarantined", "types", cells("order_id", -(2**63) - 1)),
    "unsigned integers beyond 63 bits": Case(
        "{day}.parquet",
        "quarantined",
        "types",
        column("order_id", pa.array([2**64 - 1 - n for n in range(12)], pa.uint64())),
    ),
    "NaN amounts": Case(
        "{day}.parquet",
        "quarantined",
        "expect_column_values_to_not_be_null(amount)",
        column("amount", [float("nan")] * 12),
    ),
    "infinite amounts": Case(
        "{day}.parquet",
        "quarantined",
        "expect_column_values_to_be_between(amount)",
        column("amount", [float("inf")] * 12),
    ),
    "amounts of minus zero": Case("{day}.parquet", "published", "", column("amount", [-0.0] * 12)),
    "an amount that overflows": Case(
        "{day}.csv", "quarantined", "expect_column_values_to_be_between(amount)", cells("amount", "1e400")
    ),
    "amounts in words": Case("{day}.csv", "quarantined", "", cells("amount", *["many"] * 12)),
    "amounts with a decimal comma": Case("{day}.csv", "quarantined", "", cells("amount", *["10,5"] * 12)),
    "one amount with its currency": Case("{day}.csv", "quarantined", "", cells("amount", "10.5 EUR")),
    "a sentinel for a missing amount": Case(
        "{day}.csv", "quarantined", "expect_column_values_to_be_between(amount)", cells("amount", -999)
    ),
    "decimals for floats": Case(
        "{day}.parquet", "published", "", column("amount", [Decimal(n) / 4 for n in range(12)])
    ),
    # Times.
    "a date in the year 0": Case("{day}.csv", "quarantined", "event_time", cells("ordered_at", "0000-01-01 00:00:00")),
    "dates before the year 1, as numbers": Case(
        "{day}.parquet",
        "quarantined",
        "event_time",
        column("ordered_at", pa.array([-62_200_000_000_000_000 + n for n in range(12)], pa.timestamp("us"))),
    ),
    "a date in the year 9999": Case("{day}.csv", "published", "", cells("ordered_at", "9999-12-31 23:59:59")),
    "a date in the year 10000": Case("{day}.csv", "quarantined", "", cells("ordered_at", "10000-01-01 00:00:00")),
    "the thirtieth of February": Case("{day}.csv", "quarantined", "", cells("ordered_at", "2024-02-30 10:00:00")),
    "words for dates": Case("{day}.csv", "quarantined", "event_time", cells("ordered_at", *["yesterday"] * 12)),
    "seconds for dates": Case(
        "{day}.csv", "quarantined", "", cells("ordered_at", *range(1_704_000_000, 1_704_000_012))
    ),
    "no date at all": Case("{day}.csv", "quarantined", "event_time", cells("ordered_at", *[""] * 12)),
    "times of the day for dates": Case(
        "{day}.parquet", "quarantined", "", column("ordered_at", pa.array(range(12), pa.time32("s")))
    ),
    "durations for dates": Case(
        "{day}.parquet", "quarantined", "", column("ordered_at", pa.array(range(12), pa.duration("s")))
    ),
    "dates with a zone, unlike before": Case(
        "{day}.parquet", "quarantined", "types", column("ordered_at", pa.array(range(12), pa.timestamp("us", "UTC")))
    ),
    "dates in nanoseconds": Case(
        "{day}.parquet",
        "published",
        "",
        column("ordered_at", pa.array([1_704_190_000_000_000_001 + n for n in range(12)], pa.timestamp("ns"))),
    ),
}

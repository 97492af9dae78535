"""A stranger's project: two years of a parcel service, a CSV file a month, declared from the README's words alone.

What nobody tidied up for us: ``scan_gap_min`` is empty all the first year and then is not; ``insured_for`` is missing
ever more often; the second year has another service, heavier parcels, other prices and another reason to be late.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

MONTHS = [f"{year}-{month:02d}" for year in (2022, 2023) for month in range(1, 13)]

FILES = {
    "datasets/parcels/dataset.yaml": """\
name: parcels
owner: data-eng
arrivals: arrivals/parcels/*.csv
event_time: sent_at
clean:
  - {step: drop_duplicates}
  - {step: convert, columns: {weight_kg: number}}
""",
    "datasets/parcels/expectations.yaml": """\
expectations:
  - {type: expect_column_values_to_not_be_null, kwargs: {column: sent_at}}
  - {type: expect_column_values_to_be_between, kwargs: {column: weight_kg, min_value: 0, max_value: 500}}
""",
    "models/late_parcel/model.yaml": """\
name: late_parcel
owner: ops-ml
dataset: parcels
task: binary_classification             # or multiclass_classification, regression
label: features:late                    # a column, or module:function
features: features:build                # a function for training and for scoring alike, or a list of columns
train: {entrypoint: training:build, window: {batches: 6}, holdout: {batches: 1}}
gate: {primary: roc_auc, thresholds: {roc_auc: {at_least: 0.55}}, champion: {margin: 0.005}}
monitor: {drift: {share: 30%, persists: 2 of 3}, performance: {drop: 0.05}}
""",
    "models/late_parcel/features.py": """\
NUMBERS = ["weight_kg", "distance_km", "insured_for", "scan_gap_min", "price"]


def build(parcels):                     # a pandas frame in, a frame of as many rows out
    express = parcels["service"].str.startswith("express")
    return parcels[NUMBERS].assign(hour=parcels["sent_at"].dt.hour, express=express)


def late(parcels):                      # missing where it is not known: such rows are not learned from
    return (parcels["hours"] > parcels["promised_hours"]).where(parcels["hours"].notna())
""",
    "models/late_parcel/training.py": """\
from sklearn.ensemble import HistGradientBoostingClassifier


def build(**params):                    # anything with fit and predict (and predict_proba, for classes)
    return HistGradientBoostingClassifier(random_state=0, max_iter=20, **params)
""",
}


def declare(project: Path) -> Path:
    """Write the project's ``include/`` below a folder, and return the folder."""
    for name, text in FILES.items():
        path = project / "include" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return project


def arrive(root: Path, *months: str, rows: int = 400) -> None:
    """Drop months where the source would, each atomically."""
    folder = root / "arrivals" / "parcels"
    folder.mkdir(parents=True, exist_ok=True)
    for month in months:
        part = folder / f"{month}.part"
        parcels(month, rows=rows).to_csv(part, index=False)
        part.replace(folder / f"{month}.csv")


def parcels(month: str, *, rows: int = 400) -> pd.DataFrame:
    """Return one month of parcels; the same month gives the same rows."""
    number = MONTHS.index(month)
    second_year = number >= 12
    rng = np.random.default_rng([2022, number])
    service = rng.choice(["economy", "standard", "express_am" if second_year else "express"], rows, p=[0.3, 0.5, 0.2])
    distance = rng.gamma(2.0, 150.0, rows)
    weight = rng.gamma(2.0, 6.0 if second_year else 2.0, rows)
    hour = rng.integers(0, 24, rows)
    gap = rng.exponential(40.0, rows) if second_year else np.full(rows, np.nan)
    promised = np.where(service == "economy", 72, np.where(service == "standard", 48, 24))
    trouble = (0.05 * np.nan_to_num(gap) + 0.3 * weight if second_year else 0.01 * distance) + 0.3 * np.abs(hour - 12)
    insured = np.round(20 + 30 * rng.random(rows), 2)
    insured[rng.random(rows) < 0.02 + 0.03 * number] = np.nan
    frame = pd.DataFrame(
        {
            "parcel": [f"P-{number:02d}{row:06d}" for row in range(rows)],
            "sent_at": (pd.Timestamp(f"{month}-01") + pd.to_timedelta(rng.integers(0, 27 * 86_400, rows), unit="s"))
            .floor("D") + pd.to_timedelta(hour, unit="h"),
            "depot": [f"{code:03d}" for code in rng.integers(1, 40, rows)],
            "service": service,
            "distance_km": distance.round(1),
            "weight_kg": weight.round(2),
            "insured_for": insured,
            "scan_gap_min": gap,
            "price": ((4 + 0.8 * weight) * (1.6 if second_year else 1.0)).round(2),
            "promised_hours": promised,
            "hours": (promised - 8 + 2 * trouble + rng.normal(0, 6, rows)).round(1),
        }
    )  # fmt: skip
    frame.loc[rng.random(rows) < 0.01, "hours"] = np.nan
    return frame[sorted(frame)] if second_year else frame  # and the columns come in another order

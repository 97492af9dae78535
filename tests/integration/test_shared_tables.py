"""The loop over two tables that nobody made for it: taxi trips of New York and of Chicago, real warts included.

The tables lie beside the checkout and are no part of the project; without them these tests are skipped and say so.
"""

from pathlib import Path

import pandas as pd
import pytest

from loopwright.declaration import Project, Workspace
from loopwright.lake import Lake
from loopwright.ledger.store import Ledger
from loopwright.loop.run import turn
from loopwright.loop.step import Summary

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(
    not SHARED.is_dir(), reason="the shared tables are not here: ../shared/data beside the checkout"
)

NEW_YORK = """\
name: nyc
owner: tests
arrivals: {arrivals}
event_time: pickup_datetime
clean:
  - {{step: convert, columns: {{dropoff_datetime: timestamp}}}}
  - {{step: replace, column: store_and_fwd_flag, values: {{Y: true, N: false}}}}
"""
NEW_YORK_EXPECTATIONS = """\
expectations:
  - {type: expect_table_row_count_to_be_between, kwargs: {min_value: 5000}}
  - {type: expect_column_values_to_not_be_null, kwargs: {column: pickup_datetime}}
  - {type: expect_column_values_to_be_between, kwargs: {column: fare_amount, min_value: 0, mostly: 0.99}}
  - {type: expect_column_values_to_be_between, kwargs: {column: trip_distance, min_value: 0, max_value: 200}}
  - {type: expect_column_values_to_be_in_set, kwargs: {column: rate_code_id, value_set: [1, 2, 3, 4, 5, 6, 99]}}
  - {type: expect_column_values_to_be_in_set, kwargs: {column: payment_type, value_set: [1, 2]}, severity: info}
"""
NEW_YORK_FEATURES = """\
import pandas as pd

NUMBERS = ["trip_distance", "passenger_count", "rate_code_id", "pickup_location_id", "dropoff_location_id"]


def before(trips: pd.DataFrame) -> pd.DataFrame:
    return trips[NUMBERS].assign(
        hour=trips["pickup_datetime"].dt.hour, weekday=trips["pickup_datetime"].dt.dayofweek
    )


def paid(trips: pd.DataFrame) -> pd.DataFrame:
    return before(trips).assign(payment_type=trips["payment_type"], fare_amount=trips["fare_amount"])


def tipped(trips: pd.DataFrame) -> pd.Series:
    return (trips["tip_amount"] > 0.2 * trips["fare_amount"]).where(trips["fare_amount"] > 0)


def minutes(trips: pd.DataFrame) -> pd.Series:
    took = (trips["dropoff_datetime"] - trips["pickup_datetime"]).dt.total_seconds() / 60
    return took.where(took.between(0.5, 180))
"""
TRAINING = """\
from sklearn.ensemble import {estimator}


def build(random_state=0, **params):
    return {estimator}(random_state=random_state, max_iter=40, min_samples_leaf=50, **params)
"""
TIP = """\
name: {name}
owner: tests
dataset: {dataset}
task: binary_classification
label: features:tipped
features: features:paid
train: {{entrypoint: training:build, window: {{batches: 6}}}}
gate: {{primary: roc_auc, thresholds: {{roc_auc: {{at_least: {least}}}}}, champion: {{margin: 0.01}}, resamples: 200}}
monitor: {{drift: {{share: 0.3}}, performance: {{drop: 0.05}}}}
retrain: {{new_batches: 3}}
"""
MINUTES = """\
name: nyc_minutes
owner: tests
dataset: nyc
task: regression
label: features:minutes
features: features:before
train: {entrypoint: training:build, window: {batches: 3}}
gate: {primary: mean_absolute_error, thresholds: {mean_absolute_error: {at_most: 6}}, resamples: 200}
retrain: {new_batches: 4}
"""
CHICAGO = """\
name: chicago
owner: tests
arrivals: arrivals/*.csv
event_time: trip_start_timestamp
clean:
  - {step: convert, columns: {trip_start_timestamp: timestamp}, unit: s}
  - {step: drop_rows, missing: [trip_start_timestamp]}
"""
CHICAGO_EXPECTATIONS = """\
expectations:
  - {type: expect_table_row_count_to_be_between, kwargs: {min_value: 500}}
  - {type: expect_column_values_to_be_between, kwargs: {column: trip_start_hour, min_value: 0, max_value: 23}}
  - {type: expect_column_values_to_be_between, kwargs: {column: fare, min_value: 0, mostly: 0.99}}
  - {type: expect_column_values_to_not_be_null, kwargs: {column: company, mostly: 0.4}}
"""
CHICAGO_FEATURES = """\
import pandas as pd

NUMBERS = ["fare", "trip_miles", "trip_seconds", "trip_start_hour", "trip_start_day", "trip_start_month",
    "pickup_latitude", "pickup_longitude", "dropoff_latitude", "dropoff_longitude"]


def paid(trips: pd.DataFrame) -> pd.DataFrame:
    cash = (trips["payment_type"] == "Cash").astype("float64")
    return trips[NUMBERS].astype("float64").assign(cash=cash)


def tipped(trips: pd.DataFrame) -> pd.Series:
    return (trips["tips"] > 0.2 * trips["fare"]).where(trips["fare"].notna() & trips["tips"].notna())
"""


def declare(root: Path, files: dict[str, str]) -> Workspace:
    for name, text in files.items():
        path = root / "include" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Workspace.resolve(root, environ={})


@pytest.fixture(scope="module")
def new_york(tmp_path_factory) -> Workspace:
    return declare(
        tmp_path_factory.mktemp("nyc"),
        {
            "datasets/nyc/dataset.yaml": NEW_YORK.format(arrivals=SHARED / "nyc_taxi" / "*.csv"),
            "datasets/nyc/expectations.yaml": NEW_YORK_EXPECTATIONS,
            "models/nyc_tip/model.yaml": TIP.format(name="nyc_tip", dataset="nyc", least=0.7),
            "models/nyc_tip/features.py": NEW_YORK_FEATURES,
            "models/nyc_tip/training.py": TRAINING.format(estimator="HistGradientBoostingClassifier"),
            "models/nyc_minutes/model.yaml": MINUTES,
            "models/nyc_minutes/features.py": NEW_YORK_FEATURES,
            "models/nyc_minutes/training.py": TRAINING.format(estimator="HistGradientBoostingRegressor"),
        },
    )


@pytest.fixture(scope="module")
def tips_told(new_york) -> Summary:
    return turn(new_york, "nyc_tip")


@pytest.fixture(scope="module")
def chicago(tmp_path_factory) -> Workspace:
    root = tmp_path_factory.mktemp("chicago")
    trips = pd.read_csv(SHARED / "chicago_taxi" / "trips.csv", dtype=str).sort_values(
        "trip_start_timestamp", key=pd.to_numeric, kind="stable"
    )
    (root / "arrivals").mkdir()
    size = -(-len(trips) // 8)
    for number in range(8):
        part = trips.iloc[number * size : (number + 1) * size]
        part.to_csv(root / "arrivals" / f"part-{number + 1}.csv", index=False)
    return declare(
        root,
        {
            "datasets/chicago/dataset.yaml": CHICAGO,
            "datasets/chicago/expectations.yaml": CHICAGO_EXPECTATIONS,
            "models/chicago_tip/model.yaml": TIP.format(name="chicago_tip", dataset="chicago", least=0.7),
            "models/chicago_tip/features.py": CHICAGO_FEATURES,
            "models/chicago_tip/training.py": TRAINING.format(estimator="HistGradientBoostingClassifier"),
        },
    )


def test_a_year_of_new_york_goes_round(new_york, tips_told):
    assert tips_told.faults == ()
    ledger, spec = Ledger.of(new_york), Project.at(new_york.project).model("nyc_tip")
    published = [batch["batch_id"] for batch in ledger.dataset("nyc").published()]
    assert published == [f"2018-{month:02d}" for month in range(1, 13)]
    state = ledger.model("nyc_tip")
    assert sorted(state.under("scored")) == published
    assert state.champion is not None
    assert state.champion["primary"]["value"] > spec.gate.thresholds["roc_auc"].at_least
    decided = [step.outcome for step in tips_told.steps if step.action == "decide"]
    assert len(decided) == 12
    assert {"no", "train"} == set(decided)


def test_every_trip_is_in_the_lake_once_and_has_one_prediction(new_york, tips_told):
    lake = Lake.of(new_york)
    rows = lake.batches("nyc").read()
    answers = lake.predictions("nyc_tip").read()
    assert len(rows) == len(answers) == 120_000
    assert not answers.duplicated(["_batch_id", "_row"]).any()
    assert answers["score"].between(0, 1).all()


def test_the_column_that_is_empty_all_year_is_there_and_empty(new_york, tips_told):
    rows = Lake.of(new_york).batches("nyc").read(["2018-01", "2018-12"])
    assert rows["congestion_surcharge"].isna().all()
    assert rows["tip_amount"].notna().all()


def test_the_same_files_again_change_nothing(new_york, tips_told):
    ledger = Ledger.of(new_york)
    before = [ledger.state(subject).sequence for subject in ledger.subjects()]
    again = turn(new_york, "nyc_tip")
    assert [step.action for step in again.steps if step.action != "decide"] == []
    assert [ledger.state(subject).sequence for subject in ledger.subjects()] == before
    assert all(ledger.verify(subject) == [] for subject in ledger.subjects())


def test_a_second_model_learns_from_what_is_published_already(new_york, tips_told):
    told = turn(new_york, "nyc_minutes")
    assert told.faults == ()
    assert not [step for step in told.steps if step.stage == "ingest"]
    assert told.champion == "1"
    assert Ledger.of(new_york).model("nyc_minutes").champion["primary"]["value"] < 6
    assert len(Lake.of(new_york).predictions("nyc_minutes").read()) == 120_000


def test_chicago_goes_round_with_columns_that_are_empty_or_nearly(chicago):
    told = turn(chicago, "chicago_tip")
    assert told.faults == ()
    published = Ledger.of(chicago).dataset("chicago").published()
    assert [batch["batch_id"] for batch in published] == [f"part-{number}" for number in range(1, 9)]
    assert told.champion is not None
    rows = Lake.of(chicago).batches("chicago").read()
    assert len(rows) == 15_002 - sum(
        step.result.get("rows_read", 0) - step.result.get("rows_published", 0)
        for step in told.steps
        if step.stage == "ingest"
    )
    filled = rows.loc[rows["pickup_census_tract"].notna(), "_batch_id"]
    assert list(filled) == ["part-2"]  # empty, but for one trip of 15,002
    assert 0.2 < rows["company"].isna().mean() < 0.5
    assert len(Lake.of(chicago).predictions("chicago_tip").read()) == len(rows)

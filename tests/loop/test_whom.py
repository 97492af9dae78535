"""Whom a key names, in rows as they came and as the tables have them, whatever cleaning and hashing made of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from loopwright.declaration.dataset import DatasetSpec
from loopwright.errors import DataFault
from loopwright.lake.columns import columns_of
from loopwright.loop.whom import Whom
from loopwright.stages.ingest.cleaning import clean
from loopwright.stages.ingest.reading.conversion import to_text
from loopwright.stages.ingest.reading.frames import Reading
from loopwright.stages.ingest.sensitive import protected

SECRET = "a long random text"
LOWER = {"step": "spell", "columns": ["email"], "case": "lower"}


def declared(*steps: dict[str, Any], **more: Any) -> DatasetSpec:
    said = {"name": "rides", "owner": "tests", "arrivals": "*.csv", "clean": list(steps), **more}
    return DatasetSpec.model_validate(said)


def found(spec: DatasetSpec, key: dict[str, str], frame: pd.DataFrame) -> tuple[list[int], list[int], list[int]]:
    """Return which rows are the person's: as published, as text in quarantine, and as held."""
    came = protected(Reading(frame), spec, SECRET).frame
    published = clean(came, spec.clean, Path()).frame
    kept = columns_of(published).types
    whom = Whom.of(spec, key, SECRET)
    said = [whom.matching(published), whom.matching_as_came(came.apply(to_text), kept)]
    return tuple(rows.index.tolist() for rows in [*said, whom.matching_as_came(came, kept)])  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("spec", "column", "values", "key"),
    [
        (declared(sensitive={"rider": "hash"}), "Rider", ["a", "b"], {"rider": "b"}),
        (declared(sensitive={"rider": "hash"}), "Rider", ["a", "b"], {"Rider": "b"}),
        (declared(sensitive={"home_address": "keep"}), "Home-Address", ["a", "b"], {" home address": "b"}),
        (declared(LOWER), "email", ["A@x.org", "B@x.org"], {"email": "B@x.org"}),
        (declared(LOWER), "email", ["A@x.org", "B@x.org"], {"email": "b@x.org"}),
        (declared(LOWER, sensitive={"email": "hash"}), "email", ["A@x.org", "B@x.org"], {"email": "B@x.org"}),
        (declared({"step": "rename", "columns": {"Who": "rider"}}), "Who", ["a", "b"], {"rider": "b"}),
        (declared({"step": "rename", "columns": {"Who": "rider"}}), "Who", ["a", "b"], {"who": "b"}),
        (declared({"step": "convert", "columns": {"n": "integer"}}), "n", ["007", "8"], {"n": "8"}),
        (declared({"step": "convert", "columns": {"n": "text"}}), "n", [7, 8], {"n": "8"}),
        (declared({"step": "replace", "column": "n", "values": {"B.": "Bea"}}), "n", ["A", "B."], {"n": "Bea"}),
        (declared({"step": "convert", "columns": {"d": "date"}, "formats": ["%d.%m.%Y"]}), "d",
         ["01.02.2024", "13.02.2024"], {"d": "2024-02-13"}),
        (declared({"step": "clip", "column": "n", "upper": 99}), "n", [1.0, 8.0], {"n": "8"}),
        (declared(), "n", [0.5, 8.0], {"n": "8"}),
        (declared(), "n", [float("inf"), 8.0], {"n": "8"}),
        (declared(), "n", [None, 9007199254740993], {"n": "9007199254740993"}),
        (declared(), "n", [7, 8], {"n": "008"}),
        (declared(), "n", [False, True], {"n": "true"}),
        (declared(), "at", [pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-02")], {"at": "2024-01-02"}),
        (declared(), "at", list(pd.to_datetime(["2024-01-01", "2024-01-02"], utc=True)), {"at": "2024-01-02T00:00Z"}),
    ],
)  # fmt: skip
def test_a_row_is_found_by_the_value_as_it_came_and_as_the_table_has_it(
    spec: DatasetSpec, column: str, values: list[Any], key: dict[str, str]
) -> None:
    frame = pd.DataFrame({column: values, "other": ["x", "y"]})
    assert found(spec, key, frame) == ([1], [1], [1])


@settings(max_examples=60, deadline=None)
@given(
    values=some.lists(some.text(alphabet="aB1 ß.", min_size=1, max_size=4), min_size=2, max_size=6, unique=True),
    how=some.sampled_from(["keep", "hash"]),
    case=some.sampled_from(["keep", "lower", "upper", "title"]),
    name=some.sampled_from(["rider", "Rider", " RIDER "]),
)
def test_who_is_in_the_arrival_is_found_wherever_the_row_went(
    values: list[str], how: str, case: str, name: str
) -> None:
    """However the column is written, spelled, hashed and renamed; and nobody else is, whose value is another one."""
    steps = [{"step": "spell", "columns": [name], "case": case}, {"step": "rename", "columns": {name: "who"}}]
    spec = declared(*steps, sensitive={"rider": how})
    frame = pd.DataFrame({name: pd.Series(values, dtype="str")})
    alike = [" ".join(value.split()).casefold() for value in values]
    for place, value in enumerate(values):
        if not value.strip():
            continue
        for rows in found(spec, {"rider": value}, frame):
            assert place in rows
            assert {alike[row] for row in rows} == {alike[place]}


@pytest.mark.parametrize(
    ("spec", "key", "said"),
    [
        (declared(sensitive={"e_mail": "drop"}), "E-Mail", "dropped on reading"),
        (declared({"step": "drop_columns", "columns": ["email"]}), "Email", "dropped in cleaning"),
        (declared({"step": "rename", "columns": {"email": "mail"}}, {"step": "drop_columns", "columns": ["mail"]}),
         "email", "dropped in cleaning"),
        (declared({"step": "spell", "columns": ["email"], "missing": ["5"]}), "email", "no such value once"),
        (declared({"step": "clip", "column": "email", "upper": 4}), "email", "are cut in cleaning"),
        (declared({"step": "outliers", "columns": ["email"], "by": "iqr", "then": "null"}), "email", "are cut"),
        (declared({"step": "rename", "columns": {"id": "ride", "email": "id"}}), "id", "means one column"),
    ],
)  # fmt: skip
def test_nobody_is_looked_for_where_nobody_could_be_found(spec: DatasetSpec, key: str, said: str) -> None:
    with pytest.raises(DataFault, match=said) as error:
        Whom.of(spec, {key: "5"}, SECRET)
    assert error.value.where
    assert error.value.got == key
    assert error.value.allowed or error.value.mend


def test_names_that_change_places_find_the_column_that_is_meant() -> None:
    spec = declared({"step": "rename", "columns": {"id": "ride", "person": "id"}})
    frame = pd.DataFrame({"id": [5, 6], "person": [6, 5]})
    assert found(spec, {"ride": "5"}, frame) == ([0], [0], [0])
    assert found(spec, {"person": "5"}, frame) == ([1], [1], [1])


def test_rows_published_before_the_column_was_hashed_or_renamed_are_found_too() -> None:
    spec = declared({"step": "rename", "columns": {"who": "rider"}}, sensitive={"who": "hash"})
    before = pd.DataFrame({"who": ["a", "b"], "rider": [None, None]})
    assert Whom.of(spec, {"rider": "b"}, SECRET).matching(before).index.tolist() == [1]


def test_all_parts_of_a_key_must_be_there() -> None:
    frame = pd.DataFrame({"who": ["a", "a"], "n": [1, 2]})
    whom = Whom.of(declared(), {"who": "a", "n": "2"}, SECRET)
    assert whom.matching(frame).index.tolist() == [1]
    assert whom.matching(frame[["who"]]).empty
    assert whom.lacking(["who"]) == ["n"]

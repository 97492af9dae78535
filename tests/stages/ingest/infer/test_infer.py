"""Inference: what is proposed holds on what it came from, leaves room for the next month, and still catches faults."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loopwright.stages.ingest.infer.profile import BatchProfile, profiled
from loopwright.stages.ingest.infer.proposing import Proposal, proposed
from loopwright.stages.ingest.infer.updating import updated
from loopwright.stages.ingest.infer.writing import is_unedited, text_of, unmarked
from loopwright.stages.ingest.judging.asking import ask, scannable
from loopwright.stages.ingest.judging.scan.source import table
from loopwright.stages.ingest.judging.suite import Suite, check_suite

REPOSITORY = Path(__file__).parents[4]


def profile(frame: pd.DataFrame, batch_id: str = "1", **how) -> BatchProfile:
    return profiled(table(scannable(frame)), batch_id, **how)


def proposal_of(*frames: pd.DataFrame, key: tuple[str, ...] = (), **how) -> Proposal:
    return proposed([profile(frame, str(place), key=key, **how) for place, frame in enumerate(frames)], key)


def suite_of(proposal: Proposal) -> Suite:
    return Suite.model_validate(yaml.safe_load(text_of(proposal, "d")))


def alarms(proposal: Proposal, frame: pd.DataFrame) -> list[str]:
    return [answer.name for answer in ask(frame, suite_of(proposal)).expectations if not answer.success]


def orders(seed: int, rows: int = 2_000) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "order_id": np.arange(rows) + 10_000 * seed,
            "amount": np.round(draw.lognormal(3, 1, rows), 2),
            "country": pd.Series(draw.choice(["DE", "FR", "NL"], rows), dtype="str"),
            "code": pd.Series([f"{n:06d}" for n in draw.integers(0, 999_999, rows)], dtype="str"),
            "note": pd.Series([f"no {n}" for n in draw.integers(0, 10**6, rows)], dtype="str"),
            "paid": draw.random(rows) < 0.9,
            "ordered_at": pd.Timestamp(2024, seed, 1) + pd.to_timedelta(draw.integers(0, 28 * 86_400, rows), "s"),
            "tip": pd.Series(np.where(draw.random(rows) < 0.04, np.nan, draw.random(rows))),
            "unused": pd.Series([np.nan] * rows),
        }
    )


def about(proposal: Proposal, column: str) -> dict[str, dict]:
    return {
        one.type.removeprefix("expect_column_"): one.kwargs
        for one in proposal.expectations
        if one.kwargs.get("column") == column
    }


def test_each_kind_of_column_is_given_what_suits_it() -> None:
    found = proposal_of(orders(1), orders(2), key=("order_id",))
    assert "values_to_be_unique" in about(found, "order_id")
    assert about(found, "order_id")["values_to_be_between"] == {"column": "order_id", "min_value": 0, "mostly": 0.99}
    assert about(found, "country")["values_to_be_in_set"]["value_set"] == ["DE", "FR", "NL"]
    assert about(found, "code")["values_to_match_regex"]["regex"] == "^[0-9]{6}$"
    assert "value_lengths_to_be_between" in about(found, "note")
    assert "max_value" not in about(found, "ordered_at")["values_to_be_between"]
    assert 0.8 < about(found, "tip")["values_to_not_be_null"]["mostly"] < 0.96
    assert list(about(found, "unused")) == ["values_to_be_null"]
    assert all(len(one.why) > 10 for one in found.expectations)


def test_the_next_month_alarms_nothing_and_a_changed_source_does() -> None:
    found = proposal_of(orders(1))
    for month in (1, 2, 3):
        assert alarms(found, orders(month)) == []
    following = orders(2)
    faults = {
        "values_to_be_between(amount)": following.assign(amount=following["amount"] * 100),
        "values_to_be_between(tip)": following.assign(tip=-following["tip"]),
        "values_to_be_in_set(country)": following.assign(country=following["country"].str.lower()),
        "values_to_match_regex(code)": following.assign(code=following["code"].str.lstrip("0")),
        "values_to_not_be_null(tip)": following.assign(tip=following["tip"].where(following.index % 2 == 0)),
        "table_columns_to_match_set(table)": following.drop(columns="note"),
        "table_row_count_to_be_between(table)": following.head(500),
        "values_to_be_of_type(code)": following.assign(code=following["code"].astype("int64")),
    }
    for name, frame in faults.items():
        assert any(name in alarm for alarm in alarms(found, frame)), name


def test_codes_get_a_set_and_moments_as_text_a_shape_and_a_word() -> None:
    rows = np.arange(2_000)
    found = proposal_of(
        pd.DataFrame(
            {
                "rate": np.array([1, 2, 3, 99])[rows % 4],
                "weekday": rows % 7,
                "day": pd.Series([f"2024-01-{1 + n % 28:02d}" for n in rows], dtype="str"),
                "at": pd.Series([f"2024-01-01 00:{n % 60:02d}:{n // 60:02d}" for n in rows], dtype="str"),
                "rare": np.where(rows < 3, 1.5, np.nan),
            }
        )
    )
    assert about(found, "rate")["values_to_be_in_set"]["value_set"] == [1, 2, 3, 99]
    assert "values_to_be_between" not in about(found, "rate")
    assert about(found, "weekday")["values_to_be_between"]["max_value"] == 16
    assert "ten more is allowed" in next(one.why for one in found.expectations if one.kwargs.get("column") == "weekday"
                                          and "between" in one.type)  # fmt: skip
    following = pd.Series(["2024-02-30", "2024-02-28"] * 1_000, dtype="str")
    frame = pd.DataFrame({"rate": 1, "weekday": 1, "day": following, "at": following, "rare": 1.0}, index=rows)
    assert alarms(found, frame) == []
    assert len(alarms(found, frame.assign(at="yesterday", day="28.2.2024"))) == 2
    assert len([note for note in found.notes if "convert, columns: {at: timestamp}" in note]) == 1
    assert any("rare had 3 values in all" in note for note in found.notes)


def test_a_unique_column_is_suggested_as_key_and_hidden_values_are_not_told() -> None:
    found = proposal_of(orders(1), hidden={"country", "amount"})
    assert any("declare `key: [order_id]`" in note for note in found.notes)
    assert "values_to_be_in_set" not in about(found, "country")
    assert "values_to_be_between" not in about(found, "amount")


def test_flights_alarm_on_no_next_month(tmp_path: Path) -> None:
    sys.path.insert(0, str(REPOSITORY / "include/datasets/flights"))
    try:
        import arrive
    finally:
        sys.path.pop(0)
    january, february = (arrive.month_frame(month).reset_index(drop=True) for month in arrive.months()[:2])
    found = proposal_of(january)
    (tmp_path / "s.yaml").write_text(text_of(found, "flights"))
    check_suite(tmp_path / "s.yaml")
    assert [alarms(found, frame) for frame in (january, february)] == [[], []]


names = st.sampled_from(["a", "b c", 'q"uote', "y'x", "null", "1", "ümlaut", "#no", "k: v", "- x", "{z}", "l\nl"])
values = st.one_of(
    st.lists(st.one_of(st.none(), st.floats()), min_size=150, max_size=150).map(lambda v: np.array(v, "float64")),
    st.lists(st.integers(-(2**40), 2**40), min_size=150, max_size=150).map(lambda v: np.array(v, "int64")),
    st.lists(st.one_of(st.none(), st.text(max_size=3)), min_size=150, max_size=150).map(
        lambda v: pd.Series(v, dtype="str")
    ),
    st.lists(st.sampled_from(["null", "1", "yes", "a: b", "\u2028", "é"]), min_size=150, max_size=150).map(
        lambda v: pd.Series(v, dtype="str")
    ),
    st.lists(st.booleans(), min_size=150, max_size=150).map(np.array),
)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.dictionaries(names, values, min_size=1, max_size=4))
def test_what_is_proposed_holds_on_what_it_was_inferred_from(columns: dict) -> None:
    frame = pd.DataFrame(columns)
    assert alarms(proposal_of(frame), frame) == []


def test_an_unedited_file_is_known_by_its_mark() -> None:
    text = text_of(proposal_of(orders(1)), "orders")
    assert is_unedited(text)
    assert not is_unedited(text.replace("0.99", "0.98", 1))
    assert not is_unedited(unmarked(text))


def test_an_update_gives_the_new_reason_in_place_of_the_old() -> None:
    text = text_of(proposal_of(orders(1)), "d")
    suite = Suite.model_validate(yaml.safe_load(text))
    broken = [name for name in suite.names() if "between(amount)" in name]
    after = updated(text, suite, broken, proposal_of(orders(2).assign(amount=lambda frame: frame["amount"] * 100)))
    assert after != text
    assert len(after.splitlines()) == len(text.splitlines())


def test_an_update_changes_what_broke_and_keeps_the_rest_to_the_letter() -> None:
    text = """\
# Ours.
expectations:
  # We never sell for nothing.
  - {type: expect_column_values_to_be_between, kwargs: {column: amount, min_value: 0, max_value: 1}}  # too narrow
  - type: expect_column_values_to_be_in_set
    kwargs:
      column: country
      value_set: [DE, FR, NL]
  # About order_id, code, note, paid, ordered_at, tip, unused nothing is expected.
notes: a note
"""
    suite = Suite.model_validate(yaml.safe_load(text))
    found = proposal_of(orders(1).assign(extra=1.5))
    same = updated(text, suite, [], proposal_of(orders(1)))
    assert same == text
    broken = [name for name in suite.names() if "amount" in name]
    after = updated(text, suite, broken, found)
    assert "# Ours.\n" in after
    assert "  # We never sell for nothing.\n" in after
    assert "value_set: [DE, FR, NL]\n" in after
    assert after.rstrip().endswith("notes: a note")
    read = Suite.model_validate(yaml.safe_load(after))
    kwargs = {(one.type, one.about): one.kwargs for one in read.expectations}
    assert kwargs["expect_column_values_to_be_between", "amount"]["max_value"] > 100
    assert ("expect_column_values_to_not_be_null", "extra") in kwargs
    assert not any(column in ("code", "tip") for _, column in kwargs)
    assert math.isclose(kwargs["expect_column_values_to_be_between", "extra"]["min_value"], 0)

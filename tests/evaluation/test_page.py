"""The report: whole in itself, small, escaped, and saying first what was decided."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from loopwright.declaration import ModelSpec
from loopwright.evaluation import Beside, Predicted, judge
from loopwright.evaluation.importance import Worth, importance_check
from loopwright.evaluation.page import Judgement, report
from loopwright.evaluation.page.drawing import ticks
from loopwright.verdict import Check, Outcome, Verdict

EVIL = "<script>alert('x')</script>\"&"


def model(task: str, **gate) -> ModelSpec:
    asked = {"primary": "mean_absolute_error" if task == "regression" else "log_loss", "resamples": 100, **gate}
    return ModelSpec.model_validate(
        {
            "name": "m",
            "owner": "tests",
            "description": EVIL,
            "dataset": "d",
            "task": task,
            "label": "y",
            "features": ["x"],
            "train": {"entrypoint": "t:t"},
            "gate": asked,
        }
    )


def answered(task: str, n: int = 1200, seed: int = 0) -> tuple[np.ndarray, Predicted, Predicted]:
    rng = np.random.default_rng(seed)
    if task == "regression":
        truth = rng.normal(0, 1, n)
        return truth, *(Predicted(truth + rng.normal(0, s, n)) for s in (0.4, 0.6))
    classes = (0, 1) if task.startswith("binary") else ("a", EVIL, "c")
    both = []
    drawn = rng.dirichlet([1] * len(classes), n)
    code = np.array([rng.choice(len(classes), p=p) for p in drawn])
    for bold in (1.0, 0.3):
        score = drawn**bold / (drawn**bold).sum(axis=1, keepdims=True)
        label = np.array(classes, dtype=object if len(classes) > 2 else int)[score.argmax(axis=1)]
        both.append(Predicted(label, score[:, 1] if len(classes) == 2 else score, classes))
    return np.array(classes, dtype=object if len(classes) > 2 else int)[code], *both


def page(task: str, *more: Check, champion: bool = True, **gate) -> str:
    truth, ours, theirs = answered(task)
    zone = np.random.default_rng(1).choice(["a", EVIL], len(truth))
    spec = model(task, slices={"columns": ["zone"]}, **gate)
    checks = judge(spec, ours, theirs if champion else None, truth, beside=Beside({"zone": zone}))
    verdict = Verdict("gate", "model/m", (*checks, *more), digests={"artifact": "0" * 64})
    return report(Judgement(spec, "t-1", verdict, truth, ours, theirs if champion else None, "3", ("b4", EVIL)))


@pytest.mark.parametrize("task", ["binary_classification", "multiclass_classification", "regression"])
@pytest.mark.parametrize("champion", [True, False])
def test_it_is_whole_small_and_escaped_for_every_task(task, champion) -> None:
    worth = importance_check([Worth(EVIL, 0.1, 0.05, 0.2)], "log_loss", 500)
    html = page(task, worth, champion=champion)
    assert EVIL not in html
    assert not re.search(r"<script|javascript:|https?://|@import|url\(", html.replace("http://www.w3.org", ""))
    assert len(html.encode()) < 200_000
    seen: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list) -> None:
            seen.append(tag)

    Reader().feed(html)
    assert seen.count("svg") >= (3 if champion else 1)
    assert "script" not in seen
    assert "nan" not in re.sub(r"<style>.*</style>", "", html, flags=re.DOTALL).lower().replace("finance", "")


def test_a_thousand_slices_and_features_stay_below_two_megabytes() -> None:
    truth, ours, theirs = answered("binary_classification", 6000)
    place = np.array([f"{EVIL}{i % 190}" for i in range(6000)], dtype=object)
    spec = model("binary_classification", slices={"columns": ["place"], "minimum_rows": 30})
    worths = importance_check([Worth(f"f{i}" * 20, 0.1, 0.05, 0.2) for i in range(1000)], "log_loss", 500)
    checks = judge(spec, ours, theirs, truth, beside=Beside({"place": place}))
    verdict = Verdict("gate", "model/m", (*checks, worths))
    html = report(Judgement(spec, "t-1", verdict, truth, ours, theirs, "3", tuple(f"b{i}" for i in range(500))))
    assert len(html.encode()) < 2_000_000


@pytest.mark.parametrize(
    ("outcome", "says"),
    [(Outcome.PASS, "may go on"), (Outcome.FAIL, "is refused"), (Outcome.INCONCLUSIVE, "cannot tell")],
)
def test_the_decision_comes_first_and_in_words(outcome, says) -> None:
    spec = model("regression")
    verdict = Verdict("gate", "model/m", (Check("answers", outcome, "because of it"),))
    html = report(Judgement(spec, "t-1", verdict, np.empty(0), None))
    assert says in html[: html.index("Every question")]
    assert html.count("because of it") >= 1


def test_the_comparison_is_drawn_with_its_interval_and_what_is_granted() -> None:
    html = page("binary_classification", champion=True)
    drawn = html[html.index("Better or worse") : html.index("How good are")]
    assert 'class="bar ours"' in drawn
    assert 'class="mark zero"' in drawn


def compared(low: float, point: float, high: float, margin: float, groups: str | None = None, **cross) -> str:
    """What the page says of a comparison, without its tags."""
    observed = {"low": low, "point": point, "high": high, "n": 500, "confidence": 0.95, "cross_checks": cross}
    asked = {"margin": margin, "confidence": 0.95, "metric": "log_loss"}
    check = Check("non_inferiority", Outcome.PASS, "so it is", observed, asked, 500)
    spec, truth = model("regression", groups=groups), np.zeros(500)
    html = report(Judgement(spec, "t", Verdict("gate", "m", (check,)), truth, None, None, "3"))
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html[html.index("<body>") :]))


@pytest.mark.parametrize(
    ("bounds", "margin", "says"),
    [
        ((0.01, 0.02, 0.03), 0.0, ["It is surely better, 95% sure of each end. To be worse is not granted."]),
        (
            (-0.01, 0.02, 0.03),
            0.05,
            ["better or worse is not known. To be worse by up to 0.05 is granted."],
        ),
        ((-0.03, -0.02, -0.01), 0.05, ["It is surely worse", "it is worse by 0.02"]),
    ],
)
def test_what_is_not_known_is_not_said_to_be_the_truth(bounds, margin, says) -> None:
    said = compared(*bounds, margin, carried_by=400)
    assert all(words in said for words in says), said
    assert not re.search(r"in truth|-0 was|would lie|Few rows", said, flags=re.IGNORECASE)


def test_few_rows_that_carry_the_difference_are_said() -> None:
    assert "Few rows carry this: 3 make half of its spread." in compared(0.01, 0.02, 0.03, 0.0, carried_by=3)
    grouped = compared(0.01, 0.02, 0.03, 0.0, groups="day", carried_by=3)
    assert "Few groups of rows carry this: 3 make half of its spread." in grouped


def test_slices_show_what_is_granted_and_who_was_left_out() -> None:
    truth, ours, theirs = answered("binary_classification")
    zone = np.where(np.arange(len(truth)) < 40, EVIL, "a")
    spec = model("binary_classification", slices={"columns": ["zone"], "margin": 0.1})
    checks = judge(spec, ours, theirs, truth, beside=Beside({"zone": zone}))
    verdict = Verdict("gate", "model/m", checks)
    html = report(Judgement(spec, "t", verdict, truth, ours, theirs, "3"))
    part = html[html.index("Part by part") : html.index("Every question")]
    assert part.count('class="mark limit"') == 1
    assert "The dashed line is what is granted: 0.1." in part
    assert "zone=&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&#34;&amp; (40)" in part


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-0.03, 0.05), (1e6, 3e6), (-1e-7, 2e-7)])
def test_ticks_are_round_and_within(low, high) -> None:
    found = ticks(low, high)
    assert 2 <= len(found) <= 11
    assert all(low - 1e-9 * (high - low) <= value <= high + 1e-9 * (high - low) for value in found)
    assert all(len(f"{value:.3g}") <= 9 for value in found)


def test_an_axis_without_length_has_one_tick() -> None:
    assert ticks(2.0, 2.0) == [2.0]
    assert ticks(float("nan"), 1.0) == []


def test_without_a_champion_no_part_is_said_to_be_better_or_worse() -> None:
    html = page("binary_classification", champion=False)
    assert "Part by part" in html
    assert "than the champion" not in html
    assert ">Gain<" not in html
    assert "than the champion in each" in page("binary_classification", champion=True)


def test_fairness_shows_each_rate_of_each_group_with_what_it_rests_on() -> None:
    truth, ours, _ = answered("binary_classification")
    zone = np.where(np.arange(len(truth)) % 3 == 0, EVIL, "a")
    limits = {"demographic_parity_difference": {"at_most": 0.2}, "equalized_odds_difference": {"at_most": 0.3}}
    spec = model("binary_classification", fairness={"columns": ["zone"], "limits": limits})
    checks = judge(spec, ours, None, truth, beside=Beside({"zone": zone}))
    [check] = [check for check in checks if check.name == "fairness:demographic_parity_difference:zone"]
    [few] = [row for row in check.observed["groups"] if row["group"] == EVIL]
    among = zone == EVIL
    assert (few["n"], few["point"]) == (400, pytest.approx((ours.label == 1)[among].mean()))
    assert few["low"] < few["point"] < few["high"]
    html = report(Judgement(spec, "t-1", Verdict("gate", "model/m", checks), truth, ours, None))
    for rate in ("Selection", "True positive", "False positive"):
        assert f"<b>{rate} rate by zone.</b>" in html
    assert EVIL not in html.partition("Group by group")[2]
    assert f"{few['low']:.3g} to {few['high']:.3g}" in html

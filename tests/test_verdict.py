"""The rule of verdicts, over every combination of outcomes."""

from itertools import product

import pytest

from loopwright.verdict import Check, OnInconclusive, Outcome, Verdict, overall


def check(outcome: Outcome, *, required: bool = True, why: str = "because") -> Check:
    return Check("c", outcome, why, required=required)


@pytest.mark.parametrize("outcomes", list(product(Outcome, repeat=3)))
def test_fail_wins_then_inconclusive_and_silence_is_no_pass(outcomes):
    result = overall([check(outcome) for outcome in outcomes])
    if Outcome.FAIL in outcomes:
        assert result is Outcome.FAIL
    elif Outcome.INCONCLUSIVE in outcomes or Outcome.PASS not in outcomes:
        assert result is Outcome.INCONCLUSIVE
    else:
        assert result is Outcome.PASS


def test_no_check_at_all_is_inconclusive():
    assert overall([]) is Outcome.INCONCLUSIVE


def test_advisory_checks_do_not_decide():
    assert overall([check(Outcome.PASS), check(Outcome.FAIL, required=False)]) is Outcome.PASS
    assert overall([check(Outcome.PASS, required=False)]) is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(("wish", "refused"), [("wait", False), ("ask", False), ("refuse", True)])
def test_inconclusive_goes_by_the_declared_wish(wish, refused):
    verdict = Verdict("gate", "model/m", (check(Outcome.INCONCLUSIVE),), OnInconclusive(wish))
    assert (verdict.refused, verdict.passed) == (refused, False)


def test_a_tampered_outcome_is_not_believed():
    raw = Verdict("gate", "model/m", (check(Outcome.FAIL),), digests={"data": "d"}).to_dict()
    raw["outcome"] = "pass"
    assert Verdict.from_dict(raw).outcome is Outcome.FAIL


def test_round_trip_and_a_bounded_why():
    verdict = Verdict("ingest", "dataset/d", tuple(check(Outcome.FAIL, why=f"w{n}") for n in range(9)))
    assert Verdict.from_dict(verdict.to_dict()) == verdict
    assert verdict.why() == "fail: w0; w1; w2; and 6 more"


@pytest.mark.parametrize(
    ("checks", "why"),
    [
        ([check(Outcome.PASS)] * 5, "pass: 5 of 5 required checks"),
        (
            [check(Outcome.PASS), check(Outcome.FAIL, required=False), check(Outcome.INCONCLUSIVE, required=False)],
            "pass: 1 of 1 required checks; 2 advisory findings",
        ),
        (
            [check(Outcome.PASS), check(Outcome.NOT_APPLICABLE), check(Outcome.FAIL, required=False)],
            "pass: 1 of 1 required checks; 1 advisory finding",
        ),
        ([check(Outcome.PASS), check(Outcome.PASS, required=False)], "pass: 1 of 1 required checks"),
        ([check(Outcome.PASS, required=False)], "inconclusive: no required check applies"),
        ([check(Outcome.NOT_APPLICABLE)], "inconclusive: no required check applies"),
    ],
)
def test_a_pass_counts_what_decided_and_tells_findings_apart(checks, why):
    assert Verdict("gate", "model/m", tuple(checks)).why() == why

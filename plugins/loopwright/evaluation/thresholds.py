"""Absolute bounds, asked of an interval: three answers, because between its two bounds the data cannot tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from loopwright.verdict import Check, Outcome

if TYPE_CHECKING:
    from loopwright.declaration.gate import Bound
    from loopwright.evaluation.estimates import Interval

_SAYS = {Outcome.PASS: "is", Outcome.FAIL: "is not", Outcome.INCONCLUSIVE: "may or may not be"}


def bounded(
    name: str,
    said: str,
    found: Interval,
    bound: Bound,
    *,
    required: bool = True,
    lacking: str | None = None,
    more: Mapping[str, Any] | None = None,
) -> Check:
    """Ask whether something is within a declared bound.

    :param name: of the check.
    :param said: what is measured, for people.
    :param found: what was measured.
    :param bound: what is asked.
    :param required: whether it decides.
    :param lacking: what is missing where the interval is not known.
    :param more: what else was observed: what was left out.
    """
    asked = bound.model_dump(exclude_none=True)
    observed = found.to_dict() | ({"left_out": dict(more)} if more else {})
    words = f"at least {bound.at_least:g}" if bound.at_least is not None else f"at most {bound.at_most:g}"
    if not found.known:
        why = f"whether {said} is {words} cannot be told: {lacking or 'the rows do not define it'}"
        return Check(name, Outcome.INCONCLUSIVE, why, observed, asked, found.n, required)
    outcome = reaches(found, bound)
    why = f"{said} {_SAYS[outcome]} {words}: {found.point:.4g} ({found.said})"
    return Check(name, outcome, why, observed, asked, found.n, required)


def reaches(found: Interval, bound: Bound) -> Outcome:
    """Return whether an interval lies within a bound, outside it, or on both sides."""
    if bound.at_least is not None:
        surely, possibly = found.low >= bound.at_least, found.high >= bound.at_least
    else:
        assert bound.at_most is not None  # noqa: S101 - the declaration holds exactly one of the two
        surely, possibly = found.high <= bound.at_most, found.low <= bound.at_most
    if surely:
        return Outcome.PASS
    return Outcome.INCONCLUSIVE if possibly else Outcome.FAIL

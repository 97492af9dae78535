"""A number with what is known of its uncertainty: bounds at any confidence, and how surely it misses a value."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Bounds = Callable[[float], tuple[float, float]]
"""From a one-sided confidence to the two bounds that each hold with it."""

_STEPS = 40


@dataclass(frozen=True)
class Interval:
    """An estimate and its two bounds.

    :param point: the value on the rows as they are; NaN where they do not define it.
    :param low: the value is above this with ``confidence``; NaN where the rows cannot tell.
    :param high: the value is below this with ``confidence``; NaN where the rows cannot tell.
    :param n: rows it rests on.
    :param confidence: one-sided, of each bound: both together hold with ``2 * confidence - 1``.
    :param method: how the bounds were made, for people; empty where there are none.
    """

    point: float
    low: float
    high: float
    n: int
    confidence: float
    method: str = ""

    @property
    def known(self) -> bool:
        """Whether there are bounds to decide on."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    @property
    def said(self) -> str:
        """The bounds in words, for a sentence."""
        return f"{self.low:.4g} to {self.high:.4g} at {_percent(self.confidence)} each way"

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; what is not known is ``None``."""
        numbers = {"point": self.point, "low": self.low, "high": self.high}
        finite = {name: value if math.isfinite(value) else None for name, value in numbers.items()}
        how = {"method": self.method} if self.method else {}
        return {**finite, "n": self.n, "confidence": self.confidence, **how}


@dataclass(frozen=True)
class Estimate:
    """A number and its uncertainty, before anybody said how sure to be.

    :param point: the value on the rows as they are; NaN where they do not define it.
    :param error: its standard error; NaN where the rows cannot tell.
    :param n: rows it rests on.
    :param method: how the bounds are made, for people.
    :param bounds: the bounds at a confidence; ``None`` where the rows cannot tell.
    :param least_chance: the smallest p-value that it can support: so many draws show nothing rarer than one of them.
    """

    point: float
    error: float
    n: int
    method: str = ""
    bounds: Bounds | None = None
    least_chance: float = 0.0

    @property
    def known(self) -> bool:
        """Whether there are bounds to decide on."""
        return self.bounds is not None

    def at(self, confidence: float) -> Interval:
        """Return the estimate with its bounds at a one-sided confidence."""
        if self.bounds is None:
            return Interval(self.point, math.nan, math.nan, self.n, confidence)
        low, high = self.bounds(confidence)
        return Interval(self.point, low, high, self.n, confidence, self.method)

    def chance_of_at_least(self, value: float) -> float:
        """Return the one-sided p-value of "it is at least this much": where the upper bound just reaches the value.

        :param value: what it is asked to reach.
        :return: small where the rows speak against it; 1 where they cannot tell.
        """
        if self.bounds is None or self.point >= value:
            return 1.0 if self.bounds is None else 0.5
        low, high = 1e-12, 0.5  # of the error that one is ready to make
        for _ in range(_STEPS):
            middle = math.sqrt(low * high)
            if self.bounds(1 - middle)[1] < value:
                high = middle
            else:
                low = middle
        return max(high, self.least_chance)


def unknown(point: float, n: int) -> Estimate:
    """Return an estimate without bounds: too few rows, or nothing that defines it.

    :param point: the value all the same, where there is one.
    :param n: rows.
    """
    return Estimate(point, math.nan, n)


def exactly(point: float, n: int, method: str) -> Estimate:
    """Return an estimate that is the same under every resample: two models that answer alike, say."""
    return Estimate(point, 0.0, n, method, lambda _: (point, point))


def _percent(confidence: float) -> str:
    return f"{100 * confidence:.3g}%" if confidence < 0.9995 else f"{100 * confidence:.5g}%"

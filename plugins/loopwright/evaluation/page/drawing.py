"""Charts as inline SVG: a frame with ticks, and in it lines, dots, bars and intervals. Every text is escaped.

Colours are CSS classes, so that a chart follows the page into the dark.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape

WIDTH, HEIGHT = 380, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 12, 40
_TICKS = 5


@dataclass
class Plot:
    """A frame to draw in.

    :param across: what the horizontal axis shows.
    :param up: what the vertical axis shows; empty for none.
    :param x: the ends of the horizontal axis.
    :param y: the ends of the vertical axis.
    :param said: what the whole shows, for who cannot see it.
    :param height: in pixels.
    """

    across: str
    up: str
    x: tuple[float, float]
    y: tuple[float, float]
    said: str
    height: int = HEIGHT
    _parts: list[str] = field(default_factory=list)

    def line(self, xs: Iterable[float], ys: Iterable[float], kind: str) -> None:
        """Draw a line.

        :param kind: its CSS class, such as ``ours``.
        """
        points = " ".join(f"{self._x(a):.1f},{self._y(b):.1f}" for a, b in zip(xs, ys, strict=True))
        self._parts.append(f'<polyline class="line {escape(kind)}" points="{points}"/>')

    def dots(self, xs: Iterable[float], ys: Iterable[float], kind: str) -> None:
        """Draw dots."""
        for a, b in zip(xs, ys, strict=True):
            self._parts.append(
                f'<circle class="dot {escape(kind)}" cx="{self._x(a):.1f}" cy="{self._y(b):.1f}" r="3"/>'
            )

    def upright(self, xs: Iterable[float], lows: Iterable[float], highs: Iterable[float], kind: str) -> None:
        """Draw an interval above each place."""
        for a, low, high in zip(xs, lows, highs, strict=True):
            self._stroke(kind, self._x(a), self._y(low), self._x(a), self._y(high))

    def lying(self, y: float, low: float, point: float, high: float, kind: str) -> None:
        """Draw an interval across, and its point."""
        self._stroke(f"bar {kind}", self._x(low), self._y(y), self._x(high), self._y(y))
        self._parts.append(
            f'<circle class="dot {escape(kind)}" cx="{self._x(point):.1f}" cy="{self._y(y):.1f}" r="5"/>'
        )

    def columns(self, edges: Sequence[float], heights: Sequence[float], kind: str) -> None:
        """Draw a histogram."""
        for left, right, tall in zip(edges[:-1], edges[1:], heights, strict=True):
            a, b = self._x(left), self._x(right)
            top = self._y(tall)
            bottom = self._y(self.y[0])
            self._parts.append(
                f'<rect class="column {escape(kind)}" x="{a:.1f}" y="{top:.1f}" width="{max(b - a - 1, 0.5):.1f}"'
                f' height="{max(bottom - top, 0):.1f}"/>'
            )

    def mark(self, x: float, words: str, kind: str, *, after: bool = True) -> None:
        """Draw an upright line with words beside it.

        :param after: whether they follow it, or go before.
        """
        self._stroke(f"mark {kind}", self._x(x), _TOP, self._x(x), self.height - _BOTTOM)
        at, anchor = (self._x(x) + 4, "start") if after else (self._x(x) - 4, "end")
        self._parts.append(f'<text x="{at:.1f}" y="{_TOP + 10}" text-anchor="{anchor}">{escape(words)}</text>')

    def svg(self) -> str:
        """Return the chart."""
        return (
            f'<svg viewBox="0 0 {WIDTH} {self.height}" role="img" aria-label="{escape(self.said, quote=True)}">'
            f"<title>{escape(self.said)}</title>{self._frame()}{''.join(self._parts)}</svg>"
        )

    def _x(self, value: float) -> float:
        low, high = self.x
        share = (min(max(value, low), high) - low) / (high - low) if high > low else 0.5
        return _LEFT + share * (WIDTH - _LEFT - _RIGHT)

    def _y(self, value: float) -> float:
        low, high = self.y
        share = (min(max(value, low), high) - low) / (high - low) if high > low else 0.5
        return self.height - _BOTTOM - share * (self.height - _TOP - _BOTTOM)

    def _stroke(self, kind: str, x1: float, y1: float, x2: float, y2: float) -> None:
        self._parts.append(f'<line class="{escape(kind)}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>')

    def _frame(self) -> str:
        bottom = self.height - _BOTTOM
        parts = [f'<line class="axis" x1="{_LEFT}" y1="{bottom}" x2="{WIDTH - _RIGHT}" y2="{bottom}"/>']
        for value in ticks(*self.x):
            at = self._x(value)
            parts.append(f'<line class="axis" x1="{at:.1f}" y1="{bottom}" x2="{at:.1f}" y2="{bottom + 4}"/>')
            parts.append(f'<text x="{at:.1f}" y="{bottom + 16}" text-anchor="middle">{value:.4g}</text>')
        middle = (_LEFT + WIDTH - _RIGHT) / 2
        parts.append(f'<text x="{middle:.0f}" y="{self.height - 6}" text-anchor="middle">{escape(self.across)}</text>')
        if self.up:
            parts.append(f'<line class="axis" x1="{_LEFT}" y1="{_TOP}" x2="{_LEFT}" y2="{bottom}"/>')
            for value in ticks(*self.y):
                at = self._y(value)
                parts.append(f'<line class="grid" x1="{_LEFT}" y1="{at:.1f}" x2="{WIDTH - _RIGHT}" y2="{at:.1f}"/>')
                parts.append(f'<text x="{_LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{value:.4g}</text>')
            half = (_TOP + bottom) / 2
            turned = f'transform="rotate(-90 12 {half:.0f})"'
            parts.append(f'<text x="12" y="{half:.0f}" text-anchor="middle" {turned}>{escape(self.up)}</text>')
        return "".join(parts)


def ticks(low: float, high: float) -> list[float]:
    """Return a few round numbers between two others.

    :param low: the lesser.
    :param high: the greater.
    """
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return [low] if math.isfinite(low) else []
    rough = (high - low) / _TICKS
    size = 10 ** math.floor(math.log10(rough))
    step = size * next((k for k in (1, 2, 5, 10) if k * size >= rough), 10)
    first = math.ceil(low / step - 1e-9)
    found = []
    while first * step <= high + 1e-9 * step:
        found.append(round(first * step, 12) + 0.0)
        first += 1
    return found


def strip(
    low: float, point: float, high: float, ends: tuple[float, float], kind: str, limit: float | None = None
) -> str:
    """Return an interval as a small strip for a table's cell, with a line at zero.

    :param ends: of the axis, the same for all rows of a table.
    :param kind: its CSS class.
    :param limit: where another line is drawn: what is granted.
    """
    width, height = 150, 16

    def at(value: float) -> float:
        share = (min(max(value, ends[0]), ends[1]) - ends[0]) / ((ends[1] - ends[0]) or 1.0)
        return 2 + share * (width - 4)

    line = (
        "" if limit is None else f'<line class="mark limit" x1="{at(limit):.1f}" y1="0" x2="{at(limit):.1f}" y2="16"/>'
    )
    return (
        f'<svg class="strip" viewBox="0 0 {width} {height}" role="img" aria-label="{low:.4g} to {high:.4g}">'
        f'<line class="mark zero" x1="{at(0):.1f}" y1="0" x2="{at(0):.1f}" y2="{height}"/>'
        f'{line}<line class="bar {escape(kind)}" x1="{at(low):.1f}" y1="8" x2="{at(high):.1f}" y2="8"/>'
        f'<circle class="dot {escape(kind)}" cx="{at(point):.1f}" cy="8" r="4"/></svg>'
    )

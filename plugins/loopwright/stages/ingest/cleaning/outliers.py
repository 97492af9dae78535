"""Values that lie far out: brought in, made missing, or their rows set aside or left out.

What must stay true: a row that is set aside is kept whole, and says which column was far out and what was allowed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loopwright.stages.ingest.cleaning.done import Done, require, require_numbers

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from loopwright.declaration import cleaning as steps

Bounds = tuple[float | None, float | None]


def clip(frame: pd.DataFrame, step: steps.Clip, _: Path) -> Done:
    """Bring values to fixed bounds."""
    require(frame, [step.column])
    require_numbers(frame[step.column], "clipped")
    clipped = _clipped(frame[step.column], (step.lower, step.upper))
    changed = clipped.ne(frame[step.column]) & frame[step.column].notna()
    return Done(frame.assign(**{step.column: clipped}), int(changed.sum()))


def outliers(frame: pd.DataFrame, step: steps.Outliers, _: Path) -> Done:
    """Do what is declared with values out of bounds, each column by itself."""
    require(frame, step.columns)
    for name in step.columns:
        require_numbers(frame[name], "judged as outliers")
    bounds = {name: _bounds(frame[name], step) for name in step.columns}
    out = {name: _outside(frame[name], bounds[name]) for name in step.columns}
    values = sum(int(mask.sum()) for mask in out.values())
    if step.then == "clip":
        return Done(frame.assign(**{name: _clipped(frame[name], bounds[name]) for name in step.columns}), values)
    if step.then == "null":
        return Done(frame.assign(**{name: frame[name].mask(out[name]) for name in step.columns}), values)
    rows = next(iter(out.values())) & False
    for mask in out.values():
        rows |= mask
    if step.then == "drop":
        return Done(frame[~rows], int(rows.sum()))
    allowed = ", ".join(f"{name} {_said(bounds[name])}" for name in step.columns if out[name].any())
    return Done(frame[~rows], int(rows.sum()), frame[rows], f"an outlier by {step.by}: allowed is {allowed}")


def _bounds(column: pd.Series[Any], step: steps.Outliers) -> Bounds:
    """Return the bounds; of values that there are too few of to have quantiles, none."""
    if step.by == "bounds":
        return _of_its_kind(step.lower, column), _of_its_kind(step.upper, column)
    known = column.dropna().astype("float64")
    if known.empty:
        return None, None
    if step.by == "quantile":
        low = None if step.below is None else float(known.quantile(step.below))
        return low, None if step.above is None else float(known.quantile(step.above))
    first, third = (float(known.quantile(share)) for share in (0.25, 0.75))
    reach = step.factor * (third - first)
    return first - reach, third + reach


def _outside(column: pd.Series[Any], bounds: Bounds) -> pd.Series[Any]:
    low, high = bounds
    out = column.isna() & False
    if low is not None:
        out |= (column < low).fillna(False).astype(bool)
    if high is not None:
        out |= (column > high).fillna(False).astype(bool)
    return out


def _clipped(column: pd.Series[Any], bounds: Bounds) -> pd.Series[Any]:
    low, high = (_of_its_kind(bound, column) for bound in bounds)
    whole = column.dtype.kind in "iu" and any(isinstance(bound, float) for bound in (low, high))
    return (column.astype("float64") if whole else column).clip(low, high)


def _of_its_kind(bound: float | None, column: pd.Series[Any]) -> float | int | None:
    whole = bound is not None and column.dtype.kind in "iu" and float(bound).is_integer()
    return int(bound) if whole and bound is not None else bound


def _said(bounds: Bounds) -> str:
    low, high = bounds
    if low is None or high is None:
        return f"up to {high:g}" if high is not None else f"from {low:g}"
    return f"{low:g} to {high:g}"

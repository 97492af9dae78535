"""What is made of a rehearsal: pure questions to its figures, the declared budget and the champion's figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from loopwright.errors import shown_names
from loopwright.verdict import Check, Outcome

if TYPE_CHECKING:
    from loopwright.declaration.release import Budget

_UNITS = {
    "latency_ms": ("latency_p95_ms", "{:.3g} ms for one row, nineteen times of twenty", "at_most"),
    "rows_per_second": ("rows_per_second", "{:,.0f} rows a second", "at_least"),
    "memory_mb": ("memory_mb", "{:,.0f} MB of memory at its peak", "at_most"),
    "size_mb": ("size_mb", "{:,.3g} MB of files", "at_most"),
}
"""Key of the budget: the figure that is held against it, how it reads, and on which side it has to be."""


def judge(
    answer: Mapping[str, Any],
    budget: Budget | None = None,
    champion: Mapping[str, Any] | None = None,
    *,
    golden: str | None = None,
) -> tuple[Check, ...]:
    """Decide on what the fresh process answered.

    :param answer: ``figures`` of a rehearsal that ran, or the ``fault`` that ended it.
    :param budget: as declared; none bounds nothing.
    :param champion: the figures of the champion's own last rehearsal, if it had one.
    :param golden: the recorded digest of what it was asked, which was found to hold if there is one.
    """
    fault = answer.get("fault")
    if fault and fault["type"] == "GoldenSampleTampered":
        why = "the rows and answers to rehearse on are not those that were kept at its training"
        return (Check("golden_sample", Outcome.FAIL, why, fault["got"], fault["allowed"]),)
    if fault:
        why = f"it cannot be served: {fault['what']}" + (f" ({fault['got']})" if fault.get("got") else "")
        return (Check("loads", Outcome.FAIL, why, fault["type"], "loads and predicts"),)
    seen = answer["figures"]
    loads = Check("loads", Outcome.PASS, f"it was loaded by its digest in {seen['load_seconds']:.2g} s")
    costs = [_cost(name, seen, budget, champion) for name in _UNITS if seen.get(_UNITS[name][0]) is not None]
    return (loads, _golden_sample(golden), _same_answers(seen), _signature(seen), _environment(seen), *costs)


def _golden_sample(digest: str | None) -> Check:
    if digest is None:
        why = "it was trained before the digest of its rows and answers was recorded"
        return Check("golden_sample", Outcome.NOT_APPLICABLE, why, required=False)
    return Check("golden_sample", Outcome.PASS, "it was asked what was kept at its training, byte for byte", digest)


def _same_answers(seen: Mapping[str, Any]) -> Check:
    rows, differ = seen["rows"], seen["differ"]
    if rows == 0:
        return Check("same_answers", Outcome.INCONCLUSIVE, "no rows were kept at its training to ask it about", n=0)
    outcome = Outcome.FAIL if differ else Outcome.PASS
    said = f"{rows - differ} of {rows} rows got the answer they got at its training"
    most = f"; the largest difference is {seen['largest']:.3g}" if differ and seen["largest"] is not None else ""
    return Check("same_answers", outcome, said + most, differ, 0, rows)


def _signature(seen: Mapping[str, Any]) -> Check:
    departures = seen["signature"]
    why = f"by its signature {'; '.join(departures)}" if departures else "rows and answers are as its signature says"
    return Check("signature", Outcome.FAIL if departures else Outcome.PASS, why, departures, [])


def _environment(seen: Mapping[str, Any]) -> Check:
    """Say what is installed otherwise than at the training: it informs, for the answers decide."""
    differing = seen.get("environment") or []
    if not differing:
        return Check("environment", Outcome.PASS, "everything it needs is here as it was recorded", required=False)
    said = [f"{one['name']} {one['here'] or 'not installed'} for {one['recorded']}" for one in differing]
    return Check("environment", Outcome.FAIL, f"here is {shown_names(said)}", differing, [], required=False)


def _cost(name: str, seen: Mapping[str, Any], budget: Budget | None, champion: Mapping[str, Any] | None) -> Check:
    """Hold one figure against what is declared for it, and against the champion's."""
    figure, reads, side = _UNITS[name]
    found: float = seen[figure]
    declared: float | None = getattr(budget, name) if budget else None
    times = budget.times_champion if budget else None
    before = (champion or {}).get(figure)
    bounds: dict[str, float] = {} if declared is None else {"declared": declared}
    if before is not None and times is not None:
        bounds["champion"] = before / times if side == "at_least" else before * times
    broken = [what for what, bound in bounds.items() if (found < bound if side == "at_least" else found > bound)]
    why = reads.format(found)
    if before is not None:
        why += f"; the champion's were {_figure(before)}"
    if broken:
        word = "at least" if side == "at_least" else "at most"
        said = [f"{word} {_figure(bounds[what])} {_ALLOWED[what]}" for what in broken]
        why += f"; {' and '.join(said)}"
    outcome = Outcome.FAIL if broken else Outcome.PASS
    return Check(name, outcome, why, found, bounds or None, required=bool(bounds))


def _figure(value: float) -> str:
    """Return three digits that matter, and no power of ten in place of thousands."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


_ALLOWED = {"declared": "is declared", "champion": "is allowed beside the champion"}

"""Whether the holdout was unseen: by batch, by row and by time, for the candidate and for the champion alike.

A candidate that saw the holdout is flattered: a fault. A champion that saw it (somebody holds out more than before,
say) makes the comparison unfair to the candidate until newer batches arrive: there is no telling yet. What is not known
of the candidate is no pass; what is not known of a champion (it was adopted, say) is said, for if it did see the
holdout, nothing worse gets through.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from loopwright.errors import shown_names
from loopwright.verdict import Check, Outcome

TOLERATED = 0.01
"""Share of the holdout's rows that may come again by a slip of the source; they are left out of every comparison."""
_BY_CHANCE = 3
"""Standard errors by which twins may be more than usual, where rows have no key: in few rows a share is rough."""


@dataclass(frozen=True)
class Seen:
    """Rows of the holdout that were found among those trained on.

    :param key: the columns that name a row; none where the whole row must be the same.
    :param n: rows of the holdout.
    :param candidate: how many of them the candidate was trained on; ``None`` where that is not known.
    :param champion: how many of them the champion was trained on; ``None`` where that is not known.
    :param usual: share of the candidate's own training rows that have a twin among them.
    :param champion_unknown: whether there is a champion of which it is not known what it was trained on.
    """

    key: Sequence[str]
    n: int
    candidate: int | None = None
    champion: int | None = None
    usual: float = 0.0
    champion_unknown: bool = False

    @property
    def limit(self) -> float:
        """Share of the holdout's rows that may be found again: a slip, and what is usual where rows have no key."""
        if self.key:
            return TOLERATED
        share = min(TOLERATED + self.usual, 1.0)
        return share + _BY_CHANCE * math.sqrt(share * (1 - share) / max(self.n, 1))


@dataclass(frozen=True)
class Unseen:
    """What the question whether the holdout was unseen is about.

    :param holdout: batches that candidate and champion are compared on.
    :param candidate: batches that the candidate was trained on.
    :param champion: batches that the champion was trained on.
    :param rows: rows of the holdout found among those trained on; ``None`` where nobody looked.
    :param trained_until: when the newest training batch happened, by its middle row, ISO 8601; ``None`` where nothing
        says it.
    :param held_from: when the oldest held-out batch happened, by its middle row.
    :param trained_last: when the last row of the training happened, by what its source says.
    :param held_first: when the first held-out row did.
    """

    holdout: Sequence[str]
    candidate: Sequence[str]
    champion: Sequence[str] = ()
    rows: Seen | None = None
    trained_until: str | None = None
    held_from: str | None = None
    trained_last: str | None = None
    held_first: str | None = None


def unseen_checks(asked: Unseen) -> tuple[Check, ...]:
    """Ask whether the holdout was unseen."""
    checks = [_by_batch(asked)]
    if asked.rows is not None:
        checks.append(_by_row(asked.rows))
    if asked.trained_until and asked.held_from:
        checks.append(_by_time(asked, asked.trained_until, asked.held_from))
    return tuple(checks)


def _by_batch(asked: Unseen) -> Check:
    held = list(asked.holdout)
    by_candidate = [b for b in held if b in set(asked.candidate)]
    by_champion = [b for b in held if b in set(asked.champion)]
    if by_candidate:
        outcome, why = Outcome.FAIL, f"the candidate was trained on held-out batches: {shown_names(by_candidate)}"
    elif by_champion:
        outcome = Outcome.INCONCLUSIVE
        why = f"the champion was trained on held-out batches: {shown_names(by_champion)}"
    else:
        outcome, why = Outcome.PASS, f"nobody was trained on what is held out: {shown_names(held)}"
    observed = {"candidate": by_candidate, "champion": by_champion}
    return Check("holdout_unseen", outcome, why, observed=observed, asked=held, n=len(held))


def _by_row(seen: Seen) -> Check:
    name, what = "holdout_unseen:rows", f"by {', '.join(seen.key)}" if seen.key else "by all that a row holds"
    limit = round(seen.limit, 6)
    observed = {"candidate": seen.candidate, "champion": seen.champion, "usual": round(seen.usual, 6)}
    asked = {"key": list(seen.key), "at_most": limit}
    for who, found, outcome in (
        ("candidate", seen.candidate, Outcome.FAIL),
        ("champion", seen.champion, Outcome.INCONCLUSIVE),
    ):
        if found is not None and seen.n and found / seen.n > limit:
            why = f"the {who} was trained on {found} of the {seen.n} held-out rows, told {what}"
            return Check(name, outcome, why, observed, asked, seen.n)
    if seen.candidate is None:
        why = "which rows the candidate was trained on was not kept; train it again"
        return Check(name, Outcome.INCONCLUSIVE, why, observed, asked, seen.n)
    again = max(seen.candidate, seen.champion or 0)
    if not again:
        why = f"none of the {seen.n} held-out rows was trained on, told {what}"
    elif seen.key:
        why = f"{again} of the {seen.n} held-out rows were trained on, told {what}; they are left out"
    else:
        why = f"{again} of the {seen.n} held-out rows have a twin among those trained on, which is usual here"
    if seen.champion_unknown:  # one that saw them is flattered, which harms the candidate and not production
        why += "; what the champion was trained on is not known"
    return Check(name, Outcome.PASS, why, observed, asked, seen.n)


def _by_time(asked: Unseen, trained_until: str, held_from: str) -> Check:
    """Ask whether the training lies before the holdout, batch by batch; of their ends it is said.

    The middle row decides: one stray row of a source would otherwise refuse every candidate.
    """
    name, until, held = "holdout_unseen:time", when(trained_until), when(held_from)
    observed = {
        "trained_until": trained_until,
        "held_from": held_from,
        "trained_last": asked.trained_last,
        "held_first": asked.held_first,
    }
    if until is None or held is None:
        why = f"when the rows happened cannot be told: {trained_until}, {held_from} are no times"
        return Check(name, Outcome.INCONCLUSIVE, why, observed)
    words = "before" if until <= held else "after"
    last, first = when(asked.trained_last or ""), when(asked.held_first or "")
    if until <= held and last and first and last < first:
        why = f"every row trained on happened before every one held out ({asked.trained_last}, {asked.held_first})"
        return Check(name, Outcome.PASS, why, observed)
    why = f"the newest training batch happened {words} the oldest that is held out, by their middle rows"
    why += f" ({trained_until}, {held_from})"
    if until <= held and last and first:
        why += f"; their ends overlap: the last row trained on is of {asked.trained_last}, the first held out of"
        why += f" {asked.held_first}"
    return Check(name, Outcome.PASS if until <= held else Outcome.FAIL, why, observed)


def when(text: str) -> datetime | None:
    """Return a time that compares with others, whatever offset it was written with; ``None`` where it is none.

    :param text: ISO 8601; without an offset it is UTC.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)

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
    :param trained_until: when the newest training batch happened, ISO 8601; ``None`` where nothing says it.
    :param held_from: when the oldest held-out batch happened.
    """

    holdout: Sequence[str]
    candidate: Sequence[str]
    champion: Sequence[str] = ()
    rows: Seen | None = None
    trained_until: str | None = None
    held_from: str | None = None


def unseen_checks(asked: Unseen) -> tuple[Check, ...]:
    """Ask whether the holdout was unseen."""
    checks = [_by_batch(asked)]
    if asked.rows is not None:
        checks.append(_by_row(asked.rows))
    if asked.trained_until and asked.held_from:
        checks.append(_by_time(asked.trained_until, asked.held_from))
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
        outcome, why = Outcome.PASS, f"nobody was trained on the held-out {shown_names(held)}"
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


def _by_time(trained_until: str, held_from: str) -> Check:
    before = trained_until <= held_from
    words = "before" if before else "after"
    why = f"the newest training batch happened {words} the oldest that is held out ({trained_until}, {held_from})"
    outcome = Outcome.PASS if before else Outcome.FAIL
    observed = {"trained_until": trained_until, "held_from": held_from}
    return Check("holdout_unseen:time", outcome, why, observed, n=None)

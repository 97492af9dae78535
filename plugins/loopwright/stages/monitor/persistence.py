"""k of n: one odd batch is no reason to act. Pure, and three-valued."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from loopwright.verdict import Outcome

if TYPE_CHECKING:
    from loopwright.declaration.fields import Persistence


def persists(outcomes: Sequence[Outcome], rule: Persistence) -> Outcome:
    """Decide whether a finding persists.

    :param outcomes: of the batches in their order, the one in question last; those without an answer left out.
    :param rule: how many of the last batches must agree.
    :return: ``fail`` when the last batch shows it and enough of the window do; ``inconclusive`` when the last cannot
        tell, or those that could not tell might make up the number; ``pass`` when the last does not show it.
    """
    window = list(outcomes)[-rule.window :]
    if not window:
        return Outcome.NOT_APPLICABLE
    hits, unsure = window.count(Outcome.FAIL), window.count(Outcome.INCONCLUSIVE)
    if window[-1] is not Outcome.FAIL:
        return window[-1]
    if hits >= rule.hits:
        return Outcome.FAIL
    return Outcome.INCONCLUSIVE if hits + unsure >= rule.hits else Outcome.PASS


def said(outcomes: Sequence[Outcome], rule: Persistence, what: str) -> str:
    """Return the count as a sentence: ``2 of the last 3 batches drifted, 2 of 3 are needed``.

    :param what: the verb for one that shows it.
    """
    window = list(outcomes)[-rule.window :]
    batches = f"the last {len(window)} batches" if len(window) > 1 else "1 batch"
    return f"{window.count(Outcome.FAIL)} of {batches} {what}, {rule.hits} of {rule.window} are needed"

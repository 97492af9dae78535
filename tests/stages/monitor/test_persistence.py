from __future__ import annotations

import pytest

from loopwright.declaration.fields import Persistence
from loopwright.stages.monitor.persistence import persists, said
from loopwright.verdict import Outcome

WORDS = {"f": Outcome.FAIL, "p": Outcome.PASS, "i": Outcome.INCONCLUSIVE, "n": Outcome.NOT_APPLICABLE}


@pytest.mark.parametrize(
    ("seen", "hits", "window", "outcome"),
    [
        ("", 1, 1, "n"),
        ("f", 1, 1, "f"),
        ("p", 1, 1, "p"),
        ("i", 1, 1, "i"),
        ("f", 2, 3, "p"),
        ("ff", 2, 3, "f"),
        ("fpf", 2, 3, "f"),
        ("fppf", 2, 3, "p"),
        ("ffp", 2, 3, "p"),
        ("if", 2, 3, "i"),
        ("ippf", 2, 3, "p"),
        ("fi", 2, 3, "i"),
        ("fff", 3, 3, "f"),
        ("fif", 3, 3, "i"),
    ],
)
def test_k_of_n(seen, hits, window, outcome):
    assert persists([WORDS[w] for w in seen], Persistence(hits=hits, window=window)) is WORDS[outcome]


def test_it_is_said_as_a_count():
    rule = Persistence(hits=2, window=3)
    assert said([Outcome.FAIL] * 2 + [Outcome.PASS], rule, "drifted") == (
        "2 of the last 3 batches drifted, 2 of 3 are needed"
    )
    assert said([Outcome.FAIL], rule, "drifted") == "1 of 1 batch drifted, 2 of 3 are needed"

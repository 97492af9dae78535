"""Whether a version can be made again, asked at the keyboard."""

from __future__ import annotations

from loopwright.loop.run import turn
from support import toy as toys


def test_a_training_that_rolls_dice_makes_another_model_and_that_is_a_no(tmp_path, loopwright):
    toy = toys.make(tmp_path)
    toy.edit(
        "include/models/tips/training.py",
        "    return make_pipeline(StandardScaler(), LogisticRegression(**params))",
        "    import os\n\n    c = 0.001 + int.from_bytes(os.urandom(2), 'big') / 65536\n"
        "    return make_pipeline(StandardScaler(), LogisticRegression(C=c, **params))",
    )
    for month in (1, 2):
        toy.arrive(month, rows=600)
    turn(toy.workspace, "tips", until="release")
    answer = loopwright("reproduce", "tips", "--project", toy.path, "--json")
    assert answer.status == 1
    assert answer.document["outcome"] == "different"
    assert answer.document["differ"] > 0
    assert answer.document["largest"] > 0
    assert "rows got another answer" in loopwright("history", "tips", "--project", toy.path).out
    assert loopwright("reproduce", "minutes", "--project", toy.path).status == 2

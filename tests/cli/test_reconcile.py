"""Ledger and registry brought together again, for one model or for all."""

from loopwright.ledger.store import Ledger
from loopwright.tracking import Tracking


def test_an_alias_is_put_back_and_one_broken_model_holds_up_no_other(loopwright, toy):
    assert "agree" in loopwright("reconcile", "--project", toy.path).out
    toy.arrive(1)
    toy.arrive(2)
    assert loopwright("run", "tips", "--project", toy.path).status == 0
    tracking = Tracking.of(toy.workspace)
    tracking.move_alias("tips", "champion", None)
    assert "mended" in loopwright("reconcile", "tips", "--project", toy.path).out
    assert tracking.alias_of("tips", "champion") == "1"
    tracking.move_alias("tips", "champion", None)
    toy.edit("include/models/minutes/model.yaml", "task: regression", "task: augury")
    answer = loopwright("reconcile", "--project", toy.path, "--json")
    assert answer.status == 2
    assert answer.document["models"]["tips"]["mended"] == ["put the alias back from none to version 1"]
    assert "augury" in str(answer.document["models"]["minutes"]["error"])
    assert Ledger.of(toy.workspace).model("tips").get("alias_found")["found"] is None
    refused = loopwright("reconcile", "tip", "--project", toy.path)
    assert refused.status == 2
    assert "tips" in refused.err

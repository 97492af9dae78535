"""Ledger and registry brought together again, for one model or for all."""

from loopwright.ledger.store import Ledger
from loopwright.tracking import Tracking


def test_an_alias_is_put_back_and_one_broken_model_holds_up_no_other(loopwright, toy):
    refused = loopwright("reconcile", "--dry-run", "--project", toy.path)
    assert (refused.status, "no ledger here" in refused.err) == (2, True)
    assert not (toy.path / ".loopwright").exists()
    assert "agree" in loopwright("reconcile", "--project", toy.path).out
    toy.arrive(1)
    toy.arrive(2)
    assert loopwright("run", "tips", "--project", toy.path).status == 0
    tracking = Tracking.of(toy.workspace)
    tracking.move_alias("tips", "champion", None)
    said = "put the alias back from none to version 1"
    assert f"tips: {said}" in loopwright("reconcile", "tips", "--dry-run", "--project", toy.path).out
    dry = loopwright("reconcile", "tips", "--dry-run", "--project", toy.path, "--json").document
    assert dry == {"models": {"tips": {"would": [said], "error": None}}, "dry_run": True}
    assert tracking.alias_of("tips", "champion") is None
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

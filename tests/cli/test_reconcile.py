"""Ledger and registry brought together again, for one model or for all."""

from loopwright.ledger.events import Draft, Kind
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
    assert dry == {"models": {"tips": {"would": [said], "waiting": [], "error": None}}, "dry_run": True}
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
    toy.edit("include/models/minutes/model.yaml", "task: augury", "task: regression")
    toy.edit("include/models/tips/model.yaml", "monitor:", "release: {tell: [{name: s, copy_to: /dev/null}]}\nmonitor:")
    letter = {"version": "1", "previous": None, "action": "promote", "tell": ["s"]}
    Ledger.of(toy.workspace).record("model/tips", Draft(Kind.RELEASE_CONFIRMED, "release", "", letter))
    answer = loopwright("reconcile", "tips", "--project", toy.path)
    assert (answer.status, "waiting       tips: could not tell s of version 1 yet" in answer.out) == (2, True)
    document = loopwright("reconcile", "--project", toy.path, "--json").document
    assert [len(document["models"]["tips"][word]) for word in ("mended", "waiting")] == [0, 1]
    refused = loopwright("reconcile", "tip", "--project", toy.path)
    assert refused.status == 2
    assert "tips" in refused.err

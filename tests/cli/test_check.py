"""``loopwright check``: what is declared, and what its functions answer where a batch has arrived."""

import json

from loopwright.cli.progress import Progress
from loopwright.loop.step import Step


def checked(loopwright, toy):
    answer = loopwright("check", "tips", "--json", "--project", toy.path)
    checks = {check["name"]: check for check in json.loads(answer.out)["checks"]}
    return answer.status, checks["answers:model/tips"]


def test_where_nothing_has_arrived_it_says_what_it_did_not_try(loopwright, toy):
    status, check = checked(loopwright, toy)
    assert (status, check["outcome"]) == (0, "not_applicable")
    assert "were not called" in check["why"]


def test_what_is_wrong_with_a_dataset_is_said_once(loopwright, toy):
    toy.arrive(1)
    toy.edit("include/datasets/rides/dataset.yaml", "owner:", "holder:")
    status, check = checked(loopwright, toy)
    assert (status, check["outcome"]) == (1, "not_applicable")
    assert "the declaration of dataset rides is wrong" in check["why"]


def test_label_and_features_are_tried_on_a_few_rows(loopwright, toy):
    toy.arrive(1)
    status, check = checked(loopwright, toy)
    assert (status, check["outcome"], check["n"]) == (0, "pass", 200)
    toy.edit("include/models/tips/features.py", 'rides["tip"] >', 'rides["no_such"] >')
    status, check = checked(loopwright, toy)
    assert (status, check["outcome"]) == (1, "fail")
    assert "features.py, line" in check["why"]


def test_a_step_with_several_failed_checks_still_says_what_it_asks_for_and_where_its_page_is(capsys):
    failed = [
        {"name": name, "required": True, "outcome": "fail", "why": "it moved"} for name in ("drift", "performance")
    ]
    result = {"verdict": {"checks": failed}, "request": "retrain", "report": "runs:/r/monitor/b/drift.html"}
    Progress(unit="batches").hear(Step("monitor", "monitor", "b", "fail", "drift; asks to retrain", 0.0, result))
    out = capsys.readouterr().out
    assert "2 checks failed; asks to retrain" in out
    assert "report: runs:/r/monitor/b/drift.html" in out

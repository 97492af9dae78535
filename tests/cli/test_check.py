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


def test_the_report_of_a_batch_that_was_set_aside_is_its_page_and_of_one_that_was_published_none(capsys):
    result = {"report": "/lake/datasets/rides/reports/b.0123.json"}
    for outcome in ("published", "quarantined"):
        Progress(unit="batches").hear(Step("ingest", "ingest", "b", outcome, "1 row", 0.0, result))
    assert capsys.readouterr().out.count("report: /lake/datasets/rides/reports/b.0123.html") == 1


def test_the_gates_report_is_told_whatever_the_gate_said(capsys):
    for outcome in ("pass", "inconclusive", "fail"):
        Progress(unit="steps").hear(Step("train", "gate", None, outcome, "so", 0.0, {"report": "runs:/r/e.html"}))
    assert capsys.readouterr().out.count("report: runs:/r/e.html") == 3

"""The operators around a question about rows that were set aside, over the real stage."""

import json

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, DownstreamTasksSkipped

from loopwright.lake import Lake
from loopwright.ledger.store import Ledger
from loopwright.operators.ingest import IngestBatchOperator, ListArrivalsOperator
from loopwright.operators.quarantine import (
    DROP,
    KEEP,
    RELEASE,
    AskAboutQuarantineOperator,
    RuleOnQuarantineOperator,
    answered,
)
from support.airflow_context import context
from support.toy import rides

ADA = {"id": "1", "name": "ada"}


@pytest.fixture
def bad(toy):
    """A toy whose first month is published but for three rows."""
    toy.edit("include/datasets/rides/dataset.yaml", "owner: tests", "owner: tests\non_bad_rows: {set_aside_up_to: 10%}")
    frame = rides(1, rows=60)
    frame.loc[:2, "distance"] = -1.0
    toy.arrive(1, frame)
    run(IngestBatchOperator(task_id="ingest", dataset="rides", batch_id="2024-01", project=str(toy.path)))
    return toy


def run(operator, run_id="run-1"):
    given = {**context(operator), "run_id": run_id}
    return operator.execute(given), given["ti"].pushed


def ask(toy, run_id="run-1", **more):
    return run(AskAboutQuarantineOperator(task_id="ask", dataset="rides", project=str(toy.path), **more), run_id)


def rule(toy, question, option, why="Because.", by=ADA):
    answer = {"chosen_options": [option], "params_input": {"why": why}, "responded_by_user": by}
    about = {"batch_id": question["batch_id"], "seen": question["seen"], "answer": answer}
    return run(RuleOnQuarantineOperator(task_id="act", dataset="rides", project=str(toy.path), **about))


def test_a_question_is_asked_once_and_given_again_to_who_asked(bad):
    (question,), pushed = ask(bad)
    assert question["subject"] == "rides 2024-01: what becomes of 3 rows?"
    assert "| 3 | expect_column_values_to_be_between(distance) |" in question["body"]
    assert pushed["result"]["asked"] == 1
    json.dumps(question)
    assert ask(bad)[0] == [question], "a retry asks the same"
    with DAG("any", schedule=None):
        operator = AskAboutQuarantineOperator(task_id="ask", dataset="rides", project=str(bad.path))
        operator >> ListArrivalsOperator(task_id="next", dataset="rides")
    with pytest.raises(DownstreamTasksSkipped):
        run(operator, "run-2")
    assert ask(bad, "run-3", batch_id="2024-01")[0][0]["seen"] == question["seen"], "asked for by name"


def test_what_is_answered_is_done_with_who_and_why(bad):
    (question,), _ = ask(bad)
    returned, pushed = rule(bad, question, RELEASE, "The meter is new.")
    assert returned == "2024-01"
    assert (pushed["result"]["status"], pushed["result"]["rows_published"]) == ("published", 60)
    events = {event.kind.value: event for event in Ledger.of(bad.workspace).events("dataset/rides")}
    assert (events["quarantine_ruled"].actor, events["quarantine_ruled"].reason) == ("person:ada", "The meter is new.")


def test_dropping_says_so_and_a_changed_batch_is_not_decided_about(bad):
    (question,), _ = ask(bad)
    _, pushed = rule(bad, question, DROP)
    assert pushed["result"]["rows_dropped"] == 3
    assert Lake.of(bad.workspace).quarantine("rides").count("2024-01") == 0
    with pytest.raises(AirflowFailException, match="nothing in quarantine"):
        rule(bad, question, RELEASE)


@pytest.mark.parametrize(("option", "status"), [(RELEASE, "published"), (DROP, "published")])
def test_an_answer_that_was_done_by_an_attempt_that_was_killed_is_done_once(bad, option, status):
    (question,), _ = ask(bad)
    first, pushed = rule(bad, question, option)
    told = [event.kind for event in Ledger.of(bad.workspace).events("dataset/rides")]
    again, pushed_again = rule(bad, question, option)
    assert again == first == "2024-01"
    assert pushed_again["result"]["status"] == pushed["result"]["status"] == status
    assert pushed_again["result"]["rows_published"] == pushed["result"]["rows_published"]
    assert [event.kind for event in Ledger.of(bad.workspace).events("dataset/rides")] == told
    with pytest.raises(AirflowFailException, match="nothing in quarantine"):
        rule(bad, question, option, by={"id": "2", "name": "eve"})


@pytest.mark.parametrize(
    "raw",
    [
        {"chosen_options": [KEEP], "responded_by_user": ADA},
        {"chosen_options": [RELEASE], "responded_by_user": None},
        {"chosen_options": [RELEASE, DROP], "responded_by_user": ADA},
        {},
    ],
)
def test_without_a_persons_one_clear_answer_the_rows_stay(raw):
    with pytest.raises(AirflowSkipException, match="stay where they are"):
        answered(raw)


def test_an_answer_without_a_reason_says_that_there_is_none():
    word, by, why = answered({"chosen_options": [DROP], "params_input": {"why": " "}, "responded_by_user": ADA})
    assert (word, by, why) == ("drop", "person:ada", "No reason was given in Airflow's form.")

"""One event a run, and only when there is something to say."""

import pytest
from airflow.sdk import Asset
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from loopwright.operators.announce import SAID_AT_MOST, AnnounceOperator, FailRunOperator
from support.airflow_context import context

BATCHES = Asset("loopwright://rides/batches")


def announce(results, **more):
    operator = AnnounceOperator(
        task_id="announce", of="ingest", when={"status": "published"}, outlets=[BATCHES], **more
    )
    given = context(operator, pulls={("ingest", "result"): results})
    told = operator.execute(given)
    return told, given["outlet_events"][BATCHES].extra


def result(batch_id, status, attempt=1):
    return {"batch_id": batch_id, "status": status, "attempt": attempt}


def test_it_tells_what_is_news():
    told, extra = announce([result("a", "published"), result("b", "quarantined"), None, result("c", "published")])
    assert told == ["a", "c"]
    assert extra == {"batch_ids": ["a", "c"], "batches": 2}


@pytest.mark.parametrize("results", [[], [None], [result("a", "unchanged"), result("b", "quarantined")]])
def test_nothing_to_tell(results):
    with pytest.raises(AirflowSkipException, match="nothing to tell"):
        announce(results)


def test_where_others_wait_for_its_turn_it_tells_that_there_was_nothing():
    assert announce([], even_nothing=True) == ([], {"batch_ids": [], "batches": 0})


def test_a_retried_task_is_told_because_its_first_attempt_may_have_died_before_saying_so():
    told, _ = announce([result("a", "unchanged", attempt=2)])
    assert told == ["a"]


@pytest.mark.parametrize(
    ("listed", "labelled"),
    [
        ({"labelled": ["a"], "attempt": 1}, ["a"]),
        ({"labelled": [], "attempt": 2}, []),
        ({"labelled": [], "attempt": 1}, None),
        ({"waiting": 0, "attempt": 2}, None),
        (None, None),
    ],
)
def test_labels_that_came_by_themselves_are_told_and_so_are_those_of_an_attempt_that_died(listed, labelled):
    operator = AnnounceOperator(task_id="announce", of="ingest", labelled_by="list", outlets=[BATCHES])
    given = context(operator, pulls={("ingest", "result"): [], ("list", "result"): [listed]})
    if labelled is None:
        with pytest.raises(AirflowSkipException, match="nothing to tell"):
            operator.execute(given)
        return
    operator.execute(given)
    assert given["outlet_events"][BATCHES].extra == {"batch_ids": [], "batches": 0, "labelled": labelled}


@pytest.mark.parametrize(("rows", "is_told"), [(None, True), (1, True), (0, False)])
def test_rows_that_nobody_could_count_are_more_than_none(rows, is_told):
    operator = AnnounceOperator(task_id="announce", of="ingest", above={"rows_quarantined": 0}, even_nothing=True)
    given = context(operator, pulls={("ingest", "result"): [{**result("a", "quarantined"), "rows_quarantined": rows}]})
    assert bool(operator.execute(given)) is is_told


def test_an_event_is_bounded():
    _, extra = announce([result(f"b{n}", "published") for n in range(1000)])
    assert (len(extra["batch_ids"]), extra["batches"]) == (SAID_AT_MOST, 1000)


def test_failing_a_run():
    operator = FailRunOperator(task_id="fail_run")
    assert (operator.trigger_rule, operator.retries) == ("one_failed", 0)
    with pytest.raises(AirflowFailException, match="A task of run-1 failed"):
        operator.execute(context(operator))

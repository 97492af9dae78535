"""The four moves and the three endings."""

import logging
from dataclasses import dataclass

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from loopwright.errors import CannotRun, DataFault, MissingExtra
from loopwright.operators.base import StageOperator, end_by, person_of, readable
from loopwright.verdict import Check, OnInconclusive, Outcome, Verdict
from support.airflow_context import context


def verdict(outcome, on_inconclusive=OnInconclusive.WAIT):
    return Verdict("gate", "model/tips", (Check("threshold:roc_auc", outcome, "0.71 of 0.6"),), on_inconclusive)


@dataclass
class Result:
    verdict: Verdict | None

    def to_dict(self):
        return {"rows": 3, "verdict": self.verdict and self.verdict.to_dict()}


class Stage(StageOperator):
    answer = Result(None)

    def call(self, workspace, context):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def run(answer, toy, **more):
    operator = Stage(task_id="stage", project=str(toy.path))
    operator.answer = answer
    given = context(operator, **more)
    operator.execute(given)
    return given["ti"].pushed


def test_a_pass_goes_on_and_leaves_its_result(toy):
    pushed = run(Result(verdict(Outcome.PASS)), toy)
    assert pushed["result"]["verdict"]["outcome"] == "pass"
    assert (pushed["result"]["rows"], pushed["result"]["attempt"]) == (3, 1)


@pytest.mark.parametrize(
    ("outcome", "wish", "ending"),
    [
        (Outcome.FAIL, OnInconclusive.WAIT, AirflowFailException),
        (Outcome.INCONCLUSIVE, OnInconclusive.REFUSE, AirflowFailException),
        (Outcome.INCONCLUSIVE, OnInconclusive.WAIT, AirflowSkipException),
        (Outcome.INCONCLUSIVE, OnInconclusive.ASK, AirflowSkipException),
    ],
)
def test_anything_else_ends_the_task_after_the_result_was_published(toy, outcome, wish, ending):
    operator = Stage(task_id="stage", project=str(toy.path))
    operator.answer = Result(verdict(outcome, wish))
    given = context(operator)
    with pytest.raises(ending, match=r"gate: .*0.71 of 0.6"):
        operator.execute(given)
    assert given["ti"].pushed["result"]["verdict"]["outcome"] == outcome.value


def test_a_fault_of_the_data_is_not_tried_again(toy):
    with pytest.raises(AirflowFailException, match=r"(?s)The label is missing.*where: model.yaml"):
        run(DataFault("The label is missing.", where="model.yaml"), toy)


def test_what_cannot_run_now_is_tried_again(toy):
    with pytest.raises(CannotRun, match="MLflow does not answer"):
        run(CannotRun("MLflow does not answer."), toy)


def test_a_library_that_is_not_installed_will_not_be_so_in_five_seconds(toy):
    with pytest.raises(AirflowFailException, match="needs the extra"):
        run(MissingExtra("This needs the extra."), toy)


def test_no_project_is_a_fault_that_says_how_to_name_one(monkeypatch):
    monkeypatch.setenv("AIRFLOW__LOOPWRIGHT__PROJECT", "")
    monkeypatch.delenv("LOOPWRIGHT_PROJECT", raising=False)
    operator = Stage(task_id="stage")
    with pytest.raises(AirflowFailException, match=r"(?s)No project is named.*loopwright. project"):
        operator.execute(context(operator))


def test_the_log_reads_check_by_check():
    advisory = Check("drift:fare", Outcome.INCONCLUSIVE, "too few rows", required=False)
    both = Verdict("gate", "model/tips", (Check("auc", Outcome.PASS, "auc: 0.71 of 0.6"), advisory))
    assert readable({"rows": 3, "verdict": both.to_dict(), "batches": ["a"]}) == [
        "rows: 3",
        "verdict of gate: pass: 1 of 1 required checks; 1 advisory finding",
        "  ✓ auc: 0.71 of 0.6",
        "  ? drift:fare (advisory): too few rows",
    ]


def test_a_librarys_chatter_is_no_part_of_the_log(toy, caplog):
    with caplog.at_level(logging.INFO):
        run(Result(verdict(Outcome.PASS)), toy)
        logging.getLogger("great_expectations.data_context").info("Loading 'datasources' -> []")
        logging.getLogger("great_expectations.data_context").warning("This is odd.")
    assert "Loading" not in caplog.text
    assert "This is odd." in caplog.text


def test_a_stage_that_judges_nothing_passes():
    assert end_by(None) is None


def test_only_a_run_that_a_person_started_has_an_actor():
    assert person_of(context(None, person="ada")) == "person:ada"
    assert person_of(context(None, person=None)) is None
    assert person_of(context(None, person="ada", run_type="scheduled")) is None
    for by_hand in ("asset_materialization", "backfill", "operator_triggered"):
        assert person_of(context(None, person="ada", run_type=by_hand)) == "person:ada"


def test_no_secret_of_a_connection_reaches_xcom_or_log(toy, monkeypatch, caplog):
    monkeypatch.setenv("AIRFLOW_CONN_LOOPWRIGHT_LEDGER", "loopwright-ledger://me:hunter2@db:5432/ledger")
    with caplog.at_level(logging.DEBUG):
        pushed = run(Result(verdict(Outcome.PASS)), toy)
    assert "hunter2" not in f"{pushed}{caplog.text}"

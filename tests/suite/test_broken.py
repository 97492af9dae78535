"""The DAG that stands for a broken declaration."""

import pytest
from airflow.sdk.exceptions import AirflowFailException

from loopwright.errors import DeclarationError
from loopwright.suite.broken import build_broken_dag


def test_it_says_what_is_wrong_and_is_never_run_by_itself():
    dag = build_broken_dag("tips", DeclarationError("The label is missing.", where="model.yaml: label"))
    assert dag.dag_id == "tips.broken"
    assert set(dag.tags) == {"loopwright", "broken-declaration", "tips"}
    assert "The label is missing." in dag.doc_md
    assert dag.is_paused_upon_creation
    with pytest.raises(AirflowFailException, match=r"(?s)The label is missing.*model.yaml: label"):
        dag.get_task("what_is_wrong").execute({})

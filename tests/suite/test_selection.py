"""Whose declarations a DAG file builds from."""

import pytest

from loopwright.errors import DeclarationError
from loopwright.suite.selection import Selection


@pytest.fixture(autouse=True)
def unconfigured(monkeypatch):
    monkeypatch.setenv("AIRFLOW__LOOPWRIGHT__PROJECT", "")
    monkeypatch.delenv("LOOPWRIGHT_PROJECT", raising=False)


def dag_file(folder, text="from airflow.sdk import DAG\n"):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "train.py"
    path.write_text(text)
    return str(path)


def test_the_project_beside_the_file(toy):
    assert Selection.of(dag_file(toy.path / "dags")) == Selection(str(toy.path))


def test_the_project_beside_the_file_wins_over_the_configured_one(toy, monkeypatch):
    monkeypatch.setenv("AIRFLOW__LOOPWRIGHT__PROJECT", "/another/team")
    assert Selection.of(dag_file(toy.path / "dags")).project == str(toy.path)


def test_else_the_configured_one(tmp_path, monkeypatch):
    path = dag_file(tmp_path / "site-packages" / "loopwright" / "dags")
    with pytest.raises(DeclarationError, match="No project is named"):
        Selection.of(path)
    monkeypatch.setenv("AIRFLOW__LOOPWRIGHT__PROJECT", "/srv/project")
    assert Selection.of(path) == Selection("/srv/project")


def test_a_stub_says_it_itself(toy):
    said = Selection("/srv/project", only="tips", stamp="1:2")
    assert Selection.of(dag_file(toy.path / "dags", f"{said.comment()}\nimport airflow\n")) == said

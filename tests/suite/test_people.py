"""Who may answer is declared by name, and told to Airflow by the id that its auth manager knows."""

from __future__ import annotations

import pytest

from loopwright.errors import DeclarationError
from loopwright.suite.people import assigned_users


def test_a_name_is_its_own_id_unless_the_deployment_says_another(monkeypatch):
    assert assigned_users([]) is None
    assert assigned_users(["ada"]) == [{"id": "ada", "name": "ada"}]
    monkeypatch.setenv("AIRFLOW__LOOPWRIGHT__USER_IDS", "ada=3, bob = 7,")
    assert assigned_users(["bob", "eve"]) == [{"id": "7", "name": "bob"}, {"id": "eve", "name": "eve"}]


@pytest.mark.parametrize("said", ["ada", "ada=", "=3"])
def test_a_list_that_cannot_be_read_is_refused(monkeypatch, said):
    monkeypatch.setenv("AIRFLOW__LOOPWRIGHT__USER_IDS", said)
    with pytest.raises(DeclarationError, match="name=id pairs"):
        assigned_users(["ada"])

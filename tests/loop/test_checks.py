"""Is what is declared right? One question a check, and one broken declaration hides no other."""

import pytest

from loopwright.errors import UnknownName
from loopwright.loop.checks import declaration_checks, declared
from loopwright.verdict import Outcome
from support.published import publish
from support.toy import rides


def failed(toy, kind, name):
    checks = declaration_checks(toy.workspace, toy.project, kind, name)
    return {check.name: check.why for check in checks if check.outcome is Outcome.FAIL}


def test_a_sound_project_passes_every_question(toy):
    for kind, name in declared(toy.project):
        checks = list(declaration_checks(toy.workspace, toy.project, kind, name))
        assert {check.outcome for check in checks} <= {Outcome.PASS, Outcome.NOT_APPLICABLE}
        assert len(checks) >= 2


def test_a_model_brings_its_dataset_along(toy):
    assert declared(toy.project) == [("dataset", "rides"), ("model", "minutes"), ("model", "tips")]
    assert declared(toy.project, "tips") == [("dataset", "rides"), ("model", "tips")]
    assert declared(toy.project, "rides") == [("dataset", "rides")]


def test_an_unknown_name_is_answered_with_the_nearest(toy):
    with pytest.raises(UnknownName, match="'tip'") as caught:
        declared(toy.project, "tip")
    assert "'tips'" in (caught.value.mend or "")


def test_a_typo_is_named_with_file_key_and_the_right_word(toy):
    toy.edit("include/models/tips/model.yaml", "label:", "lable:")
    (why,) = failed(toy, "model", "tips").values()
    assert "lable: unknown key; did you mean 'label'?" in why
    assert "model.yaml" in why
    assert failed(toy, "model", "minutes") == {}


def test_a_broken_declaration_still_names_its_model(toy):
    toy.edit("include/models/tips/model.yaml", "dataset: rides", "dataset: ride")
    assert declared(toy.project, "tips") == [("model", "tips")]
    assert "'ride'" in failed(toy, "model", "tips")["declaration:model/tips"]


def test_an_unknown_expectation_is_answered_with_the_nearest(toy):
    toy.edit("include/datasets/rides/expectations.yaml", "to_not_be_null", "to_not_be_nul")
    why = failed(toy, "dataset", "rides")["expectations:dataset/rides"]
    assert "expect_column_values_to_not_be_null" in why


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("features:build", "features:bild", "no function 'bild'"),
        ("training:build", "trainings:build", "no module 'trainings'"),
    ],
)
def test_a_function_that_is_not_there_is_found(toy, old, new, said):
    toy.edit("include/models/tips/model.yaml", old, new)
    assert said in failed(toy, "model", "tips")["code:model/tips"]


def test_code_that_does_not_import_is_found(toy):
    toy.edit("include/models/tips/training.py", "def build", "import nowhere_to_be_found\n\n\ndef build")
    assert "ModuleNotFoundError" in failed(toy, "model", "tips")["code:model/tips"]


def test_columns_are_held_against_the_last_published_batch(toy):
    toy.edit("include/models/minutes/model.yaml", "[distance, hour]", "[distnace, hour]")
    assert failed(toy, "model", "minutes") == {}
    publish(toy, 1)
    assert failed(toy, "model", "minutes")["columns:model/minutes"].endswith("did you mean 'distance'?")


def test_a_label_that_comes_in_a_file_of_its_own_is_no_column_of_the_batch(toy):
    publish(toy, 1, frame=rides(1, rows=30).drop(columns="minutes"))
    assert "columns:model/minutes" in failed(toy, "model", "minutes")
    late = "owner: tests\nlabels: {arrivals: arrivals/minutes/*.csv}"
    toy.edit("include/datasets/rides/dataset.yaml", "owner: tests", late)
    assert failed(toy, "model", "minutes") == {}

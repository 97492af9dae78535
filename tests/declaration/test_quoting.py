"""Whether the words of what user code raised may be repeated: not where a model's rows hold columns about people."""

from __future__ import annotations

import pytest

from loopwright.declaration.quoting import UNSAID, cause, copied, forgotten, quotable, said

DATASET = 'name: rides\nowner: tests\narrivals: "a/*.csv"\nexpectations: null\nkey: [ride]\n'
MODEL = """
name: tips
owner: tests
dataset: rides
task: regression
label: tip
features: [far]
train: {entrypoint: "training:build"}
gate: {primary: mean_absolute_error}
"""


@pytest.fixture
def project(tmp_path):
    for file, text in (("datasets/rides/dataset.yaml", DATASET), ("models/tips/model.yaml", MODEL)):
        path = tmp_path / "include" / file
        path.parent.mkdir(parents=True)
        path.write_text(text)
    return tmp_path


@pytest.mark.parametrize("treated", ["keep", "hash", "drop"])
def test_a_models_words_are_repeated_unless_its_dataset_is_about_people(project, treated):
    model, dataset, error = project / "include/models/tips", project / "include/datasets/rides", ValueError("Erika")
    assert quotable(model)
    assert said(error, model) is cause(error, model) is error
    (dataset / "dataset.yaml").write_text(f"{DATASET}sensitive: {{rider: {treated}}}\n")
    assert not quotable(model)
    assert said(error, model) == UNSAID
    assert cause(error, model) is None
    assert quotable(dataset)  # ingest sees to its own


def test_a_copy_is_as_its_original_whenever_asked(project, tmp_path):
    model, copy = project / "include/models/tips", tmp_path / "copy"
    assert quotable(copy)
    copied(copy, model)
    (project / "include/datasets/rides/dataset.yaml").write_text(f"{DATASET}sensitive: {{rider: keep}}\n")
    assert not quotable(copy)
    forgotten(copy)
    assert quotable(copy)


def test_nothing_is_repeated_where_the_declaration_cannot_be_read(project):
    (project / "include/datasets/rides/dataset.yaml").write_text("name: [")
    assert not quotable(project / "include/models/tips")
    assert not quotable(project / "include/models/gone")

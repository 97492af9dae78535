"""Finding declarations in a project's folder."""

import pytest

from loopwright.declaration import Project
from loopwright.errors import DeclarationError, UnknownName


def test_names_are_found_without_reading_the_files(toy):
    toy.edit("include/models/tips/model.yaml", "owner: tests", "owner: [")
    assert toy.project.model_names() == ["minutes", "tips"]
    assert toy.project.dataset_names() == ["rides"]


def test_a_broken_neighbour_harms_nobody(toy):
    toy.edit("include/models/tips/model.yaml", "owner: tests", "owner: [")
    assert toy.project.model("minutes").name == "minutes"


def test_an_unknown_name_gets_the_nearest(toy):
    with pytest.raises(UnknownName, match=r"no model called 'tip'(.|\n)*Did you mean 'tips'"):
        toy.project.model("tip")


def test_a_model_of_an_unknown_dataset(toy):
    toy.edit("include/models/tips/model.yaml", "dataset: rides", "dataset: ride")
    with pytest.raises(UnknownName, match=r"no dataset called 'ride'(.|\n)*tips/model.yaml: dataset"):
        toy.project.model("tips")


def test_folder_and_name_must_agree(toy):
    toy.edit("include/models/tips/model.yaml", "name: tips", "name: tops")
    with pytest.raises(DeclarationError, match="the folder's name differ"):
        toy.project.model("tips")


def test_expectations_that_are_not_there(toy):
    (toy.path / "include/datasets/rides/expectations.yaml").unlink()
    with pytest.raises(DeclarationError, match="expectations are not there"):
        toy.project.dataset("rides")


def test_a_folder_that_is_no_project(tmp_path):
    with pytest.raises(DeclarationError, match="not a Loopwright project"):
        Project.at(tmp_path)

"""``loopwright infer``: writes a first suite, leaves an edited one alone, shows what would change."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from loopwright.cli.commands.infer import command
from loopwright.errors import DeclarationError
from loopwright.stages.ingest.judging.suite import check_suite
from support.toy import Toy, rides


@pytest.fixture
def suite(toy: Toy) -> Path:
    toy.arrive(1)
    return toy.path / "include/datasets/rides/expectations.yaml"


def infer(toy: Toy, *arguments: str) -> Result:
    typed = ["rides", "--project", str(toy.path), *arguments]
    return CliRunner().invoke(command, typed, standalone_mode=False, catch_exceptions=False)


def test_a_first_suite_is_written_and_an_edited_one_left(toy: Toy, suite: Path) -> None:
    suite.unlink()
    assert infer(toy).return_value == 0
    assert len(check_suite(suite).expectations) > 8
    assert "would stay as it is" in infer(toy).output
    toy.arrive(2)
    assert "wrote" in infer(toy).output  # nobody has edited it
    edited = suite.read_text().replace("0.99", "0.9", 1)
    suite.write_text(edited)
    with pytest.raises(DeclarationError, match="was edited, and is left as it is") as left:
        infer(toy)
    assert suite.read_text() == edited
    assert str(suite) in str(left.value)
    assert all(left.value.to_dict().values())
    assert infer(toy, "--force").return_value == 0
    assert suite.read_text() != edited


def test_an_update_is_shown_and_written_only_when_asked(toy: Toy, suite: Path) -> None:
    before = suite.read_text()
    toy.arrive(2, rides(2).assign(distance=lambda frame: frame["distance"] + 1_000))
    found = infer(toy, "--update", "--json")
    document = json.loads(found.output)
    assert (document["became"], suite.read_text()) == ("proposed", before)
    assert document["broken"]["expect_column_values_to_be_between(distance)"]["batch"] == "2024-02"
    assert any(line.startswith("+") and "distance" in line for line in document["diff"])
    assert infer(toy, "--write").return_value == 0  # as --update shows it
    after = suite.read_text()
    assert "{type: expect_column_values_to_not_be_null, kwargs: {column: ride_id}}" in after
    assert "max_value: 100}" not in after
    assert json.loads(infer(toy, "--update", "--json").output)["became"] == "unchanged"


def test_nothing_is_written_when_it_is_only_printed(toy: Toy, suite: Path) -> None:
    before = suite.read_text()
    found = infer(toy, "--print", "--batch", "2024-01")
    assert "expect_column_values_to_be_unique" in found.output
    assert suite.read_text() == before


@pytest.mark.parametrize("apart", ["--print --write", "--print --force", "--update --force", "--write --force"])
def test_of_two_options_none_is_silently_ignored(toy: Toy, suite: Path, apart: str) -> None:
    before = suite.read_text()
    with pytest.raises(click.UsageError, match=f"{apart.replace(' ', ' and ')} do not go together"):
        infer(toy, *apart.split())
    assert suite.read_text() == before

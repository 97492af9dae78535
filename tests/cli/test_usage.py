"""A mistyped command line: what, where, got, allowed and how to mend it, as with every other error, and status 2."""

import json

import pytest


@pytest.mark.parametrize(
    ("words", "what", "mend"),
    [
        ("statsu", "no such command", "Did you mean 'status'?"),
        ("ledger backp", "no such command", "Did you mean 'backup'?"),
        ("zzz", "no such command", "`loopwright --help`"),
        ("rollback tips --rows 3", "no such option", "`loopwright rollback --help` says"),
        ("run tips --unitl train", "no such option", "Did you mean '--until'?"),
        ("run tips --until scor", "no such choice for --until", "Did you mean 'score'?"),
        ("new modl tip", "no such choice", "Did you mean 'model'?"),
        ("--versoin", "no such option", "Did you mean '--version'?"),
        ("--project . status", "before the command", "loopwright COMMAND --project"),
        ("approve tips", "argument VERSION is missing", "`loopwright approve [OPTIONS] MODEL VERSION`"),
        ("approve tips 3", "option --why is missing", "Add --why TEXT."),
        ("run tips minutes", "unexpected extra argument (minutes)", "`loopwright run --help`"),
        ("explain tips --top many", "'many' is not a valid integer", "`loopwright explain --help`"),
    ],
)
def test_it_is_told_in_our_own_words_to_a_person_and_to_a_program(loopwright, words, what, mend):
    told = loopwright(*words.split())
    assert (told.status, told.out) == (2, "")
    first, *parts = told.err.splitlines()
    assert first.startswith("could not run")
    assert what in first
    assert mend in parts[-1]
    asked = loopwright(*words.split(), "--json")
    assert (asked.status, asked.out) == (2, "")
    error = json.loads(asked.err)["error"]
    assert set(error) == {"what", "where", "got", "allowed", "mend"}
    assert what in error["what"]
    assert error["where"].startswith("loopwright")


def test_what_was_got_and_what_is_allowed_are_said(loopwright):
    error = json.loads(loopwright("run", "tips", "--until", "scor", "--json").err)["error"]
    assert (error["where"], error["got"]) == ("loopwright run", "scor")
    assert error["allowed"] == "ingest, train, release, score, monitor"
    assert "dataset, model" in loopwright("new").err


def test_an_option_without_its_value_is_told_by_its_command(loopwright):
    told = loopwright("run", "--until").err
    assert "'--until' requires an argument" in told
    assert "`loopwright run --help`" in told


def test_a_login_in_what_was_mistyped_is_not_repeated(loopwright):
    assert "s3cret" not in loopwright("status", "tips", "postgresql://ada:s3cret@db/ledger").err

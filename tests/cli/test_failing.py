"""What a person reads when a command could not run."""

import json
import sys

import pytest

from loopwright.cli.failing import explained_failures
from loopwright.errors import CannotRun, DataFault


def leave(error: BaseException, *arguments: str) -> int:
    with pytest.raises(SystemExit) as left, explained_failures(list(arguments)):
        raise error
    return int(left.value.code)


FAULT = DataFault("It is wrong.", where="a.yaml: b", got="x", allowed="y", mend="Write y.")


@pytest.mark.parametrize("error", [FAULT, CannotRun("The disk is full.")])
def test_our_own_errors_leave_with_two_and_say_every_part(capsys, error):
    assert leave(error) == 2
    said = capsys.readouterr().err
    assert all(part in said for part in error.to_dict().values() if part)


def test_with_json_the_parts_are_an_object_on_standard_error(capsys):
    assert leave(FAULT, "--json") == 2
    said = capsys.readouterr()
    assert json.loads(said.err) == {"error": FAULT.to_dict()}
    assert said.out == ""


def test_what_was_not_foreseen_is_one_line_and_a_hint(capsys):
    assert leave(KeyError("distance")) == 2
    said = capsys.readouterr().err
    assert said.startswith("KeyError: 'distance'\n")
    assert "--traceback" in said
    assert "Traceback" not in said


def test_with_traceback_it_is_shown(capsys):
    assert leave(KeyError("distance"), "--traceback") == 2
    said = capsys.readouterr().err
    assert "Traceback (most recent call last)" in said
    assert "KeyError: 'distance'" in said
    assert leave(FAULT, "--traceback") == 2
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_a_trace_shows_no_login_of_whoever_raised(capsys):
    fault = CannotRun("The ledger does not answer.")
    fault.__cause__ = ValueError("cannot reach postgresql://ada:s3cret@db/ledger")
    for error in (fault, ValueError("postgresql://ada:s3cret@db/ledger")):
        leave(error, "--traceback")
        said = capsys.readouterr().err
        assert "s3cret" not in said
        assert "ada:***@db" in said


def test_a_very_long_message_is_shortened(capsys):
    leave(ValueError("x" * 10_000))
    assert len(capsys.readouterr().err) < 600


def test_an_interrupt_is_no_failure_of_the_loop(capsys):
    assert leave(KeyboardInterrupt()) == 130
    assert "run again" in capsys.readouterr().err


def test_nothing_raised_leaves_nothing_said(capsys):
    with explained_failures(sys.argv):
        pass
    assert capsys.readouterr() == ("", "")

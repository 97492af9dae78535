"""Errors say what, where, got, allowed and how to mend it; and they survive a border."""

import pickle

import pytest

from loopwright import errors


def all_errors(root=errors.LoopwrightError):
    return [root, *(found for sub in root.__subclasses__() for found in all_errors(sub))]


def test_message_has_all_parts():
    error = errors.DeclarationError("It is wrong.", where="a.yaml: name", got="X", allowed="a, b", mend="Write a.")
    assert str(error).splitlines() == [
        "It is wrong.", "  where: a.yaml: name", "  got: X", "  allowed: a, b", "  mend: Write a.",
    ]  # fmt: skip


def test_a_huge_value_is_cut():
    assert len(str(errors.DataFault("Too much.", got="x" * 10_000_000))) < 500


def test_every_error_survives_pickling():
    for cls in all_errors():
        back = pickle.loads(pickle.dumps(cls("what", where="here", got=3, mend="do")))
        assert (type(back), str(back)) == (cls, str(cls("what", where="here", got=3, mend="do")))


def test_the_two_families_are_apart():
    for cls in all_errors()[1:]:
        assert issubclass(cls, errors.DataFault) != issubclass(cls, errors.CannotRun)
        if issubclass(cls, errors.DataFault):
            assert not cls.retryable


def test_long_lists_are_bounded():
    assert errors.shown_names([str(n) for n in range(20)]).endswith("and 8 more")


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (
            "API request to http://u:s3cretpw@127.0.0.1:9/api failed",
            "API request to http://u:***@127.0.0.1:9/api failed",
        ),
        ("postgresql+psycopg2://ada:s3cretpw@db/ledger", "postgresql+psycopg2://ada:***@db/ledger"),
        ("postgresql://ada:x/s3cretpw@db/ledger", "postgresql://ada:***@db/ledger"),
        ("https://s3cretpw@git.example/x", "https://***@git.example/x"),
        ("http://mlflow:5000/a@b and s3://lake/a@b", "http://mlflow:5000/a@b and s3://lake/a@b"),
        ("sqlite:////srv/a:x@b.db", "sqlite:////srv/a:x@b.db"),
    ],
)
def test_no_part_of_an_error_shows_a_password(said, kept):
    error = errors.CannotRun(said, where=said, got=[said], allowed=said, mend=said)
    assert error.to_dict() == {"what": kept, "where": kept, "got": f"['{kept}']", "allowed": kept, "mend": kept}
    everything = f"{error}{error!r}{error.args}{pickle.loads(pickle.dumps(error))}"
    assert "s3cret" not in everything


def test_a_password_is_taken_out_before_a_value_is_cut():
    cut_within = "x" * (errors.MAX_SHOWN - 14) + "http://ada:" + "s3cretpw" * 3 + "@host"
    assert "s3c" not in errors.shown(cut_within)

"""Errors say what, where, got, allowed and how to mend it; and they survive a border."""

import pickle

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

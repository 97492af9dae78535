"""A team's own code: two folders' modules never meet."""

import sys

import pytest

from loopwright.declaration.code import code_digest, code_of, load_function, raised_by
from loopwright.errors import DeclarationError, UserCodeFailed


def folder(path, name, text):
    (path / name).mkdir()
    (path / name / "features.py").write_text(text)
    return path / name


def test_modules_of_the_same_name_do_not_meet(tmp_path):
    one, two = (folder(tmp_path, n, f"from other import VALUE\ndef build(): return ('{n}', VALUE)\n") for n in "ab")
    for path, value in ((one, 1), (two, 2)):
        (path / "other.py").write_text(f"VALUE = {value}\n")
    for path, expected in ((one, ("a", 1)), (two, ("b", 2)), (one, ("a", 1))):
        with code_of(path):
            assert load_function("features:build", path)() == expected
    assert "features" not in sys.modules
    assert "other" not in sys.modules
    assert str(one) not in sys.path


def test_an_already_imported_module_comes_back(tmp_path):
    sys.modules["features"] = marker = type(sys)("features")
    try:
        path = folder(tmp_path, "a", "def build(): return 1\n")
        with code_of(path):
            assert load_function("features:build", path)() == 1
        assert sys.modules["features"] is marker
    finally:
        del sys.modules["features"]


def test_missing_module_and_function_are_named(tmp_path):
    path = folder(tmp_path, "a", "def bild(): ...\n")
    with code_of(path), pytest.raises(DeclarationError, match="no module 'training'"):
        load_function("training:build", path)
    with code_of(path), pytest.raises(DeclarationError, match=r"no function 'build'(.|\n)*Did you mean 'bild'"):
        load_function("features:build", path)


def test_a_module_that_raises_is_the_users(tmp_path):
    path = folder(tmp_path, "a", "1 / 0\n")
    with code_of(path), pytest.raises(UserCodeFailed, match="raised ZeroDivisionError"):
        load_function("features:build", path)


def test_the_digest_sees_code_and_not_tests(tmp_path):
    path = folder(tmp_path, "a", "x = 1\n")
    before = code_digest(path)
    (path / "tests").mkdir()
    (path / "tests" / "test_it.py").write_text("def test(): ...\n")
    (path / "notes.md").write_text("hello")
    assert code_digest(path) == before
    (path / "features.py").write_text("x = 2\n")
    assert code_digest(path) != before


def test_the_digest_sees_a_table_that_the_code_reads(tmp_path):
    path = folder(tmp_path, "a", "x = 1\n")
    (path / "zones.json").write_text("{}")
    before = code_digest(path)
    (path / "zones.json").write_text('{"a": 1}')
    assert code_digest(path) != before


def test_what_a_team_s_code_raised_is_told_with_its_line(tmp_path):
    path = folder(
        tmp_path, "a", "def build(rows):\n    return inner(rows)\n\n\ndef inner(rows):\n    return rows['no']\n"
    )
    with code_of(path), pytest.raises(KeyError) as raised:
        load_function("features:build", path)({})
    fault = raised_by("features:build", "model tips", path, raised.value)
    assert fault.what == "features:build raised KeyError in features.py, line 6, in inner."
    assert "Mend that line" in fault.mend


def test_what_was_raised_elsewhere_has_no_line_of_the_team_s(tmp_path):
    fault = raised_by("The estimator", "model tips", tmp_path, ValueError("NaN"))
    assert (fault.what, fault.got, fault.mend) == ("The estimator raised ValueError.", "ValueError('NaN')", None)

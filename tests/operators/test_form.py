"""What a form's text means."""

import pytest

from loopwright.errors import DeclarationError
from loopwright.operators.form import parameters_or_none, require_known, text_or_none, yes_or_no


@pytest.mark.parametrize(("given", "meant"), [("", None), (" ", None), (None, None), ("None", None), (" 3 ", "3")])
def test_an_empty_field_is_no_answer(given, meant):
    assert text_or_none(given) == meant


@pytest.mark.parametrize(
    ("given", "meant"),
    [(True, True), ("True", True), ("true", True), ("1", True), (False, False), ("False", False), ("", False)],
)
def test_a_tick_box(given, meant):
    assert yes_or_no(given) is meant


def test_neither_yes_nor_no():
    with pytest.raises(DeclarationError, match="neither yes nor no"):
        yes_or_no("perhaps")


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("", None),
        ("null", None),
        ('""', None),
        ("{}", None),
        ({}, None),
        ('"{\\"C\\": 1}"', {"C": 1}),
        ('{"max_iter": 2}', {"max_iter": 2}),
        ({"C": 0.1}, {"C": 0.1}),
    ],
)
def test_parameters(given, meant):
    assert parameters_or_none(given) == meant


@pytest.mark.parametrize(("given", "said"), [("{max_iter: 2}", "are not JSON"), ("[1]", "are no mapping")])
def test_parameters_that_are_none(given, said):
    with pytest.raises(DeclarationError, match=said):
        parameters_or_none(given)


def test_a_mistyped_field_is_refused_with_the_nearest():
    require_known({"to_version": "1"}, {"to_version", "reason"})
    with pytest.raises(DeclarationError, match=r"no field 'to_verison'(.|\n)*Did you mean 'to_version'"):
        require_known({"to_verison": "1"}, {"to_version", "reason"})

"""What the rooms hand on when asked."""

from __future__ import annotations

from importlib import import_module

import pytest

ROOMS = ["lake", "serving", "stages.train", "stages.score", "stages.monitor"]


@pytest.mark.parametrize("room", ROOMS)
def test_each_name_a_room_hands_on_is_there(room):
    module = import_module(f"loopwright.{room}")
    assert all(getattr(module, name).__name__ == name for name in module.__all__)


def test_what_a_room_does_not_have_is_named_with_the_room():
    with pytest.raises(AttributeError, match=r"'loopwright.lake' has no attribute 'Chair'"):
        import_module("loopwright.lake").Chair  # noqa: B018

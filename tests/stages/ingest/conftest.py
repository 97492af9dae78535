"""Fixtures that the tests of ingest share."""

from __future__ import annotations

import pytest

from support.setting_aside import (
    declared,
)
from support.toy import Toy


@pytest.fixture
def tolerant(toy: Toy) -> Toy:
    """Up to one row in ten may be set aside."""
    return declared(toy, "on_bad_rows: {set_aside_up_to: 10%}")

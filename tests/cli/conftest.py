"""A command line to type at, in this process."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from loopwright.cli.main import main
from support.answer import Answer


@pytest.fixture
def loopwright(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Answer]:
    """Type a command; its standard streams are captured and its exit status is returned."""
    for name in ("LOOPWRIGHT_LAKE", "LOOPWRIGHT_LEDGER", "LOOPWRIGHT_ARRIVALS", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)

    def typed(*arguments: object) -> Answer:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Answer(int(left.value.code or 0), said.out, said.err)

    return typed

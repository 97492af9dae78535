"""What every operator's tests stand on."""

import pytest


@pytest.fixture(autouse=True)
def at_home(monkeypatch):
    """No place is named by the environment, so that each is below the toy project."""
    for name in ("LOOPWRIGHT_LAKE", "LOOPWRIGHT_LEDGER", "LOOPWRIGHT_ARRIVALS", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)

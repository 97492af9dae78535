"""Whom a roll back returns to, after whatever was promoted and rolled back before."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopwright.errors import NotReady
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.state import ModelState
from loopwright.ledger.supposing import supposed
from loopwright.stages.release.stage import _earlier


@dataclass(frozen=True)
class Reign:
    """A champion, and whose place it took: the law that the ledger is held to, as a chain instead of a list."""

    version: str
    before: Reign | None = None

    def to(self, version: str) -> Reign:
        """Return to a version: to its own reign where this one goes back to it, else by a new one that follows this."""
        found: Reign | None = self
        while found and found.version != version:
            found = found.before
        return found or Reign(version, self)


class Releases:
    """The releases of one model, as the ledger folds them."""

    def __init__(self) -> None:
        self.state = ModelState("model/tips", 0, {})
        self.crown("1", "promote")

    def tell(self, kind: Kind, **evidence: object) -> None:
        self.state = supposed(self.state, Draft(kind, "test", "", evidence))

    def crown(self, version: str, action: str) -> None:
        if not self.state.version(version):
            self.tell(Kind.CANDIDATE_REGISTERED, version=version, training_id=version, artifact_digest=version)
        self.tell(Kind.RELEASE_CONFIRMED, version=version, previous=None, action=action)

    def back(self) -> str:
        version = _earlier(self.state, None)
        self.crown(version, "roll_back")
        return version


@settings(max_examples=50, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(["promote", "back"]), st.integers(1, 6)), max_size=14))
def test_a_roll_back_returns_to_the_champion_before_whatever_came_before(steps):
    """``promote`` a new version, roll ``back``, or roll back to the version of a number."""
    releases, reign, newest = Releases(), Reign("1"), 1
    for step in steps:
        if step == "promote":
            newest += 1
            releases.crown(str(newest), "promote")
            reign = Reign(str(newest), reign)
        elif step != "back":
            version = _earlier(releases.state, str(min(int(step), newest)))
            releases.crown(version, "roll_back")
            reign = reign.to(version)
        elif reign.before:
            assert releases.back() == reign.before.version
            reign = reign.before
        state = releases.state
        assert state.champion["version"] == reign.version
        assert (state.previous or {}).get("version") == (reign.before.version if reign.before else None)
        standing = {entry["version"] for entry in state.under("version").values() if entry["status"] == "champion"}
        assert standing == {reign.version}
    while reign.before:
        reign = reign.before
        assert releases.back() == reign.version
    assert reign.version == "1", "every way back ends with the very first champion, and nowhere else"
    with pytest.raises(NotReady, match="no earlier champion"):
        releases.back()

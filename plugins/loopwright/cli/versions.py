"""Which version a command is about: the one that was named, or else the champion."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from loopwright.cli.options import Setting


def named_or_champion(setting: Setting, model: str, version: str | None) -> str:
    """Return the version that is meant.

    :param setting: where the ledger is.
    :param model: the model's name.
    :param version: as it was named, if it was.
    :raises NotReady: if none was, and there is no champion.
    """
    from loopwright.errors import NotReady
    from loopwright.ledger.store import Ledger

    if version is not None:
        return version
    champion = Ledger.of(setting.workspace).model(model).champion
    if champion is None:
        raise NotReady("There is no champion.", where=f"model/{model}", mend="Name one: --version VERSION.")
    return str(champion["version"])

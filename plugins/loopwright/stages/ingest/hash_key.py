"""The secret by which sensitive columns are hashed stays the same for a dataset's life, or hashes would not join.

What must stay true: the ledger holds a fingerprint of the secret, never the secret, and nothing is hashed, nor looked
for by its hash, with another one than that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopwright.errors import DataFault
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.stages.ingest.sensitive import digest

if TYPE_CHECKING:
    from loopwright.declaration import Workspace
    from loopwright.declaration.dataset import DatasetSpec
    from loopwright.ledger.state import State

_SAID = "loopwright: the fingerprint of a hash key"


class HashKeyChanged(DataFault):
    """The secret is not the one that the dataset's columns were hashed with."""


def fingerprint(secret: str) -> str:
    """Return what tells one secret from another and gives none away: 16 hexadecimal digits of an HMAC under it."""
    return digest(_SAID, secret)[:16]


def require_same_key(workspace: Workspace, dataset: DatasetSpec, *, record: bool = True) -> None:
    """Refuse to hash with another secret than before; remember the first.

    :param workspace: holds the secret.
    :param dataset: its declaration; without a column to be hashed nothing is asked.
    :param record: whether the first may be remembered: not where nothing is to be written.
    :raises DataFault: if there is no secret.
    :raises HashKeyChanged: if it is another one.
    """
    if "hash" not in dataset.sensitive.values():
        return
    mine, ledger, subject = fingerprint(workspace.hash_key), Ledger.of(workspace), f"dataset/{dataset.name}"
    known = ledger.dataset(dataset.name).get("hash_key")
    if known is None and record:
        ledger.decide(subject, lambda now: _first(now, mine))
        known = ledger.dataset(dataset.name).get("hash_key")
    if known is not None and known["fingerprint"] != mine:
        raise HashKeyChanged(
            "The secret is not the one that this dataset's columns were hashed with: the hashes would not join.",
            where=f"dataset {dataset.name}: LOOPWRIGHT_HASH_KEY, or the connection loopwright_hash_key",
            got=f"a secret with the fingerprint {mine}",
            allowed=f"the one of {known['at'][:10]}, with the fingerprint {known['fingerprint']}",
            mend="Set the secret back. If it leaked: declare the dataset anew, under another name, with a new secret.",
        )


def _first(now: State, mine: str) -> Draft | None:
    if now.get("hash_key") is not None:
        return None
    return Draft(Kind.HASH_KEY_SET, "ingest", "sensitive columns are hashed with this key", {"fingerprint": mine})

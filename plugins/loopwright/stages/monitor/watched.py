"""One scored batch and the version that scored it: what every question of this stage is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loopwright.errors import NotReady
from loopwright.ledger.store import Ledger
from loopwright.serving.matured import labelled_rows

if TYPE_CHECKING:
    import pandas as pd

    from loopwright.declaration import ModelSpec, Workspace
    from loopwright.ledger.state import ModelState


@dataclass(frozen=True)
class Watched:
    """A batch as it was scored.

    :param batch: the published batch.
    :param scored: the record of its scoring.
    :param version: what the ledger knows of the version that scored it.
    """

    batch: Mapping[str, Any]
    scored: Mapping[str, Any]
    version: Mapping[str, Any]

    @property
    def learnt_from(self) -> bool:
        """Whether the version was trained on this batch."""
        return self.batch["batch_id"] in self.version["batches"]

    @property
    def judged_on(self) -> bool:
        """Whether the gate judged the version on this batch."""
        return self.batch["batch_id"] in self.version["holdout"]

    def rows(self, workspace: Workspace, model: ModelSpec) -> pd.DataFrame:
        """Return the batch's rows as they were scored."""
        from loopwright.lake import Lake

        table = Lake.of(workspace).batches(model.dataset)
        return table.read([self.batch["batch_id"]], version=self.batch["data_version"])

    def labelled_rows(self, workspace: Workspace, model: ModelSpec) -> pd.DataFrame:
        """Return the batch's rows as they were scored, with the labels that came in files of their own since."""
        return labelled_rows(workspace, model, self.batch)

    def predictions(self, workspace: Workspace, model: ModelSpec) -> pd.DataFrame:
        """Return the answers that production gave, a row for each of :meth:`rows` and in the same order."""
        from loopwright.lake import Lake
        from loopwright.serving.kept import CHAMPION

        table = Lake.of(workspace).predictions(model.name)
        return table.read([self.batch["batch_id"]], version=self.scored["table_version"], role=CHAMPION)


def watched(workspace: Workspace, model: ModelSpec, batch_id: str) -> Watched:
    """Return a scored batch.

    :raises UnknownName: if there is no such batch; the nearest is said.
    :raises NotReady: if it was not scored, or changed since.
    """
    ledger = Ledger.of(workspace)
    found = as_scored(ledger.model(model.name), ledger.dataset(model.dataset).batch(batch_id))
    if found is None:
        raise NotReady(
            f"The batch {batch_id!r} was not scored, or changed since.", where=f"model/{model.name}", mend="Score it."
        )
    return found


def as_scored(state: ModelState, batch: Mapping[str, Any]) -> Watched | None:
    """Return a published batch as it was scored; ``None`` when it was not, or changed since.

    :param state: the model's state.
    :param batch: the published batch.
    """
    scored = state.get(f"scored/{batch['batch_id']}")
    version = state.version(scored["version"]) if scored else None
    if not scored or not version or scored["content_digest"] != batch["content_digest"]:
        return None
    return Watched(batch, scored, version)

"""By what a batch is judged, as one digest: what is declared of the dataset, its suite, and its folder's own code.

What must stay true: a batch that was set aside waits again when this digest is another one than its verdict's, since
the verdict might be another one too. Light, because listings ask for it: no frame library, and no suite is compiled.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from loopwright.declaration.code import code_digest
from loopwright.declaration.loading import digest_of, said
from loopwright.declaration.project import Project
from loopwright.stages.ingest.judging.suite import read_suite

if TYPE_CHECKING:
    from loopwright.declaration.dataset import DatasetSpec

_PARTS = {"batch_id", "format", "csv", "key", "event_time", "clean", "on_bad_rows", "sensitive", "on_changed",
          "largest_mb"}  # fmt: skip
"""The parts of a declaration that a verdict depends on; whose data it is, and where it arrives, are none of them."""


def judged_by(project: str | Path, dataset: DatasetSpec) -> str:
    """Return the digest of what a batch of a dataset would be judged by now.

    :param project: the folder that holds ``include/``.
    :param dataset: the dataset's declaration.
    :return: 64 hexadecimal digits.
    :raises DeclarationError: if the suite cannot be read.
    """
    folder = Project(Path(project)).dataset_folder(dataset.name)
    parts = {
        "declaration": said(dataset, _PARTS),
        "expectations": digest_of(read_suite(folder / dataset.expectations)) if dataset.expectations else None,
        "code": code_digest(folder),
    }
    return digest_of(parts)

"""Models as files: written once, known by a digest, and loaded only when the bytes are those that were judged.

What must stay true: the same code makes features in training and in production; an artifact needs neither this
package nor the project to answer; nothing of it is unpickled or imported before its digest is checked.

Modules are imported when asked for, because a process that only loads a model's files needs no MLflow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopwright.on_demand import on_demand

if TYPE_CHECKING:
    from loopwright.serving.artifact import artifact_digest, load
    from loopwright.serving.predictor import Predictor
    from loopwright.serving.rows import features_of, known_labels, labels_of
    from loopwright.serving.versions import load_version

__all__ = ["Predictor", "artifact_digest", "features_of", "known_labels", "labels_of", "load", "load_version"]

__getattr__ = on_demand(
    __name__,
    {
        "artifact_digest": "artifact",
        "load": "artifact",
        "Predictor": "predictor",
        "features_of": "rows",
        "known_labels": "rows",
        "labels_of": "rows",
        "load_version": "versions",
    },
)

"""Models as files: written once, known by a digest, and loaded only when the bytes are those that were judged.

What must stay true: the same code makes features in training and in production; an artifact needs neither this
package nor the project to answer; nothing of it is unpickled or imported before its digest is checked.
"""

from __future__ import annotations

from loopwright.serving.artifact import artifact_digest, load
from loopwright.serving.predictor import Predictor
from loopwright.serving.rows import features_of, known_labels, labels_of
from loopwright.serving.versions import load_version

__all__ = ["Predictor", "artifact_digest", "features_of", "known_labels", "labels_of", "load", "load_version"]

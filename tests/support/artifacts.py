"""Toy models as files, made as training makes them, for tests of serving."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from loopwright.declaration.code import code_of, load_function
from loopwright.serving import artifact
from loopwright.serving.card import Card
from loopwright.serving.rows import features_of, known_labels
from loopwright.serving.served import answered, conformed
from support import toy as toys

REQUIREMENTS = ["pandas", "scikit-learn", "cloudpickle"]


def write(toy: toys.Toy, folder: Path, *, model: str = "tips", frame: pd.DataFrame | None = None) -> str:
    """Train a toy model and write its artifact.

    :return: the artifact's digest.
    """
    spec, code = toy.project.model(model), toy.project.model_folder(model)
    frame = toys.rides(1) if frame is None else frame
    known = known_labels(spec, code, frame)
    features = features_of(spec, code, frame)[known.mask]
    classes = known.classes if spec.task != "regression" else []
    card = Card.of(model=model, task=spec.task, declared=spec.features, features=features, classes=classes)
    features = conformed(features, card.to_dict())
    with code_of(code):
        estimator = load_function("training:build", code)()
        estimator.fit(features, known.values)
        return artifact.write(
            folder,
            estimator=estimator,
            card=card,
            code=code,
            raw=frame[known.mask].head(5),
            answers=answered(estimator, features.head(5), card.to_dict()),
            requirements=REQUIREMENTS,
        )

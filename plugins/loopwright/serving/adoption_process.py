"""The fresh process of an adoption: ``python -m`` this. A team's model is loaded, wrapped and asked here.

Its digest was recorded before, and is checked before anything of it is loaded; what it may be made of is declared.
Files come back, and plain figures: the worker loads nothing of it until it was rehearsed.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from loopwright.errors import ArtifactTampered, DataFault, UserCodeFailed, shown_names
from loopwright.serving import asked as process
from loopwright.serving import measuring

if TYPE_CHECKING:
    import pandas as pd

    from loopwright.declaration import ModelSpec
    from loopwright.serving.foreign import Foreign

MODULE = "loopwright.serving.adoption_process"
RAW, GOLDEN_ROWS = "raw.parquet", "rows.parquet"
"""What it is asked about, in the folder that the question names: rows, and those of them for later rehearsals."""
WRAPPED, ANSWERS, FEATURES, EXPECTED = "model", "answers.parquet", "features.parquet", "golden.parquet"
"""What comes back in it: the artifact, what it answers and sees of the rows, and the answers for later rehearsals."""


def main() -> None:
    """Read the question, wrap the model, write the answer."""
    process.answer(_wrapped, lambda: import_module("loopwright.serving.artifact"))


def _wrapped(question: Mapping[str, Any]) -> dict[str, Any]:
    from loopwright.declaration import ModelSpec

    folder = Path(question["into"])
    os.chdir(folder)  # what MLflow leaves in a working directory is left there
    return wrapped(
        Path(question["files"]),
        question["digest"],
        ModelSpec.model_validate(question["spec"]),
        Path(question["code"]),
        question["modules"],
        folder,
        unshown=question["unshown"],
    )


def wrapped(
    files: Path,
    digest: str,
    spec: ModelSpec,
    code: Path,
    modules: list[str],
    into: Path,
    *,
    unshown: list[str],
) -> dict[str, Any]:
    """Make an artifact like any other of a team's model and the declared feature code.

    :param files: the model's, as MLflow has them.
    :param digest: of these, as recorded.
    :param spec: the declaration.
    :param code: the folder of the team's code.
    :param modules: what the model may be made of, besides the libraries of every artifact.
    :param into: a folder that holds the rows to ask about; the rest is written there.
    :param unshown: columns of these rows about people, of which the input example shows no value.
    :return: ``classes``, and ``empty``, the features without a single value.
    :raises ArtifactTampered: if the files are not those that were recorded.
    :raises UserCodeFailed: if it cannot be loaded, or the declared features are not those that it takes.
    """
    import pandas as pd

    from loopwright.declaration.code import code_of
    from loopwright.serving import artifact
    from loopwright.serving.foreign import load_foreign
    from loopwright.serving.rows import features_of
    from loopwright.serving.served import answered, conformed
    from loopwright.tracking.importing import imported

    imported()
    theirs, raw = into / "theirs", pd.read_parquet(into / RAW)
    shutil.copytree(files, theirs, symlinks=True)
    _require_digest(theirs, digest)
    measuring.hand_over(files, None)  # what serving may cost is the rehearsal's question: MLflow is in here as well
    own = {path.stem for path in code.iterdir()}
    with code_of(code):
        foreign = load_foreign(theirs, declared=modules, own=own)
    made = features_of(spec, code, raw)
    features = made[_wanted(spec, foreign, made)]
    card = _card(spec, foreign, features, modules)
    with code_of(code):
        answers = answered(foreign.estimator, conformed(features, card.to_dict()), card.to_dict())
        wrapped_digest = artifact.write(
            into / WRAPPED, estimator=foreign.estimator, card=card, code=code, raw=raw.head(5),
            answers=answers.head(5), requirements=foreign.requirements or ["pandas", "scikit-learn", "cloudpickle"],
            unshown=unshown,
        )  # fmt: skip
    predictor = artifact.load(into / WRAPPED, wrapped_digest)
    _require_same(predictor.predict(raw), answers, spec)
    answers.to_parquet(into / ANSWERS)
    predictor.predict(pd.read_parquet(into / GOLDEN_ROWS)).to_parquet(into / EXPECTED)
    predictor.features(raw).to_parquet(into / FEATURES)
    return {"classes": list(card.classes), "empty": list(card.empty)}


def _require_digest(theirs: Path, digest: str) -> None:
    from loopwright.serving.artifact import artifact_digest

    found = artifact_digest(theirs)
    if found != digest:
        raise ArtifactTampered("The model's files are not those that were recorded.", got=found, allowed=digest)


def _wanted(spec: ModelSpec, foreign: Foreign, made: pd.DataFrame) -> list[str]:
    wanted = list(foreign.features) if foreign.features is not None else [str(name) for name in made]
    absent = [name for name in wanted if name not in made]
    if absent:
        raise UserCodeFailed(
            "The declared features are not those that the model takes.",
            where=f"include/models/{spec.name}: features",
            got=f"without {shown_names(absent)}",
            allowed=shown_names(wanted),
            mend="Let the feature code make the columns that this model was trained on, under their names.",
        )
    return wanted


def _card(spec: ModelSpec, foreign: Foreign, features: pd.DataFrame, modules: list[str]) -> Any:
    from loopwright.serving.card import Card

    classes: list[Any] = []
    if spec.task != "regression":
        known = getattr(foreign.estimator, "classes_", None)
        if known is None:
            raise UserCodeFailed(
                "The model does not say its classes, so its answers cannot be read.",
                where=f"model/{spec.name}",
                got=type(foreign.estimator).__name__,
                allowed="an estimator with classes_, as scikit-learn's have",
            )
        classes = np.asarray(known).tolist()
    return Card.of(model=spec.name, task=spec.task, declared=spec.features, features=features, classes=classes,
                   seed=spec.train.seed, modules=modules)  # fmt: skip


def _require_same(wrapped: pd.DataFrame, own: pd.DataFrame, spec: ModelSpec) -> None:
    if not np.array_equal(wrapped["prediction"].to_numpy(), own["prediction"].to_numpy()):
        raise DataFault("Wrapped, the model answers otherwise than by itself.", where=f"model/{spec.name}")


if __name__ == "__main__":
    main()

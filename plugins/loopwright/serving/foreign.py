"""A model that was not made by the loop: loaded from its files, in a process of its own, once a person says so."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loopwright.errors import LoopwrightError, UserCodeFailed
from loopwright.serving.unpickling import only_declared, require_declared
from loopwright.tracking.importing import imported

if TYPE_CHECKING:
    from pathlib import Path

_WHERE = "the model that is taken over"


@dataclass(frozen=True)
class Foreign:
    """A model as MLflow has it.

    :param estimator: anything with ``predict``.
    :param features: the names of its features, in order; ``None`` where nothing says.
    :param requirements: as it recorded them.
    """

    estimator: Any
    features: Sequence[str] | None
    requirements: Sequence[str]


def load_foreign(folder: Path, *, declared: Collection[str], own: Collection[str]) -> Foreign:
    """Load a model from its files, with what MLflow has for its kind; only declared types are made.

    Call it in a process that ends afterwards, as :func:`loopwright.serving.unpickling.only_declared` has it.

    :param folder: the files, whose digest was checked.
    :param declared: top-level modules that the model may be made of, besides those of every artifact.
    :param own: those of the team's own code.
    :raises UserCodeFailed: if it is made of anything else, cannot be loaded here, or has no ``predict``.
    """
    mlflow = imported()
    described = mlflow.models.Model.load(str(folder))
    try:
        _require_listed(folder, declared, own)
        with only_declared(declared, own=own, where=_WHERE):
            estimator = _estimator(mlflow, described, folder)
    except LoopwrightError:
        raise
    except Exception as error:
        raise UserCodeFailed(
            f"The model cannot be loaded here: {type(error).__name__}.",
            where=f"flavors {', '.join(described.flavors)}",
            got=error,
            mend="Are the libraries of its requirements.txt installed here, in these versions?",
        ) from error
    if not hasattr(estimator, "predict"):
        raise UserCodeFailed("The model has no predict.", got=type(estimator).__name__)
    listed = folder / "requirements.txt"
    lines = listed.read_text(encoding="utf-8").splitlines() if listed.is_file() else []
    requirements = [line.strip() for line in lines if line.strip() and not line.startswith("mlflow")]
    return Foreign(estimator, _features(described, estimator), requirements)


def _require_listed(folder: Path, declared: Collection[str], own: Collection[str]) -> None:
    """Hold to the declaration what files in skops' format list: whom to trust in them, they say themselves."""
    for path in folder.rglob("*.skops"):
        from skops.io import get_untrusted_types

        require_declared(get_untrusted_types(file=path), declared, own=own, where=_WHERE)


def _estimator(mlflow: Any, described: Any, folder: Path) -> Any:
    if "sklearn" in described.flavors:
        return mlflow.sklearn.load_model(str(folder))
    return mlflow.pyfunc.load_model(str(folder)).get_raw_model()


def _features(described: Any, estimator: Any) -> list[str] | None:
    known = getattr(estimator, "feature_names_in_", None)
    if known is not None:
        return [str(name) for name in known]
    signature = described.signature
    return (
        [str(name) for name in signature.inputs.input_names()]
        if signature and signature.inputs.has_input_names()
        else None
    )

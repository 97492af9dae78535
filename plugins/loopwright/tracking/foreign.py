"""A model that was not made by the loop: whatever MLflow can load, taken as it is, once a person says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loopwright.errors import UserCodeFailed
from loopwright.tracking.client import fluent
from loopwright.tracking.faults import said_plainly


@dataclass(frozen=True)
class Foreign:
    """A model as MLflow has it.

    :param estimator: anything with ``predict``.
    :param features: the names of its features, in order; ``None`` where nothing says.
    :param requirements: as it recorded them.
    :param run_id: the run that made it, where there is one.
    """

    estimator: Any
    features: Sequence[str] | None
    requirements: Sequence[str]
    run_id: str | None


def load_foreign(uri: str, source: str, into: Path) -> Foreign:
    """Download a model and load it. Its bytes are trusted as far as whoever names it trusts them.

    :param uri: tracking URI.
    :param source: ``models:/name/3``, ``models:/name@alias`` or ``runs:/id/path``.
    :param into: an empty folder for its files.
    :raises UnknownName: if there is no such model.
    :raises UserCodeFailed: if it cannot be loaded here, or has no ``predict``.
    :raises TrackingUnavailable: if MLflow cannot be reached.
    """
    with fluent(uri) as mlflow:
        with said_plainly(uri):
            folder = Path(mlflow.artifacts.download_artifacts(artifact_uri=source, dst_path=str(into)))
        described = mlflow.models.Model.load(str(folder))
        try:
            estimator = _estimator(mlflow, described, folder)
        except Exception as error:
            raise UserCodeFailed(
                f"The model cannot be loaded here: {type(error).__name__}.",
                where=source,
                got=error,
                mend="Are the libraries of its requirements.txt installed here, in these versions?",
            ) from error
    if not hasattr(estimator, "predict"):
        raise UserCodeFailed("The model has no predict.", where=source, got=type(estimator).__name__)
    listed = folder / "requirements.txt"
    lines = listed.read_text(encoding="utf-8").splitlines() if listed.is_file() else []
    requirements = [line.strip() for line in lines if line.strip() and not line.startswith("mlflow")]
    return Foreign(estimator, _features(described, estimator), requirements, described.run_id)


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

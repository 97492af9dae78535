"""The files of a registered model: an MLflow model that also loads without this package, known by one digest.

What must stay true: :func:`load` looks at a private copy, checks its digest, and only then imports or unpickles
anything of it: not the files of a store that somebody may change in between, nor bytecode that no digest covers.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from loopwright.declaration.code import code_of
from loopwright.declaration.project import Project
from loopwright.errors import ArtifactTampered, UserCodeFailed
from loopwright.serving import served
from loopwright.serving.predictor import Predictor
from loopwright.serving.unpickling import unpickled

if TYPE_CHECKING:
    import pandas as pd

    from loopwright.serving.card import Card

MODEL = "data/model"
"""Where, in an artifact, the model's own files are."""
MAX_CODE_BYTES = 100_000_000
_NOT_SERVED = shutil.ignore_patterns("tests", "__pycache__", ".*", "*.pyc")
_NOT_OURS = ("__pycache__", "registered_model_meta")
"""What Python and MLflow leave in a folder that they load from. No digest covers it; :func:`load` never reads it."""


def write(
    folder: Path,
    *,
    estimator: Any,
    card: Card,
    code: Path,
    raw: pd.DataFrame,
    answers: pd.DataFrame,
    requirements: Sequence[str],
    unshown: Collection[str] = (),
) -> str:
    """Write a model's files. Call it inside the ``code_of`` block that made the estimator.

    :param folder: where to; must not exist.
    :param estimator: fitted, of any class that pickles.
    :param card: what the training saw.
    :param code: the model's folder; all of it is copied but its tests.
    :param raw: a few raw rows, for signature and input example.
    :param answers: the answers for these rows.
    :param requirements: pinned distributions, one each.
    :param unshown: raw columns about people, of which the input example shows no value.
    :return: the artifact's digest.
    :raises UserCodeFailed: if the estimator cannot be pickled.
    """
    needed = [] if isinstance(card.features, str) else card.features
    with TemporaryDirectory() as scratch:
        model = Path(scratch) / "model"
        _copy_code(code, model / served.CODE)
        (model / served.CARD).write_text(json.dumps(card.to_dict(), indent=1), encoding="utf-8")
        (model / served.ESTIMATOR).write_bytes(_pickled(estimator))
        _save(folder, model, raw, answers, needed, requirements, unshown)
    return artifact_digest(folder)


def artifact_digest(folder: Path) -> str:
    """Return a digest over names and bytes of an artifact's files.

    :param folder: the artifact.
    :return: 64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for path in _files(folder):
        digest.update(f"{path.relative_to(folder).as_posix()}\0".encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def strip_uncovered(folder: Path) -> None:
    """Remove what no digest covers from a copy that is passed on or imported from: Python runs bytecode for its source.

    :param folder: a private copy of an artifact.
    """
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.name in _NOT_OURS and not path.is_symlink():
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def load(folder: Path, digest: str, project: Path | None = None) -> Predictor:
    """Load an artifact, if its bytes are those that were judged.

    :param folder: the artifact.
    :param digest: what :func:`artifact_digest` said of it then.
    :param project: its folder, for whoever asks the model about rows of the lake: may messages quote them?
    :raises ArtifactTampered: if they are not; nothing of it was run.
    :raises UserCodeFailed: if it cannot be unpickled here.
    """
    private = TemporaryDirectory(prefix="loopwright-")
    try:
        copy = Path(private.name) / "artifact"
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns(*_NOT_OURS), symlinks=True)
        _require_digest(copy, digest, folder)
        model = copy / MODEL
        card = json.loads((model / served.CARD).read_text(encoding="utf-8"))
        original = None if project is None else Project(project.resolve()).model_folder(card["model"])
        return Predictor(_unpickled(model, card), card, model, digest, private, original)
    except BaseException:
        private.cleanup()
        raise


def _require_digest(copy: Path, digest: str, where: Path) -> None:
    found = artifact_digest(copy)
    if found != digest:
        raise ArtifactTampered(
            "The artifact's bytes are not those that were judged; nothing of it was loaded.",
            where=where,
            got=found,
            allowed=digest,
            mend="Find who changed it. `loopwright rollback` returns to the version before; training makes a new one.",
        )


def _files(folder: Path) -> Iterator[Path]:
    """Yield every file by its path, links refused: a link's bytes are elsewhere and may change."""
    for path in sorted(folder.rglob("*"), key=lambda p: p.relative_to(folder).as_posix()):
        if path.is_symlink():
            raise ArtifactTampered("The artifact holds a link, which no digest can vouch for.", where=path)
        if path.is_file() and not set(path.relative_to(folder).parts) & set(_NOT_OURS):
            yield path


def _copy_code(code: Path, target: Path) -> None:
    shutil.copytree(code, target, ignore=_NOT_SERVED)
    size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    if size > MAX_CODE_BYTES:
        raise UserCodeFailed(
            "The model's folder is too large to go with every version of the model.",
            where=code,
            got=f"{size:,} bytes",
            allowed=f"{MAX_CODE_BYTES:,} bytes",
            mend="Keep data in a dataset, and only code and small tables in the model's folder.",
        )


def _pickled(estimator: Any) -> bytes:
    import cloudpickle

    try:
        content: bytes = cloudpickle.dumps(estimator)
    except Exception as error:
        raise UserCodeFailed(
            f"The estimator cannot be pickled: {type(error).__name__}.",
            where=type(estimator).__name__,
            got=error,
            mend="Leave open files, locks and connections out of it, or drop them in its __getstate__.",
        ) from error
    return content


def _unpickled(model: Path, card: Mapping[str, Any]) -> Any:
    with code_of(model / served.CODE):
        try:
            content = (model / served.ESTIMATOR).read_bytes()
            own = {path.name.removesuffix(".py") for path in (model / served.CODE).iterdir()}
            return unpickled(content, declared=card.get("modules", []), own=own, where=model)
        except UserCodeFailed:
            raise
        except MemoryError:
            raise
        except Exception as error:
            raise UserCodeFailed(
                f"The estimator cannot be unpickled here: {type(error).__name__}.",
                where=model,
                got=error,
                mend="Are the libraries of its requirements.txt installed here, in these versions?",
            ) from error


def _save(
    folder: Path,
    model: Path,
    raw: pd.DataFrame,
    answers: pd.DataFrame,
    needed: Sequence[str],
    requirements: Sequence[str],
    unshown: Collection[str],
) -> None:
    """Have MLflow write its files around ours; the loader's name holds its digest, for it lives in ``sys.modules``."""
    from loopwright.serving.signature import example_of, signature_of
    from loopwright.tracking.importing import imported  # late, as above: to load an artifact takes no MLflow

    mlflow = imported()
    logging.getLogger("mlflow.utils.environment").setLevel(logging.ERROR)  # it warns where there is no pip beside us
    source = Path(served.__file__).read_bytes()
    loader = model.parent / f"loopwright_served_{hashlib.sha256(source).hexdigest()[:8]}.py"
    loader.write_bytes(source)
    mlflow.pyfunc.save_model(
        path=str(folder),
        loader_module=loader.stem,
        data_path=str(model),
        code_paths=[str(loader)],
        signature=signature_of(raw, answers, needed),
        input_example=example_of(raw, unshown),
        pip_requirements=list(requirements),
    )

"""The folder that a team keeps: ``include/datasets/<name>/`` and ``include/models/<name>/``."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from loopwright.declaration.dataset import DatasetSpec
from loopwright.declaration.loading import load_spec
from loopwright.declaration.model import ModelSpec
from loopwright.errors import DeclarationError, UnknownName, shown_names


@dataclass(frozen=True)
class Project:
    """A project, by the folder that holds ``include/``.

    Nothing is read until it is asked for, so a broken declaration harms only those who ask for it.

    :param path: the project's folder.
    """

    path: Path

    @classmethod
    def at(cls, path: str | Path) -> Project:
        """Return the project at ``path``.

        :raises DeclarationError: if the folder holds no ``include/``.
        """
        folder = Path(path).expanduser().resolve()
        if not (folder / "include").is_dir():
            raise DeclarationError(
                "This folder is not a Loopwright project.",
                where=folder,
                allowed="a folder that holds include/datasets and include/models",
                mend="Name it with --project DIR, or start one with `loopwright new dataset NAME`.",
            )
        return cls(folder)

    def dataset_folder(self, name: str) -> Path:
        """Return where a dataset's files are."""
        return self.path / "include" / "datasets" / name

    def model_folder(self, name: str) -> Path:
        """Return where a model's files are."""
        return self.path / "include" / "models" / name

    def dataset_names(self) -> list[str]:
        """Return the names of the declared datasets, sorted, whether or not their files are right."""
        return _declared(self.path / "include" / "datasets", "dataset.yaml")

    def model_names(self) -> list[str]:
        """Return the names of the declared models, sorted, whether or not their files are right."""
        return _declared(self.path / "include" / "models", "model.yaml")

    def dataset(self, name: str, *, with_expectations: bool = True) -> DatasetSpec:
        """Read one dataset's declaration.

        :param with_expectations: whether its suite must be there; inference writes the first.
        :raises UnknownName: if there is none of that name; the nearest is said.
        :raises DeclarationError: if it is wrong.
        """
        path = _known(self.dataset_folder(name) / "dataset.yaml", "dataset", name, self.dataset_names())
        spec = load_spec(path, DatasetSpec)
        _same_name(path, name, spec.name)
        if with_expectations and spec.expectations and not (path.parent / spec.expectations).is_file():
            raise DeclarationError(
                "The expectations are not there.",
                where=f"{path}: expectations",
                got=spec.expectations,
                mend=f"Have them proposed (loopwright infer {name}), or write them, or say `expectations: null`.",
            )
        return spec

    def model(self, name: str) -> ModelSpec:
        """Read one model's declaration.

        :raises UnknownName: if there is none of that name, or its dataset is not declared.
        :raises DeclarationError: if it is wrong.
        """
        path = _known(self.model_folder(name) / "model.yaml", "model", name, self.model_names())
        spec = load_spec(path, ModelSpec)
        _same_name(path, name, spec.name)
        _known(
            self.dataset_folder(spec.dataset) / "dataset.yaml",
            "dataset",
            spec.dataset,
            self.dataset_names(),
            where=f"{path}: dataset",
        )
        return spec


def _declared(folder: Path, filename: str) -> list[str]:
    return sorted(path.parent.name for path in folder.glob(f"*/{filename}"))


def _known(path: Path, kind: str, name: str, names: list[str], where: str | None = None) -> Path:
    if name in names:
        return path
    near = get_close_matches(name, names, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"`loopwright new {kind} {name}` starts one."
    raise UnknownName(
        f"There is no {kind} called {name!r}.",
        where=where,
        allowed=shown_names(names) or "none declared yet",
        mend=hint,
    )


def _same_name(path: Path, folder: str, declared: str) -> None:
    if folder != declared:
        raise DeclarationError(
            "The declared name and the folder's name differ.",
            where=f"{path}: name",
            got=declared,
            allowed=folder,
            mend="Give both the same name.",
        )

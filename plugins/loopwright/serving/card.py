"""An artifact's card: what the training saw, so that serving can hold later rows against it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from loopwright.errors import UserCodeFailed
from loopwright.evaluation.naming import CROWD
from loopwright.serving.disclosure import FEW, shown_levels

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

FORMAT = 1


@dataclass(frozen=True)
class Card:
    """What a model was trained on and answers.

    :param model: the model's name.
    :param task: the declared task.
    :param features: ``module:function`` within the artifact's code, or a list of raw columns.
    :param columns: feature to its dtype, in the order the estimator knows.
    :param categories: the categories of features that have such; a category that is no text, number or truth value is
        left to the estimator.
    :param empty: features without a single value in the training.
    :param classes: the labels in order, the positive one last of two; none for regression.
    :param seed: of the training.
    :param modules: whose types the estimator may hold, besides those of every artifact.
    """

    model: str
    task: str
    features: str | list[str]
    columns: Mapping[str, str]
    categories: Mapping[str, list[Any]] = field(default_factory=dict)
    empty: Sequence[str] = ()
    classes: Sequence[Any] = ()
    seed: int = 0
    modules: Sequence[str] = ()

    @classmethod
    def of(
        cls,
        *,
        model: str,
        task: str,
        declared: str | list[str],
        features: pd.DataFrame,
        shy: Collection[str] = (),
        **more: Any,
    ) -> Card:
        """Return the card of a training.

        :param declared: the features as declared.
        :param features: what they made of the training rows.
        :param shy: features about people: of their categories only those that many rows share are kept, and known.
        :param more: ``classes``, ``seed`` and ``modules``.
        :raises UserCodeFailed: if such a feature's categories are most of them one person's.
        """
        return cls(
            model=model,
            task=task,
            features=declared,
            columns={str(name): str(kind) for name, kind in features.dtypes.items()},
            categories=_categories(features, shy, f"model {model}, features"),
            empty=[str(name) for name in features if bool(features[name].isna().all())],
            **more,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            **asdict(self),
            "empty": list(self.empty),
            "classes": list(self.classes),
            "modules": list(self.modules),
            "format": FORMAT,
        }


def _categories(features: pd.DataFrame, shy: Collection[str], where: str) -> dict[str, list[Any]]:
    found = {}
    for name, kind in features.dtypes.items():
        if isinstance(kind, pd.CategoricalDtype):
            levels = kind.categories.tolist()
            if str(name) in shy:
                levels = _shared(features[name], levels, where)
            if all(isinstance(level, str | int | float | bool) for level in levels):
                found[str(name)] = levels
    return found


def _shared(column: pd.Series, levels: list[Any], where: str) -> list[Any]:
    """Return the categories that may be written beside the model; the model never learns the others."""
    shared = set(shown_levels(column))
    if not shared and column.notna().any():
        raise UserCodeFailed(
            "The categories of a feature about people would be kept beside the model, where no erasure reaches them.",
            where=where,
            got=f"{column.name}: {column.nunique()} categories",
            allowed=f"up to {FEW} that {CROWD} rows share, with nearly all rows in these",
            mend="Make numbers or few groups of it in the feature code, or declare the column sensitive: hash or drop.",
        )
    return [level for level in levels if level in shared]

"""An artifact's card: what the training saw, so that serving can hold later rows against it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    def of(cls, *, model: str, task: str, declared: str | list[str], features: pd.DataFrame, **more: Any) -> Card:
        """Return the card of a training.

        :param declared: the features as declared.
        :param features: what they made of the training rows.
        :param more: ``classes``, ``seed`` and ``modules``.
        """
        return cls(
            model=model,
            task=task,
            features=declared,
            columns={str(name): str(kind) for name, kind in features.dtypes.items()},
            categories=_categories(features),
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


def _categories(features: pd.DataFrame) -> dict[str, list[Any]]:
    found = {}
    for name, kind in features.dtypes.items():
        if isinstance(kind, pd.CategoricalDtype):
            levels = kind.categories.tolist()
            if all(isinstance(level, str | int | float | bool) for level in levels):
                found[str(name)] = levels
    return found

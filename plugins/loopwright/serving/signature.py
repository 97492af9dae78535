"""An artifact's signature in MLflow's words: which raw columns go in, which answers come out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pandas as pd

from loopwright.errors import shown_names
from loopwright.serving.disclosure import filled, nobodys
from loopwright.serving.served import raw_rows

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

EXAMPLE_ROWS = 5


def signature_of(raw: pd.DataFrame, answers: pd.DataFrame, needed: Sequence[str] = ()) -> Any:
    """Return the signature of a model over raw rows.

    :param raw: raw rows, for their columns' types.
    :param answers: what the model answers for them.
    :param needed: columns it cannot do without; of the others only the feature code knows.
    :return: an ``mlflow.models.ModelSignature``.
    """
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    rows = raw_rows(raw)
    inputs = [ColSpec(_type_of(rows[name]), str(name), required=name in needed) for name in rows]
    outputs = [ColSpec(_type_of(answers[name]), str(name)) for name in answers]
    return ModelSignature(inputs=Schema(inputs), outputs=Schema(outputs))


def example_of(raw: pd.DataFrame, unshown: Collection[str] = ()) -> pd.DataFrame:
    """Return the few raw rows that show what an input looks like.

    :param raw: raw rows.
    :param unshown: columns about people: a value of their type stands in the place of theirs.
    """
    rows = raw_rows(raw.head(EXAMPLE_ROWS))
    return rows.assign(**{name: filled(rows[name], nobodys(rows[name])) for name in rows if name in set(unshown)})


def departures(files: Path, rows: pd.DataFrame, answers: pd.DataFrame) -> list[str]:
    """Return where rows and answers are not as an artifact's signature says, a phrase each. It takes no MLflow.

    :param files: the artifact.
    :param rows: raw rows that it was asked about.
    :param answers: what it answered.
    """
    import yaml

    said = (yaml.safe_load((files / "MLmodel").read_text(encoding="utf-8")) or {}).get("signature") or {}
    inputs, outputs = (json.loads(said.get(side) or "[]") for side in ("inputs", "outputs"))
    promised = [str(column["name"]) for column in outputs]
    lacking = [str(column["name"]) for column in inputs if column.get("required", True) and column["name"] not in rows]
    unsaid = [str(name) for name in answers if name not in promised]
    ungiven = [name for name in promised if name not in answers]
    found = {"it needs of the rows": lacking, "it does not say that it gives": unsaid, "it does not give": ungiven}
    return [f"{what} {shown_names(names)}" for what, names in found.items() if names]


def _type_of(column: pd.Series) -> Any:
    from mlflow.types import DataType
    from mlflow.types.schema import AnyType

    kind = column.dtype
    if pd.api.types.is_bool_dtype(kind):
        return DataType.boolean
    if pd.api.types.is_integer_dtype(kind):
        return AnyType() if column.isna().any() else DataType.long  # MLflow cannot hold a missing one against a long
    if pd.api.types.is_float_dtype(kind):
        return DataType.double
    if pd.api.types.is_datetime64_dtype(kind):
        return DataType.datetime
    if pd.api.types.infer_dtype(column, skipna=True) in {"string", "empty"}:
        return DataType.string
    return AnyType()

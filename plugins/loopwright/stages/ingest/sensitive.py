"""Columns about people: what is kept of them, and that none of their values is shown.

What must stay true: a column that is dropped or hashed is so before anything else sees the rows, and the quarantine is
no way around that; whatever a report, a message or a sample says of a sensitive column, it is no value of it. A
column goes by its declared name however it is written, and when it comes twice; where it does not come at all, nothing
of the batch is kept, for its values may be there under a name that nobody declared.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from loopwright.declaration.sensitive import shy_of, treatments, treatments_later
from loopwright.errors import DataFault
from loopwright.stages.ingest.reading.conversion import to_text
from loopwright.stages.ingest.reading.frames import Reading

if TYPE_CHECKING:
    import pandas as pd

    from loopwright.declaration.dataset import DatasetSpec
    from loopwright.stages.ingest.judging.answers import ExpectationResult
    from loopwright.stages.ingest.judging.judgement import Judgement

HIDDEN = "(sensitive)"
"""What stands where a value is not shown."""


def protected(reading: Reading, dataset: DatasetSpec, secret: str, *, later: bool = False) -> Reading:
    """Return what came without the columns that are dropped, and with hashes in place of those that are hashed.

    :param reading: as read.
    :param dataset: says which.
    :param secret: the key of the hashes.
    :param later: whether its columns may be called as after cleaning, as those of labels are.
    :raises DataFault: if a column is to be hashed and there is no secret.
    """
    treated = (treatments_later if later else treatments)(reading.frame, dataset)
    dropped = [name for name, how in treated.items() if how == "drop"]
    hashed = [name for name, how in treated.items() if how == "hash"]
    if not dropped and not hashed:
        return reading
    frame = reading.frame.drop(columns=dropped)
    return Reading(frame.assign(**{name: digests(frame[name], secret) for name in hashed}), reading.doubled)


def digests(column: pd.Series[Any], secret: str) -> pd.Series[Any]:
    """Return HMAC-SHA256 of each value as text, 64 hexadecimal digits; what is missing stays so.

    The same value has the same hash in every column, batch and dataset that share the secret, so that they join.

    :raises DataFault: if there is no secret.
    """
    texts = to_text(column)
    known = {value: digest(value, secret) for value in texts.dropna().unique()}
    return texts.map(known, na_action="ignore").astype("str")


def digest(value: str, secret: str) -> str:
    """Return the hash of one value.

    :raises DataFault: if there is no secret: without one, anybody could find the value by trying.
    """
    if not secret:
        raise DataFault(
            "A sensitive column is to be hashed, and there is no secret to hash it with.",
            where="sensitive",
            mend="Set LOOPWRIGHT_HASH_KEY, or in Airflow the password of the connection loopwright_hash_key.",
        )
    return hmac.new(secret.encode(), value.encode(), hashlib.sha256).hexdigest()


def untold(judged: Judgement, columns: frozenset[str]) -> Judgement:
    """Return a judgement that shows no value of these columns: counts stay, values go.

    :param columns: as :func:`hidden` gives them.
    """
    if not columns:
        return judged
    shy = [_is_about(answer.kwargs, columns) for answer in judged.expectations]
    answers = [_untold(answer) if hide else answer for answer, hide in zip(judged.expectations, shy, strict=True)]
    results = [_counts(result) if hide else result for result, hide in zip(judged.results, shy, strict=True)]
    return replace(judged, expectations=tuple(answers), results=tuple(results))


def without_values(error: DataFault, columns: frozenset[str]) -> DataFault:
    """Return a fault that quotes no value, where a dataset has columns to hide."""
    if columns:
        error.got = HIDDEN if error.got is not None else None
    return error


def _is_about(arguments: Mapping[str, Any], columns: frozenset[str]) -> bool:
    named = [arguments.get(key) for key in ("column", "column_A", "column_B")]
    listed = [*(arguments.get("column_list") or []), *(arguments.get("column_set") or [])]
    return bool(shy_of([name for name in [*named, *listed] if name is not None], columns))


def _untold(answer: ExpectationResult) -> ExpectationResult:
    observed = None if answer.observed is None else HIDDEN
    return replace(answer, observed=observed, raised=HIDDEN if answer.raised is not None else None)


def _counts(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return a result with whole numbers and shares only, and without the words of an exception."""
    found = result.get("result") or {}
    kept = {key: value for key, value in found.items() if key.endswith(("_count", "_percent", "_total", "_nonmissing"))}
    return {**result, "result": kept, "exception_info": {}}

"""Up to where a query's rows were taken: a value that grows, as JSON and back, and the name of the batch it ends."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from loopwright.errors import DeclarationError

if TYPE_CHECKING:
    from loopwright.declaration.dataset import Query


_KINDS: dict[str, Callable[[str], Any]] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "decimal": Decimal,
    "int": int,
    "float": float,
}


def as_json(value: Any, query: Query) -> dict[str, Any]:
    """Return a watermark with its kind, as JSON keeps it.

    :raises DeclarationError: if its kind does not grow.
    """
    kinds = ((datetime, "datetime"), (date, "date"), (Decimal, "decimal"), (bool, ""), (int, "int"), (float, "float"))
    kind = next((name for of, name in kinds if isinstance(value, of)), "str" if isinstance(value, str) else "")
    if not kind:
        raise DeclarationError(
            "The watermark is of no kind that grows.",
            where=f"query.watermark: {query.watermark}",
            got=type(value).__name__,
            allowed="a time, a date, a number or text that sorts as it grows",
        )
    return {"kind": kind, "value": value.isoformat() if isinstance(value, date) else str(value)}


def from_json(raw: Mapping[str, Any]) -> Any:
    """Return a recorded watermark as the database compares it."""
    return _KINDS.get(raw["kind"], str)(raw["value"])


def batch_id_of(until: str) -> str:
    """Return a name in which batches sort as they came, that leads nowhere, and that no other watermark has."""
    name = re.sub(r"[^0-9A-Za-z.+-]+", "-", until).strip("-.+")[:120] or "rows"
    return name if name == until else f"{name}-{hashlib.sha256(until.encode()).hexdigest()[:8]}"

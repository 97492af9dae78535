"""A column of what is scanned: its kind, and the SQL that reads it as pandas would."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["long", "double", "boolean", "string", "timestamp", "timestamp_ntz"]

KINDS: dict[str, Kind] = {
    "BIGINT": "long",
    "INTEGER": "long",
    "SMALLINT": "long",
    "TINYINT": "long",
    "UINTEGER": "long",
    "USMALLINT": "long",
    "UTINYINT": "long",
    "DOUBLE": "double",
    "BOOLEAN": "boolean",
    "VARCHAR": "string",
    "TIMESTAMP": "timestamp_ntz",
    "TIMESTAMP WITH TIME ZONE": "timestamp",
}
"""DuckDB's types, and the lake's name of each that is compiled for. Of a ``FLOAT``, say, Great Expectations compares
in single precision, and of a date by its own rules: they are left to it."""

NUMBERS = ("long", "double")
TIMES = ("timestamp", "timestamp_ntz")


@dataclass(frozen=True)
class Column:
    """One column.

    :param name: as the batch calls it.
    :param kind: ``None`` for a type that is not compiled for.
    """

    name: str
    kind: Kind | None

    @property
    def quoted(self) -> str:
        """The column as SQL names it."""
        return identifier(self.name)

    @property
    def value(self) -> str:
        """Its value, null where pandas sees none: ``NaN`` is no number. Moments are microseconds since 1970."""
        if self.kind == "double":
            return f"nullif({self.quoted}, 'nan'::DOUBLE)"
        return f"epoch_us({self.quoted})" if self.kind in TIMES else self.quoted

    @property
    def comparable(self) -> str:
        """What two columns of one kind are compared by: numbers of either width as they are, the rest likewise."""
        return "number" if self.kind in NUMBERS else str(self.kind)


def identifier(name: str) -> str:
    """Return a name quoted for SQL, whatever characters it has.

    :param name: of a column.
    """
    return '"' + name.replace('"', '""') + '"'

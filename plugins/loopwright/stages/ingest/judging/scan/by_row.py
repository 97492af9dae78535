"""Questions that are put to each row: which are not as expected, of those that have something to be asked about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loopwright.stages.ingest.judging.scan.question import ROWS, SHOWN, Asks, Facts, Found, Question

if TYPE_CHECKING:
    from loopwright.stages.ingest.judging.scan.columns import Column

ROW = '"_row"'
"""The column of row numbers that everything scanned has."""


@dataclass(frozen=True)
class ByRow:
    """A condition on rows.

    :param shown: the columns whose values are given as examples.
    :param asked: SQL that is true of the rows that have something to ask about.
    :param unexpected: SQL that is true of those among them that are not as expected.
    :param mostly: the share that must be as expected.
    :param counts_missing: whether rows that are not asked are counted as missing.
    :param grouped: the columns whose values, taken together, must not repeat; ``unexpected`` is not used then.
    :param by_name: whether an example names its columns, as examples of several columns do.
    """

    shown: Sequence[Column]
    asked: str
    unexpected: str
    mostly: float
    counts_missing: bool = True
    grouped: Sequence[Column] = ()
    by_name: bool = False

    def question(self) -> Question:
        """Return it as a question."""
        if self.grouped:
            return Question((ROWS, self._asked_fact, self._distinct_fact), self._answer)
        return Question((ROWS, self._asked_fact, self._unexpected_fact), self._answer)

    @property
    def _asked_fact(self) -> str:
        return ROWS if self.asked == "true" else f"count(*) FILTER (WHERE {self.asked})"

    @property
    def _unexpected_fact(self) -> str:
        return f"count(*) FILTER (WHERE {self._where})"

    @property
    def _where(self) -> str:
        return self.unexpected if self.asked == "true" else f"({self.asked}) AND ({self.unexpected})"

    @property
    def _distinct_fact(self) -> str:
        """How many keys there are, by their hashes: as many as rows proves that none repeats, fewer is a suspicion."""
        keys = ", ".join(column.value for column in self.grouped)
        single = len(self.grouped) == 1 and self.grouped[0].kind not in ("string", None)
        counted = keys if single else f"hash({keys})"
        return f"count(DISTINCT {counted})" + ("" if self.asked == "true" else f" FILTER (WHERE {self.asked})")

    def _answer(self, facts: Facts, scan: Asks) -> Found:
        rows, asked = facts[ROWS], facts[self._asked_fact]
        if not self.grouped:
            unexpected = facts[self._unexpected_fact]
        else:
            unexpected = 0 if facts[self._distinct_fact] == asked else self._repeated(scan)
        success = not asked or (float(asked) - float(unexpected)) / float(asked) >= self.mostly
        examples = self._examples(scan) if unexpected else []
        return Found(success, self._result(rows, asked, unexpected, examples), self._failing(scan.relation))

    def _result(self, rows: int, asked: int, unexpected: int, examples: list[Any]) -> dict[str, Any]:
        of_all = 100 * (unexpected / rows) if rows else None
        of_asked = (100 * (unexpected / asked) if asked else None) if rows and self.counts_missing else of_all
        result = {
            "element_count": rows,
            "unexpected_count": unexpected,
            "unexpected_percent": of_asked,
            "partial_unexpected_list": examples,
        }
        if self.counts_missing:
            result |= {
                "missing_count": rows - asked,
                "missing_percent": 100 * ((rows - asked) / rows) if rows else None,
                "unexpected_percent_total": of_all,
                "unexpected_percent_nonmissing": of_asked,
            }
        return result

    def _repeated(self, scan: Asks) -> int:
        keys = ", ".join(column.value for column in self.grouped)
        groups = f"SELECT count(*) AS n FROM {scan.relation} WHERE {self.asked} GROUP BY {keys} HAVING count(*) > 1"
        ((count,),) = scan.fetch(f"SELECT coalesce(sum(n), 0)::BIGINT FROM ({groups})")
        return int(count)

    def _examples(self, scan: Asks) -> list[Any]:
        values = ", ".join(column.quoted for column in self.shown)
        if self.grouped:
            found = scan.fetch(f"SELECT {values} FROM ({self._members(scan.relation)}) ORDER BY {ROW} LIMIT {SHOWN}")
        else:
            found = scan.fetch(f"SELECT {values} FROM {scan.relation} WHERE {self._where} LIMIT {SHOWN}")
        if self.by_name:
            return [dict(zip((column.name for column in self.shown), row, strict=True)) for row in found]
        return [list(row) if len(self.shown) > 1 else row[0] for row in found]

    def _failing(self, relation: str) -> str:
        if self.grouped:
            return f"SELECT {ROW} FROM ({self._members(relation)}) ORDER BY {ROW}"
        return f"SELECT {ROW} FROM {relation} WHERE {self._where} ORDER BY {ROW}"

    def _members(self, relation: str) -> str:
        """Return a query for the rows whose key repeats, missing parts being equal to one another."""
        named = {f'"_key {place}"': column.value for place, column in enumerate(self.grouped)}
        keys = [f"{value} AS {name}" for name, value in named.items()]
        same = " AND ".join(f"{value} IS NOT DISTINCT FROM d.{name}" for name, value in named.items())
        names = ", ".join(named)
        repeated = f"SELECT {', '.join(keys)} FROM {relation} WHERE {self.asked} GROUP BY {names} HAVING count(*) > 1"
        return f"SELECT * FROM {relation} AS r SEMI JOIN ({repeated}) AS d ON {same} WHERE {self.asked}"

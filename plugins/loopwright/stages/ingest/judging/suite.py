"""``expectations.yaml``: a suite in Great Expectations' own names, read without Great Expectations.

Reading checks the structure only, so that it costs nothing where no judging is done. ``check_suite`` asks Great
Expectations itself about every type and argument, for ``loopwright check`` and before anything is judged.
"""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from loopwright.declaration.fields import Declared
from loopwright.declaration.loading import load_spec
from loopwright.errors import DeclarationError, shown_names


class Expectation(Declared):
    """One expectation."""

    type: str = Field(
        pattern=r"^[a-z][a-z0-9_]*$", description="Great Expectations' name, such as expect_column_values_to_be_unique."
    )
    kwargs: dict[str, Any] = Field({}, description="Its arguments, by Great Expectations' names.")
    severity: Literal["critical", "warning", "info"] = Field(
        "critical", description="A critical one decides whether the batch is published; the others only inform."
    )
    description: str | None = Field(None, description="What it is for, for people; said when it fails.")
    notes: str | list[str] | None = Field(None, description="Anything else worth keeping.")
    meta: dict[str, Any] = Field({}, description="For other tools; Loopwright does not read it.")

    @property
    def required(self) -> bool:
        """Whether it decides the verdict."""
        return self.severity == "critical"

    @property
    def about(self) -> str:
        """Return what it is about: its columns, or the whole table."""
        return ",".join(self.columns) or "table"

    @property
    def columns(self) -> list[str]:
        """The columns that it names; none for one about the table."""
        named = [self.kwargs.get(key) for key in ("column", "column_A", "column_B")]
        return [str(name) for name in named if name is not None] or [
            str(name) for name in self.kwargs.get("column_list") or []
        ]


class Suite(Declared):
    """Everything that is expected of a batch."""

    name: str | None = Field(None, description="For other tools.")
    expectations: list[Expectation] = Field([], description="The expectations, in any order.")
    notes: str | list[str] | None = Field(None, description="Anything worth keeping.")
    meta: dict[str, Any] = Field({}, description="For other tools.")

    def names(self) -> list[str]:
        """Return a name for each expectation, unique in the suite: ``expect_…(column)``, numbered where it repeats."""
        seen: dict[str, int] = {}
        names = []
        for expectation in self.expectations:
            name = f"{expectation.type}({expectation.about})"
            seen[name] = seen.get(name, 0) + 1
            names.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
        return names


def read_suite(path: Path) -> Suite:
    """Read a suite and check its structure.

    :param path: ``expectations.yaml``.
    :raises DeclarationError: if it is no suite; unknown keys are answered with the nearest.
    """
    return load_spec(path, Suite)


def check_suite(path: Path) -> Suite:
    """Read a suite and have every type and argument checked by Great Expectations, whose import takes seconds.

    :param path: ``expectations.yaml``.
    :raises DeclarationError: naming the first expectation that is wrong, and what is allowed there.
    """
    suite = read_suite(path)
    compiled(suite, where=path)
    return suite


def compiled(suite: Suite, *, where: Path | None = None) -> list[Any]:
    """Return a suite as Great Expectations' own objects, in its order.

    :param suite: as read.
    :param where: its file, for the message.
    :raises DeclarationError: naming the first expectation that is wrong.
    """
    return [
        _compiled(expectation, f"{where or 'the suite'}: expectations[{number}]")
        for number, expectation in enumerate(suite.expectations)
    ]


def _compiled(expectation: Expectation, where: str) -> Any:
    from great_expectations.exceptions import ExpectationNotFoundError
    from great_expectations.expectations import registry

    try:
        found = registry.get_expectation_impl(expectation.type)
    except ExpectationNotFoundError:
        names = sorted(registry.list_registered_expectation_implementations())
        near = get_close_matches(expectation.type, names, n=1)
        raise DeclarationError(
            f"Great Expectations knows no expectation called {expectation.type!r}.",
            where=where,
            allowed=shown_names(names),
            mend=f"Did you mean {near[0]!r}?" if near else "Take one of its gallery.",
        ) from None
    if expectation.type in _SQL_ONLY:
        raise DeclarationError(
            f"{expectation.type} asks a SQL database, and batches are judged as frames.",
            where=where,
            mend="Say it with an expectation on columns or on the table.",
        )
    _require_arguments(expectation, found, where)
    try:
        return found(**expectation.kwargs, severity=expectation.severity)
    except (ValueError, TypeError) as error:
        raise DeclarationError(
            f"{expectation.type} cannot be asked that way: {_said(error)}", where=where, got=expectation.kwargs
        ) from None


def _require_arguments(expectation: Expectation, found: Any, where: str) -> None:
    allowed = sorted(set(found.__fields__) - _NOT_ARGUMENTS)
    unknown = [name for name in expectation.kwargs if name not in allowed]
    if unknown:
        near = get_close_matches(unknown[0], allowed, n=1)
        raise DeclarationError(
            f"{expectation.type} has no argument {unknown[0]!r}.",
            where=f"{where}.kwargs",
            allowed=", ".join(allowed),
            mend=f"Did you mean {near[0]!r}?" if near else None,
        )


def _said(error: Exception) -> str:
    """Return pydantic's complaints on one line, an argument's only once."""
    problems: dict[str, str] = {}
    for problem in getattr(error, "errors", list)():
        problems.setdefault(".".join(str(part) for part in problem["loc"]), problem["msg"])
    return "; ".join(f"{place}: {said}".removeprefix("__root__: ") for place, said in problems.items()) or str(error)


_SQL_ONLY = {
    "expect_query_results_to_match_comparison",
    "expect_table_row_count_to_equal_other_table",
    "unexpected_rows_expectation",
}
_NOT_ARGUMENTS = {
    "batch_id",
    "catch_exceptions",
    "description",
    "id",
    "meta",
    "notes",
    "rendered_content",
    "result_format",
    "severity",
    "windows",
}

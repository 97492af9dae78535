"""The cleaning steps of ``dataset.yaml``: what may be done to a batch before it is judged, each step by its name."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from loopwright.declaration.fields import Columns, Declared, Entrypoint, Proportion

Scalar = str | int | float | bool


class DropDuplicates(Declared):
    """Keep one of rows that repeat."""

    step: Literal["drop_duplicates"]
    columns: Columns | None = Field(None, description="The columns that make a row the same; all when left out.")
    keep: Literal["first", "last"] = Field("first", description="Which of them stays.")


class DropColumns(Declared):
    """Forget columns that nobody should use."""

    step: Literal["drop_columns"]
    columns: Columns = Field(description="The columns to drop; one that is absent already is fine.")


class DropConstantColumns(Declared):
    """Forget columns that hold no value, or one value only: nothing can be learned from them.

    Whether a column is constant is asked of each batch; a later batch may bring it back.
    """

    step: Literal["drop_constant_columns"]
    columns: Columns | None = Field(None, description="The columns to look at; all when left out.")
    keep: list[str] = Field([], description="Columns that stay, constant or not.")


class DropRows(Declared):
    """Leave out rows that lack a value, because they say nothing (a flight that never flew)."""

    step: Literal["drop_rows"]
    missing: Columns = Field(description="Rows with a missing value in any of these columns are left out.")


class Rename(Declared):
    """Give columns the names that the team uses."""

    step: Literal["rename"]
    columns: dict[str, str] = Field(min_length=1, description="Old name to new name.")


class Convert(Declared):
    """Give columns a type; a value that cannot be converted becomes missing, and is counted."""

    step: Literal["convert"]
    columns: dict[str, Literal["integer", "number", "text", "boolean", "timestamp", "date"]] = Field(
        min_length=1, description="Column to type."
    )
    unit: Literal["s", "ms", "us", "ns"] | None = Field(
        None, description="For numbers that are timestamps: the unit they count since 1970."
    )
    formats: list[str] = Field(
        [], description="For text that is timestamps or dates: formats such as %d.%m.%Y, tried in order; then ISO 8601."
    )
    timezone: str | None = Field(
        None, description="For timestamps without a zone: the one they are in, such as Europe/Vienna; they become UTC."
    )
    decimal: str = Field(".", min_length=1, max_length=1, description="For numbers as text: the decimal mark.")
    thousands: str | None = Field(
        None, min_length=1, max_length=1, description="For numbers as text: the mark between thousands."
    )


class Replace(Declared):
    """Bring spellings to one (``Y``, ``yes`` and ``true``)."""

    step: Literal["replace"]
    column: str = Field(description="The column to mend.")
    values: dict[str, Scalar | None] = Field(min_length=1, description="Found value (as text) to wanted value.")


class Spell(Declared):
    """Bring texts to one spelling: blanks, upper and lower case, words for nothing, and words for the same."""

    step: Literal["spell"]
    columns: Columns = Field(description="Columns of text.")
    strip: bool = Field(True, description="Take blanks away at both ends, and make inner ones single.")
    case: Literal["keep", "lower", "upper", "title"] = Field("keep", description="How the texts are written.")
    missing: list[str] = Field(
        [], description="Words that mean no value, such as n/a; compared without regard to case."
    )
    words: dict[str, Columns] = Field(
        {}, description="Wanted word to the spellings that mean it, such as yes: [y, true]; compared likewise."
    )


class Fill(Declared):
    """Give missing values a value."""

    step: Literal["fill"]
    columns: dict[str, Scalar] = Field(min_length=1, description="Column to fill value.")


class Impute(Declared):
    """Give missing values one that the batch itself suggests."""

    step: Literal["impute"]
    columns: dict[str, Literal["mean", "median", "mode", "previous", "next"]] = Field(
        min_length=1,
        description="Column to what stands in: of the batch's other values, or of the row before or after.",
    )


class Clip(Declared):
    """Bring outliers to a bound."""

    step: Literal["clip"]
    column: str = Field(description="A numeric column.")
    lower: float | None = Field(None, description="Values below become this.")
    upper: float | None = Field(None, description="Values above become this.")


class Outliers(Declared):
    """Find values that lie far out, and bring them in, forget them, or set their rows aside.

    Quantiles and the interquartile range (Tukey, 1977) are the batch's own.
    """

    step: Literal["outliers"]
    columns: Columns = Field(description="Numeric columns, each looked at by itself.")
    by: Literal["quantile", "iqr", "bounds"] = Field(description="What says how far is too far.")
    lower: float | None = Field(None, description="By bounds: the least value allowed.")
    upper: float | None = Field(None, description="By bounds: the greatest value allowed.")
    below: Proportion | None = Field(None, description="By quantile: the quantile below which values lie too far out.")
    above: Proportion | None = Field(None, description="By quantile: the quantile above which they do.")
    factor: float = Field(1.5, gt=0, description="By iqr: how many interquartile ranges outside the quartiles.")
    then: Literal["clip", "null", "quarantine", "drop"] = Field(
        description="Bring the value to the bound, make it missing, set its row aside, or leave its row out."
    )

    @model_validator(mode="after")
    def _has_its_bounds(self) -> Self:
        bounds, quantiles = (self.lower, self.upper), (self.below, self.above)
        if self.by == "bounds" and bounds == (None, None):
            raise ValueError("outliers by bounds need `lower`, `upper` or both")
        if self.by == "quantile" and quantiles == (None, None):
            raise ValueError("outliers by quantile need `below`, `above` or both, such as below: 1%")
        stray = [n for n in ("lower", "upper") if getattr(self, n) is not None and self.by != "bounds"]
        stray += [n for n in ("below", "above") if getattr(self, n) is not None and self.by != "quantile"]
        if stray:
            raise ValueError(f"`{stray[0]}` says nothing to outliers by {self.by}")
        low, high = bounds if self.by == "bounds" else quantiles
        if low is not None and high is not None and low >= high:
            raise ValueError("of the two bounds the lower one must be less than the upper")
        return self


class Apply(Declared):
    """A cleaning function of the team's own: takes the frame, returns the frame."""

    step: Literal["apply"]
    function: Entrypoint = Field(description="module:function in the dataset's folder.")
    piecewise: bool = Field(
        False,
        description=(
            "It looks at each row by itself, so that a batch too large for memory may be given to it in pieces."
        ),
    )


CleanStep = Annotated[
    DropDuplicates
    | DropColumns
    | DropConstantColumns
    | DropRows
    | Rename
    | Convert
    | Replace
    | Spell
    | Fill
    | Impute
    | Clip
    | Outliers
    | Apply,
    Field(discriminator="step"),
]

"""``dataset.yaml``: what arrives, how it is cleaned, and what is expected of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from loopwright.declaration.fields import Declared, Duration, Entrypoint, Name

Columns = Annotated[list[str], Field(min_length=1)]


class Labels(Declared):
    """When the truth about a row is known."""

    matures_after: Duration = Field(
        timedelta(0), description="How long after its arrival a batch's labels may still change."
    )


class CsvFormat(Declared):
    """How delimited text is read."""

    delimiter: str = Field(",", min_length=1, max_length=1, description="The character between two values.")
    encoding: str = Field("utf-8", description="The text encoding, by Python's name for it.")


class DropDuplicates(Declared):
    """Keep the first of rows that repeat."""

    step: Literal["drop_duplicates"]
    columns: Columns | None = Field(None, description="The columns that make a row the same; all when left out.")


class DropColumns(Declared):
    """Forget columns that nobody should use."""

    step: Literal["drop_columns"]
    columns: Columns = Field(description="The columns to drop; one that is absent already is fine.")


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
    columns: dict[str, Literal["integer", "number", "text", "boolean", "timestamp"]] = Field(
        min_length=1, description="Column to type."
    )
    unit: Literal["s", "ms", "us", "ns"] | None = Field(
        None, description="For numbers that are timestamps: the unit they count since 1970."
    )


class Replace(Declared):
    """Bring spellings to one (``Y``, ``yes`` and ``true``)."""

    step: Literal["replace"]
    column: str = Field(description="The column to mend.")
    values: dict[str, str | int | float | bool | None] = Field(
        min_length=1, description="Found value (as text) to wanted value."
    )


class Fill(Declared):
    """Give missing values a value."""

    step: Literal["fill"]
    columns: dict[str, str | int | float | bool] = Field(min_length=1, description="Column to fill value.")


class Clip(Declared):
    """Bring outliers to a bound."""

    step: Literal["clip"]
    column: str = Field(description="A numeric column.")
    lower: float | None = Field(None, description="Values below become this.")
    upper: float | None = Field(None, description="Values above become this.")


class Apply(Declared):
    """A cleaning function of the team's own: takes the frame, returns the frame."""

    step: Literal["apply"]
    function: Entrypoint = Field(description="module:function in the dataset's folder.")


CleanStep = Annotated[
    DropDuplicates | DropColumns | DropRows | Rename | Convert | Replace | Fill | Clip | Apply,
    Field(discriminator="step"),
]


class DatasetSpec(Declared):
    """One dataset: where its batches arrive, how they are cleaned and judged."""

    name: Name = Field(description="The dataset's name; the folder is called the same.")
    description: str = Field("", description="What the data is, for people.")
    owner: str = Field(description="The team or person to ask.")
    arrivals: str = Field(
        min_length=1,
        description=(
            "A glob of the files that arrive: relative to the arrivals root (the project, unless "
            "LOOPWRIGHT_ARRIVALS says otherwise), absolute, or a URL such as s3://bucket/flights/*.parquet."
        ),
    )
    batch_id: str = Field(
        "{stem}", description="How a batch is named after its file: {stem}, {name} and {parent} are filled in."
    )
    format: Literal["auto", "csv", "parquet", "jsonl"] = Field(
        "auto", description="The file format; auto goes by the file's ending."
    )
    csv: CsvFormat = Field(CsvFormat(), description="How CSV files are read.")
    key: list[str] = Field([], description="Columns that together name a row; without them the row number does.")
    event_time: str | None = Field(None, description="The column that says when a row happened.")
    labels: Labels = Field(Labels(), description="When labels are final.")
    clean: list[CleanStep] = Field([], description="Cleaning steps, in order; each counts what it changed.")
    expectations: str | None = Field(
        "expectations.yaml", description="The Great Expectations suite, a file beside this one; null for none."
    )
    schedule: str | None = Field(
        None, description="A cron expression on which ingest also runs; arrivals alone start it when left out."
    )

    @model_validator(mode="before")
    @classmethod
    def _no_explicit_null_lists(cls, raw: Any) -> Any:
        if isinstance(raw, dict):
            return {key: value for key, value in raw.items() if not (value is None and key in {"key", "clean"})}
        return raw

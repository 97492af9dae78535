"""``dataset.yaml``: what arrives, how it is cleaned, and what is expected of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from loopwright.declaration.bad_rows import OnBadRows, Quarantine
from loopwright.declaration.cleaning import CleanStep, Outliers
from loopwright.declaration.fields import Cron, Declared, Duration, Name, Proportion, WrongAt


class Labels(Declared):
    """When the truth about a row is known, and whence it comes where it comes later than the row."""

    arrivals: str | None = Field(
        None,
        description="A glob of files of labels, joined on the key; none where labels come with the rows. Labels are "
        "made of their columns and the batch's, features of the batch's alone: rows that are scored have no other.",
    )
    key: list[str] = Field([], description="The columns to join on; the dataset's key when left out.")
    complete_at: Proportion = Field(
        0.9, description="Where labels have files of their own: the share of a batch's rows that must be labelled."
    )
    matures_after: Duration = Field(
        timedelta(0), description="How long after its arrival a batch's labels may still change."
    )


class CsvFormat(Declared):
    """How delimited text is read."""

    delimiter: str = Field(
        ",",
        pattern=r"^(.|\t|auto)$",
        description="The character between two values; auto finds it out of comma, semicolon, tab and bar.",
    )
    encoding: str = Field(
        "utf-8",
        description="The text encoding, by Python's name for it; auto goes by the mark, then tries UTF-8 and 1252.",
    )
    quote: str | None = Field(
        '"', min_length=1, max_length=1, description="The character around values; null where none is used."
    )


class Query(Declared):
    """Rows of a database: each run takes those that came since the last, a batch named after the newest."""

    sql: str = Field(min_length=1, description="A SELECT without bounds on the watermark: these are added.")
    watermark: str = Field(description="The column that grows with each new or changed row: a time, or a number.")
    connection: Name = Field(
        description="An Airflow connection; on the command line LOOPWRIGHT_SQL_<NAME> holds its SQLAlchemy URL."
    )
    lag: Duration = Field(
        timedelta(0),
        description="Rows younger than this wait for the next run: others may still be written before them.",
    )


class DatasetSpec(Declared):
    """One dataset: where its batches arrive, how they are cleaned and judged."""

    name: Name = Field(description="The dataset's name; the folder is called the same.")
    description: str = Field("", description="What the data is, for people.")
    owner: str = Field(description="The team or person to ask.")
    arrivals: str = Field(
        "",
        description=(
            "A glob of the files that arrive: relative to the arrivals root (the project, unless "
            "LOOPWRIGHT_ARRIVALS says otherwise), absolute, or a URL such as s3://bucket/flights/*.parquet."
        ),
    )
    query: Query | None = Field(None, description="Instead of `arrivals`: a query whose results arrive.")
    on_changed: Literal["supersede", "quarantine"] = Field(
        "supersede",
        description=(
            "When a published batch arrives again with other content: it supersedes the old one, or it is set aside "
            "for a person to release."
        ),
    )
    batch_id: str = Field(
        "{stem}", description="How a batch is named after its file: {stem}, {name} and {parent} are filled in."
    )
    files: Literal["one", "many"] = Field(
        "one", description="How many files make a batch; of many, all that have the one batch id, such as {parent}."
    )
    complete: str | None = Field(
        None, description="With many files: one of this name, such as _SUCCESS, beside them says that all are there."
    )
    format: Literal["auto", "csv", "parquet", "jsonl"] = Field(
        "auto", description="The file format; auto goes by the file's ending."
    )
    largest_mb: float = Field(
        16384,
        gt=0,
        description="Megabytes that a file may take, unpacked and decoded; what would take more is set aside unread.",
    )
    csv: CsvFormat = Field(CsvFormat(), description="How CSV files are read.")
    key: list[str] = Field([], description="Columns that together name a row; without them the row number does.")
    event_time: str | None = Field(None, description="The column that says when a row happened.")
    labels: Labels = Field(Labels(), description="When labels are final.")
    clean: list[CleanStep] = Field([], description="Cleaning steps, in order; each counts what it changed.")
    expectations: str | None = Field(
        "expectations.yaml", description="The Great Expectations suite, a file beside this one; null for none."
    )
    sensitive: dict[str, Literal["drop", "hash", "keep"]] = Field(
        {},
        description=(
            "Columns about people, as they arrive: `drop` reads them and keeps nothing; `hash` keeps a keyed hash in "
            "their place (the secret is LOOPWRIGHT_HASH_KEY, or the connection loopwright_hash_key); `keep` keeps "
            "them in the tables. No value of theirs that fewer than ten rows share is shown in reports, logs, samples "
            "or messages; what more share may be named, as a group that the gate is declared to look at."
        ),
    )
    on_bad_rows: OnBadRows = Field(OnBadRows(), description="What becomes of rows that are not as expected.")
    quarantine: Quarantine = Field(Quarantine(), description="How what was set aside is kept.")
    schedule: Cron | None = Field(
        None,
        description="A cron expression on which ingest also runs; arrivals alone start it when left out. "
        "A query needs one.",
    )

    @model_validator(mode="before")
    @classmethod
    def _no_explicit_null_lists(cls, raw: Any) -> Any:
        if isinstance(raw, dict):
            return {key: value for key, value in raw.items() if not (value is None and key in {"key", "clean"})}
        return raw

    @model_validator(mode="after")
    def _comes_from_one_place(self) -> Self:
        if bool(self.arrivals) == bool(self.query):
            raise WrongAt(
                "declare either `arrivals` (files) or `query` (a database)",
                key="query" if self.query else "arrivals",
                got="both" if self.query else "neither",
                allowed="one of the two",
            )
        if self.query and not self.schedule:
            raise WrongAt(
                "a query is asked by the clock: declare when",
                key="schedule",
                got="nothing",
                allowed="a cron expression or a preset, such as '@hourly'",
            )
        return self

    @model_validator(mode="after")
    def _labels_find_their_rows(self) -> Self:
        if self.labels.arrivals and not self.labels_key:
            raise ValueError("labels with files of their own are joined on a key: declare `key`, or `labels.key`")
        return self

    @property
    def largest(self) -> int:
        """Bytes that a file may take, unpacked and decoded."""
        return int(self.largest_mb * 2**20)

    @property
    def labels_key(self) -> list[str]:
        """The columns on which labels are joined."""
        return self.labels.key or self.key

    @model_validator(mode="after")
    def _what_is_dropped_or_hashed_is_not_needed_as_it_is(self) -> Self:
        for name, treatment in self.sensitive.items():
            if name == self.event_time and treatment != "keep":
                raise ValueError(f"sensitive: the event time {name!r} is needed as it is: `keep` it")
            if name in self.key and treatment == "drop":
                raise ValueError(f"sensitive: {name!r} is part of the key: `hash` or `keep` it")
        return self

    @model_validator(mode="after")
    def _rows_may_be_set_aside_where_a_step_does(self) -> Self:
        sets_aside = any(isinstance(step, Outliers) and step.then == "quarantine" for step in self.clean)
        if sets_aside and not self.on_bad_rows.set_aside_up_to:
            raise ValueError(
                "a cleaning step sets rows aside: declare up to which share, such as on_bad_rows: {set_aside_up_to: 1%}"
            )
        return self

"""The block ``release`` of a model: how a candidate becomes the champion, and what serving it may cost."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from loopwright.declaration.fields import Cron, Declared, Duration, Name


class Budget(Declared):
    """What a version may cost in its rehearsal; a figure without a bound only informs."""

    latency_ms: float | None = Field(None, gt=0, description="Milliseconds for one row, nineteen times of twenty.")
    rows_per_second: float | None = Field(None, gt=0, description="Rows answered in a second, all at once, at least.")
    memory_mb: float | None = Field(
        None, gt=0, description="Megabytes of the process that serves it, at its peak; what asks for more is ended."
    )
    size_mb: float | None = Field(None, gt=0, description="Megabytes of the artifact's files.")
    times_champion: float | None = Field(
        None, ge=1, description="How many times the champion's figures each figure may come to."
    )


class Target(Declared):
    """Somebody outside who learns of each promotion and roll back."""

    name: Name = Field(description="What it is called in the ledger.")
    webhook: str | None = Field(None, pattern=r"^https?://", description="A URL that takes signed JSON by POST.")
    secret_env: str | None = Field(
        None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", description="The environment variable that holds its secret."
    )
    copy_to: str | None = Field(
        None,
        description="A path, from the project on, or an S3 prefix that the champion's files and card are copied to.",
    )

    @field_validator("webhook")
    @classmethod
    def _reachable(cls, url: str | None) -> str | None:
        if url is None:
            return None
        try:
            parts = urlsplit(url)
            named = bool(parts.hostname and parts.hostname.encode("idna")) and parts.port != 0
        except ValueError as error:  # UnicodeError is one
            raise ValueError(f"no URL that can be called: {error}") from error
        if not named or not (url.isascii() and url.isprintable()) or " " in url:
            raise ValueError("no URL that can be called: it has a host, and ASCII without spaces (else as %XX)")
        return url

    @model_validator(mode="after")
    def _one_way(self) -> Target:
        if (self.webhook is None) == (self.copy_to is None):
            raise ValueError("say either webhook or copy_to")
        if (self.webhook is None) != (self.secret_env is None):
            raise ValueError("a webhook is signed: webhook and secret_env go together")
        return self


class Notify(Declared):
    """An Airflow notifier that says that a person is asked."""

    notifier: str = Field(
        pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$",
        description="Its class by path, such as airflow.providers.slack.notifications.slack.SlackNotifier.",
    )
    arguments: dict[str, str | int | float | bool | None] = Field(
        {}, description="Its arguments, which Airflow renders as templates."
    )


class Keep(Declared):
    """What ``loopwright clean`` leaves of versions that were never champion; champions always stay."""

    versions: int = Field(20, ge=0, description="So many of the newest stay.")
    age: Duration = Field(timedelta(days=90), description="Younger ones stay as well.")


class Shadow(Declared):
    """A candidate first answers beside the champion, for the same batches, and nobody sees it."""

    batches: int = Field(
        ge=1,
        description="So many batches are answered by both, and compared when their labels are final. Meanwhile, "
        "and while a person's yes is waited for, new data alone starts no training; a person does, code, drift and the "
        "age that retrain.every declares.",
    )


class Release(Declared):
    """How a candidate becomes the champion."""

    approval: Literal["none", "required"] = Field("none", description="Whether a person must say yes.")
    approvers: list[str] = Field([], description="User names that may answer; anyone with the right when empty.")
    notify: list[Notify] = Field([], description="Who is told, through Airflow, that a person is asked.")
    self_approval: bool = Field(
        False, description="Whether who asked for a training or a release may approve it as well."
    )
    timeout: Duration = Field(
        timedelta(days=2), description="How long to wait for the answer, which is no then; and how long a yes counts."
    )
    alias: Literal["restore", "adopt"] = Field(
        "restore",
        description="When a hand moved the champion's alias: put it back, or take the version for champion once "
        "it was rehearsed; from a version that the loop itself released before, or that lacks the approval that is "
        "required, it is put back either way.",
    )
    rehearsal_rows: int = Field(500, ge=1, description="Rows scored in a fresh process before the move.")
    rehearsal_timeout: Duration = Field(timedelta(minutes=5), description="When a rehearsal is ended, which is a no.")
    reproduce: Cron | None = Field(
        None, description="A cron expression on which the champion is trained again from what was recorded."
    )
    reproduce_tolerance: float = Field(
        1e-6,
        ge=0,
        lt=1,
        description="How far an answer of the model that was trained again may be from the recorded one's, relative to "
        "it, and count as the same.",
    )
    keep: Keep = Field(Keep(), description="Which versions that were never champion stay at a clean-up.")
    tell: list[Target] = Field([], description="Who learns of a promotion or a roll back, retried until it does.")
    shadow: Shadow | None = Field(
        None, description="How long a candidate answers beside the champion before it may take its place."
    )
    budget: Budget = Field(Budget(), description="What serving may cost; nothing is bounded when left out.")

    @model_validator(mode="after")
    def _targets_differ(self) -> Release:
        names = [target.name for target in self.tell]
        if len(set(names)) != len(names):
            raise ValueError("each target of tell has a name of its own")
        return self

"""The gate's part of ``model.yaml``: what is asked of a candidate, beyond a number that is greater than another."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from loopwright.declaration.fields import Columns, Declared, Entrypoint, Name, Proportion
from loopwright.verdict import OnInconclusive

FairnessMetric = Literal[
    "demographic_parity_difference",
    "demographic_parity_ratio",
    "equal_opportunity_difference",
    "equal_opportunity_ratio",
    "equalized_odds_difference",
    "equalized_odds_ratio",
]
Baseline = Literal["prior", "linear"]


class Bound(Declared):
    """What a metric must reach."""

    at_least: float | None = Field(None, description="The metric may not be lower.")
    at_most: float | None = Field(None, description="The metric may not be higher.")

    @model_validator(mode="after")
    def _one_bound(self) -> Bound:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("say either at_least or at_most")
        return self


class Against(Declared):
    """How a candidate is compared with the champion, on the same rows."""

    margin: float = Field(0.0, ge=0, description="How much worse, in the primary metric, still counts as no worse.")
    confidence: float = Field(0.95, gt=0.5, lt=1, description="One-sided confidence of the comparison.")
    better: bool = Field(
        True, description="Whether the candidate must also be better at the point: no change without a gain."
    )
    error_budget: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="Chance of letting a worse one through that a holdout grants in all; twice that of one comparison"
        " when left out. The first spends 1 - confidence, each further one half of what is left.",
    )

    @model_validator(mode="after")
    def _budget_holds_the_first(self) -> Against:
        if self.error_budget is not None and self.error_budget <= 1 - self.confidence:
            raise ValueError("error_budget: greater than 1 - confidence, which the first comparison spends")
        return self


class OwnMetric(Declared):
    """A metric of the team's own: what each answer costs, or is worth."""

    function: Entrypoint = Field(
        description="module:function of truth, prediction and score (arrays; it is given those that it names) that"
        " returns a number for each row; their mean is the metric."
    )
    greater_is_better: bool = Field(False, description="Whether it is a value rather than a cost.")
    needs: Literal["label", "score"] = Field("label", description="Whether it needs probabilities.")


class Slices(Declared):
    """Parts of the holdout that the candidate is held to one by one."""

    columns: list[str] = Field([], description="Columns whose values make slices; numbers are cut at their quartiles.")
    crosses: list[Columns] = Field([], description="Columns that make slices together.")
    minimum_rows: int = Field(
        200,
        ge=30,
        description="Smaller slices are named; they can be shown to be harmed (from 30 rows on), not to be well.",
    )
    left_out: Proportion = Field(
        0,
        description="Share of the rows that may be in slices too small to be judged, where slices are required; more"
        " and the data cannot tell.",
    )
    margin: float | None = Field(
        None,
        ge=0,
        description="How much worse in a slice still counts as no worse; the champion's margin when left out.",
    )
    required: bool = Field(False, description="Whether slices decide, or only inform.")

    @model_validator(mode="after")
    def _something(self) -> Slices:
        if not self.columns and not self.crosses:
            raise ValueError("name columns or crosses")
        return self


class Fairness(Declared):
    """How differently the candidate may treat groups of people (two classes; the second is the one selected)."""

    columns: Columns = Field(description="Sensitive columns of the rows; they need not be features.")
    limits: dict[FairnessMetric, Bound] = Field(
        min_length=1, description="Bounds by fairlearn's names: at_most for differences, at_least for ratios."
    )
    minimum_rows: int = Field(100, ge=10, description="Smaller groups are named and left out; a rate needs 10 rows.")
    left_out: Proportion = Field(
        0, description="Share of the rows that may be in such groups, where fairness is required; more cannot be told."
    )
    required: bool = Field(True, description="Whether fairness decides, or only informs.")


class Calibration(Declared):
    """How far probabilities may be from what happens."""

    at_most: float = Field(gt=0, lt=1, description="Largest expected calibration error, asked of its upper bound.")
    bins: int = Field(10, ge=2, le=100, description="Bins of equally many rows.")
    required: bool = Field(True, description="Whether calibration decides, or only informs.")


class Leakage(Declared):
    """What would make a candidate look better than it can be in production."""

    alone: Proportion = Field(
        0.995,
        description="A feature that by itself reaches this (ROC AUC, R², or the share of what guessing misses) is taken"
        " for a leak.",
    )
    known: list[str] = Field([], description="Features that may tell that much, because scoring has them too.")
    absent: list[str] = Field([], description="Columns of the rows that are not there yet when they are scored.")


class Latency(Declared):
    """How long answers may take; measured where the gate runs, the best of a few turns."""

    times_champion: float | None = Field(None, gt=0, description="At most so many times the champion's time.")
    seconds: float | None = Field(None, gt=0, description="At most so many seconds for a thousand rows.")
    required: bool = Field(True, description="Whether latency decides, or only informs.")

    @model_validator(mode="after")
    def _something(self) -> Latency:
        if self.times_champion is None and self.seconds is None:
            raise ValueError("say times_champion, seconds, or both")
        return self


class Importance(Declared):
    """How the worth of each feature is measured: by what is lost when its values are shuffled."""

    rows: int = Field(1000, ge=100, description="Rows of the holdout to measure it on.")
    repeats: int = Field(3, ge=1, le=50, description="Shuffles of each feature.")


class Gate(Declared):
    """What is asked of a candidate before it may be released."""

    primary: str = Field(description="The metric that decides: scikit-learn's name for it, or one of metrics.")
    metrics: dict[Name, OwnMetric] = Field({}, description="Metrics of the team's own, by name.")
    thresholds: dict[str, Bound] = Field({}, description="Absolute bounds, by metric.")
    champion: Against = Field(Against(), description="The comparison with the model in production.")
    groups: str | None = Field(
        None,
        description="A column whose equal values make rows depend on each other, such as a customer or a day. Fewer"
        " than 20 values of it in the holdout cannot tell; monitor.performance looks at a batch with fewer together"
        " with those before it.",
    )
    baselines: list[Baseline] = Field(
        ["prior"],
        description="Simple models to beat: prior does not look at the row and gives the best answer there is by the"
        " primary metric (under recall, where that is always yes, both are asked in balanced accuracy); linear is"
        " fitted on the features.",
    )
    slices: Slices | None = Field(None, description="Parts of the holdout to be judged one by one; none when left out.")
    fairness: Fairness | None = Field(None, description="Limits between groups of people; none when left out.")
    calibration: Calibration | None = Field(None, description="A limit on calibration; only reported when left out.")
    leakage: Leakage = Field(Leakage(), description="What counts as a leak.")
    latency: Latency | None = Field(None, description="A limit on the time of an answer; none when left out.")
    importance: Importance | None = Field(
        Importance(), description="How the worth of features is measured; null for not at all."
    )
    resamples: int = Field(1000, ge=100, description="Bootstrap resamples behind an interval without a closed form.")
    on_inconclusive: OnInconclusive = Field(
        OnInconclusive.WAIT, description="When the data cannot tell: wait for more, ask a person, or refuse."
    )

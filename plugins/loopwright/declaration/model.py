"""``model.yaml``: which dataset, which label, how to train, and what to ask before production changes."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from loopwright.declaration.fields import (
    Cron,
    Declared,
    Duration,
    Entrypoint,
    KofN,
    Name,
    Persistence,
    Proportion,
    WrongAt,
    is_entrypoint,
)
from loopwright.declaration.gate import Gate
from loopwright.declaration.release import Release

Task = Literal["binary_classification", "multiclass_classification", "regression"]
Reason = Literal["new_data", "drift", "performance", "code"]
Scalar = str | int | float | bool | None


class Range(Declared):
    """A numeric range to search."""

    low: float = Field(description="Smallest value.")
    high: float = Field(description="Largest value.")
    log: bool = Field(False, description="Search by order of magnitude.")
    integer: bool | None = Field(None, description="Whole numbers only; by default when both bounds are whole.")


class Choices(Declared):
    """A list of values to search."""

    choices: Annotated[list[Scalar], Field(min_length=1)] = Field(description="The values to try.")


class Tune(Declared):
    """A bounded search over training parameters (Optuna)."""

    trials: int = Field(20, ge=1, description="How many parameter sets to try at the most.")
    timeout: Duration = Field(timedelta(minutes=10), description="When to stop trying.")
    space: dict[str, Range | Choices] = Field(min_length=1, description="Parameter to range or choices.")


class Window(Declared):
    """Which batches a training sees."""

    batches: int | None = Field(None, ge=1, description="The newest so many before the holdout; all when left out.")


class Holdout(Declared):
    """The frozen, newest rows on which candidate and champion are compared."""

    batches: int = Field(1, ge=1, description="How many of the newest batches with mature labels are held out.")


class Recalibrate(Declared):
    """A last step of the training: probabilities brought to what happens, on rows not learned from."""

    method: Literal["sigmoid", "isotonic"] = Field("sigmoid", description="sigmoid for few rows, isotonic for many.")
    share: Proportion = Field(0.2, gt=0, lt=1, description="Share of the training rows, the newest, it is done on.")


class Train(Declared):
    """How a model is trained."""

    entrypoint: Entrypoint | Annotated[list[Entrypoint], Field(min_length=1)] = Field(
        description="module:function that returns an estimator; several are candidates to choose from."
    )
    params: dict[str, Scalar] = Field({}, description="Keyword arguments for the entrypoint.")
    window: Window = Field(Window(), description="Which batches are trained on.")
    holdout: Holdout = Field(Holdout(), description="Which batches are held out.")
    tune: Tune | None = Field(None, description="A parameter search; none when left out.")
    recalibrate: Recalibrate | None = Field(None, description="A recalibration of classifiers; none when left out.")
    seed: int = Field(0, ge=0, description="Seeds every random choice of the training.")
    types: list[str] = Field(
        [], description="Modules whose types the estimator may hold, besides those that its code imports."
    )

    @property
    def entrypoints(self) -> list[str]:
        """The declared entrypoints, always as a list."""
        return [self.entrypoint] if isinstance(self.entrypoint, str) else list(self.entrypoint)


class Score(Declared):
    """When the champion scores."""

    every: Literal["batch"] = Field("batch", description="Every published batch, once.")
    reasons: int | None = Field(
        None, ge=1, le=50, description="So many reasons are kept beside each prediction, as JSON; none when left out."
    )


class Drift(Declared):
    """When the model's inputs count as drifted."""

    threshold: float = Field(0.1, gt=0, description="Effect size from which a column counts as drifted.")
    share: Proportion = Field(0.3, description="Share of drifted columns from which a batch counts as drifted.")
    persists: KofN = Field(Persistence(hits=2, window=3), description="How many of the last batches must agree.")
    sample: int = Field(20_000, ge=100, description="Rows compared at the most, drawn with a fixed seed.")


class Performance(Declared):
    """When the model's live quality counts as dropped."""

    drop: float = Field(gt=0, description="Loss in the primary metric, against the gate's, that counts.")
    persists: KofN = Field(Persistence(hits=1, window=1), description="How many of the last batches must agree.")
    request: Literal["retrain", "rollback"] = Field("retrain", description="What a drop asks for.")


class Monitor(Declared):
    """What is watched in production."""

    drift: Drift | None = Field(Drift(), description="Drift of the inputs and the predictions; null for none.")
    performance: Performance | None = Field(None, description="Quality on matured labels; none when left out.")


class Retrain(Declared):
    """Reasons to train again, and brakes."""

    on: list[Reason] = Field(["new_data", "drift", "performance", "code"], description="What is a reason.")
    new_batches: int = Field(1, ge=1, description="How many new batches make new_data a reason.")
    every: Duration | None = Field(None, description="Age of the last training from which staleness is a reason.")
    cooldown: Duration = Field(timedelta(0), description="Shortest time between two trainings.")
    refusals: int = Field(
        3,
        ge=1,
        description=(
            "Candidates refused in a row, by gate, rehearsal or shadow (one that was merely no better is none), after"
            " which only a person, or a change of code or declaration, starts a training."
        ),
    )


class Ci(Declared):
    """What a pull request is judged on: rows that the project carries along."""

    sample: str = Field(
        description="A glob below the model's folder of files like the dataset's arrivals, a few thousand rows; the"
        " last is held out, or the last quarter of the only one. docs/ci.md says what is asked of it."
    )


class ModelSpec(Declared):
    """One model: trained, judged, released, scored and watched by the loop."""

    name: Name = Field(description="The model's name; the folder is called the same.")
    description: str = Field("", description="What the model is for, for people.")
    owner: str = Field(description="The team or person to ask.")
    dataset: Name = Field(description="The dataset it learns from.")
    task: Task = Field(description="What kind of answer it gives.")
    label: str = Field(min_length=1, description="The label's column, or module:function that makes it from the rows.")
    features: Entrypoint | Annotated[list[str], Field(min_length=1)] = Field(
        description="module:function from rows to features, for training and scoring alike; or a list of columns."
    )
    train: Train = Field(description="How it is trained.")
    gate: Gate = Field(description="What is asked of a candidate.")
    release: Release = Field(Release(), description="How a candidate becomes the champion.")
    score: Score | None = Field(Score(), description="When the champion scores; null for never.")
    monitor: Monitor | None = Field(Monitor(), description="What is watched; null for nothing.")
    retrain: Retrain = Field(Retrain(), description="Reasons to train again.")
    ci: Ci | None = Field(None, description="What `loopwright ci` asks the gate about; only a short training else.")
    schedule: Cron = Field("@daily", description="A cron expression on which the loop also looks for work by itself.")

    @property
    def label_is_function(self) -> bool:
        """Whether :attr:`label` names a function rather than a column."""
        return is_entrypoint(self.label)

    @model_validator(mode="before")
    @classmethod
    def _yaml_on_is_text(cls, raw: Any) -> Any:
        # YAML 1.1 reads the bare key `on` as the boolean true; people rightly expect the word.
        if isinstance(raw, dict) and isinstance(raw.get("retrain"), dict) and True in raw["retrain"]:
            retrain = dict(raw["retrain"])
            retrain["on"] = retrain.pop(True)
            return {**raw, "retrain": retrain}
        return raw

    @model_validator(mode="after")
    def _metrics_fit_the_task(self) -> ModelSpec:
        from loopwright.declaration.metrics import fitting, nearest_metric

        known = [*fitting(self.task), *self.gate.metrics]
        named = {"gate.primary": self.gate.primary} | {f"gate.thresholds.{name}": name for name in self.gate.thresholds}
        for key, metric in named.items():
            if metric not in known:
                raise WrongAt(
                    f"the metric {metric!r} does not fit {self.task}{nearest_metric(metric, known)}",
                    key=key,
                    got=metric,
                    allowed=", ".join(known),
                )
        return self

    @model_validator(mode="after")
    def _a_shadow_needs_the_champions_answers(self) -> ModelSpec:
        if self.release.shadow and self.score is None:
            raise ValueError("release.shadow: it compares answers to the same batches, and score is null")
        return self

    @model_validator(mode="after")
    def _gate_fits_the_task(self) -> ModelSpec:
        if self.gate.fairness and self.task != "binary_classification":
            raise ValueError("gate.fairness: its metrics are about two classes, one of which is selected")
        if self.train.recalibrate and self.task == "regression":
            raise ValueError("train.recalibrate: only probabilities are calibrated, and a regression gives none")
        if self.gate.calibration and self.task == "regression":
            raise ValueError("gate.calibration: only probabilities are calibrated, and a regression gives none")
        return self

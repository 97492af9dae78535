"""Clean up what nothing refers to: versions that were never champion, and files of the lake that no version needs.

Nor are files needed that no version ever named, since their writer was killed.

What must stay true: a champion and its predecessors stay, with the data versions that any version that stays was
trained and judged on, and those that the published batches were recorded with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from loopwright.declaration import Project
from loopwright.errors import counted
from loopwright.lake import Lake
from loopwright.ledger.store import Ledger
from loopwright.stages.release import half_removed, removable, remove_version
from loopwright.tracking import Tracking

if TYPE_CHECKING:
    from loopwright.declaration import Workspace
    from loopwright.lake import Table
    from loopwright.ledger.state import ModelState

FILES_AGE = timedelta(days=7)
"""Files younger than this stay: somebody may be reading them, or writing the commit that names them."""


@dataclass(frozen=True)
class Cleaned:
    """What went, or would go.

    :param versions: by model.
    :param files: how many, by dataset.
    :param kept_versions: the versions of each dataset's table that something refers to.
    :param dry_run: whether nothing was done.
    :param unnamed: how many files that no version of their table names, by table.
    """

    versions: Mapping[str, list[str]] = field(default_factory=dict)
    files: Mapping[str, int] = field(default_factory=dict)
    kept_versions: Mapping[str, list[int]] = field(default_factory=dict)
    dry_run: bool = False
    unnamed: Mapping[str, int] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)

    def said(self) -> list[str]:
        """Return a sentence for each model and dataset of which something went, or would go; none where nothing did."""
        word = "would go" if self.dry_run else "gone"
        versions = {model: gone for model, gone in self.versions.items() if gone}
        return [
            *(f"{word}: {model}, version {', '.join(gone)}" for model, gone in versions.items()),
            *(f"{word}: {name}, {counted(n, 'file')} of older versions" for name, n in self.files.items() if n),
            *(f"{word}: {name}, {counted(n, 'file')} of a killed writer" for name, n in self.unnamed.items() if n),
        ]


def clean(
    workspace: Workspace,
    *,
    actor: str,
    dry_run: bool = False,
    now: datetime | None = None,
    files_age: timedelta = FILES_AGE,
) -> Cleaned:
    """Remove what the declared retention has no use for.

    :param workspace: where everything is.
    :param actor: who cleans.
    :param dry_run: only say what would go.
    :param now: the present, when it is not now.
    :param files_age: how long ago a file must have been replaced, or written if no version of its table names it.
    :raises CannotRun: if registry or lake cannot be reached; what went is gone, and the next call goes on.
    """
    project, ledger, moment = Project.at(workspace.project), Ledger.of(workspace), now or datetime.now(UTC)
    gone: dict[str, list[str]] = {}
    for name in project.model_names():
        spec, state = project.model(name), ledger.model(name)
        wanted = removable(spec, state, moment)
        if wanted:
            wanted = removable(spec, state, moment, set(Tracking.of(workspace).aliases_of(name).values()))
        if dry_run:
            gone[name] = wanted
            continue
        left = half_removed(workspace, spec)
        gone[name] = [v for v in [*left, *wanted] if remove_version(workspace, spec, v, actor=actor, now=moment)]
    files, kept, lake = {}, {}, Lake.of(workspace)
    for name in project.dataset_names():
        table = lake.batches(name)
        kept[name] = sorted(_referred_to(ledger, name, without=gone if dry_run else {}))
        files[name] = table.clean(keep_versions=kept[name], older_than=files_age, dry_run=dry_run)
    tables = _tables(lake, project)
    unnamed = {name: table.erase_unnamed(older_than=files_age, dry_run=dry_run) for name, table in tables.items()}
    for name in project.dataset_names():
        unnamed[name] = lake.erase_unfinished(name, older_than=files_age, dry_run=dry_run)
    return Cleaned(gone, files, kept, dry_run, unnamed)


def _tables(lake: Lake, project: Project) -> dict[str, Table]:
    kinds: dict[str, Callable[[str], Table]]
    kinds = {"batches": lake.batches, "quarantine": lake.quarantine, "labels": lake.labels}
    owned = {f"{name}/{kind}": table(name) for name in project.dataset_names() for kind, table in kinds.items()}
    return owned | {f"{name}/predictions": lake.predictions(name) for name in project.model_names()}


def _referred_to(ledger: Ledger, dataset: str, *, without: Mapping[str, list[str]]) -> set[int]:
    """Return the versions of a dataset's table that something refers to; whose dataset is not known counts for each."""
    found = {int(batch["data_version"]) for batch in ledger.dataset(dataset).published()}
    for subject in ledger.subjects():
        if subject.startswith("model/"):
            name = subject.removeprefix("model/")
            found |= _of_model(ledger.model(name), set(without.get(name, [])))
    return found


def _of_model(state: ModelState, leaving: set[str]) -> set[int]:
    found: set[int] = set()
    for training in state.under("training").values():
        version = training.get("version")
        entry = state.version(version) if version else None
        if version in leaving or (entry and entry["status"] == "removed"):
            continue
        known = [training.get("data_version"), *(training.get("data_versions") or {}).values()]
        found |= {int(number) for number in known if number is not None}
    return found

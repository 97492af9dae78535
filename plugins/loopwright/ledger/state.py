"""State: what is true of a subject now, as the view of its kind over the entries that events fold to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from loopwright.errors import UnknownName, shown, shown_names

if TYPE_CHECKING:
    from loopwright.ledger.folds.words import Entries

_DIGITS = re.compile(r"(\d+)")


def natural(text: str) -> tuple[tuple[int, int | str], ...]:
    """Return a sort key in which ``batch-9`` comes before ``batch-10``.

    :param text: a batch id.
    """
    return tuple((0, int(part)) if part.isdecimal() else (1, part) for part in _DIGITS.split(text) if part)


def place_in_time(event_time: Mapping[str, str] | None, batch_id: str) -> tuple[str, tuple[tuple[int, int | str], ...]]:
    """Return a sort key that puts batches in the order in which they happened.

    Half of a batch must be wrong about the time before the batch moves: one stray row from the future moves nothing.

    :param event_time: ``min``, ``median`` and ``max``; ``None`` where there is none. Batches that were published
        before the median was recorded go by their ``max``.
    :param batch_id: decides where the time does not.
    """
    times = event_time or {}
    return times.get("median") or times.get("max") or "", natural(batch_id)


def held_by(arrival: Mapping[str, Any] | None, ruling: Mapping[str, Any] | None) -> set[str]:
    """Return the places of the files that are held for an arrival, or for a decision about it.

    :param arrival: as the ledger has it.
    :param ruling: likewise.
    """
    said = ruling or {}
    return {place for place in ((arrival or {}).get("held"), said.get("held"), said.get("before")) if place}


@dataclass(frozen=True)
class State:
    """What is true of a subject now.

    :param subject: ``dataset/<name>``, ``model/<name>`` or ``project``.
    :param sequence: of the last event; 0 when nothing ever happened.
    :param entries: the folded entries.
    """

    subject: str
    sequence: int = 0
    entries: Entries = field(default_factory=dict)

    def get(self, key: str) -> Any:
        """Return one entry, or ``None``."""
        return self.entries.get(key)

    def under(self, prefix: str) -> dict[str, Any]:
        """Return the entries below ``prefix/``, by the rest of their key."""
        start = f"{prefix}/"
        return {key.removeprefix(start): value for key, value in self.entries.items() if key.startswith(start)}


class DatasetState(State):
    """What is true of a dataset."""

    def published(self) -> list[dict[str, Any]]:
        """Return the published batches, oldest first: by event time where there is one, else by batch id.

        Each holds ``batch_id``, ``rows``, ``content_digest``, ``data_version``, ``event_time`` (``min``, ``median``,
        ``max``, ISO 8601, or ``None``), ``published_at`` and ``sequence``.
        """
        batches = self.under("batch").values()
        return sorted(batches, key=lambda batch: place_in_time(batch["event_time"], batch["batch_id"]))

    def since(self, sequence: int) -> list[dict[str, Any]]:
        """Return the batches with rows that were published after an event, in the order in which they were.

        :param sequence: of the dataset's event.
        """
        later = [batch for batch in self.published() if batch["rows"] and batch["sequence"] > sequence]
        return sorted(later, key=lambda batch: int(batch["sequence"]))

    def batch(self, batch_id: str) -> dict[str, Any]:
        """Return one published batch, as :meth:`published` does.

        :raises UnknownName: if there is none of that name; the nearest is said.
        """
        found: dict[str, Any] | None = self.get(f"batch/{batch_id}")
        if found is None:
            published = [batch["batch_id"] for batch in self.published()]
            near = get_close_matches(batch_id, published, n=1)
            raise UnknownName(
                f"There is no published batch {shown(batch_id)!r}.",
                where=self.subject,
                allowed=shown_names(published) or "none is published yet",
                mend=f"Did you mean {near[0]!r}?" if near else None,
            )
        return found

    def set_aside(self) -> list[dict[str, Any]]:
        """Return the last handled arrivals that are in quarantine, as :meth:`arrival` does."""
        return [arrival for arrival in self.under("arrival").values() if arrival["status"] == "quarantined"]

    def labels_of(self, batch: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return what of a published batch has a label from a file of its own: ``share`` and ``digest``.

        ``None`` while that is not known of its present content.
        """
        found: dict[str, Any] | None = self.get(f"labelled/{batch['batch_id']}")
        return found if found and found["content_digest"] == batch["content_digest"] else None

    def in_quarantine(self) -> list[dict[str, Any]]:
        """Return the arrivals that have rows in quarantine, set aside whole or in part, and those without any to keep.

        Each as :meth:`arrival` does, with ``quarantined``, the number of rows.
        """
        found = self.under("arrival").values()
        return [arrival for arrival in found if arrival["status"] == "quarantined" or arrival.get("quarantined")]

    def ruling(self, batch_id: str) -> dict[str, Any] | None:
        """Return what a person decided about the rows of a batch that were set aside, as long as these bytes stand.

        It holds ``ruling``, ``by``, ``why``, ``arrival_digest``, ``sequence``, and ``done``: whether it was acted on.
        """
        found: dict[str, Any] | None = self.get(f"ruling/{batch_id}")
        return found

    def open_rulings(self) -> list[dict[str, Any]]:
        """Return the rulings that nobody acted on yet."""
        return [ruling for ruling in self.under("ruling").values() if not ruling["done"]]

    def referred(self) -> set[str]:
        """Return the places of all held files that an arrival, or a decision about one, refers to."""
        arrivals, rulings = self.under("arrival"), self.under("ruling")
        return {place for batch in arrivals for place in held_by(arrivals[batch], rulings.get(batch))}

    def erasing(self) -> list[dict[str, Any]]:
        """Return what is to be erased still: ``batch_id``, ``held``, and the ``digest`` of bytes whose rows go."""
        return list(self.under("erasing").values())

    def arrival(self, batch_id: str) -> dict[str, Any] | None:
        """Return the last handled arrival of a batch: ``signature``, ``digest``, ``status``, ``judged_by``."""
        found: dict[str, Any] | None = self.get(f"arrival/{batch_id}")
        return found


class ModelState(State):
    """What is true of a model."""

    @property
    def champion(self) -> dict[str, Any] | None:
        """The version in production: ``version``, ``run_id``, ``artifact_digest``, ``training_id``, ``since``."""
        lineage = self.lineage
        return self.version(lineage[-1]) if lineage else None

    @property
    def previous(self) -> dict[str, Any] | None:
        """The champion in whose place this one came, which a roll back returns to; ``None`` for the very first."""
        lineage = self.lineage
        return self.version(lineage[-2]) if len(lineage) > 1 else None

    @property
    def lineage(self) -> list[str]:
        """The way to the champion from the very first one, which is on it always; a roll back goes back on it.

        What was left by a roll back is not on it, until somebody returns to it: it then follows who was champion.
        """
        return list(self.get("lineage") or [])

    @property
    def candidate(self) -> dict[str, Any] | None:
        """The newest registered version that waits for its release."""
        version = self.get("candidate")
        return self.version(version) if version else None

    @property
    def challenger(self) -> dict[str, Any] | None:
        """The candidate while it shadows the champion: its ``shadow`` has ``champion``, ``batches``, ``looks``."""
        candidate = self.candidate
        shadow = (candidate or {}).get("shadow")
        return candidate if shadow and shadow.get("then", "wait") == "wait" else None

    @property
    def proven(self) -> dict[str, Any] | None:
        """The candidate that came through its shadow, while it waits to be released: for a person's yes, most often."""
        candidate = self.candidate
        shadow = (candidate or {}).get("shadow")
        return candidate if shadow and shadow.get("then") in {"release", "ask"} else None

    def taken(self, run_id: str) -> set[str]:
        """Return the versions that are of other runs than one: their numbers mean what was recorded of them."""
        return {version for version, entry in self.under("version").items() if entry.get("run_id") != run_id}

    def shadowed(self, version: str) -> dict[str, Any]:
        """Return what a version scored in its shadow, by batch: ``content_digest``, ``table_version``, ``rows``."""
        return self.under(f"shadowed/{version}")

    @property
    def release(self) -> dict[str, Any] | None:
        """A release that was intended and is not confirmed yet: ``version``, ``previous``, ``action``, ``step``."""
        found: dict[str, Any] | None = self.get("release")
        return found

    @property
    def decision(self) -> dict[str, Any] | None:
        """The last decision whether to train."""
        found: dict[str, Any] | None = self.get("decision")
        return found

    @property
    def refusals(self) -> int:
        """Refused candidates since the last that passed; one that was merely no better than the champion is none."""
        return int(self.get("refusals") or 0)

    def version(self, version: str) -> dict[str, Any] | None:
        """Return what is known of a registered version; ``status`` says where it stands."""
        found: dict[str, Any] | None = self.get(f"version/{version}")
        return found

    @property
    def released(self) -> list[dict[str, Any]]:
        """Every version that ever was champion, whatever became of it since."""
        return [entry for entry in self.under("version").values() if "since" in entry]

    def training(self, training_id: str) -> dict[str, Any] | None:
        """Return one training by its id; ``status`` says how far it came."""
        found: dict[str, Any] | None = self.get(f"training/{training_id}")
        return found

    def request(self, what: str) -> dict[str, Any] | None:
        """Return the open request to ``retrain`` or to ``rollback``, if any."""
        found: dict[str, Any] | None = self.get(f"request/{what}")
        return found


VIEWS: dict[str, type[State]] = {"dataset": DatasetState, "model": ModelState}


def view(subject: str, sequence: int, entries: Entries) -> State:
    """Return entries as the state of their kind of subject."""
    return VIEWS.get(subject.partition("/")[0], State)(subject, sequence, entries)

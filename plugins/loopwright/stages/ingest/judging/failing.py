"""Which rows fail which check, worked out only when asked for, in pieces: as many may fail as a batch has."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]
"""Row numbers of the arrival."""


@dataclass(frozen=True)
class FailingRows:
    """Which rows fail which check: all of them, worked out only when asked for.

    :param sources: a check's name to what gives its rows' numbers, ascending, in pieces.
    """

    sources: Mapping[str, Callable[[], Iterable[Numbers]]] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The checks that rows fail."""
        return tuple(self.sources)

    def of(self, name: str) -> Iterator[Numbers]:
        """Return the numbers of the rows that fail one check, ascending, in pieces; none for a check nobody fails.

        :param name: the check's name.
        """
        return iter(self.sources[name]() if name in self.sources else ())

    def reasons(self, names: Collection[str] | None = None) -> dict[int, list[str]]:
        """Return each failing row's number with the names of the checks it fails, in the order of the checks.

        It takes memory in proportion to the rows that fail: for batches that are in memory anyway.

        :param names: only these checks; ``None`` for all.
        """
        found: dict[int, list[str]] = {}
        for name in self.names if names is None else [name for name in self.names if name in names]:
            for numbers in self.of(name):
                for number in numbers.tolist():
                    found.setdefault(number, []).append(name)
        return dict(sorted(found.items()))

    def __or__(self, other: FailingRows) -> FailingRows:
        return FailingRows({**self.sources, **other.sources})

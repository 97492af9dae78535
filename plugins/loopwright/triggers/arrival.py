"""Triggers that fire while batches wait, over any path that fsspec reaches. They delete nothing.

What must stay true: no failure of the surroundings (a bucket, the ledger) ends a trigger, since Airflow would not
start it again; and nothing blocks the event loop that all triggers share.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any, Literal

from airflow.triggers.base import BaseEventTrigger, BaseTrigger, TriggerEvent

from loopwright.declaration import DatasetSpec
from loopwright.declaration.dataset import Labels
from loopwright.hooks.lake import LakeHook
from loopwright.hooks.ledger import LedgerHook
from loopwright.hooks.loopwright import LoopwrightHook
from loopwright.triggers.lookout import Lookout
from loopwright.triggers.watch import Watch, payload

WATERMARK = "loopwright.arrivals"
"""The key in the asset's state store."""


class _Waits(BaseTrigger):
    """Looks for waiting arrivals of one dataset.

    Everything that it needs is in its arguments and in Airflow's connections: the triggerer may run where the project
    is not.

    :param dataset: the dataset's name.
    :param arrivals: the declared glob.
    :param batch_id: how a batch is named after its file.
    :param files: whether one file makes a batch, or many.
    :param complete: the name of a file that says that all of a batch's are there.
    :param judged_by: the digest of what batches are judged by: those that were set aside by another wait again.
    :param labels: the declared glob of files of labels, which wait like batches; none when left out.
    :param project: the folder that relative places are taken from.
    :param poll_interval: seconds between two looks.
    :param stable_for: seconds for which a file must not change before it counts.
    :param lake_conn_id: connection of the lake, whose storage options reach the arrivals too.
    :param ledger_conn_id: connection of the ledger.
    """

    def __init__(
        self,
        *,
        dataset: str,
        arrivals: str,
        batch_id: str = "{stem}",
        files: Literal["one", "many"] = "one",
        complete: str | None = None,
        judged_by: str | None = None,
        labels: str | None = None,
        project: str | None = None,
        poll_interval: float = 2.0,
        stable_for: float = 2.0,
        lake_conn_id: str = LakeHook.default_conn_name,
        ledger_conn_id: str = LedgerHook.default_conn_name,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.dataset = dataset
        self.arrivals = arrivals
        self.batch_id = batch_id
        self.files = files
        self.complete = complete
        self.judged_by = judged_by
        self.labels = labels
        self.project = project
        self.poll_interval = poll_interval
        self.stable_for = stable_for
        self.lake_conn_id = lake_conn_id
        self.ledger_conn_id = ledger_conn_id
        self._complaint = ""

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class's path and the arguments that rebuild this trigger."""
        names = ("dataset", "arrivals", "batch_id", "files", "complete", "judged_by", "labels", "project",
                 "poll_interval", "stable_for", "lake_conn_id", "ledger_conn_id")  # fmt: skip
        cls = type(self)
        return f"{cls.__module__}.{cls.__qualname__}", {name: getattr(self, name) for name in names}

    def _lookout(self) -> Lookout:
        spec = DatasetSpec(
            name=self.dataset,
            owner="-",
            arrivals=self.arrivals,
            batch_id=self.batch_id,
            files=self.files,
            complete=self.complete,
            labels=Labels(arrivals=self.labels, key=["-"]),
            expectations=None,
        )
        hook = LoopwrightHook(self.project, lake_conn_id=self.lake_conn_id, ledger_conn_id=self.ledger_conn_id)
        return Lookout(spec, hook, self.judged_by)

    async def _events(self, watch: Watch) -> AsyncIterator[TriggerEvent]:
        lookout = self._lookout()
        while True:
            for event in await self._look(lookout, watch):
                yield event
            await asyncio.sleep(self.poll_interval)

    async def _look(self, lookout: Lookout, watch: Watch) -> list[TriggerEvent]:
        try:
            found = await asyncio.to_thread(lookout.waiting)
        except Exception as error:  # noqa: BLE001 - a trigger that ends is not started again
            self._complain(error)
            return []
        if lookout.refused:
            self._complain(lookout.refused[0].fault)
        else:
            self._complaint = ""
        ready = watch.ready(found, time.monotonic())
        if not watch.speaks(ready, time.monotonic()):
            return []
        return [TriggerEvent(payload(self.dataset, ready))]  # type: ignore[no-untyped-call]

    def _complain(self, error: Exception) -> None:
        """Say what is wrong, once for as long as it stays the same."""
        said = f"{type(error).__name__}: {error}"
        if said != self._complaint:
            self._complaint = said
            self.log.warning("Not all arrivals of %s can be looked at; trying again. %s", self.dataset, said)


class BatchArrivalTrigger(BaseEventTrigger, _Waits):
    """For an ``AssetWatcher``: an event while batches wait, repeated until the ledger has an answer for each."""

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Watch for ever."""
        watch = Watch(stable_for=self.stable_for)
        watch.restore(await self._remembered(), time.monotonic())
        async for event in self._events(watch):
            await self._remember(watch)
            yield event

    async def _remembered(self) -> Any:
        store = self.asset_state_store
        try:
            return None if store is None else await store.aget(WATERMARK)
        except Exception as error:  # noqa: BLE001 - without the watermark it merely looks twice
            self._complain(error)
            return None

    async def _remember(self, watch: Watch) -> None:
        store = self.asset_state_store
        try:
            if store is not None:
                await store.aset(WATERMARK, watch.to_dict())
        except Exception as error:  # noqa: BLE001 - as above
            self._complain(error)


class BatchWaitTrigger(_Waits):
    """For a deferred sensor: one event, as soon as a batch waits."""

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Watch until something waits."""
        async for event in self._events(Watch(stable_for=self.stable_for)):
            yield event
            return

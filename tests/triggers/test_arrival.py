"""The triggers over real files and a real ledger."""

import asyncio
import subprocess
import sys

import pytest

from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.stages.ingest.arriving.listing import listed_for
from loopwright.triggers.arrival import WATERMARK, BatchArrivalTrigger, BatchWaitTrigger


class Store:
    """An asset's state store, as Airflow's triggerer lends it."""

    def __init__(self):
        self.kept = {}

    async def aget(self, key, default=None):
        return self.kept.get(key, default)

    async def aset(self, key, value):
        self.kept[key] = value


@pytest.fixture
def places(toy, monkeypatch):
    (toy.path / "arrivals" / "rides").mkdir(parents=True)
    for name in ("LOOPWRIGHT_LAKE", "LOOPWRIGHT_LEDGER", "LOOPWRIGHT_ARRIVALS", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    return toy


def drop(toy, *months):
    for month in months:
        (toy.path / "arrivals" / "rides" / f"2024-{month:02d}.parquet").write_bytes(b"rows")


def trigger(toy, cls=BatchArrivalTrigger, **more):
    arguments = {"poll_interval": 0.05, "stable_for": 0.1, **more}
    return cls(dataset="rides", arrivals=toy.rides.arrivals, project=str(toy.path), **arguments)


def handle(toy, *batch_ids):
    ledger = Ledger.of(toy.workspace)
    for found in listed_for(toy.workspace, toy.rides).arrivals:
        if found.batch_id in batch_ids:
            evidence = {"batch_id": found.batch_id, "signature": found.signature, "arrival_digest": "0"}
            ledger.record("dataset/rides", Draft(Kind.BATCH_QUARANTINED, "test", "handled", evidence))


def events(watching, count=1, seconds=5.0):
    """Return the payloads of the first ``count`` events, or those that came within ``seconds``."""

    async def collect():
        found = []
        try:
            async with asyncio.timeout(seconds):
                async for event in watching.run():
                    found.append(event.payload)
                    if len(found) == count:
                        break
        except TimeoutError:
            pass
        return found

    return asyncio.run(collect())


def test_it_is_rebuilt_from_what_it_serializes(toy):
    path, arguments = trigger(toy).serialize()
    assert path == "loopwright.triggers.arrival.BatchArrivalTrigger"
    assert BatchArrivalTrigger(**arguments).serialize() == (path, arguments)


def test_a_burst_is_one_event_in_natural_order(places):
    drop(places, 10, 9, 2, 1, 3)
    assert events(trigger(places)) == [
        {"dataset": "rides", "waiting": 5, "batch_ids": ["2024-01", "2024-02", "2024-03", "2024-09", "2024-10"]}
    ]


def test_nothing_is_deleted(places):
    drop(places, 1)
    events(trigger(places))
    assert [path.name for path in (places.path / "arrivals" / "rides").iterdir()] == ["2024-01.parquet"]


def test_quiet_once_the_ledger_has_an_answer(places):
    drop(places, 1, 2)
    handle(places, "2024-01", "2024-02")
    assert events(trigger(places), seconds=0.6) == []


def test_only_what_has_no_answer_waits(places):
    drop(places, 1, 2)
    handle(places, "2024-01")
    assert events(trigger(places))[0]["batch_ids"] == ["2024-02"]


def test_a_file_that_arrives_while_it_watches(places):
    async def story():
        watching = trigger(places).run()
        async with asyncio.timeout(5):
            first = (await anext(watching)).payload["batch_ids"]
            handle(places, *first)
            drop(places, 2)
            return [first, (await anext(watching)).payload["batch_ids"]]

    drop(places, 1)
    assert asyncio.run(story()) == [["2024-01"], ["2024-02"]]


def test_a_growing_file_is_not_spoken_of(places):
    path = places.path / "arrivals" / "rides" / "2024-01.parquet"

    async def grow():
        for _ in range(12):
            with path.open("ab") as file:
                file.write(b"more rows")
            await asyncio.sleep(0.05)

    async def story():
        growing, watching = asyncio.create_task(grow()), trigger(places, stable_for=0.3).run()
        async with asyncio.timeout(5):
            event = await anext(watching)
        assert growing.done()
        return event.payload["batch_ids"]

    assert asyncio.run(story()) == ["2024-01"]


def test_a_restart_takes_up_the_watermark(places):
    drop(places, 1)
    store = Store()
    first = trigger(places, stable_for=0.5)
    first.asset_state_store = store
    events(first)
    assert list(store.kept[WATERMARK]["seen"]) == [str(places.path / "arrivals/rides/2024-01.parquet")]
    second = trigger(places, stable_for=60.0)
    second.asset_state_store = store
    assert events(second)[0]["batch_ids"] == ["2024-01"]


def test_no_failure_ends_it_and_each_is_said_once(places, monkeypatch):
    missing = places.path / "arrivals" / "rides"
    missing.rmdir()
    watching, said = trigger(places), []
    monkeypatch.setattr(watching.log, "warning", lambda text, *values: said.append(text % values))

    async def story():
        async with asyncio.timeout(5):
            run = watching.run()
            waits = asyncio.ensure_future(anext(run))
            await asyncio.sleep(0.4)
            missing.mkdir()
            drop(places, 1)
            return (await waits).payload["batch_ids"]

    assert asyncio.run(story()) == ["2024-01"]
    assert len(said) == 1
    assert "does not exist" in said[0]


def test_a_state_store_that_fails_costs_no_event(places):
    class Broken(Store):
        async def aget(self, key, default=None):
            raise RuntimeError("the API server restarts")

        aset = aget

    drop(places, 1)
    watching = trigger(places)
    watching.asset_state_store = Broken()
    assert events(watching)[0]["batch_ids"] == ["2024-01"]


def test_the_one_for_sensors_fires_once_and_ends(places):
    drop(places, 1)
    assert len(events(trigger(places, BatchWaitTrigger), count=99)) == 1


def test_listing_does_not_block_the_loop_that_all_triggers_share(places, monkeypatch):
    import time

    from loopwright.triggers.lookout import Lookout

    monkeypatch.setattr(Lookout, "waiting", lambda self: time.sleep(0.5) or [])

    async def story():
        watching = asyncio.create_task(anext(trigger(places).run()))
        started, beats = time.monotonic(), 0
        while time.monotonic() - started < 0.4:
            await asyncio.sleep(0.01)
            beats += 1
        watching.cancel()
        return beats

    assert asyncio.run(story()) > 2, "one, if the listing held up the loop"


def test_it_needs_no_project_files(places, tmp_path):
    """The triggerer may run where ``include/`` is not."""
    drop(places, 1)
    absolute = f"{places.path}/arrivals/rides/*.parquet"
    watching = BatchArrivalTrigger(
        dataset="rides", arrivals=absolute, project=str(tmp_path / "elsewhere"), poll_interval=0.05, stable_for=0.0
    )
    assert events(watching)[0]["batch_ids"] == ["2024-01"]


def test_its_process_imports_no_frame_library(places):
    drop(places, 1)
    _, arguments = trigger(places).serialize()
    code = f"""
import asyncio, sys
from loopwright.triggers.arrival import BatchArrivalTrigger
async def first():
    async with asyncio.timeout(20):
        print((await anext(BatchArrivalTrigger(**{arguments!r}).run())).payload["batch_ids"])
asyncio.run(first())
assert not {{"pandas", "numpy", "pyarrow", "mlflow", "deltalake"}} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "['2024-01']" in done.stdout, done.stderr

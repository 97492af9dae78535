"""When the watch speaks: not of what still changes, at once of what is new, ever more seldom of what stays."""

from loopwright.stages.ingest.arriving.arrival import Arrival
from loopwright.triggers.watch import NAMED_AT_MOST, REMEMBERED_AT_MOST, Watch, payload


def arrival(name, mark="1"):
    return Arrival(name, f"/in/{name}.parquet", mark)


def looks(watch, waiting, now):
    ready = watch.ready(waiting, now)
    return [a.batch_id for a in ready] if watch.speaks(ready, now) else None


def test_a_file_counts_when_two_looks_find_it_the_same():
    watch = Watch(stable_for=2)
    assert looks(watch, [arrival("a")], 0) is None
    assert looks(watch, [arrival("a")], 1) is None
    assert looks(watch, [arrival("a")], 2) == ["a"]


def test_one_look_is_never_enough_even_without_a_wait():
    watch = Watch(stable_for=0)
    assert looks(watch, [arrival("a")], 0) is None
    assert looks(watch, [arrival("a")], 0) == ["a"]


def test_a_file_that_grows_starts_anew():
    watch = Watch(stable_for=2)
    for now in range(10):
        assert looks(watch, [arrival("a", str(now))], now) is None
    assert looks(watch, [arrival("a", "9")], 11) == ["a"]


def test_what_stays_is_said_again_ever_more_seldom():
    watch = Watch(stable_for=0, first_pause=10, longest_pause=40)
    spoken = [now for now in range(200) if looks(watch, [arrival("a")], now)]
    assert spoken == [1, 11, 31, 71, 111, 151, 191]


def test_what_is_new_is_said_at_once():
    watch = Watch(stable_for=0)
    looks(watch, [arrival("a")], 0)
    assert looks(watch, [arrival("a")], 1) == ["a"]
    assert looks(watch, [arrival("a"), arrival("b")], 2) is None
    assert looks(watch, [arrival("a"), arrival("b")], 3) == ["a", "b"]


def test_while_they_are_being_handled_it_is_patient():
    watch = Watch(stable_for=0)
    three = [arrival(name) for name in "abc"]
    looks(watch, three, 0)
    assert looks(watch, three, 1) == ["a", "b", "c"]
    assert looks(watch, three[1:], 5) is None
    assert looks(watch, three[1:], 11) == ["b", "c"]
    assert looks(watch, three[1:], 20) is None
    assert looks(watch, three[1:], 21) == ["b", "c"]


def test_silence_when_all_are_handled_and_a_changed_file_is_news():
    watch = Watch(stable_for=0)
    looks(watch, [arrival("a")], 0)
    assert looks(watch, [arrival("a")], 1) == ["a"]
    assert looks(watch, [], 2) is None
    looks(watch, [arrival("a", "2")], 3)
    assert looks(watch, [arrival("a", "2")], 4) == ["a"]


def test_a_restart_need_not_look_twice_at_what_was_seen_to_hold_still():
    before, after = Watch(stable_for=60), Watch(stable_for=60)
    before.ready([arrival("a"), arrival("b")], 0)
    after.restore(before.to_dict(), 1000)
    assert looks(after, [arrival("a"), arrival("b", "other"), arrival("c")], 1000) == ["a"]


def test_an_unreadable_memory_is_none():
    for raw in (None, "x", {"seen": 3}, {"seen": {"a": 1}}, []):
        Watch().restore(raw, 0)


def test_memory_and_payload_are_bounded():
    watch, many = Watch(), [arrival(f"b{n:05}") for n in range(5000)]
    watch.ready(many, 0)
    assert len(watch.to_dict()["seen"]) == REMEMBERED_AT_MOST
    said = payload("rides", many)
    assert (said["waiting"], len(said["batch_ids"])) == (5000, NAMED_AT_MOST)

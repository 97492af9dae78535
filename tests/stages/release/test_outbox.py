"""The world is told: signed, in order, until it has heard; and a release waits for nobody."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import shutil
import socket
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from loopwright.errors import CannotRun
from loopwright.ledger.events import Draft, Kind
from loopwright.serving import artifact
from loopwright.stages.release import (
    card_for,
    copying,
    deliver,
    mended_or_waiting,
    promote,
    reconcile,
    stage,
    undelivered,
    webhook,
)

MODEL = "include/models/tips/model.yaml"
SECRET = "open sesame"


class Receiver:
    """An HTTP server that remembers what it took, and answers what it is told to."""

    def __init__(self) -> None:
        self.status, self.taken = 200, []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if outer.status == 200:
                    outer.taken.append((dict(self.headers), body))
                self.send_response(outer.status)
                self.send_header("Location", "http://127.0.0.1:9/elsewhere")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def versions(self):
        return [json.loads(body)["version"] for _, body in self.taken]


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def telling(house, receiver, monkeypatch):
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    target = f"{{name: crm, webhook: '{receiver.url}', secret_env: HOOK_SECRET}}"
    house.toy.edit(MODEL, "monitor:", f"release: {{tell: [{target}]}}\nmonitor:")
    return house


def outbox(house):
    return sorted(house.state.under("outbox"))


def test_a_promotion_is_told_and_signed(telling, receiver):
    version = telling.champion()
    [(headers, body)] = receiver.taken
    said = json.loads(body)
    assert (said["model"], said["version"], said["previous"], said["action"]) == ("tips", version, None, "promote")
    assert said["artifact_digest"] == telling.state.champion["artifact_digest"]
    digest = hmac.new(SECRET.encode(), f"{headers['X-Loopwright-Timestamp']}.".encode() + body, hashlib.sha256)
    assert headers["X-Loopwright-Signature"] == f"sha256={digest.hexdigest()}"
    assert headers["X-Loopwright-Delivery"] == f"tips/{said['sequence']}"
    assert outbox(telling) == []
    assert telling.state.get("told/crm")["version"] == version
    assert telling.kinds()[-2:] == ["release_confirmed", "target_told"]
    assert telling.ledger.verify("model/tips") == []
    assert SECRET not in json.dumps([event.to_dict() for event in telling.ledger.events()])


def test_a_receiver_that_is_away_holds_nobody_up_and_hears_all_of_it_in_order(telling, receiver):
    receiver.status = 503
    first, second = telling.champion(), telling.champion()
    assert telling.standing == (second, second, None)
    assert receiver.taken == []
    assert len(outbox(telling)) == 2
    assert len(telling.events(Kind.TARGET_FAILED)) == 1  # the same again is nothing new
    [said] = reconcile(telling.workspace, telling.model)
    assert "status 503" in said
    assert mended_or_waiting(said) == "waiting"
    [waits] = undelivered(telling.state)
    assert waits.startswith(f"crm of version {first}: The receiver did not take it")
    receiver.status = 200
    assert reconcile(telling.workspace, telling.model) == [
        f"told crm that version {first} is champion", f"told crm that version {second} is champion",
    ]  # fmt: skip
    assert receiver.versions == [first, second]
    assert outbox(telling) == []
    assert reconcile(telling.workspace, telling.model) == []


@pytest.mark.parametrize("status", [302, 401, 500])
def test_anything_but_2xx_is_no_delivery(telling, receiver, status):
    receiver.status = status
    telling.champion()
    assert f"status {status}" in telling.events(Kind.TARGET_FAILED)[0].reason


def test_who_died_before_it_was_recorded_tells_it_again_under_the_same_name(telling, receiver, monkeypatch):
    class Died(BaseException):
        pass

    from loopwright.stages.release import outbox as room

    def die(*_args):
        raise Died

    version = telling.rehearsed()
    with monkeypatch.context() as patch:
        patch.setattr(room, "_told", die)
        with pytest.raises(Died):
            promote(telling.workspace, telling.model, version)
    assert telling.standing == (version, version, None)
    deliver(telling.workspace, telling.model)
    names = [headers["X-Loopwright-Delivery"] for headers, _ in receiver.taken]
    assert len(names) == 2
    assert len(set(names)) == 1
    assert outbox(telling) == []


def test_without_its_secret_nothing_is_sent(telling, receiver, monkeypatch):
    monkeypatch.delenv("HOOK_SECRET")
    telling.champion()
    assert receiver.taken == []
    assert "secret that signs the webhook is not set" in telling.events(Kind.TARGET_FAILED)[0].reason
    assert "HOOK_SECRET" in undelivered(telling.state)[0]
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    assert len(deliver(telling.workspace, telling.model)) == 1


def test_what_is_said_of_a_receiver_says_nothing_of_its_address_but_the_host(telling, monkeypatch):
    telling.toy.edit(MODEL, telling.model.release.tell[0].webhook, "http://127.0.0.1:9/services/T0K3N?key=s3cret")
    telling.champion()
    [failed] = telling.events(Kind.TARGET_FAILED)
    [said] = reconcile(telling.workspace, telling.model)
    with pytest.raises(CannotRun, match=r"release\.tell: crm, at 127\.0\.0\.1") as error:
        webhook.send(telling.model.release.tell[0], {"model": "tips", "sequence": 1})
    monkeypatch.setattr(webhook, "send", _repeats)
    for text in (failed.reason, said, str(error.value), *reconcile(telling.workspace, telling.model)):
        assert "could not" in text or "cannot be reached" in text
        assert not any(secret in text for secret in ("T0K3N", "s3cret"))


def _repeats(target, _content):
    raise RuntimeError(f"no luck with {target.webhook}, nor with /services/T0K3N alone")


def test_a_receiver_that_answers_byte_by_byte_is_given_up_all_in_all(telling, monkeypatch):
    """Each byte comes well within a socket's timeout."""
    listener, over = socket.create_server(("127.0.0.1", 0)), threading.Event()

    def trickle():
        connection, _ = listener.accept()
        with connection:
            connection.recv(65_536)
            while not over.wait(0.05):
                with suppress(OSError):
                    connection.send(b"H")

    dripping = threading.Thread(target=trickle, daemon=True)
    dripping.start()
    monkeypatch.setattr(webhook, "TIMEOUT", 0.5)
    target = telling.model.release.tell[0].model_copy(
        update={"webhook": f"http://127.0.0.1:{listener.getsockname()[1]}/"}
    )
    given_up = threading.Timer(20, over.set)
    given_up.start()
    try:
        with pytest.raises(CannotRun, match="took too long"):
            webhook.send(target, {"model": "tips", "sequence": 1})
        assert not over.is_set()
    finally:
        over.set()
        given_up.cancel()
        dripping.join()
        listener.close()


def test_a_target_that_is_declared_no_more_gets_nothing(telling, receiver):
    receiver.status = 500
    telling.champion()
    telling.toy.edit(MODEL, "name: crm", "name: erp")
    receiver.status = 200
    assert "not declared any more" in deliver(telling.workspace, telling.model)[0]
    assert (outbox(telling), receiver.taken) == ([], [])


@pytest.fixture
def copying_to(house, tmp_path):
    place = tmp_path / "served"
    house.toy.edit(MODEL, "monitor:", f"release: {{tell: [{{name: files, copy_to: '{place}'}}]}}\nmonitor:")
    return house, place / "tips"


def pointed(place: Path) -> tuple[dict, Path]:
    said = json.loads((place / "champion.json").read_text())
    return said, place / said["folder"]


def test_the_champion_is_copied_whole_with_its_card(copying_to, monkeypatch):
    house, place = copying_to
    first = house.champion()
    said, folder = pointed(place)
    assert said["version"] == first
    assert artifact.load(folder / "artifact", said["artifact_digest"]).card["model"] == "tips"
    assert (folder / "model_card.md").read_text().startswith(f"# tips, version {first}")
    second = house.champion()
    assert pointed(place)[0]["version"] == second
    assert folder.is_dir()  # who still reads it may go on
    monkeypatch.setattr(stage, "rehearse", _passes)
    stage.roll_back(house.workspace, house.model, reason="bad", actor="person:ada")
    assert pointed(place)[0]["version"] == first
    assert not list(place.rglob(".*"))


@contextmanager
def failing(monkeypatch, name, error):
    """Let a step of copying fail for a while."""

    def fails(*_args):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(copying, name, fails)
        yield patch


def _passes(_workspace, model, version):
    from loopwright.stages.release import Rehearsal
    from loopwright.verdict import Check, Outcome, Verdict

    return Rehearsal(model.name, version, Verdict("rehearsal", "m", (Check("loads", Outcome.PASS, "."),)), 0.0, {})


def test_a_copy_that_dies_half_way_leaves_the_pointer_where_it_was(copying_to, monkeypatch):
    house, place = copying_to
    first = house.champion()

    with failing(monkeypatch, "_upload", OSError("No space left on device")):
        second = house.champion()
    assert house.standing == (second, second, None)
    assert pointed(place)[0]["version"] == first
    assert "No space left" in house.events(Kind.TARGET_FAILED)[0].reason
    assert reconcile(house.workspace, house.model) == [f"told files that version {second} is champion"]
    assert pointed(place)[0]["version"] == second


def test_a_copy_that_was_killed_before_the_card_is_finished_by_the_next(copying_to, monkeypatch):
    house, place = copying_to

    with failing(monkeypatch, "card_for", OSError("killed")):
        version = house.champion()
    [copied] = place.rglob("artifact")
    left, at_work = copied.with_name(".a.part"), copied.with_name(".b.part")
    for part in (left, at_work):
        (part / "data").mkdir(parents=True)
    os.utime(left, (0, 0))
    assert reconcile(house.workspace, house.model) == [f"told files that version {version} is champion"]
    said, folder = pointed(place)
    assert artifact.load(folder / "artifact", said["artifact_digest"]).card["model"] == "tips"
    assert not left.exists()
    assert at_work.exists()


def test_what_somebody_put_in_its_place_is_not_pointed_at(copying_to):
    house, place = copying_to
    version = house.rehearsed()
    there = place / f"{version}-{house.state.version(version)['artifact_digest'][:12]}" / "artifact"
    there.mkdir(parents=True)
    (there / "MLmodel").write_text("something else")
    promote(house.workspace, house.model, version)
    [letter] = house.state.under("outbox").values()
    assert letter["failed"].startswith("What lies at the place for copies is not the champion that was judged.")
    assert not (place / "champion.json").exists()
    shutil.rmtree(there)
    assert reconcile(house.workspace, house.model) == [f"told files that version {version} is champion"]
    assert artifact.load(there, pointed(place)[0]["artifact_digest"]).card["model"] == "tips"


def test_of_two_copies_at_once_the_later_takes_the_earlier_for_its_own(tmp_path):
    import fsspec

    files, place = tmp_path / "files", tmp_path / "place"
    for folder in (files, place / "artifact"):
        folder.mkdir(parents=True)
        (folder / "a").write_text("1")
    copying._upload(fsspec.filesystem("file"), files, str(place))
    assert [path.name for path in place.iterdir()] == ["artifact"]


def test_a_store_with_errors_of_its_own_holds_no_release_up(copying_to, monkeypatch):
    class EndpointConnectionError(Exception):
        """Like botocore's: no OSError."""

    house, _ = copying_to
    first = house.champion()

    with failing(monkeypatch, "_put", EndpointConnectionError("s3://key:s3cret@store is away")) as patch:
        second = house.champion()
        assert house.standing == (second, second, None)
        patch.setattr(stage, "rehearse", _passes)
        stage.roll_back(house.workspace, house.model, reason="bad", actor="person:ada")
    assert house.standing[:2] == (first, first)
    [failed] = house.events(Kind.TARGET_FAILED)
    assert "EndpointConnectionError" in failed.reason
    assert "s3cret" not in failed.reason
    assert len(reconcile(house.workspace, house.model)) == 2
    assert outbox(house) == []


def test_what_waits_is_told_after_the_move_and_not_before(telling, receiver, monkeypatch):
    receiver.status = 503
    telling.champion()
    version, standing, send = telling.rehearsed(), [], webhook.send

    def watched(target, content):
        standing.append(telling.state.champion["version"])
        send(target, content)

    monkeypatch.setattr(webhook, "send", watched)
    promote(telling.workspace, telling.model, version)
    assert set(standing) == {version}


@pytest.mark.parametrize(
    "url", ["http://", "http://a..b/", "http://h:99999/", "http://h/a b", "http://h/\u00e9", "http://[::1"]
)
def test_a_url_that_cannot_be_called_is_refused_when_it_is_declared(url):
    from pydantic import ValidationError

    from loopwright.declaration.release import Target

    with pytest.raises(ValidationError, match="no URL that can be called"):
        Target(name="crm", webhook=url, secret_env="HOOK_SECRET")
    assert Target(name="crm", webhook="https://[::1]:8443/hook?a=%C3%A9", secret_env="HOOK_SECRET").webhook


def test_files_that_are_not_those_that_were_judged_are_not_copied(copying_to, monkeypatch):
    house, place = copying_to

    with failing(monkeypatch, "write_whole", OSError("the disk is away")):
        house.champion()
    shutil.rmtree(place)
    [pickle] = house.toy.path.rglob("estimator.pkl")
    pickle.write_bytes(b"another")
    reconcile(house.workspace, house.model)
    assert not place.exists()
    assert "not those that were judged" in house.events(Kind.TARGET_FAILED)[-1].reason


def test_a_letter_from_before_brings_the_champion_of_today(copying_to):
    house, place = copying_to
    house.champion()
    second = house.champion()
    copying.copy_champion(house.workspace, house.model, str(place.parent))
    assert pointed(place)[0]["version"] == second


def test_a_relative_place_is_below_the_project_wherever_this_runs(house, monkeypatch, tmp_path_factory):
    version = house.champion()
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    copying.copy_champion(house.workspace, house.model, "served")
    assert pointed(house.toy.path / "served" / "tips")[0]["version"] == version


def test_the_card_is_kept_in_mlflow_and_tells_who_decided_what(house):
    version = house.champion()
    run = house.state.champion["run_id"]
    [kept] = house.toy.path.rglob(f"{run}/**/model_card.md")
    assert f"# tips, version {version}" in kept.read_text()
    assert list(house.toy.path.rglob(f"{run}/**/model_card.html"))
    card = card_for(house.workspace, house.model, version)
    text = card.markdown()
    for said in ("## Purpose", "tests", "2024-01", "roc_auc", "threshold", "release confirmed", "artifact digest"):
        assert said in text
    assert "gate decided" in text
    assert "<script" not in card.html()
    assert card.html().count("<h2>") == text.count("\n## ")


def test_the_card_tells_of_an_override_and_who_typed_it(house):
    version = house.candidate()
    training = house.state.version(version)["training_id"]
    said = {"by": "person:bob", "typed_by": "person:ada", "why": "The board agreed."}
    evidence = {"training_id": training, "override": said, "typed_by": "person:ada"}
    house.ledger.record("model/tips", Draft(Kind.GATE_OVERRIDDEN, "person:bob", "The board agreed.", evidence))
    text = card_for(house.workspace, house.model, version).markdown()
    assert "| gate overridden | person:bob (typed by person:ada) | The board agreed. |" in text

"""The world is told: each promotion and roll back reaches every declared target, once it can, in the order of events.

The outbox is ledger state: the confirmation of a release puts a letter in for each target, a delivery takes it out, and
a process that died in between delivers again. What must stay true: a release never waits for a target or fails with
it; a letter is out only when the target took it; letters to one target go in order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from loopwright.errors import CannotRun, LoopwrightError
from loopwright.ledger.events import Draft, Kind
from loopwright.ledger.store import Ledger
from loopwright.stages.release import copying, webhook
from loopwright.stages.release.fresh_process import without_secrets

if TYPE_CHECKING:
    from loopwright.declaration import ModelSpec, Workspace
    from loopwright.declaration.release import Target
    from loopwright.ledger.state import ModelState, State


def deliver(workspace: Workspace, model: ModelSpec) -> list[str]:
    """Deliver what waits in a model's outbox; what cannot be delivered now waits for the next run.

    :param workspace: where everything is.
    :param model: the model's declaration.
    :return: a sentence for each letter that was delivered, dropped or could not be.
    """
    ledger, said = Ledger.of(workspace), []
    targets = {target.name: target for target in model.release.tell}
    held_up: set[str] = set()
    for key, letter in sorted(ledger.model(model.name).under("outbox").items()):
        name = str(letter["target"])
        if name in held_up:
            continue
        if name not in targets:
            said.append(_dropped(ledger, model.name, key, letter))
            continue
        try:
            _send(workspace, model, targets[name], letter)
        except LoopwrightError as error:
            held_up.add(name)
            said.append(_failed(ledger, model.name, key, letter, error))
        else:
            said.append(_told(ledger, model.name, key, letter))
    return said


_NOT_YET = "could not tell"


def mended_or_waiting(sentence: str) -> str:
    """Return the word for what a sentence of :func:`deliver`, or of who calls it, says: what waits was not mended."""
    return "waiting" if sentence.startswith(f"{_NOT_YET} ") else "mended"


def undelivered(state: ModelState) -> list[str]:
    """Return which targets do not know of the champion yet, and why, a phrase each; the oldest letter of each.

    :param state: the model's state.
    """
    found: dict[str, str] = {}
    for _, letter in sorted(state.under("outbox").items()):
        if letter.get("failed"):
            why = f"{letter['target']} of version {letter['version']}: {letter['failed']}"
            found.setdefault(str(letter["target"]), why)
    return [found[name] for name in sorted(found)]


def _send(workspace: Workspace, model: ModelSpec, target: Target, letter: Mapping[str, Any]) -> None:
    try:
        if target.webhook:
            webhook.send(target, {"model": model.name, **{name: letter.get(name) for name in _CONTENT}})
        else:
            copying.copy_champion(workspace, model, str(target.copy_to))
    except LoopwrightError:
        raise
    except Exception as error:  # a store's client has errors of its own: none of them may hold up a release
        said = webhook.without_url(without_secrets(str(error), workspace), target)
        raise CannotRun(f"It failed with {type(error).__name__}.", where=target.name, got=said) from error


_CONTENT = ("version", "previous", "action", "artifact_digest", "at", "actor", "sequence")


def _told(ledger: Ledger, model: str, key: str, letter: Mapping[str, Any]) -> str:
    what = f"told {letter['target']} that version {letter['version']} is champion"
    _record(ledger, model, key, Kind.TARGET_TOLD, f"{what[0].upper()}{what[1:]}.", letter)
    return what


def _failed(ledger: Ledger, model: str, key: str, letter: Mapping[str, Any], error: LoopwrightError) -> str:
    why = " ".join(part for part in (error.what, error.got) if part)
    if why != letter.get("failed"):  # the same again is nothing new
        _record(ledger, model, key, Kind.TARGET_FAILED, why, letter)
    return f"{_NOT_YET} {letter['target']} of version {letter['version']} yet: {why}"


def _dropped(ledger: Ledger, model: str, key: str, letter: Mapping[str, Any]) -> str:
    what = f"dropped the letter about version {letter['version']} to {letter['target']}, which is not declared any more"
    _record(ledger, model, key, Kind.TARGET_FAILED, f"{what[0].upper()}{what[1:]}.", letter, dropped=True)
    return what


def _record(
    ledger: Ledger, model: str, key: str, kind: Kind, reason: str, letter: Mapping[str, Any], **more: Any
) -> None:
    evidence = {"letter": key, "target": letter["target"], "version": letter["version"], **more}

    def decide(state: State) -> Draft | None:
        return Draft(kind, "release", reason, evidence) if state.get(f"outbox/{key}") else None

    ledger.decide(f"model/{model}", decide)

"""A person's answer about a version, bound to the digests of what was judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import click

from loopwright.cli.answer import as_document, coloured
from loopwright.cli.person import person

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loopwright.cli.options import Setting


def answer(setting: Setting, model: str, version: str, given: Literal["given", "refused"], why: str) -> int:
    """Record a yes or a no.

    :param setting: where, and how to speak.
    :param model: the model's name.
    :param version: the version that waits.
    :param given: the answer.
    :param why: recorded with it.
    :return: the exit status.
    """
    from loopwright.ledger.store import Ledger
    from loopwright.stages.release import record_approval

    spec = setting.project.model(model)
    before = (Ledger.of(setting.workspace).model(model).version(version) or {}).get("approval") or {}
    record_approval(setting.workspace, spec, version, given, person(), why)
    recorded = (Ledger.of(setting.workspace).model(model).version(version) or {}).get("approval") or {}
    if setting.as_json:
        as_document({"model": model, "version": version, "approval": recorded, "already": recorded == before})
    else:
        click.echo(
            f"{coloured('approved' if given == 'given' else 'rejected')} {_said(model, version, before, recorded)}"
        )
    return 0


def _said(model: str, version: str, before: Mapping[str, Any], recorded: Mapping[str, Any]) -> str:
    """Return what came of an answer: nothing new, another's taken back, or what follows."""
    if recorded == before:
        said = f"{recorded['by']} had done so at {recorded['at'][:16]}; nothing was recorded anew"
    elif recorded["answer"] == "refused":
        taken_back = f", and the yes of {before['by']} is taken back" if before.get("answer") == "given" else ""
        said = f"it is not released{taken_back}"
    else:
        said = f"`loopwright run {model}` promotes it"
    return f"version {version} of {model}; {said}"

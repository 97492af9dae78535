"""A person's answer about a version, bound to the digests of what was judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import click

from loopwright.cli.answer import as_document, coloured
from loopwright.cli.person import person

if TYPE_CHECKING:
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
    record_approval(setting.workspace, spec, version, given, person(), why)
    entry = Ledger.of(setting.workspace).model(model).version(version) or {}
    if setting.as_json:
        as_document({"model": model, "version": version, "approval": entry.get("approval")})
    else:
        next_step = f"; `loopwright run {model}` promotes it" if given == "given" else ""
        click.echo(
            f"{coloured('pass' if given == 'given' else 'fail')} version {version} of {model}: {given}{next_step}"
        )
    return 0

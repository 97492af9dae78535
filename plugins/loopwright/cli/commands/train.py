"""``loopwright train``: a person wants a training, and says why."""

from __future__ import annotations

import json
from typing import Any

import click

from loopwright.cli.answer import as_line, as_step
from loopwright.cli.options import Setting, setting_options
from loopwright.cli.person import person


def _parameters(_context: click.Context, _option: click.Parameter, text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    try:
        parsed = json.loads(text)
    except json.JSONDecodeError as error:
        raise click.BadParameter(f"this is no JSON: {error}") from None
    if not isinstance(parsed, dict):
        raise click.BadParameter('this is no mapping; write one such as {"max_iter": 50}')
    return parsed


@click.command("train")
@click.argument("model")
@click.option("--why", required=True, help="Recorded with your name.")
@click.option("--params", callback=_parameters, metavar="JSON", help='Parameters for this once: {"max_iter": 50}.')
@setting_options
def command(model: str, why: str, params: dict[str, Any] | None, setting: Setting) -> int:
    """Train MODEL now, reason or not, and let the gate judge it. What passes waits for `loopwright run` to release it.

    With --json: JSON lines, one object a step. Exit status 1 when the gate said fail.
    """
    from loopwright.cli.progress import Progress, tell_faults
    from loopwright.loop.learning import Learning
    from loopwright.loop.telling import Teller

    spec = setting.project.model(model)

    def train(teller: Teller) -> None:
        Learning(setting.workspace, spec, teller).train(reason=why, actor=person(), params=params, force=True)

    if setting.as_json:
        teller = Teller(as_step)
        train(teller)
        as_line({"summary": {"model": model, "steps": len(teller.steps)}})
    else:
        with Progress(unit="steps", workspace=setting.workspace) as progress:
            teller = Teller(progress.hear)
            train(teller)
        tell_faults(step for step in teller.steps if step.faulty)
    if any(step.faulty for step in teller.steps):
        return 2
    return 1 if any(step.failed for step in teller.steps) else 0

"""``loopwright override``: a person lets through what the gate did not, on record and for ever in red."""

from __future__ import annotations

import click

from loopwright.cli.answer import as_document, coloured
from loopwright.cli.options import Setting, setting_options
from loopwright.cli.person import person


@click.command("override")
@click.argument("model")
@click.option("--run", "training", metavar="ID", help="The training or its MLflow run; the last that was judged else.")
@click.option(
    "--why", required=True, help="What the gate could not know, in 8 characters or more; recorded with your name."
)
@click.option("--by", metavar="NAME", help="Your name, where this machine knows another; both are recorded.")
@setting_options
def command(model: str, training: str | None, why: str, by: str | None, setting: Setting) -> int:
    """Let a candidate of MODEL go on that the gate refused, or could not tell.

    It is registered, and rehearsed and approved as any other; that it was overridden shows in status, history and
    report ever after. With --json: one document, the candidate.
    """
    from loopwright.stages.train import override_gate

    spec = setting.project.model(model)
    actor = f"person:{by}" if by else person()
    candidate = override_gate(setting.workspace, spec, training, why=why, actor=actor, typed_by=person())
    if setting.as_json:
        as_document({**candidate.to_dict(), "override": {"by": actor, "why": why}})
    else:
        then = (
            "rehearses it and asks for its approval"
            if spec.release.approval == "required"
            else "rehearses and releases it"
        )
        said = f"version {candidate.version} of {model}, by {actor}; `loopwright run {model}` {then}"
        click.echo(f"{coloured('overridden')} {said}")
    return 0

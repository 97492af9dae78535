"""``loopwright schema``: what a declaration may say, for programs and for people."""

from __future__ import annotations

from pathlib import Path

import click

from loopwright.cli.answer import as_document
from loopwright.cli.options import Setting, setting_options


@click.command("schema")
@click.argument("kind", type=click.Choice(["dataset", "model"]), required=False)
@click.option("--write", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Write all below DIR.")
@setting_options
def command(kind: str | None, write: Path | None, setting: Setting) -> int:
    """Print the JSON Schema of dataset.yaml or model.yaml; of both when KIND is left out.

    With --write DIR: DIR/schemas/*.json, and DIR/declarations.md that explains every key.
    """
    from loopwright.cli.reference import SPECS, page, schema, schema_text

    if write:
        (write / "schemas").mkdir(parents=True, exist_ok=True)
        texts = {write / "schemas" / f"{name}.json": schema_text(name) for name in SPECS}
        texts[write / "declarations.md"] = page()
        for path, text in texts.items():
            path.write_text(text, encoding="utf-8")
        if setting.as_json:
            as_document({"written": [str(path) for path in texts]})
        else:
            click.echo("\n".join(f"wrote {path}" for path in texts))
        return 0
    as_document(schema(kind) if kind else {name: schema(name) for name in SPECS})
    return 0

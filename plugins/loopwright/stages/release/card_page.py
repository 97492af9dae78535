"""How a model card looks: sections of sentences and tables, as Markdown and as one page that needs nothing else."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:56rem;margin:2rem auto;padding:0 1rem;color:#1c1c1c}"
    "table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #ddd;padding:.3rem .6rem;text-align:left;"
    "vertical-align:top;overflow-wrap:anywhere}th{color:#555;font-weight:600}"
    "@media(max-width:40rem){td,th{padding:.3rem .2rem;min-width:2.5rem}}"
    ".warned{color:#c01c28;font-weight:600;border-left:5px solid #c01c28;padding-left:.7rem}"
)

_FITTED = '<meta name="viewport" content="width=device-width, initial-scale=1">'

Rows = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Section:
    """A heading, sentences, and a table below them; any of these may be absent.

    :param title: the heading.
    :param said: sentences.
    :param head: of the table.
    :param rows: of the table.
    :param warned: sentences that nobody may overlook, after the others: in red, where there are colours.
    """

    title: str
    said: Sequence[str] = ()
    head: Sequence[str] = ()
    rows: Rows = ()
    warned: Sequence[str] = ()


@dataclass(frozen=True)
class ModelCard:
    """The card of one version.

    :param title: model and version.
    :param sections: in the order in which they are read.
    """

    title: str
    sections: Sequence[Section]

    def markdown(self) -> str:
        """Return the card as Markdown."""
        lines = [f"# {self.title}", ""]
        for section in self.sections:
            said = [*map(_flat, section.said), *(f"**{_flat(warned)}**" for warned in section.warned)]
            lines += [f"## {section.title}", "", *[line for sentence in said for line in (sentence, "")]]
            if section.rows:
                table = [section.head, ["---"] * len(section.head), *section.rows]
                lines += [*[f"| {' | '.join(_cell(cell) for cell in row)} |" for row in table], ""]
        return "\n".join(lines)

    def html(self) -> str:
        """Return the card as one page that needs nothing else."""
        parts = [f"<h1>{html.escape(self.title)}</h1>"]
        for section in self.sections:
            parts.append(f"<h2>{html.escape(section.title)}</h2>")
            parts += [f"<p>{html.escape(said)}</p>" for said in section.said]
            parts += [f'<p class="warned">{html.escape(warned)}</p>' for warned in section.warned]
            if section.rows:
                head = "".join(f"<th>{html.escape(name)}</th>" for name in section.head)
                body = "".join(
                    f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>" for row in section.rows
                )
                parts.append(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")
        title = html.escape(self.title)
        head = f'<meta charset="utf-8">{_FITTED}<title>{title}</title><style>{_STYLE}</style>'
        return f"<!doctype html>{head}\n" + "\n".join(parts)


def _flat(text: str) -> str:
    return " ".join(text.split())


def _cell(text: str) -> str:
    return _flat(text).replace("|", "\\|")

"""What newer batches would change of a suite that a person has edited: as few lines as may be, and no comment lost."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import yaml

from loopwright.stages.ingest.infer.writing import commented, rendered

if TYPE_CHECKING:
    from loopwright.stages.ingest.infer.proposing import Proposal, Proposed
    from loopwright.stages.ingest.judging.suite import Suite


def updated(text: str, suite: Suite, broken: Collection[str], proposal: Proposal) -> str:
    """Return a suite's text with what batches break replaced by what they let one expect.

    What holds stays as it is, down to its comments, and what is gone stays gone; of what is replaced, a reason goes
    that differs from the new one in its numbers alone. Columns of which the text says nothing at all get what is
    proposed for them. What breaks, and has nothing in its place, stays.

    :param text: of the file.
    :param suite: as read from it.
    :param broken: names of expectations that a batch breaks.
    :param proposal: what is proposed.
    """
    lines = text.splitlines(keepends=True)
    nodes = _items(text)
    by_about = {one.about: one for one in proposal.expectations}
    for name, expectation, node in reversed(list(zip(suite.names(), suite.expectations, nodes, strict=True))):
        wanted = by_about.get((expectation.type, tuple(expectation.columns) or ("None",)))
        if name in broken and wanted is not None:
            first, last = node.start_mark.line, _last_line(node)
            indent = " " * (len(lines[first]) - len(lines[first].lstrip(" ")))
            own = len(_reason_above(lines[:first], commented(wanted.why, indent)))
            lines[first - own : last + 1] = [f"{line}\n" for line in rendered(wanted, indent)]
    return _with(lines, nodes, _of_new_columns(text, proposal))


def _reason_above(lines: Sequence[str], reason: Sequence[str]) -> Sequence[str]:
    """Return the lines that give the reason that is to be replaced: but for its numbers, it is the new one."""
    above = lines[-len(reason) :]
    return above if _words("".join(above)) == _words("".join(reason)) else []


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W\d]+", text)


def _of_new_columns(text: str, proposal: Proposal) -> list[Proposed]:
    unsaid = {name for name in proposal.columns if name not in text}
    return [one for one in proposal.expectations if one.about[1][0] in unsaid]


def _with(lines: list[str], nodes: Sequence[Any], more: Sequence[Proposed]) -> str:
    if not more:
        return "".join(lines)
    if nodes:
        first = nodes[0].start_mark
        indent = " " * max(first.column - 2, 0)
    else:
        indent = "  "
    present = "".join(lines)
    if not nodes:
        return present.replace("expectations: []", "expectations:", 1).rstrip("\n") + "\n" + _text(more, indent)
    last = _last_line(_items(present)[-1])
    body = present.splitlines(keepends=True)
    if not body[last].endswith("\n"):
        body[last] += "\n"
    return "".join([*body[: last + 1], _text(more, indent), *body[last + 1 :]])


def _text(more: Sequence[Proposed], indent: str) -> str:
    return "".join(f"{line}\n" for one in more for line in rendered(one, indent))


def _items(text: str) -> list[Any]:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    for key, value in getattr(root, "value", None) or []:
        if key.value == "expectations" and isinstance(value, yaml.SequenceNode):
            return list(value.value)
    return []


def _last_line(node: Any) -> int:
    """Return the line that a node's last letter is on: the mark at the end of a block is where the next one begins."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _last_line(last[1] if isinstance(last, tuple) else last)
    end: int = node.end_mark.line
    return end if node.end_mark.column or end == node.start_mark.line else end - 1

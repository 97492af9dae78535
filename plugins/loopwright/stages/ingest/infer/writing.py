"""A proposal as ``expectations.yaml``: a reason above each expectation, and a mark by which an edit is noticed."""

from __future__ import annotations

import hashlib
import json
import re
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from loopwright.stages.ingest.infer.proposing import Proposal, Proposed

_MARK = "# unedited: "
_WIDTH = 110


def text_of(proposal: Proposal, dataset: str) -> str:
    """Return a proposal as a file.

    :param proposal: what to write.
    :param dataset: whose it is.
    """
    batches = proposal.batches
    said = batches[0] if len(batches) == 1 else f"{len(batches)} batches, {batches[0]} to {batches[-1]}"
    head = [
        f"A Great Expectations suite, proposed by `loopwright infer {dataset}` from {said}. It is yours: edit it, and "
        "give the reason where you do. `severity: critical` (when left out) decides, the others only tell.",
        *(f"Noticed: {note}." for note in proposal.notes),
    ]
    lines = [line for part in head for line in commented(part, "")]
    body = (
        "\n".join([*lines, "expectations:", *(line for one in proposal.expectations for line in rendered(one))]) + "\n"
    )
    return f"{_MARK}{_digest(body)}\n{body}"


def is_unedited(text: str) -> bool:
    """Tell whether a file is still what was written, to the letter.

    :param text: the file.
    """
    first, _, body = text.partition("\n")
    return first == f"{_MARK}{_digest(body)}"


def unmarked(text: str) -> str:
    """Return a file without its mark, which says nothing to a person.

    :param text: the file.
    """
    return text.partition("\n")[2] if text.startswith(_MARK) else text


def rendered(one: Proposed, indent: str = "  ") -> list[str]:
    """Return the lines of one expectation.

    :param one: the expectation.
    :param indent: of the list that it is put in.
    """
    severity = "" if one.severity == "critical" else f", severity: {one.severity}"
    short = f"{indent}- {{type: {one.type}, kwargs: {flow(one.kwargs)}{severity}}}"
    lines = commented(one.why, indent)
    if len(short) <= _WIDTH:
        return [*lines, short]
    lines += [f"{indent}- type: {one.type}", f"{indent}  kwargs:"]
    lines += [f"{indent}    {flow_key(key)}: {flow(value)}" for key, value in one.kwargs.items()]
    return [*lines, f"{indent}  severity: {one.severity}"] if severity else lines


def flow(value: Any) -> str:
    """Return a value as YAML on one line, so that it reads back as it is.

    :param value: plain.
    """
    if isinstance(value, dict):
        return "{" + ", ".join(f"{flow_key(key)}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, str):
        return value if _is_plain(value) else json.dumps(value, ensure_ascii=True)
    return json.dumps(value)


def flow_key(key: str) -> str:
    """Return a key as YAML."""
    return flow(str(key))


def commented(text: str, indent: str) -> list[str]:
    """Return a text as lines of comment; whatever it holds, it stays one.

    :param text: a sentence or several.
    :param indent: before each line.
    """
    plain = re.sub(r"[^\x20-\x7e\xa0-\ud7ff]|\s+", " ", text)
    return [f"{indent}# {line}" for line in wrap(plain, _WIDTH - len(indent), break_long_words=False)]


def _is_plain(value: str) -> bool:
    """Whether YAML reads the bare word as this very text, in a list or a mapping too."""
    if not re.fullmatch(r"[A-Za-z_][\w.-]*", value, flags=re.ASCII):
        return False
    return bool(yaml.safe_load(f"[{value}]") == [value])


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:16]

"""A verdict as Markdown, for the summary or the comment of a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopwright.loop.gate_changes import is_notice
from loopwright.verdict import Outcome

if TYPE_CHECKING:
    from loopwright.verdict import Check, Verdict

_SIGN = {Outcome.PASS: "✅", Outcome.FAIL: "❌", Outcome.INCONCLUSIVE: "❔", Outcome.NOT_APPLICABLE: "–"}
_ORDER = (Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.PASS, Outcome.NOT_APPLICABLE)
_LONGEST = 600
"""Characters of a check's reason: a comment has an end."""


def as_markdown(verdict: Verdict) -> str:
    """Return a verdict with its checks as a table, what needs a person first.

    :param verdict: of any stage.
    """
    checks = sorted(verdict.checks, key=lambda check: (_ORDER.index(check.outcome), not check.required))
    rows = [
        f"| {_answer(check)} | `{_cell(check.name).replace('`', '')}`"
        f"{'' if check.required else ' (advisory)'} | {_cell(check.why)} |"
        for check in checks
    ]
    altered = [f"> ⚠️ **{_cell(check.name)}**: {_cell(check.why)}" for check in checks if is_notice(check)]
    digests = ", ".join(f"{name} `{digest[:12]}`" for name, digest in verdict.digests.items())
    return "\n".join(
        [
            f"## {_SIGN[verdict.outcome]} Loopwright: {verdict.outcome.value} ({_cell(verdict.subject)})",
            "",
            _cell(verdict.why()),
            "",
            *([*altered, ""] if altered else []),
            "| answer | question | why |",
            "|---|---|---|",
            *rows,
            "",
            *([f"Judged: {digests}", ""] if digests else []),
        ]
    )


def _answer(check: Check) -> str:
    return "⚠️ notice" if is_notice(check) else f"{_SIGN[check.outcome]} {check.outcome.value.replace('_', ' ')}"


def _cell(text: str) -> str:
    """Return text that stays inside its cell and makes no markup of its own."""
    short = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    for raw, safe in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("|", "\\|"), ("@", "@\u200b")):
        short = short.replace(raw, safe)
    return "<br>".join(line.strip() for line in short.splitlines())

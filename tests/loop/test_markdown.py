"""A verdict as Markdown: what needs a person first, and nothing in it that breaks out of its cell."""

from __future__ import annotations

from loopwright.loop.markdown import as_markdown
from loopwright.verdict import Check, Outcome, Verdict


def test_it_says_the_outcome_and_every_check_worst_first() -> None:
    verdict = Verdict(
        "ci",
        "project",
        (
            Check("good", Outcome.PASS, "fine"),
            Check("notable", Outcome.FAIL, "only told", required=False),
            Check("bad", Outcome.FAIL, "broken"),
        ),
        digests={"code": "c" * 64},
    )
    said = as_markdown(verdict)
    assert said.startswith("## ❌ Loopwright: fail (project)")
    lines = [line for line in said.splitlines() if line.startswith("| ")][1:]
    assert [line.split("`")[1] for line in lines] == ["bad", "notable", "good"]
    assert "(advisory)" in lines[1]
    assert "`cccccccccccc`" in said


def test_what_code_says_stays_in_its_cell() -> None:
    evil = "a | b\n\n## c <img src=x> @everyone " + "x" * 5000
    said = as_markdown(Verdict("ci", "model/m", (Check("n", Outcome.FAIL, evil),)))
    (row,) = [line for line in said.splitlines() if "`n`" in line]
    assert row.replace("\\|", "").count("|") == 4
    assert "<img" not in said
    assert "@everyone" not in said
    assert "\n## c" not in said
    assert len(row) < 1500

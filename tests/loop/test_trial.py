"""The gate in a pull request: the same questions, of a sample that the project carries, beside another checkout."""

from __future__ import annotations

import shutil

import pytest

from loopwright.cli.checks import tell_check
from loopwright.declaration import Project
from loopwright.loop.gate_changes import gone_checks
from loopwright.loop.markdown import as_markdown
from loopwright.loop.trial import trial_checks
from loopwright.verdict import Outcome, Verdict
from support import toy as toys
from support.toy import rides


@pytest.fixture
def sampled(toy: toys.Toy) -> toys.Toy:
    """A toy whose model carries two months along."""
    folder = toy.project.model_folder("tips") / "sample"
    folder.mkdir()
    for month in (1, 2):
        rides(month).to_parquet(folder / f"2024-{month:02d}.parquet")
    toy.edit("include/models/tips/model.yaml", "owner: tests", "owner: tests\nci: {sample: sample/*.parquet}")
    return toy


def asked(toy: toys.Toy, against: Project | None = None) -> dict:
    found = trial_checks(toy.workspace, toy.project, "tips", against)
    return {check.name.removeprefix("gate:model/tips:"): check for check in found}


def base(toy: toys.Toy) -> Project:
    """The project as it is now, in another place."""
    shutil.copytree(toy.path / "include", toy.path / ".base" / "include")
    return Project.at(toy.path / ".base")


def test_nothing_is_asked_where_no_sample_is_declared(toy) -> None:
    assert asked(toy) == {}


def test_the_gate_is_asked_of_the_last_file(sampled) -> None:
    checks = asked(sampled)
    assert checks["measured"].outcome is Outcome.PASS
    assert checks["measured"].n == 2000
    assert checks["threshold:roc_auc"].outcome is checks["baseline:prior"].outcome is Outcome.PASS
    assert checks["non_inferiority"].outcome is Outcome.NOT_APPLICABLE


def test_one_file_is_divided(sampled) -> None:
    (sampled.project.model_folder("tips") / "sample" / "2024-02.parquet").unlink()
    assert asked(sampled)["measured"].n == 500


def test_code_that_makes_it_worse_is_refused_beside_the_base(sampled) -> None:
    before = base(sampled)
    same = asked(sampled, before)
    assert same["non_inferiority"].outcome is Outcome.PASS
    assert "improvement" not in same
    sampled.edit("include/models/tips/features.py", '"hour": rides["hour"]', '"hour": 0 * rides["hour"]')
    checks = asked(sampled, before)
    assert checks["non_inferiority"].outcome is Outcome.FAIL


def test_a_base_that_cannot_answer_is_not_beaten_by_silence(sampled) -> None:
    before = base(sampled)
    features = before.model_folder("tips") / "features.py"
    features.write_text(features.read_text().replace("    return pd", "    raise ValueError\n    return pd"))
    assert asked(sampled, before)["non_inferiority"].outcome is Outcome.INCONCLUSIVE


def test_a_sample_that_is_not_there_fails_and_says_where(sampled) -> None:
    shutil.rmtree(sampled.project.model_folder("tips") / "sample")
    assert "sample/*.parquet" in asked(sampled)["answers"].why


def test_code_that_raises_fails(sampled) -> None:
    sampled.edit("include/models/tips/training.py", "    return", "    raise ValueError('no luck')\n    return")
    assert asked(sampled)["answers"].outcome is Outcome.FAIL


def test_what_is_not_asked_of_a_sample_is_said(sampled) -> None:
    checks = asked(sampled)
    assert "latency, " in checks["not_asked"].why or "latency (" in checks["not_asked"].why
    assert "looks" not in checks  # a sample has no record of who asked it
    assert checks["holdout_unseen"].why == "nobody was trained on what is held out: the newest rows"


def test_the_simple_models_and_columns_that_scoring_lacks_are_asked_about_as_in_production(sampled) -> None:
    gate = "resamples: 200, baselines: [prior, linear], leakage: {absent: [tip]}"
    sampled.edit("include/models/tips/model.yaml", "resamples: 200", gate)
    checks = asked(sampled)
    assert checks["baseline:linear"].outcome in (Outcome.INCONCLUSIVE, Outcome.FAIL)  # it is the same model
    assert checks["leakage:absent"].outcome is Outcome.PASS
    sampled.edit(
        "include/models/tips/features.py", '"fare": rides["fare"],', '"fare": rides["fare"], "t": rides["tip"],'
    )
    assert asked(sampled)["leakage:absent"].outcome is Outcome.FAIL


def test_rows_that_are_held_out_and_learned_from_are_found(sampled) -> None:
    folder = sampled.project.model_folder("tips") / "sample"
    shutil.copy(folder / "2024-01.parquet", folder / "2024-02.parquet")
    assert asked(sampled)["holdout_unseen:rows"].outcome is Outcome.FAIL


def test_a_change_that_loosens_its_own_gate_is_shown_with_what_the_base_says(sampled, capsys) -> None:
    """It passes by what it declares itself, and whoever reviews it reads that, and what it would have come to."""
    before = base(sampled)
    assert asked(sampled, before)["declaration"].outcome is Outcome.PASS
    sampled.edit("include/models/tips/features.py", '"hour": rides["hour"]', '"hour": 0 * rides["hour"]')
    sampled.edit("include/models/tips/model.yaml", "margin: 0.02", "margin: 0.5")
    checks = asked(sampled, before)
    assert checks["non_inferiority"].outcome is Outcome.PASS
    changed = checks["declaration"]
    assert changed.outcome is Outcome.INCONCLUSIVE
    assert not changed.required
    assert changed.observed["changes"] == {"gate.champion.margin": [0.02, 0.5]}
    assert "gate.champion.margin: 0.02 → 0.5" in changed.why
    assert "By the base's gate: fail: the candidate is worse than the champion" in changed.why
    page = as_markdown(Verdict("ci", "project", (changed,)))
    assert page.index("⚠️") < page.index("| answer |")
    assert "| ⚠️ notice | `gate:model/tips:declaration` (advisory) |" in page
    tell_check(changed)
    assert capsys.readouterr().out.startswith("notice")


def test_other_rows_and_a_gate_that_is_gone_are_shown(sampled) -> None:
    before = base(sampled)
    rides(2, rows=1500).to_parquet(sampled.project.model_folder("tips") / "sample" / "2024-02.parquet")
    assert "sample/2024-02.parquet changed" in asked(sampled, before)["declaration"].why
    sampled.edit("include/models/tips/model.yaml", "ci: {sample: sample/*.parquet}", "")
    (changed,) = asked(sampled, before).values()
    assert "ci.sample: 'sample/*.parquet' → None" in changed.why or "ci.sample: sample/*.parquet → None" in changed.why
    shutil.rmtree(sampled.project.model_folder("tips"))
    (gone,) = gone_checks(sampled.project, before)
    assert gone.name == "gate:model/tips:declaration"

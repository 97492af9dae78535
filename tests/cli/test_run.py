"""The real loop, as a person runs it: in a process of its own, months arriving one by one, whatever they bring."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from loopwright.lake import Lake
from loopwright.ledger.events import Kind
from loopwright.ledger.store import Ledger
from support import toy as toys


def typed(toy: toys.Toy, *arguments: str, largest_file: int | None = None, **environment: str):
    """Type a command in a process of its own.

    :param largest_file: bytes from which a write fails, as on a disk that is full.
    """

    def limit() -> None:
        if largest_file:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

    known = ("LOOPWRIGHT_LAKE", "LOOPWRIGHT_LEDGER", "LOOPWRIGHT_ARRIVALS", "MLFLOW_TRACKING_URI")
    return subprocess.run(
        [sys.executable, "-m", "loopwright.cli", *arguments, "--project", str(toy.path)],
        env={**{key: value for key, value in os.environ.items() if key not in known}, **environment},
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=limit,
    )


def steps_of(ran) -> list[dict]:
    return [line for line in map(json.loads, ran.stdout.splitlines()) if "summary" not in line]


def words_of(ran, action: str) -> list[str]:
    return [step["outcome"] for step in steps_of(ran) if step["action"] == action]


def published(toy: toys.Toy) -> list[str]:
    return [batch["batch_id"] for batch in Ledger.of(toy.workspace).dataset("rides").published()]


def champion(toy: toys.Toy, model: str = "tips") -> str | None:
    entry = Ledger.of(toy.workspace).model(model).champion
    return entry and entry["version"]


def sequences(toy: toys.Toy) -> dict[str, int]:
    ledger = Ledger.of(toy.workspace)
    return {subject: ledger.state(subject).sequence for subject in ledger.subjects()}


def one_month_is_not_enough_and_that_is_recorded(story):
    story.arrive(1)
    ran = typed(story, "run", "tips", "--json")
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""
    assert words_of(ran, "ingest") == ["published"]
    assert words_of(ran, "decide") == ["no"]
    assert champion(story) is None


def with_a_second_there_is_a_champion_that_catches_up(story):
    story.arrive(2)
    ran = typed(story, "run", "tips")
    assert ran.returncode == 0, ran.stderr + ran.stdout
    assert ran.stderr == ""
    assert "\x1b[" not in ran.stdout
    assert champion(story) == "1"
    assert "version 1 is champion" in ran.stdout
    [report] = [line.partition("report: ")[2] for line in ran.stdout.splitlines() if "report: " in line]
    assert "may this candidate go on?" in Path(report).read_text(encoding="utf-8")
    assert set(Ledger.of(story.workspace).model("tips").under("scored")) == {"2024-01", "2024-02"}


def a_month_with_faults_is_stopped_and_production_does_not_notice(story):
    story.arrive(3, faults=True)
    ran = typed(story, "run", "tips")
    assert ran.returncode == 1, ran.stderr
    assert "quarantined" in ran.stdout
    assert "expect_column_values_to_be_between(distance)" in ran.stdout
    assert published(story) == ["2024-01", "2024-02"]
    assert champion(story) == "1"


def it_is_not_asked_again_until_it_is_mended(story):
    assert typed(story, "run", "tips").returncode == 0
    story.arrive(3)
    ran = typed(story, "run", "tips", "--json")
    assert ran.returncode in (0, 1), ran.stderr
    assert words_of(ran, "ingest") == ["published"]
    assert published(story) == ["2024-01", "2024-02", "2024-03"]


def run_again_and_nothing_happens(story):
    typed(story, "run", "tips")  # records that there is no reason to train again, once
    before = sequences(story)
    ran = typed(story, "run", "tips", "--json")
    assert ran.returncode == 0, ran.stderr
    assert [(step["action"], step["outcome"]) for step in steps_of(ran)] == [("decide", "no")]
    assert sequences(story) == before


def drift_is_found_told_and_learnt_from(story):
    story.arrive(4, shift=1.0)
    story.arrive(5, shift=1.0)
    ran = typed(story, "run", "tips", "--json")
    assert ran.returncode == 1, ran.stderr
    assert "fail" in words_of(ran, "monitor")
    reasons = [step["result"]["reasons"] for step in steps_of(ran) if step["outcome"] == "train"]
    assert any("drift" in some for some in reasons)


def a_second_model_of_the_dataset_ingests_nothing_again(story):
    ran = typed(story, "run", "minutes", "--json")
    assert ran.returncode in (0, 1), ran.stderr
    assert words_of(ran, "ingest") == []
    assert champion(story, "minutes") == "1"


def a_bad_training_is_refused_and_a_roll_back_goes_back(story):
    before = Ledger.of(story.workspace).model("tips").lineage
    assert len(before) > 1
    ran = typed(story, "train", "tips", "--why", "to see it refused", "--params", '{"C": 1e-300}', "--json")
    assert ran.returncode == 1, ran.stderr
    assert words_of(ran, "gate") == ["fail"]
    state = Ledger.of(story.workspace).model("tips")
    assert state.decision["params"] == {"C": 1e-300}
    assert state.lineage == before
    ran = typed(story, "rollback", "tips", "--why", "to see it go back")
    assert ran.returncode == 0, ran.stderr
    assert Ledger.of(story.workspace).model("tips").lineage == before[:-1]


def every_row_is_there_once_and_the_record_is_sound(story):
    lake, ledger = Lake.of(story.workspace), Ledger.of(story.workspace)
    rows, answers = lake.batches("rides").read(), lake.predictions("tips").read()
    assert len(rows) == len(answers) == 10_000
    assert not answers.duplicated(["_batch_id", "_row"]).any()
    assert all(ledger.verify(subject) == [] for subject in ledger.subjects())
    assert typed(story, "history", "tips", "--verify").returncode == 0
    ran = typed(story, "status", "--json")
    stands = {one["name"]: one for one in json.loads(ran.stdout)["models"]}
    assert stands["tips"]["champion"]["version"] == champion(story)
    assert stands["tips"]["unscored"] == 0


def test_a_year_that_begins(toy):
    for chapter in (
        one_month_is_not_enough_and_that_is_recorded,
        with_a_second_there_is_a_champion_that_catches_up,
        a_month_with_faults_is_stopped_and_production_does_not_notice,
        it_is_not_asked_again_until_it_is_mended,
        run_again_and_nothing_happens,
        drift_is_found_told_and_learnt_from,
        a_second_model_of_the_dataset_ingests_nothing_again,
        a_bad_training_is_refused_and_a_roll_back_goes_back,
        every_row_is_there_once_and_the_record_is_sound,
    ):
        chapter(toy)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [(lambda whole: b"", "empty"), (lambda whole: whole[:-200], "cannot be read"), (lambda whole: b"\0" * 64, "read")],
    ids=["empty", "truncated", "not-parquet"],
)
def test_bytes_that_are_no_batch_are_set_aside_and_hold_up_nobody(toy, spoil, said):
    toy.arrive(1)
    spoilt = toy.arrive(2)
    spoilt.write_bytes(spoil(spoilt.read_bytes()))
    toy.arrive(3)
    ran = typed(toy, "run", "tips", "--until", "ingest")
    assert ran.returncode == 1, ran.stderr
    assert "quarantined" in ran.stdout
    assert said in ran.stdout
    assert published(toy) == ["2024-01", "2024-03"]
    toy.arrive(2)
    assert typed(toy, "run", "tips", "--until", "ingest").returncode == 0
    assert published(toy) == ["2024-01", "2024-02", "2024-03"]


def test_an_empty_folder_says_where_files_are_looked_for(toy):
    (toy.path / "arrivals/rides").mkdir(parents=True)
    ran = typed(toy, "run", "tips")
    assert ran.returncode == 2
    assert "No batch of 'rides' has arrived yet." in ran.stderr
    assert "arrivals/rides/*.parquet" in ran.stderr
    assert "LOOPWRIGHT_ARRIVALS" in ran.stderr


def test_a_missing_folder_says_so(toy):
    ran = typed(toy, "run", "tips", "--json")
    assert ran.returncode == 2
    error = json.loads(ran.stderr)["error"]
    assert "does not exist" in error["what"]
    assert error["mend"]


def test_a_typo_names_file_key_and_the_right_word_and_records_nothing(toy):
    toy.arrive(1)
    toy.edit("include/models/tips/model.yaml", "label:", "lable:")
    ran = typed(toy, "run", "tips")
    assert ran.returncode == 2
    assert "did you mean 'label'" in ran.stderr
    assert "model.yaml" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert not (toy.path / ".loopwright").exists()


def test_a_folder_that_is_no_project_says_so(tmp_path):
    ran = typed(toys.Toy(tmp_path), "run", "tips")
    assert ran.returncode == 2
    assert "not a Loopwright project" in ran.stderr


def test_without_mlflow_it_could_not_run_and_what_was_taken_in_stays(toy):
    toy.arrive(1)
    toy.arrive(2)
    ran = typed(toy, "run", "tips", MLFLOW_TRACKING_URI="http://127.0.0.1:9")
    assert ran.returncode == 2, ran.stdout
    assert "MLflow" in ran.stderr
    assert "127.0.0.1:9" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert published(toy) == ["2024-01", "2024-02"]
    again = typed(toy, "run", "tips", "--json")
    assert again.returncode == 0, again.stderr + again.stdout
    assert champion(toy) == "1"
    assert len(Ledger.of(toy.workspace).events("model/tips", kinds=[Kind.CANDIDATE_REGISTERED])) == 1


@pytest.mark.parametrize("largest_file", [20_000, 90_000])
def test_a_full_disk_could_not_run_and_loses_nothing(toy, largest_file):
    toy.arrive(1)
    toy.arrive(2)
    ran = typed(toy, "run", "tips", "--until", "ingest", largest_file=largest_file)
    assert ran.returncode == 2, ran.stdout
    assert "Traceback" not in ran.stderr
    assert "could not run" in ran.stderr
    assert "mend:" in ran.stderr
    assert typed(toy, "run", "tips", "--until", "ingest").returncode == 0
    assert published(toy) == ["2024-01", "2024-02"]
    assert Lake.of(toy.workspace).batches("rides").read()["ride_id"].is_unique
    assert len(Lake.of(toy.workspace).batches("rides").read()) == 4000


def test_a_disk_that_is_full_while_it_learns_loses_nothing_either(toy):
    """MLflow's tables are what needs most room at first."""
    toy.arrive(1)
    toy.arrive(2)
    ran = typed(toy, "run", "tips", largest_file=300_000)
    assert ran.returncode == 2, ran.stdout
    assert "Free space" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert published(toy) == ["2024-01", "2024-02"]
    assert typed(toy, "run", "tips").returncode == 0
    assert champion(toy) == "1"
    assert len(Ledger.of(toy.workspace).events("model/tips", kinds=[Kind.CANDIDATE_REGISTERED])) == 1


def test_progress_is_drawn_on_a_terminal_and_nowhere_else(toy):
    toy.arrive(1)
    script = Path(sys.executable).with_name("python")
    command = f"{script} -m loopwright.cli run tips --until ingest --project {toy.path}"
    ran = subprocess.run(["script", "-qec", command, "/dev/null"], capture_output=True, text=True, check=False)
    if ran.returncode == 127:
        pytest.skip("no `script` here to make a terminal")
    assert ran.returncode == 0, ran.stdout
    assert "\x1b[" in ran.stdout
    assert "published" in ran.stdout

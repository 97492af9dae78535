"""The real loop, as a person runs it: months arriving one by one, whatever they bring.

In a process of its own where that can tell something (what libraries print, a disk that is full, a terminal); else in
this one, which imports the libraries once.
"""

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
from support.answer import Answer


def typed(toy: toys.Toy, *arguments: str, largest_file: int | None = None) -> Answer:
    """Type a command in a process of its own.

    :param largest_file: bytes from which a write fails, as on a disk that is full.
    """

    def limit() -> None:
        if largest_file:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

    known = ("LOOPWRIGHT_LAKE", "LOOPWRIGHT_LEDGER", "LOOPWRIGHT_ARRIVALS", "MLFLOW_TRACKING_URI")
    ran = subprocess.run(
        [sys.executable, "-m", "loopwright.cli", *arguments, "--project", str(toy.path)],
        env={key: value for key, value in os.environ.items() if key not in known},
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=limit,
    )
    return Answer(ran.returncode, ran.stdout, ran.stderr)


@pytest.fixture
def here(loopwright):
    """Type a command about a toy in this process."""
    return lambda toy, *arguments: loopwright(*arguments, "--project", toy.path)


def steps_of(ran: Answer) -> list[dict]:
    return [line for line in map(json.loads, ran.out.splitlines()) if "summary" not in line]


def words_of(ran: Answer, action: str) -> list[str]:
    return [step["outcome"] for step in steps_of(ran) if step["action"] == action]


def published(toy: toys.Toy) -> list[str]:
    return [batch["batch_id"] for batch in Ledger.of(toy.workspace).dataset("rides").published()]


def champion(toy: toys.Toy, model: str = "tips") -> str | None:
    entry = Ledger.of(toy.workspace).model(model).champion
    return entry and entry["version"]


def sequences(toy: toys.Toy) -> dict[str, int]:
    ledger = Ledger.of(toy.workspace)
    return {subject: ledger.state(subject).sequence for subject in ledger.subjects()}


def one_month_is_not_enough_and_that_is_recorded(story, _here):
    story.arrive(1)
    ran = typed(story, "run", "tips", "--json")
    assert ran.status == 0, ran.err
    assert ran.err == ""
    assert words_of(ran, "ingest") == ["published"]
    assert words_of(ran, "decide") == ["no"]
    assert champion(story) is None


def with_a_second_there_is_a_champion_that_catches_up(story, _here):
    story.arrive(2)
    ran = typed(story, "run", "tips")
    assert ran.status == 0, ran.err + ran.out
    assert ran.err == ""
    assert "\x1b[" not in ran.out
    assert champion(story) == "1"
    assert "version 1 is champion" in ran.out
    [report] = [line.partition("report: ")[2] for line in ran.out.splitlines() if "report: " in line]
    assert "may this candidate go on?" in Path(report).read_text(encoding="utf-8")
    assert set(Ledger.of(story.workspace).model("tips").under("scored")) == {"2024-01", "2024-02"}


def a_month_with_faults_is_stopped_and_production_does_not_notice(story, here):
    story.arrive(3, faults=True)
    ran = here(story, "run", "tips")
    assert ran.status == 1, ran.err
    assert "quarantined" in ran.out
    assert "expect_column_values_to_be_between(distance)" in ran.out
    assert published(story) == ["2024-01", "2024-02"]
    assert champion(story) == "1"


def it_is_not_asked_again_until_it_is_mended(story, here):
    assert here(story, "run", "tips").status == 0
    story.arrive(3)
    ran = here(story, "run", "tips", "--json")
    assert ran.status in (0, 1), ran.err
    assert words_of(ran, "ingest") == ["published"]
    assert published(story) == ["2024-01", "2024-02", "2024-03"]


def run_again_and_nothing_happens(story, here):
    here(story, "run", "tips")  # records that there is no reason to train again, once
    before = sequences(story)
    ran = here(story, "run", "tips", "--json")
    assert ran.status == 0, ran.err
    assert [(step["action"], step["outcome"]) for step in steps_of(ran)] == [("decide", "no")]
    assert sequences(story) == before


def drift_is_found_told_and_learnt_from(story, _here):
    story.arrive(4, shift=1.0)
    story.arrive(5, shift=1.0)
    ran = typed(story, "run", "tips", "--json")
    assert ran.status == 1, ran.err
    assert "fail" in words_of(ran, "monitor")
    reasons = [step["result"]["reasons"] for step in steps_of(ran) if step["outcome"] == "train"]
    assert any("drift" in some for some in reasons)


def a_second_model_of_the_dataset_ingests_nothing_again(story, here):
    ran = here(story, "run", "minutes", "--json")
    assert ran.status in (0, 1), ran.err
    assert words_of(ran, "ingest") == []
    assert champion(story, "minutes") == "1"


def a_bad_training_is_refused_and_a_roll_back_goes_back(story, here):
    before = Ledger.of(story.workspace).model("tips").lineage
    assert len(before) > 1
    ran = here(story, "train", "tips", "--why", "to see it refused", "--params", '{"C": 1e-300}', "--json")
    assert ran.status == 1, ran.err
    assert words_of(ran, "gate") == ["fail"]
    state = Ledger.of(story.workspace).model("tips")
    assert state.decision["params"] == {"C": 1e-300}
    assert state.lineage == before
    ran = here(story, "rollback", "tips", "--why", "to see it first", "--dry-run", "--json")
    assert ran.status == 0, ran.err
    assert (ran.document["version"], ran.document["dry_run"]) == (before[-2], True)
    assert (Ledger.of(story.workspace).model("tips").sequence, champion(story)) == (state.sequence, before[-1])
    ran = here(story, "rollback", "tips", "--why", "to see it go back")
    assert ran.status == 0, ran.err
    assert Ledger.of(story.workspace).model("tips").lineage == before[:-1]


def every_row_is_there_once_and_the_record_is_sound(story, here):
    lake, ledger = Lake.of(story.workspace), Ledger.of(story.workspace)
    rows, answers = lake.batches("rides").read(), lake.predictions("tips").read()
    assert len(rows) == len(answers) == 10_000
    assert not answers.duplicated(["_batch_id", "_row"]).any()
    assert all(ledger.verify(subject) == [] for subject in ledger.subjects())
    assert here(story, "history", "tips", "--verify").status == 0
    ran = here(story, "status", "--json")
    stands = {one["name"]: one for one in json.loads(ran.out)["models"]}
    assert stands["tips"]["champion"]["version"] == champion(story)
    assert stands["tips"]["unscored"] == 0


def test_a_year_that_begins(toy, here):
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
        chapter(toy, here)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [(lambda whole: b"", "empty"), (lambda whole: whole[:-200], "cannot be read"), (lambda whole: b"\0" * 64, "read")],
    ids=["empty", "truncated", "not-parquet"],
)
def test_bytes_that_are_no_batch_are_set_aside_and_hold_up_nobody(toy, spoil, said, here):
    toy.arrive(1)
    spoilt = toy.arrive(2)
    spoilt.write_bytes(spoil(spoilt.read_bytes()))
    toy.arrive(3)
    ran = here(toy, "run", "tips", "--until", "ingest")
    assert ran.status == 1, ran.err
    assert "quarantined" in ran.out
    assert said in ran.out
    assert published(toy) == ["2024-01", "2024-03"]
    toy.arrive(2)
    assert here(toy, "run", "tips", "--until", "ingest").status == 0
    assert published(toy) == ["2024-01", "2024-02", "2024-03"]


def test_an_empty_folder_says_where_files_are_looked_for(toy, here):
    (toy.path / "arrivals/rides").mkdir(parents=True)
    ran = here(toy, "run", "tips")
    assert ran.status == 2
    assert "No batch of 'rides' has arrived yet." in ran.err
    assert "arrivals/rides/*.parquet" in ran.err
    assert "LOOPWRIGHT_ARRIVALS" in ran.err


def test_a_missing_folder_says_so(toy, here):
    ran = here(toy, "run", "tips", "--json")
    assert ran.status == 2
    error = json.loads(ran.err)["error"]
    assert "does not exist" in error["what"]
    assert error["mend"]


def test_a_typo_names_file_key_and_the_right_word_and_records_nothing(toy, here):
    toy.arrive(1)
    toy.edit("include/models/tips/model.yaml", "label:", "lable:")
    ran = here(toy, "run", "tips")
    assert ran.status == 2
    assert "did you mean 'label'" in ran.err
    assert "model.yaml" in ran.err
    assert "Traceback" not in ran.err
    assert not (toy.path / ".loopwright").exists()


def test_a_folder_that_is_no_project_says_so(tmp_path, here):
    ran = here(toys.Toy(tmp_path), "run", "tips")
    assert ran.status == 2
    assert "not a Loopwright project" in ran.err


def test_without_mlflow_it_could_not_run_and_what_was_taken_in_stays(toy, here, monkeypatch):
    toy.arrive(1)
    toy.arrive(2)
    with monkeypatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
        ran = here(toy, "run", "tips")
    assert ran.status == 2, ran.out
    assert "MLflow" in ran.err
    assert "127.0.0.1:9" in ran.err
    assert "Traceback" not in ran.err
    assert published(toy) == ["2024-01", "2024-02"]
    again = here(toy, "run", "tips", "--json")
    assert again.status == 0, again.err + again.out
    assert champion(toy) == "1"
    assert len(Ledger.of(toy.workspace).events("model/tips", kinds=[Kind.CANDIDATE_REGISTERED])) == 1


@pytest.mark.parametrize("largest_file", [20_000, 90_000])
def test_a_full_disk_could_not_run_and_loses_nothing(toy, largest_file, here):
    toy.arrive(1)
    toy.arrive(2)
    ran = typed(toy, "run", "tips", "--until", "ingest", largest_file=largest_file)
    assert ran.status == 2, ran.out
    assert "Traceback" not in ran.err
    assert "could not run" in ran.err
    assert "mend:" in ran.err
    assert here(toy, "run", "tips", "--until", "ingest").status == 0
    assert published(toy) == ["2024-01", "2024-02"]
    assert Lake.of(toy.workspace).batches("rides").read()["ride_id"].is_unique
    assert len(Lake.of(toy.workspace).batches("rides").read()) == 4000


def test_a_disk_that_is_full_while_it_learns_loses_nothing_either(toy, here):
    """MLflow's tables are what needs most room at first."""
    toy.arrive(1)
    toy.arrive(2)
    ran = typed(toy, "run", "tips", largest_file=300_000)
    assert ran.status == 2, ran.out
    assert "Free space" in ran.err
    assert "Traceback" not in ran.err
    assert published(toy) == ["2024-01", "2024-02"]
    assert here(toy, "run", "tips").status == 0
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

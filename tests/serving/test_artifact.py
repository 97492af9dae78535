"""Artifacts: known by their bytes, loaded only when these are right, and of use to those who have MLflow alone."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from loopwright.errors import ArtifactTampered, UserCodeFailed
from loopwright.serving import artifact_digest, load
from loopwright.serving.signature import example_of
from support import artifacts
from support import toy as toys

CODE = "data/model/code/features.py"
ESTIMATOR = "data/model/estimator.pkl"


def test_the_digest_is_of_names_and_bytes(written) -> None:
    folder, digest = written
    assert artifact_digest(folder) == digest
    shutil.copytree(folder, folder.with_name("copy"))
    assert artifact_digest(folder.with_name("copy")) == digest
    (folder / CODE).rename(folder / CODE.replace("features", "other"))
    assert artifact_digest(folder) != digest


@pytest.mark.parametrize("path", [CODE, ESTIMATOR, "data/model/card.json", "MLmodel", "requirements.txt"])
def test_a_changed_byte_anywhere_is_found(written, path) -> None:
    folder, digest = written
    with (folder / path).open("ab") as file:
        file.write(b"\n")
    with pytest.raises(ArtifactTampered, match="not those that were judged; nothing of it was loaded"):
        load(folder, digest)


def test_an_added_file_is_found(written) -> None:
    folder, digest = written
    (folder / "data/model/code/sklearn.py").write_text("raise SystemExit")
    with pytest.raises(ArtifactTampered, match="not those that were judged"):
        load(folder, digest)


def test_a_link_is_refused(written) -> None:
    folder, digest = written
    (folder / "MLmodel").rename(folder.with_name("elsewhere"))
    (folder / "MLmodel").symlink_to(folder.with_name("elsewhere"))
    with pytest.raises(ArtifactTampered, match="holds a link"):
        load(folder, digest)


class Bomb:
    """Whoever unpickles it leaves a mark."""

    def __init__(self, mark: Path) -> None:
        self.mark = str(mark)

    def __reduce__(self):
        return open, (self.mark, "w")


def test_nothing_is_unpickled_before_the_digest_is_checked(written, tmp_path) -> None:
    folder, digest = written
    mark = tmp_path / "went off"
    (folder / ESTIMATOR).write_bytes(pickle.dumps(Bomb(mark)))
    with pytest.raises(ArtifactTampered, match="not those that were judged"):
        load(folder, digest)
    assert not mark.exists()
    with pytest.raises(UserCodeFailed, match="not declared"):
        load(folder, artifact_digest(folder))
    assert not mark.exists(), "a type that nobody declared is not made, whatever the digest"
    pickle.loads((folder / ESTIMATOR).read_bytes())
    assert mark.exists(), "the bomb works, so the lines above can fail"


def test_planted_bytecode_is_not_used(written) -> None:
    """Python would prefer a fitting .pyc to the source that the digest vouches for."""
    folder, digest = written
    source = folder / CODE
    times = source.stat()
    honest = source.read_text()
    planted = "raise SystemExit('planted')\n"
    source.write_text(planted + "#" * (len(honest) - len(planted)))  # as long and as old: that is all Python looks at
    os.utime(source, ns=(times.st_atime_ns, times.st_mtime_ns))
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(source.parent)], check=True)
    source.write_text(honest)
    os.utime(source, ns=(times.st_atime_ns, times.st_mtime_ns))
    alone = [sys.executable, "-c", "import features"]
    plain = subprocess.run(alone, check=False, cwd=source.parent, capture_output=True, text=True)
    assert "planted" in plain.stderr, "the plant works, so the line below can fail"
    assert len(load(folder, digest).predict(toys.rides(2, rows=10))) == 10


def test_loading_leaves_the_store_as_it_was(written) -> None:
    folder, digest = written
    before = sorted(path.relative_to(folder) for path in folder.rglob("*"))
    load(folder, digest).predict(toys.rides(2, rows=10))
    assert sorted(path.relative_to(folder) for path in folder.rglob("*")) == before


def test_the_artifact_needs_the_project_no_more(toy, written) -> None:
    folder, digest = written
    expected = load(folder, digest).predict(toys.rides(2))
    shutil.rmtree(toy.path / "include")
    pd.testing.assert_frame_equal(load(folder, digest).predict(toys.rides(2)), expected)


@pytest.mark.parametrize("model", ["tips", "minutes"])
def test_mlflow_alone_gives_the_same_answers(toy, tmp_path, model) -> None:
    """In a process that cannot import this package."""
    folder = tmp_path / model
    digest = artifacts.write(toy, folder, model=model)
    shutil.rmtree(toy.path / "include")
    toys.rides(2).to_parquet(tmp_path / "raw.parquet")
    script = (
        "import sys; sys.modules['loopwright'] = None\n"
        "import mlflow, pandas as pd\n"
        f"model = mlflow.pyfunc.load_model({str(folder)!r})\n"
        f"raw = pd.read_parquet({str(tmp_path / 'raw.parquet')!r})\n"
        f"model.predict(raw).to_parquet({str(tmp_path / 'answers.parquet')!r})\n"
    )
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "PYTHONPATH": ""}
    subprocess.run([sys.executable, "-c", script], check=True, cwd=tmp_path, env=environment)
    pd.testing.assert_frame_equal(
        pd.read_parquet(tmp_path / "answers.parquet"), load(folder, digest).predict(toys.rides(2))
    )
    assert artifact_digest(folder) == digest, "loading with MLflow must not look like tampering"


def test_two_models_of_the_same_module_names_live_in_one_process(toy, tmp_path, written) -> None:
    folder, digest = written
    first = load(folder, digest)
    expected = first.predict(toys.rides(2))
    toy.edit("include/models/tips/features.py", '"fare": rides["fare"]', '"fare": 0 * rides["fare"]')
    second = load(tmp_path / "second", artifacts.write(toy, tmp_path / "second"))
    assert (second.features(toys.rides(2))["fare"] == 0).all()
    pd.testing.assert_frame_equal(first.predict(toys.rides(2)), expected)


def test_signature_example_and_requirements_are_there(written) -> None:
    folder, _ = written
    import mlflow

    signature = mlflow.models.Model.load(str(folder)).signature
    assert {"distance", "zone", "started_at"} <= set(signature.inputs.input_names())
    assert signature.outputs.input_names() == ["prediction", "score"]
    assert json.loads((folder / "input_example.json").read_text())["columns"][0] == "ride_id"
    assert set(artifacts.REQUIREMENTS) < set((folder / "requirements.txt").read_text().split())


def test_the_example_shows_nothing_of_columns_about_people() -> None:
    raw = toys.rides(1).assign(rider="Ada", at=pd.Timestamp("2024-01-01", tz="UTC"), kind=pd.Categorical(["a"] * 2000))
    shy = ["rider", "at", "distance", "kind", "ride_id"]
    shown = example_of(raw, shy)
    assert set(shown["rider"]) == {"(sensitive)"}
    assert (shown["distance"] == 0).all()
    for name in shy:
        assert not set(shown[name].dropna().astype(str)) & set(raw[name].head(5).astype(str))
        # A category keeps no dictionary: it would name those that the values do not.
        assert shown[name].dtype == example_of(raw)[name].dtype or shown[name].cat.categories.tolist() == [
            "(sensitive)"
        ]
    assert shown["fare"].tolist() == raw["fare"].head(5).tolist()


def test_columns_of_any_type_make_a_signature(toy, tmp_path) -> None:
    odd = toys.rides(1).assign(
        zoned=pd.Timestamp("2024-01-01", tz="UTC"),
        day=pd.Timestamp("2024-01-01").date(),
        nothing=None,
        mixed=[1, "a"] * 1000,
        raw=b"x",
        maybe=pd.array([1, None] * 1000, dtype="Int64"),
        kind=pd.Categorical(["a", "b"] * 1000),
    )
    digest = artifacts.write(toy, tmp_path / "odd", frame=odd)
    assert len(load(tmp_path / "odd", digest).predict(odd)) == 2000


def test_a_folders_tests_and_hidden_files_are_not_served(toy, tmp_path) -> None:
    folder = toy.project.model_folder("tips")
    (folder / "tests").mkdir()
    (folder / "tests" / "test_it.py").write_text("")
    (folder / ".env").write_text("SECRET=1")
    (folder / "zones.csv").write_text("a,b")
    artifacts.write(toy, tmp_path / "artifact")
    copied = {path.name for path in (tmp_path / "artifact" / "data/model/code").rglob("*")}
    assert copied == {"features.py", "training.py", "model.yaml", "zones.csv"}


def test_a_folder_too_large_is_refused(toy, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("loopwright.serving.artifact.MAX_CODE_BYTES", 10)
    with pytest.raises(UserCodeFailed, match="too large to go with every version"):
        artifacts.write(toy, tmp_path / "artifact")


def test_an_estimator_of_the_teams_own_class_is_served(toy, tmp_path) -> None:
    (toy.project.model_folder("tips") / "training.py").write_text(
        "import numpy as np\n\n\nclass Mine:\n"
        "    def fit(self, features, labels):\n        self.cut = features['distance'].median()\n"
        "    def predict(self, features):\n"
        "        from training import above\n        return above(features['distance'], self.cut)\n\n\n"
        "def above(values, cut):\n    return (values > cut).to_numpy()\n\n\ndef build():\n    return Mine()\n"
    )
    predictor = load(tmp_path / "mine", artifacts.write(toy, tmp_path / "mine"))
    answers = predictor.predict(toys.rides(2))
    assert list(answers.columns) == ["prediction"]
    assert 0.2 < answers["prediction"].mean() < 0.8
    assert predictor.predicted(toys.rides(2)).score is None


def test_an_estimator_that_cannot_be_pickled_is_said_to_be_so(toy, tmp_path) -> None:
    toy.edit("include/models/tips/training.py", "    return", "    import threading\n    return")
    toy.edit("include/models/tips/training.py", "def build", "def build_inner")
    with (toy.project.model_folder("tips") / "training.py").open("a") as file:
        file.write(
            "\n\ndef build():\n    import threading\n    m = build_inner()\n"
            "    m.lock = threading.Lock()\n    return m\n"
        )
    with pytest.raises(UserCodeFailed, match="cannot be pickled: TypeError"):
        artifacts.write(toy, tmp_path / "artifact")

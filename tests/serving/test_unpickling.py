"""Only what was declared is made from a pickle."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import types

import cloudpickle
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from loopwright.errors import UserCodeFailed
from loopwright.serving import artifact
from loopwright.serving.unpickling import unpickled


class Calls:
    """Calls a function when it is unpickled."""

    def __init__(self, function, *arguments) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


def made(content, declared=(), own=()):
    return unpickled(content, declared=declared, own=own, where="here")


def test_an_estimator_comes_back_code_by_value_included():
    estimator = make_pipeline(FunctionTransformer(lambda x: x * 2), LogisticRegression())
    estimator.fit(np.array([[0.0], [1.0]]), [0, 1])
    again = made(cloudpickle.dumps(estimator))
    assert again.predict(np.array([[5.0]])) == [1]


@pytest.mark.parametrize(
    ("planted", "named"),
    [
        (Calls(os.system, "touch {mark}"), "posix.system"),
        (Calls(subprocess.check_output, ["touch", "{mark}"]), "subprocess.check_output"),
        (Calls(eval, "open('{mark}', 'w')"), "builtins.eval"),
        (Calls(open, "{mark}", "w"), "io.open"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_reaches_outside_of_the_process_is_not_made(tmp_path, planted, named):
    mark = tmp_path / "mark"
    fill = lambda value: [fill(v) for v in value] if isinstance(value, list) else value.replace("{mark}", str(mark))  # noqa: E731
    planted.arguments = tuple(fill(value) for value in planted.arguments)
    with pytest.raises(UserCodeFailed, match=rf"(?s)a type that is not declared.*{named}.*train: {{types:"):
        made(pickle.dumps(planted))
    assert not mark.exists()


@pytest.mark.parametrize(
    ("module", "name"),
    [("pandas", "io.common.os.system"), ("pandas", "read_pickle"), ("pandas", "eval"), ("cloudpickle", "loads")],
)
def test_nothing_is_reached_through_a_module_and_nothing_loads_more(module, name):
    with pytest.raises(UserCodeFailed, match="reaches through a module"):
        made(naming(module, name))


def naming(module, name):
    """Return a pickle of what goes by this name."""

    def text(value):
        return b"\x8c" + bytes([len(value)]) + value.encode()

    return b"\x80\x04" + text(module) + text(name) + b"\x93."


@pytest.mark.parametrize(
    ("module", "name", "is_"),
    [
        ("sklearn.utils.discovery", "import_module", "importlib.import_module"),
        ("joblib.backports", "concurrency_safe_rename", "posix.replace"),
        ("mine", "run", "subprocess.run"),
        ("mine", "quick", "builtins.eval"),
    ],
)
def test_what_a_module_took_from_elsewhere_is_not_made_under_its_name(monkeypatch, module, name, is_):
    mine = types.ModuleType("mine")
    mine.run, mine.quick = subprocess.run, eval  # as after `from subprocess import run`
    monkeypatch.setitem(sys.modules, "mine", mine)
    with pytest.raises(UserCodeFailed, match=rf"(?s)not declared.*{module}\.{name}, which is {is_}"):
        made(naming(module, name), own=["mine"])


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("functools", "reduce"),  # of _functools
        ("pandas", "DataFrame"),  # of pandas.core.frame
        ("sklearn.base", "clone"),
        ("numpy", "add"),  # a ufunc, with no module of its own
        ("builtins", "str.join"),
        ("scipy.stats", "norm"),
    ],
)
def test_what_an_allowed_library_took_from_itself_or_another_is_made(module, name):
    assert made(naming(module, name)) is not None


def test_a_type_of_another_library_has_to_be_declared():
    import pathlib

    content = pickle.dumps(pathlib.PurePosixPath("/a"))
    with pytest.raises(UserCodeFailed, match=r"pathlib\.PurePosixPath"):
        made(content)
    assert made(content, declared=["pathlib"]) == made(content, own=["pathlib"]) == pathlib.PurePosixPath("/a")


def test_an_artifact_says_what_its_own_estimator_may_hold(toy, tmp_path):
    from support import artifacts

    digest = artifacts.write(toy, tmp_path / "a")
    assert artifact.load(tmp_path / "a", digest).card["modules"] == []
    pickled = tmp_path / "a" / "data" / "model" / "estimator.pkl"
    pickled.write_bytes(pickle.dumps(Calls(os.system, "true")))
    # Even if whoever changed it knew how to change the ledger as well.
    with pytest.raises(UserCodeFailed, match=r"posix\.system"):
        artifact.load(tmp_path / "a", artifact.artifact_digest(tmp_path / "a"))

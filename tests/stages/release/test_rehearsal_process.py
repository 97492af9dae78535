from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from loopwright.stages.release.rehearsal_process import answered, difference


@pytest.mark.parametrize(
    ("expected", "found", "rows", "largest"),
    [
        ({"p": [1.0, 2.0]}, {"p": [1.0, 2.0 + 1e-9]}, 0, None),
        ({"p": [1.0, np.nan]}, {"p": [1.0, np.nan]}, 0, None),
        ({"p": [1.0, np.nan]}, {"p": [1.0, 0.5]}, 1, 0.0),
        ({"p": [1.0, 2.0]}, {"p": [1.5, 2.0]}, 1, 0.5),
        ({"p": [1, 2]}, {"p": [1.0, 2.0]}, 0, None),
        ({"p": [True, False]}, {"p": [True, True]}, 1, 1.0),
        ({"p": ["a", "b"]}, {"p": ["a", "c"]}, 1, None),
        ({"p": ["a", None]}, {"p": ["a", None]}, 0, None),
        ({"p": [1.0, 2.0]}, {"p": [1.0]}, 2, None),
        ({"p": [1.0, 2.0], "score": [0.1, 0.2]}, {"p": [1.0, 2.0]}, 2, None),
        ({"p": [1.0, 2.0]}, {"p": [1.0, 2.0], "more": [0, 0]}, 0, None),
        ({"p": [1.0, 5.0], "score": [0.1, 0.2]}, {"p": [2.0, 5.0], "score": [0.1, 0.9]}, 2, 1.0),
        ({"p": []}, {"p": []}, 0, None),
    ],
)
def test_difference(expected, found, rows, largest):
    assert difference(pd.DataFrame(expected), pd.DataFrame(found)) == (rows, largest)


def test_surroundings_that_fail_are_a_failure_and_not_a_fault_of_the_model(house):
    entry = {"version": "1", "run_id": "r", "artifact_digest": "d", "source": "runs:/r/model"}
    nowhere = {**house.workspace.to_dict(), "tracking": "http://localhost:1"}
    answer = answered({"workspace": nowhere, "model": "tips", "entry": entry})
    assert answer["failure"]["type"] == "TrackingUnavailable"


def test_a_run_without_its_samples_is_a_fault(house):
    version = house.candidate()
    entry = {**house.state.version(version), "run_id": "0" * 32}
    answer = answered({"workspace": house.workspace.to_dict(), "model": "tips", "entry": entry})
    assert answer["fault"]["type"] == "UnknownName"

"""An artifact's card: of features about people it keeps no category that one person may be."""

from __future__ import annotations

import pandas as pd
import pytest

from loopwright.errors import UserCodeFailed
from loopwright.serving.card import Card
from loopwright.serving.served import conformed

ABOUT = {"model": "tips", "task": "regression", "declared": "features:build"}


def test_rare_categories_are_neither_kept_nor_learned():
    values = pd.Categorical([*["f", "m"] * 50, "Erika"], categories=["Erika", "f", "m", "nobody"])
    features = pd.DataFrame({"sex": values})
    assert Card.of(**ABOUT, features=features).categories == {"sex": ["Erika", "f", "m", "nobody"]}
    card = Card.of(**ABOUT, features=features, shy=["sex"]).to_dict()
    assert card["categories"] == {"sex": ["f", "m"]}
    assert "shy" not in card
    seen = conformed(features, card)["sex"]
    assert seen.cat.categories.tolist() == ["f", "m"]
    assert seen.isna().sum() == 1


def test_categories_that_are_persons_are_refused():
    features = pd.DataFrame({"rider": pd.Categorical([f"Erika {n}" for n in range(200)])})
    with pytest.raises(UserCodeFailed, match="no erasure reaches") as caught:
        Card.of(**ABOUT, features=features, shy=["rider"])
    assert "Erika" not in str(caught.value)
    assert caught.value.got == "rider: 200 categories"

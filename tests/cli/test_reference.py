"""The published schemas and the page of every key are what the declarations say now."""

from pathlib import Path

import jsonschema
import pytest
import yaml

from loopwright.cli.reference import SPECS, page, schema, schema_text
from support import toy as toys

DOCS = Path(__file__).resolve().parents[2] / "docs"
FLIGHTS = Path(__file__).resolve().parents[2] / "include"


@pytest.mark.parametrize("kind", SPECS)
def test_the_published_schema_is_current(kind):
    assert (DOCS / "schemas" / f"{kind}.json").read_text() == schema_text(kind), "loopwright schema --write docs"


def test_the_published_page_is_current():
    assert (DOCS / "declarations.md").read_text() == page(), "loopwright schema --write docs"


def test_every_key_is_explained():
    rows = [line.split(" | ") for line in page().splitlines() if line.startswith("| ") and "`" in line]
    assert len(rows) > 60
    assert not [row[0] for row in rows if len(row[-1].strip(" |")) < 5]


def test_the_page_speaks_no_python():
    for word in ("Annotated", "Optional", "NoneType", "typing", "<class", "timedelta", "dict[", "list["):
        assert word not in page()


@pytest.mark.parametrize(
    ("kind", "text"),
    [("dataset", toys.DATASET), ("model", toys.TIPS.replace("1 of 1", "2 of 3")), ("model", toys.MINUTES)],
)
def test_the_schema_takes_what_the_loop_takes(kind, text):
    jsonschema.validate(yaml.safe_load(text), schema(kind))


@pytest.mark.parametrize("path", sorted(FLIGHTS.glob("*/*/*.yaml")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_schema_takes_the_shipped_examples(path):
    if path.stem in SPECS:
        raw = yaml.safe_load(path.read_text())
        if True in raw.get("retrain", {}):
            raw["retrain"]["on"] = raw["retrain"].pop(True)  # YAML 1.1 reads `on` as true; editors follow 1.2
        jsonschema.validate(raw, schema(path.stem))


def test_the_schema_refuses_a_typo():
    raw = yaml.safe_load(toys.DATASET) | {"arivals": "x"}
    with pytest.raises(jsonschema.ValidationError, match="arivals"):
        jsonschema.validate(raw, schema("dataset"))


def test_both_schemas_are_printed_and_written(loopwright, tmp_path):
    assert set(loopwright("schema").document) == {"dataset", "model"}
    assert loopwright("schema", "model").document["title"] == "model.yaml"
    answer = loopwright("schema", "--write", tmp_path, "--json")
    assert answer.status == 0
    assert sorted(Path(name).name for name in answer.document["written"]) == [
        "dataset.json",
        "declarations.md",
        "model.json",
    ]

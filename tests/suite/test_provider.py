"""What Airflow is told of the provider is true."""

import importlib
import json
from importlib.metadata import distribution
from pathlib import Path

import airflow
import jsonschema
import pytest

from loopwright.provider import get_provider_info

INFO = get_provider_info()
PACKAGE = Path(__file__).parents[2] / "plugins" / "loopwright"


def test_it_is_as_airflows_schema_has_it():
    schema = json.loads((Path(airflow.__file__).parent / "provider_info.schema.json").read_text())
    jsonschema.validate(INFO, schema)


def test_airflow_discovers_it():
    from airflow.providers_manager import ProvidersManager

    manager = ProvidersManager()
    assert "loopwright" in manager.providers
    hooks = dict(manager.hooks)
    assert hooks["loopwright_lake"].hook_name == "Loopwright lake"
    assert hooks["loopwright_ledger"].hook_name == "Loopwright ledger"
    assert manager.connection_form_widgets["extra__loopwright_ledger__url"].is_sensitive
    assert not manager.connection_form_widgets["extra__loopwright_lake__uri"].is_sensitive


def test_airflow_knows_its_settings_and_their_defaults():
    from airflow.configuration import conf

    assert conf.getboolean("loopwright", "preload") is False


@pytest.mark.parametrize("room", ["operators", "sensors", "triggers", "hooks"])
def test_every_module_it_names_is_there(room):
    named = {module for group in INFO[room] for module in group["python-modules"]}
    classes = {"operators": "Operator", "sensors": "Sensor", "triggers": "Trigger", "hooks": "Hook"}[room]
    there = {
        f"loopwright.{room}.{path.stem}"
        for path in (PACKAGE / room).glob("*.py")
        if any(name.endswith(classes) for name in _public(f"loopwright.{room}.{path.stem}"))
    }
    assert named == there - {"loopwright.operators.base"}


def _public(module):
    found = vars(importlib.import_module(module)).items()
    return [n for n, value in found if isinstance(value, type) and value.__module__ == module and n[0] != "_"]


def test_every_class_it_names_is_there():
    paths = [*INFO["extra-links"], *(kind["hook-class-name"] for kind in INFO["connection-types"])]
    for path in paths:
        module, _, name = path.rpartition(".")
        assert hasattr(importlib.import_module(module), name)


def test_the_plugin_is_registered_once_and_by_entry_point():
    own = [point for point in distribution("loopwright").entry_points if point.group == "airflow.plugins"]
    assert [point.load().__name__ for point in own] == ["LoopwrightPlugin"]
    assert "plugins" not in INFO

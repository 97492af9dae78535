"""Any of Airflow's notifiers, by name; and none of them holds up a question."""

import subprocess
import sys
from types import SimpleNamespace

import pytest
from airflow.sdk.bases.notifier import BaseNotifier

from loopwright.declaration.release import Notify
from loopwright.operators.notifying import DeclaredNotifier, declared_notifiers

TOLD = []


class Recorder(BaseNotifier):
    template_fields = ("text",)

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def notify(self, context):
        TOLD.append(self.text)


def tell(path: str, **arguments: str) -> None:
    [notifier] = declared_notifiers([Notify(notifier=path, arguments=arguments)])
    notifier({"run_id": "r1"})


def test_the_named_notifier_is_made_and_told_templates_rendered():
    TOLD.clear()
    tell(f"{__name__}.Recorder", text="Version waits in {{ run_id }}")
    assert TOLD == ["Version waits in r1"]


@pytest.mark.parametrize(
    ("path", "arguments", "fault"),
    [
        ("nowhere.at_all.Notifier", {}, "ModuleNotFoundError"),
        (f"{__name__}.Recorder", {"wrong": "argument"}, "TypeError"),
        (f"{__name__}.Nobody", {}, "AttributeError"),
    ],
)
def test_one_that_is_not_there_or_fails_is_logged_and_no_more(monkeypatch, path, arguments, fault):
    said = []

    def warning(text, *args, exc_info):
        said.append((text % args, sys.exc_info()[0].__name__ if exc_info else None))

    monkeypatch.setattr(DeclaredNotifier, "log", SimpleNamespace(warning=warning))
    TOLD.clear()
    tell(path, **arguments)
    assert said == [(f"{path} could not be told; the question waits in Airflow.", fault)]
    assert TOLD == []


def test_a_parse_imports_no_notifier():
    code = (
        "import sys; from loopwright.operators.notifying import DeclaredNotifier;"
        "DeclaredNotifier('airflow.providers.smtp.notifications.smtp.SmtpNotifier', {}); print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not [name for name in loaded if name.startswith("airflow.providers.smtp.notifications")]

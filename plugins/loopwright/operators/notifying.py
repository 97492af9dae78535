"""Declared notifiers: any of Airflow's, by the path of its class, imported only when there is something to say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from airflow.sdk.bases.notifier import BaseNotifier

if TYPE_CHECKING:
    from airflow.sdk import Context

    from loopwright.declaration.release import Notify


class DeclaredNotifier(BaseNotifier):
    """Tells whom the declaration names. What cannot be told is logged: a question is asked all the same.

    :param notifier: ``package.module.Class`` of an Airflow notifier.
    :param arguments: its keyword arguments, templated.
    """

    template_fields: Sequence[str] = ("arguments",)

    def __init__(self, notifier: str, arguments: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        self.notifier = notifier
        self.arguments = dict(arguments or {})

    def notify(self, context: Context) -> None:
        """Make the notifier, and let it notify."""
        module, _, name = self.notifier.rpartition(".")
        try:
            getattr(import_module(module), name)(**self.arguments)(context)
        except Exception:  # nobody's release waits for a chat room
            self.log.warning("%s could not be told; the question waits in Airflow.", self.notifier, exc_info=True)


def declared_notifiers(declared: Sequence[Notify]) -> list[DeclaredNotifier]:
    """Return the notifiers of a declaration.

    :param declared: as ``release.notify`` has them.
    """
    return [DeclaredNotifier(one.notifier, one.arguments) for one in declared]

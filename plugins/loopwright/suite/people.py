"""Who may answer a question in Airflow: declared by name, known to Airflow's auth manager by an id.

With Airflow's simple auth manager an id is the name. FAB numbers its users, others give them ids of their own; there
``[loopwright] user_ids`` says which id goes with which name, or nobody who is named could answer.
"""

from __future__ import annotations

from collections.abc import Sequence

from airflow.sdk.configuration import conf

from loopwright.errors import DeclarationError


def assigned_users(names: Sequence[str]) -> list[dict[str, str]] | None:
    """Return the users whom a ``HITLOperator`` lets answer; ``None`` where anybody with the right may.

    :param names: as declared.
    :raises DeclarationError: if the deployment's list of ids cannot be read.
    """
    if not names:
        return None
    ids = _ids(conf.get("loopwright", "user_ids", fallback="") or "")
    return [{"id": ids.get(name, name), "name": name} for name in names]


def _ids(said: str) -> dict[str, str]:
    pairs = [pair.strip().partition("=") for pair in said.split(",") if pair.strip()]
    if any(not (name.strip() and found.strip()) for name, _, found in pairs):
        raise DeclarationError(
            "The ids of Airflow's users cannot be read.",
            where="[loopwright] user_ids (AIRFLOW__LOOPWRIGHT__USER_IDS)",
            got=said,
            allowed="name=id pairs with commas between, such as ada=3,bob=7",
        )
    return {name.strip(): found.strip() for name, _, found in pairs}

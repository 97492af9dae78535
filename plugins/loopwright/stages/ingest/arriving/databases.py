"""A team's database: addressed, and its errors said plainly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from loopwright.errors import CannotRun, DeclarationError, shown

if TYPE_CHECKING:
    from loopwright.declaration.dataset import Query


def engine_for(url: str) -> sa.Engine:
    """Return an engine without a pool.

    :param url: as SQLAlchemy addresses a database; never logged.
    :raises CannotRun: if nothing can be addressed so.
    """
    try:
        return sa.create_engine(url, poolclass=sa.NullPool)
    except (sa.exc.ArgumentError, ImportError) as error:
        raise CannotRun(
            "The database cannot be addressed.", got=shown(str(error)), mend="Mend the connection."
        ) from error


class said_plainly:  # noqa: N801 - a context manager, read as a verb
    """Turn the database's errors into ours: what it says of the query, or that it cannot be reached."""

    def __init__(self, query: Query, dataset: str) -> None:
        self._query, self._dataset = query, dataset

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        where = f"dataset {self._dataset}: query on {self._query.connection}"
        if isinstance(error, sa.exc.ProgrammingError):
            said = str(error.orig).strip().splitlines()[0]
            raise DeclarationError("The query cannot be asked.", where=where, got=said, mend="Mend `query`.") from error
        if isinstance(error, sa.exc.OperationalError) and "no such" in str(error.orig):
            raise DeclarationError("The query cannot be asked.", where=where, got=str(error.orig)) from error
        if isinstance(error, sa.exc.DBAPIError):
            said = str(error.orig).strip().partition("\n")[0]
            raise CannotRun(
                "The database does not answer.", where=where, got=said, mend="Is it up, and the login right?"
            ) from error

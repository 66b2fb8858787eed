"""Runs SQL of which people typed a part: one statement, that reads no file, and that ends in time."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import duckdb

from manifests.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Sequence

Database: TypeAlias = duckdb.DuckDBPyConnection
SECONDS: Final = 30.0
"""How long one statement may take."""


class ConditionRefused(DatasetError):  # noqa: N818 - named like its siblings
    """A condition that is no SQL, names what there is not, or takes too long."""


def closed_database() -> Database:
    """Open an empty database in memory whose SQL reaches no file and no network."""
    return duckdb.connect(config={"enable_external_access": "false"})


def ask(
    database: Database, query: str, values: Sequence[Any] = (), seconds: float = SECONDS
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Run one SELECT; return the names of its columns, and its rows.

    Raises:
        ConditionRefused: it is not one valid SELECT, or was not done in time.
    """
    late = threading.Timer(seconds, database.interrupt)
    late.daemon = True
    try:
        statements = database.extract_statements(query)
        if [statement.type for statement in statements] != [duckdb.StatementType.SELECT]:
            message = "a condition is one expression, without a semicolon"
            raise ConditionRefused(message)
        late.start()
        answer = database.execute(statements[0], list(values))
        return [column[0] for column in answer.description or ()], answer.fetchall()
    except duckdb.InterruptException as error:
        message = f"the condition was not done within {seconds:g} s; narrow it down"
        raise ConditionRefused(message) from error
    except duckdb.Error as error:
        raise ConditionRefused(str(error).splitlines()[0]) from error
    finally:
        late.cancel()
        # It holds the database: if it were the last to, and the program ended now, closing it would abort.
        if late.ident is not None:
            late.join()

"""Runs SQL of which users typed a part: one statement, which cannot read files and is ended in time."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import duckdb

from manifests.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Database: TypeAlias = duckdb.DuckDBPyConnection
_FURTHER: Final = ("modifiers", "where_clause", "group_expressions", "having", "qualify", "sample")
SECONDS: Final = 30.0
"""How long one statement may take."""


class ConditionRefused(DatasetError):  # noqa: N818 - named like its siblings
    """A condition is no valid SQL, names something that does not exist, or takes too long."""


def closed_database() -> Database:
    """Open an empty database in memory whose SQL cannot reach files or the network."""
    return duckdb.connect(config={"enable_external_access": "false"})


@dataclass(frozen=True, slots=True)
class Subject:
    """What a condition is about: its name in an error, and an example of a valid one."""

    name: str
    example: str


GAMES: Final = Subject("the condition on games", "num_frames > 3600 AND stage_name = 'BATTLEFIELD'")


@contextmanager
def refused_as(subject: Subject) -> Iterator[None]:
    """Name the condition in errors that are raised within.

    Raises:
        ConditionRefused: the error that was raised within, with the condition's name before it.
    """
    try:
        yield
    except ConditionRefused as error:
        message = f"{subject.name}: {error}"
        raise ConditionRefused(message) from error


def check_expression(database: Database, condition: str, subject: Subject) -> None:
    """Check that a condition is one expression, so that, put in parentheses, it can do nothing else.

    Args:
        database: any database, which parses the condition.
        condition: the text that somebody typed.
        subject: what the condition is about; an error shows its example.

    Raises:
        ConditionRefused: it is no expression, or more than one: a list, a UNION, a further clause.
    """
    said = f"a condition is one expression over the columns, such as {subject.example}"
    try:
        text = database.execute("SELECT json_serialize_sql(?)", [f"SELECT {condition}\n"]).fetchall()[0][0]
    except duckdb.Error as error:
        message = f"{said}; {str(error).splitlines()[0]}"
        raise ConditionRefused(message) from error
    parsed = json.loads(text)
    if parsed.get("error"):
        message = f"{said}; {str(parsed.get('error_message', '')).splitlines()[0]}"
        raise ConditionRefused(message)
    nodes = [statement["node"] for statement in parsed["statements"]]
    if len(nodes) != 1 or nodes[0]["type"] != "SELECT_NODE":
        raise ConditionRefused(said)
    (node,) = nodes
    is_plain = (
        len(node["select_list"]) == 1
        and node["from_table"]["type"] == "EMPTY"
        and not any(node.get(part) for part in _FURTHER)
    )
    if not is_plain:
        raise ConditionRefused(said)


def ask(
    database: Database, query: str, values: Sequence[Any] = (), seconds: float = SECONDS
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Run one SELECT; return the names of its columns, and its rows.

    Raises:
        ConditionRefused: the query is not one valid SELECT, or did not end in time.
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
        # The timer's thread holds the database: if it were the last to do so, and the program ended now,
        # closing it would abort.
        if late.ident is not None:
            late.join()

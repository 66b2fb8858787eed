"""`farm schema`: every column of the states, and every tensor view, as they are declared."""

from __future__ import annotations

import dataclasses
import json

import click

from manifests.state import schema
from manifests.state.derived import DERIVED_VERSION, ENTITY_DERIVED, FRAME_DERIVED, PRESSED
from manifests.state.views import VIEWS, category_names, value_names

EXAMPLE = """\b
Examples:
  farm schema --json > schema.json
  farm schema --json | jq -r '.views["state/1"].values[]'
"""


@click.command(epilog=EXAMPLE)
@click.option(
    "--json", "as_json", is_flag=True, help="Print it as JSON, with the names of every view's values."
)
def command(*, as_json: bool) -> None:
    """Print the schema of the states: every column with its meaning, derived ones, and tensor views."""
    if as_json:
        click.echo(json.dumps(described(), indent=1))
    else:
        click.echo(markdown(), nl=False)


def described() -> dict[str, object]:
    """The schema of a game of two, JSON-ready."""
    columns = {name: dataclasses.asdict(column) for name, column in schema.table_columns(2).items()}
    items = {column.name: dataclasses.asdict(column) for column in schema.ITEM_COLUMNS}
    views = {key: {"values": value_names(of), "categories": category_names(of)} for key, of in VIEWS.items()}
    return {"schema_version": schema.SCHEMA_VERSION, "columns": columns, "items": items, "views": views}


def markdown() -> str:
    """The schema as Markdown tables, for people: the part of manifests/state/README.md below Columns."""
    lines = [schema.documentation_table(), f"Derived, version {DERIVED_VERSION}:", ""]
    lines += ["| column | type | rule |", "|---|---|---|"]
    for prefix, columns in (("p0.", (*ENTITY_DERIVED, PRESSED)), ("", FRAME_DERIVED)):
        lines += [f"| `{prefix}{column.name}` | {column.dtype} | {column.doc} |" for column in columns]
    lines += ["", "| view | values | categories |", "|---|---|---|"]
    for key, of in VIEWS.items():
        lines.append(f"| `{key}` | {len(value_names(of))} | {', '.join(category_names(of))} |")
    return "\n".join(lines) + "\n"

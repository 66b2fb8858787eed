"""`farm schema`: prints every column of the states, and every tensor view, as they are declared."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import click

from manifests.state import schema
from manifests.state.derived import DERIVED_VERSION, EVERY_ENTITY_DERIVED, FRAME_DERIVED, derived_column
from manifests.state.kinds import domain_of
from manifests.state.stages import BLAST_ZONES
from manifests.state.views import VIEWS, View, category_names, value_names

if TYPE_CHECKING:
    from manifests.state.column import Column


EXAMPLE = """\b
Examples:
  farm schema --json > schema.json
  farm schema --json | jq -r '.views["state/2"].values[]'
  farm schema --json | jq '.columns["p0.action"].domain.num_classes'
"""


@click.command(epilog=EXAMPLE)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print it as JSON, with what values each column can have.",
)
def command(*, as_json: bool) -> None:
    """Print the schema of the states: every column with its meaning, derived ones, and tensor views."""
    if as_json:
        click.echo(json.dumps(described(), indent=1))
    else:
        click.echo(markdown(), nl=False)


def described() -> dict[str, object]:
    """Return the schema of a game of two players, JSON-ready; `domain` has the allowed values of a column."""
    columns = {name: _with_domain(name, column) for name, column in schema.table_columns(2).items()}
    items = {column.name: _with_domain(f"items.{column.name}", column) for column in schema.ITEM_COLUMNS}
    names = [
        *(f"p0.{column.name}" for column in EVERY_ENTITY_DERIVED),
        *(column.name for column in FRAME_DERIVED),
    ]
    return {
        "schema_version": schema.SCHEMA_VERSION,
        "columns": columns,
        "items": items,
        "derived": {name: _derived(name) for name in names},
        "views": {key: _view(of) for key, of in VIEWS.items()},
        "blast_zones": {stage: zone._asdict() for stage, zone in BLAST_ZONES.items()},
    }


def _with_domain(name: str, column: Column) -> dict[str, object]:
    return {**dataclasses.asdict(column), "domain": dataclasses.asdict(domain_of(name))}


def _derived(name: str) -> dict[str, object]:
    column = derived_column(name)
    return {"dtype": column.dtype, "doc": column.doc, "domain": dataclasses.asdict(column.domain)}


def _view(of: View) -> dict[str, object]:
    values, categories = value_names(of), category_names(of)
    return {
        "values": values,
        "kinds": values.kinds,
        "categories": categories,
        "num_classes": [domain.num_classes for domain in categories.domains],
    }


def markdown() -> str:
    """Return the schema as Markdown tables: the part of manifests/state/README.md below Columns."""
    lines = [schema.documentation_table(), f"Derived, version {DERIVED_VERSION}:", ""]
    lines += ["| column | type | rule |", "|---|---|---|"]
    for prefix, columns in (("p0.", EVERY_ENTITY_DERIVED), ("", FRAME_DERIVED)):
        lines += [f"| `{prefix}{column.name}` | {column.dtype} | {column.doc} |" for column in columns]
    lines += ["", "| view | values | categories |", "|---|---|---|"]
    for key, of in VIEWS.items():
        lines.append(f"| `{key}` | {len(value_names(of))} | {', '.join(category_names(of))} |")
    return "\n".join(lines) + "\n"

"""`farm sql`: prints SQL that turns a dataset's states files into a table with a column per name."""

from __future__ import annotations

import click

from manifests.state.sql import view_sql

EXAMPLE = """\b
Example:
  { farm sql --states 'dataset/states/*/*.parquet'; \\
    echo 'SELECT "p0.character", avg("p0.percent") FROM states GROUP BY 1'; } | duckdb
"""


@click.command(epilog=EXAMPLE)
@click.option("--states", required=True, metavar="GLOB", help="The states files to read, as a glob.")
@click.option(
    "--followers", is_flag=True, help="Add the columns of followers, such as Nana; some file must have one."
)
def command(*, states: str, followers: bool) -> None:
    """Print the SQL of a DuckDB view over states files, with a column per name.

    A value is null if the replay did not record it.
    """
    click.echo(view_sql(states, with_followers=followers), nl=False)

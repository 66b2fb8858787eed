"""Write the SQL statement of a view of states files in which every state column has its own name.

A states file stores many columns side by side in a few vectors; see `manifests.state.file`.

    { farm sql --states 'dataset/states/*/*.parquet'; echo 'SELECT avg("p0.percent") FROM states'; } | duckdb

The SQL is for DuckDB; a query of the view reads only the vectors whose columns it names. In Polars a column
is `pl.col(vector).list.get(names.index(column))`, with vector and names from
`manifests.state.file.vector_columns`.
"""

from __future__ import annotations

from manifests.state import schema
from manifests.state.file import vector_columns


def view_sql(files: str, *, num_players: int = 2, with_followers: bool = False, view: str = "states") -> str:
    """Write a statement that makes a view of states files with a column per schema column.

    Args:
        files: Path or glob, as DuckDB's read_parquet takes it.
        num_players: Players per game, the same in all files.
        with_followers: Whether the view has the columns of followers (Nana); some file must have them.
        view: The view's name.

    Raises:
        ValueError: num_players is not 1 to 4.
    """
    places = {}
    for vector, names in vector_columns(num_players).items():
        if with_followers or not vector.startswith("followers_"):
            places.update({name: f"{vector}[{place}]" for place, name in enumerate(names, start=1)})
    columns = []
    for name, column in schema.table_columns(num_players).items():
        if name in places:
            value = f"({places[name]} = 1)" if column.dtype == "bool" else places[name]
            columns.append(f'{value} AS "{name}"')
    source = files.replace("'", "''")
    selected = ",\n  ".join(["slp_frame", *columns, "filename"])
    return (
        f"CREATE OR REPLACE VIEW {view} AS SELECT\n  {selected}\n"
        f"FROM read_parquet('{source}', union_by_name = true, filename = true);\n"
    )

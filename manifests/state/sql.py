"""SQL that gives every place of the states files' vectors its name back.

    { farm sql --states 'dataset/states/*/*.parquet'; echo 'SELECT avg("p0.percent") FROM states'; } | duckdb

The SQL is DuckDB's; a query of it reads only the vectors whose columns it names. In Polars a column is
`pl.col(vector).list.get(names.index(column))`, with vector and names from `states_file.vector_columns`.
"""

from __future__ import annotations

from manifests.state import schema
from manifests.state.file import vector_columns


def view_sql(files: str, *, num_players: int = 2, with_followers: bool = False, view: str = "states") -> str:
    """A statement that makes a view of states files with a column per schema column.

    Args:
        files: Path or glob, as DuckDB's read_parquet takes it.
        num_players: Of the games; all the files must have as many.
        with_followers: Columns of followers (Nana), too; at least one of the files must have one.
        view: What the view is called.

    Raises:
        ValueError: If num_players is not 1 to 4.
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

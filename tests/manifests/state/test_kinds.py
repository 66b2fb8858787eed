"""Every column declares the values that it can have, and recorded and derived values keep to that."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from manifests.state import schema
from manifests.state.derived import derive, is_derived
from manifests.state.domains import DOMAINS, ITEM_DOMAINS, Domain
from manifests.state.kinds import Names, domain_of
from manifests.state.stages import BLAST_ZONES
from manifests.state.table import StateTable
from manifests.state.views import VIEWS, category_names, value_names
from tests.manifests.small_dataset import one_state
from workers.replay import read_replay
from workers.replay.melee_names import stage_geometry
from workers.replay.renderable import renderable

COLUMNS = tuple(schema.table_columns(2))
OF_VIEWS = {name for of in VIEWS.values() for name in (*value_names(of), *category_names(of))}


def test_what_has_a_domain_is_a_column():
    declared = {column.name: column for group in (schema.FRAME_COLUMNS, schema.ENTITY_COLUMNS,
                                                  schema.STAGE_COLUMNS) for column in group}  # fmt: skip
    assert set(DOMAINS) == {name for name, column in declared.items() if column.dtype != "bool"}
    assert set(ITEM_DOMAINS) == {column.name for column in schema.ITEM_COLUMNS}


@pytest.mark.parametrize("name", [*COLUMNS, *(f"items.{column.name}" for column in schema.ITEM_COLUMNS)])
def test_ids_have_classes_and_quantities_have_ranges(name: str):
    columns = {**schema.table_columns(2), **{f"items.{one.name}": one for one in schema.ITEM_COLUMNS}}
    domain, column = domain_of(name), columns[name]
    if column.is_category:
        assert domain.kind in ("categorical", "mask") or name.endswith(".airborne")
        assert domain.low is None or domain.kind == "flag"
    elif column.unit != "" or domain.kind == "continuous":
        assert domain.num_classes is None
    if domain.num_classes is not None:
        assert domain.none_class is not None
        assert 0 <= domain.none_class < domain.num_classes


def kept(table: StateTable, name: str) -> bool:
    """Whether each value of a column is in its range, or one of its classes, or the value that says none."""
    if name not in COLUMNS and not is_derived(name):  # one button of a mask
        return True
    values, valid = derive(table, name) if is_derived(name) else (table.values(name), table.valid(name))
    entity = name.rpartition(".")[0]
    found = values[valid & table.values(f"{entity}.present")] if entity else values[valid]
    domain = domain_of(name)
    low = -np.inf if domain.low is None else domain.low
    high = np.inf if domain.high is None else domain.high
    if domain.num_classes is None:
        return bool(((found >= low) & (found <= high)).all())
    return bool(((found < domain.num_classes) | (found == domain.none_value)).all())


def test_a_recorded_match_keeps_to_the_domains():
    assert [name for name in {*COLUMNS, *OF_VIEWS} if not kept(one_state(), name)] == []


@pytest.mark.shared
def test_real_games_keep_to_the_domains(real_replays: Path):
    for name in ("v3.18.slp", "transform.slp", "realtimeTest.slp", "Game_20250421T224653.slp"):
        table = renderable(read_replay((real_replays / name).read_bytes()))
        assert [column for column in {*COLUMNS, *OF_VIEWS} if not kept(table, column)] == [], name


def test_blast_zones_are_libmelees():
    for stage_id, zone in BLAST_ZONES.items():
        real = stage_geometry(stage_id)
        assert zone == (real.blast_left, real.blast_right, real.blast_top, real.blast_bottom)


def test_a_column_that_is_none_has_no_domain():
    with pytest.raises(KeyError):
        domain_of("p0.no_such")
    with pytest.raises(KeyError):
        domain_of("p0.no_such.a")


def test_names_are_a_tuple_with_kinds():
    names = Names(("p0.x", "p0.action", "p0.buttons", "d_playable"))
    assert names == ("p0.x", "p0.action", "p0.buttons", "d_playable")
    assert names.kinds == ("continuous", "categorical", "mask", "flag")


def test_a_column_without_classes_makes_none():
    with pytest.raises(ValueError, match="has no classes"):
        Domain.classes_of(domain_of("p0.x"), np.zeros(3))

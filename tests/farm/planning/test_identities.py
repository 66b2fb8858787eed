"""Each player has one hash, with or without an account; games without known players are split one by one."""

from __future__ import annotations

import io
import itertools
import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from farm.commands.plan import command, summarise
from farm.planning.catalogue import Catalogue, Selection, build_catalogue
from farm.planning.player_key import player_hash
from farm.planning.splits import SplitRule
from manifests.ledger.plan import append_plan, planned_games
from manifests.ledger.reasons import Reason
from manifests.store.open import open_store
from tests.conftest import SHARED
from workers.standin.recorder import record_match

if TYPE_CHECKING:
    from collections.abc import Sequence

KEY = b"k" * 32
HALVES = SplitRule(val=0.25, test=0.25)
Player = tuple[str, str, str]  # display name, connect code, uid
ANN, BOB = ("", "ANN\uff031", ""), ("", "BOB\uff032", "")
ANNS_ACCOUNT, BOBS_ACCOUNT = ("Ann", "ANN\uff031", "uid-ann"), ("Bob", "BOB\uff032", "uid-bob")

_seeds = itertools.count(1)


def replay(*players: Player, seed: int | None = None, num_frames: int = 60) -> bytes:
    """Record a game, a different one each time, with these players in the ports that are used."""
    data = bytearray(record_match(next(_seeds) if seed is None else seed, num_frames=num_frames))
    start = data.index(b"\x36\x03\x12")
    ports = [port for port in range(4) if data[start + 0x66 + 0x24 * port] != 3]
    for port, player in zip(ports, players, strict=True):
        for text, (offset, size) in zip(player, ((0x1A5, 0x1F), (0x221, 0xA), (0x249, 0x1D)), strict=True):
            place = start + offset + size * port
            data[place : place + size] = text.encode("shift_jis").ljust(size, b"\0")
    # The recorder names its players in the metadata, too, where they would count.
    return bytes(data).replace(b"names{", b"other{")


def catalogue_of(folder: Path, replays: Sequence[bytes], selection: Selection | None = None) -> Catalogue:
    for number, data in enumerate(replays):
        (folder / f"{number:03}.slp").write_bytes(data)
    return build_catalogue([str(folder)], selection or Selection(), KEY, splits=HALVES, num_workers=0)


def hashes_in(catalogue: Catalogue) -> set[frozenset[str | None]]:
    return {frozenset(game.player_hashes) for game in catalogue.games}


ACCOUNTS = frozenset(player_hash(KEY, uid) for uid in ("uid-ann", "uid-bob"))
CODES = frozenset(player_hash(KEY, code) for code in ("ANN\uff031", "BOB\uff032"))


def test_a_code_is_its_account_as_soon_as_one_replay_has_both(tmp_path: Path):
    replays = [replay(ANN, BOB), replay(BOBS_ACCOUNT, ANN), replay(ANNS_ACCOUNT, BOB), replay(BOB, ANN)]
    catalogue = catalogue_of(tmp_path, replays)
    assert hashes_in(catalogue) == {ACCOUNTS}
    assert len({game.split for game in catalogue.games}) == 1
    assert catalogue.largest_pairing == 4


def test_a_replay_that_is_left_out_links_too(tmp_path: Path):
    both = replay(ANNS_ACCOUNT, BOBS_ACCOUNT, num_frames=50)
    catalogue = catalogue_of(tmp_path, [both, replay(ANN, BOB)], Selection(min_frames=60))
    assert [left.reason for left in catalogue.left_out] == [Reason.FILTERED]
    assert hashes_in(catalogue) == {ACCOUNTS}


def test_a_code_of_which_no_account_is_known_is_its_own(tmp_path: Path):
    assert hashes_in(catalogue_of(tmp_path, [replay(ANN, BOB)])) == {CODES}


def test_a_code_that_two_accounts_have_used_says_neither(tmp_path: Path):
    heir = ("Eve", "ANN\uff031", "uid-eve")
    catalogue = catalogue_of(tmp_path, [replay(ANNS_ACCOUNT, BOB), replay(heir, BOB), replay(ANN, BOB)])
    assert len(hashes_in(catalogue)) == 3


def test_an_accounts_hash_does_not_depend_on_what_else_is_scanned(tmp_path: Path):
    alone = catalogue_of(tmp_path, [replay(ANNS_ACCOUNT, BOBS_ACCOUNT, seed=7)])
    (game,) = alone.games
    more = catalogue_of(tmp_path, [replay(ANNS_ACCOUNT, BOBS_ACCOUNT, seed=7), replay(ANN, BOB)])
    assert game in more.games


def test_a_planned_game_keeps_its_players_and_its_split_when_a_link_is_learned(tmp_path: Path):
    planned_first, both = replay(ANN, BOB), replay(ANNS_ACCOUNT, BOBS_ACCOUNT)
    store = open_store(tmp_path / "set")
    (tmp_path / "replays").mkdir()
    append_plan(store, catalogue_of(tmp_path / "replays", [planned_first]).games, 300)
    (before,) = planned_games(store)
    append_plan(store, catalogue_of(tmp_path / "replays", [planned_first, both]).games, 300)
    after = {game.game_id: game for game in planned_games(store)}
    assert after.pop(before.game_id) == before
    assert [frozenset(game.player_hashes) for game in after.values()] == [ACCOUNTS]


def test_games_of_nobody_are_split_one_by_one_and_warned_of_never(tmp_path: Path):
    nobody = ("Master Player", "", "")
    catalogue = catalogue_of(tmp_path, [replay(nobody, nobody) for _ in range(24)])
    assert hashes_in(catalogue) == {frozenset({None})}
    assert {game.split for game in catalogue.games} == {"train", "val", "test"}
    assert not catalogue.warnings


def test_a_pairing_with_more_than_a_tenth_of_a_plan_is_warned_of_without_names(tmp_path: Path):
    others = [replay((f"N{n}", "", ""), ("M", "", "")) for n in range(17)]
    catalogue = catalogue_of(tmp_path, [*others, *(replay(ANN, BOB) for _ in range(3))])
    (warning,) = catalogue.warnings
    assert "3 of 20 games" in warning
    assert "ANN" not in warning
    assert summarise(catalogue, 0)["warnings"] == [warning]


@pytest.mark.parametrize(("num_games", "largest"), [(19, 19), (20, 2), (100, 10)])
def test_a_small_plan_or_pairing_is_no_reason_to_warn(tmp_path: Path, num_games: int, largest: int):
    (game,) = catalogue_of(tmp_path, [replay(ANN, BOB)]).games
    assert not Catalogue((game,) * num_games, (), largest_pairing=largest).warnings
    assert Catalogue((game,) * (num_games + 1), (), largest_pairing=num_games).warnings


def plan_json(source: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, object], str]:
    monkeypatch.setenv("FARM_PLAYER_KEY", "k" * 32)
    arguments = [
        "--replays",
        str(source),
        "--out",
        str(folder / "out"),
        "--dry-run",
        "--json",
        "--workers",
        "0",
    ]
    done = CliRunner().invoke(command, arguments)
    return json.loads(done.stdout), done.stderr


def test_plan_warns_on_stderr_and_in_its_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(20):
            archive.writestr(f"{number}.slp", replay(ANN, BOB))
    (tmp_path / "pair.zip").write_bytes(buffer.getvalue())
    counts, errors = plan_json(tmp_path / "pair.zip", tmp_path, monkeypatch)
    assert counts["largest_pairing"] == 20
    assert "20 of 20 games" in errors
    assert counts["warnings"]


@pytest.mark.shared
def test_an_anonymised_dump_is_split_by_game(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    source = SHARED / "cases" / "ranked_anonymized_sample.zip"
    counts, _ = plan_json(source, tmp_path, monkeypatch)
    assert (counts["games"], counts["largest_pairing"], counts["warnings"]) == (40, 1, [])


@pytest.mark.shared
def test_a_pair_of_netplay_3_7_is_one_pairing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    counts, errors = plan_json(SHARED / "cases" / "netplay_3_7_one_pair.zip", tmp_path, monkeypatch)
    assert (counts["games"], counts["largest_pairing"]) == (60, 60)
    assert list(counts["splits"].values()) == [60]  # type: ignore[attr-defined]
    assert "60 of 60 games" in errors

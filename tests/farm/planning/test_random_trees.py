"""Every file in a random folder is planned, or left out with a reason, or counted as passed over.

FARM_RANDOM_TREES says how many seeded trees are tried; each is made and scanned anew.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import random
import socket
import tarfile
import warnings
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import py7zr
import pytest

from farm.planning.catalogue import Catalogue, Selection, build_catalogue
from workers.replay.locator import NameKind, kind_of_name, place_of
from workers.replay.source import read_source
from workers.standin.recorder import record_match

NUM_TREES = int(os.environ.get("FARM_RANDOM_TREES", "60"))
KEY = b"k" * 32
_STEMS = (
    b"a",
    b"Game 1",
    b"\x83}\x83X",
    "ü".encode(),
    b"x\x1b[2J",
    b"n\nl",
    b"g.zip!b",
    b"a\\x1b",
    b"c,d",
    b"e:2",
)
_SUFFIXES = (
    b".slp",
    b".SLP",
    b".slp.gz",
    b".txt",
    b"",
    b".7z",
    b".tar.xz",
    b".rar",
    b".gz",
    b".zip",
    b".tar",
    b".tgz",
)
_DEPTH = 4


@pytest.fixture(scope="module")
def replays() -> list[bytes]:
    return [record_match(seed, num_frames=130 + seed) for seed in range(1, 4)]


class Tree:
    """A folder filled at random, and the list of places that a scan of it has to name.

    Attributes:
        named: how often the listing has to name each place (real path of its folder, its name, its member).
        passed_over: files and members that need only be counted.
        damaged: archives that were cut or garbled, which the listing may either name or read.
        folder_links: links that lead to folders.
        folders: real folders that can be reached.
    """

    def __init__(self, seed: int, root: Path, replays: list[bytes]) -> None:
        self._dice, self._replays = random.Random(seed), replays
        self.root, self.outside = root / "in", root / "out"
        self.named: Counter[tuple[str, str]] = Counter()
        self.passed_over = 0
        self.damaged: set[str] = set()
        self.folder_links: set[str] = set()
        self.folders: list[Path] = []
        for place in (self.root, self.outside):
            place.mkdir(parents=True)
        self._fill(self.outside, 1)
        self._fill(self.root, _DEPTH)
        # Lets what lies outside be reached, and everything be expected.
        (self.root / "zz to the outside").symlink_to(self.outside)
        self.folder_links.add(str(self.root / "zz to the outside"))

    def _fill(self, folder: Path, depth: int) -> None:
        self.folders.append(folder)
        for _ in range(self._dice.randrange(5)):
            path = folder / os.fsdecode(self._dice.choice(_STEMS) + self._dice.choice(_SUFFIXES))
            if os.path.lexists(path):
                continue
            make = self._dice.choice([self._file, self._file, self._file, self._link, self._special])
            make(path)
        for number in range(self._dice.randrange(3) if depth else 0):
            below = folder / f"{number}{self._dice.choice(['', '.slp', '.zip', ' ü'])}"
            below.mkdir()
            self._fill(below, depth - 1)

    def _file(self, path: Path) -> None:
        kind = kind_of_name(path.name)
        if kind is NameKind.ARCHIVE:
            self._archive(path)
            return
        path.write_bytes(self._content(path.name))
        self._expect(path, kind)

    def _expect(self, path: Path, kind: NameKind) -> None:
        if kind is NameKind.OTHER:
            self.passed_over += 1
        else:
            self.named[str(path), ""] += 1

    def _content(self, name: str) -> bytes:
        data = self._dice.choice([*self._replays, self._replays[0][:-700], b"", b"garbage" * 20])
        return gzip.compress(data) if name.lower().endswith(".gz") and self._dice.random() < 0.8 else data

    def _archive(self, path: Path) -> None:
        names = [
            (self._dice.choice(_STEMS[3:]) + self._dice.choice(_SUFFIXES)).decode()
            for _ in range(self._dice.randrange(4))
        ]
        names += names[:1] if self._dice.random() < 0.3 else []
        packed = io.BytesIO()
        if path.name.endswith(".zip"):
            with zipfile.ZipFile(packed, "w") as archive, warnings.catch_warnings():
                warnings.simplefilter("ignore")  # the warning that a name is there twice
                for name in names:
                    archive.writestr(name, self._content(name))
        elif path.name.endswith(".7z"):
            # py7zr writes no name twice, and none that begins like a drive or has a backslash.
            names = sorted({name for name in names if not name.startswith("e:") and "\\" not in name})
            with py7zr.SevenZipFile(packed, "w", filters=[{"id": py7zr.FILTER_COPY}]) as seven:
                for name in names:
                    seven.writestr(self._content(name), name)
        else:
            mode: Any = {"gz": "w:gz", "xz": "w:xz"}.get(path.name[-2:], "w")
            with tarfile.open(fileobj=packed, mode=mode) as opened:
                for name in names:
                    member, data = tarfile.TarInfo(name), self._content(name)
                    member.size = len(data)
                    opened.addfile(member, io.BytesIO(data))
        data = packed.getvalue()
        if self._dice.random() < 0.3:
            data = data[: self._dice.randrange(len(data))]
            self.damaged.add(str(path))
        path.write_bytes(data)
        if str(path) not in self.damaged:
            self.passed_over += sum(kind_of_name(name) is NameKind.OTHER for name in names) + (not names)
            seen: Counter[str] = Counter()
            for name in names:
                seen[name] += 1
                if kind_of_name(name) is not NameKind.OTHER:
                    # Only replays get a number after a repeated name, since they can be asked for by it.
                    again = seen[name] > 1 and kind_of_name(name) is not NameKind.REPLAY
                    self.named[str(path), f"{name}:{seen[name]}{':1' if again else ''}"] += 1

    def _link(self, path: Path) -> None:
        target = self._dice.choice([*self.folders, Path("nowhere"), path, Path("/dev/null"), None])
        if target is None:
            self.outside.joinpath("shared.slp").write_bytes(self._replays[1])
            self.named[str(self.outside / "shared.slp"), ""] = 1
            path.symlink_to(self.outside / "shared.slp")
            self._expect(path, kind_of_name(path.name))
            return
        path.symlink_to(target)
        if target in self.folders:
            self.folder_links.add(str(path))
        else:
            self.named[str(path), ""] += 1

    def _special(self, path: Path) -> None:
        if self._dice.random() < 0.5 or len(os.fsencode(path)) > 100:  # the path of a socket has to be short
            os.mkfifo(path)
        else:
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(os.fsencode(path))
        self.named[str(path), ""] += 1


def accounted(tree: Tree, catalogue: Catalogue) -> tuple[Counter[tuple[str, str]], set[str], int]:
    """The places that the scan named, by real folder and name, but no links to folders or cut archives."""
    named: Counter[tuple[str, str]] = Counter()
    damaged: set[str] = set()
    num_links = 0
    for source in [*(game.source for game in catalogue.games), *(left.source for left in catalogue.left_out)]:
        assert source.isprintable()
        place = place_of(source)
        path = Path(place.path)
        real = str(path.parent.resolve() / path.name)
        if real in tree.damaged:
            damaged.add(real)
        elif (real in tree.folder_links or Path(real) in tree.folders) and place.member is None:
            num_links += 1
        else:
            named[real, "" if place.member is None else f"{place.member}:{place.number}"] += 1
    return named, damaged, num_links


@pytest.mark.slow
@pytest.mark.timeout(max(300, NUM_TREES))
def test_every_file_of_a_random_tree_is_accounted_for(tmp_path: Path, replays: list[bytes]):
    totals: Counter[str] = Counter()
    for seed in range(NUM_TREES):
        tree = Tree(seed, tmp_path / str(seed), replays)
        catalogue = build_catalogue([str(tree.root)], Selection(), KEY, num_workers=0)
        named, damaged, num_links = accounted(tree, catalogue)
        assert named == tree.named, f"tree {seed}"
        # Each real folder but the root is reached once: by its own name, or by one of the links.
        assert num_links == len(tree.folder_links) - 1, f"tree {seed}"
        if tree.damaged:
            assert catalogue.num_passed_over >= tree.passed_over, f"tree {seed}"
        else:
            assert catalogue.num_passed_over == tree.passed_over, f"tree {seed}"
        assert all(left.reason and left.detail for left in catalogue.left_out)
        for game in catalogue.games:
            assert hashlib.sha256(read_source(game.source)).hexdigest() == game.game_id
        totals["games"] += len(catalogue.games)
        totals["left_out"] += len(catalogue.left_out)
        totals["passed_over"] += catalogue.num_passed_over
        totals["damaged"] += len(damaged)
        totals["links"] += num_links
    assert all(totals[what] for what in ("games", "left_out", "passed_over", "damaged", "links"))
    print(dict(totals))  # noqa: T201 - for whoever runs many of them with -s

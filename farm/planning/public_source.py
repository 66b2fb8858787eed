"""Writes a replay's place so that it can be published: hidden if it names a player.

People name folders and files by who played: `Slippi/MANG#0/2024-05-01 vs ZAIN#0.slp`. Plans, ledgers and logs
outlive their owner's disk, so such a path stays out of them unless its owner asks for it (`keep_paths`). The
owner's own name stays out, too: the home folder is written as ~, and a path with another folder of the
owner's name is hidden.
"""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from typing import TYPE_CHECKING, Final

from manifests.home_folder import NoHome, with_home

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workers.replay.identity import Identity

HIDDEN: Final = "hidden:"
_DIGITS: Final = 16
_LEAST_NAME: Final = 2  # characters; a tag of one letter would be in every path
_LONG_NAME: Final = 4  # characters from which on a name also counts within a longer word
# A connect code in a file name: letters, then # or what people write for it, then digits.
_NOBODYS: Final = frozenset(
    {"", "root", "home", "user", "users", "admin", "ubuntu", "debian", "ec2-user", "ray", "farm", "slippi"}
)
"""User names of many machines that are also folder names: they identify nobody."""
_CODE: Final = re.compile(r"(?<![0-9a-z])[^\W\d_]{1,6}[#][0-9]{1,4}(?![0-9])")


def public_source(locator: str, identities: Iterable[Identity] = ()) -> str:
    """Return the locator, or hashes of it and of its last part if it names a player.

    Args:
        locator: a path, ARCHIVE!MEMBER or a URL.
        identities: the players, as far as the replay names them; without them only connect codes are
            recognised.
    """
    locator = _without_home(locator)
    if not names_a_player(locator, identities) and not _names_the_owner(locator):
        return locator
    base = re.split(r"[/!]", locator)[-1]
    return f"{HIDDEN}{_hash(locator)}/{_hash(base)}"


def names_a_player(locator: str, identities: Iterable[Identity] = ()) -> bool:
    """Return whether the locator contains somebody's connect code, name or tag."""
    text = _plain(locator)
    if _CODE.search(text):
        return True
    words = set(re.findall(r"\w+", text))
    for identity in identities:
        letters, _, digits = _plain(identity.connect_code).partition("#")
        if letters and digits and re.search(rf"(?<!\w){re.escape(letters)}[-_ .]?{digits}(?!\d)", text):
            return True
        for name in (_plain(identity.display_name), _plain(identity.name_tag), _plain(identity.uid)):
            is_there = name in text if len(name) >= _LONG_NAME else name in words
            if len(name) >= _LEAST_NAME and is_there:
                return True
    return False


def _without_home(locator: str) -> str:
    home = _home()
    return f"~{locator.removeprefix(home)}" if home and locator.startswith(f"{home}/") else locator


def _names_the_owner(locator: str) -> bool:
    """Return whether a folder is named like this user; not if that name identifies nobody."""
    names = {_plain(os.environ.get("USER", "")), _plain(_home().rpartition("/")[2])} - _NOBODYS
    return not names.isdisjoint(_plain(part) for part in re.split(r"[/!]", locator)[:-1])


def _home() -> str:
    try:
        return str(with_home("~")).rstrip("/")
    except NoHome:
        return ""


def _plain(text: str) -> str:
    """Normalise a text that people write in several forms: full-width letters, capitals."""
    return unicodedata.normalize("NFKC", text).casefold().strip()


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:_DIGITS]
